//! A reset by mail: the link, what was said behind it, and how many letters a day an account gets
//! (design.md section 5).
//!
//! Neither the link nor the code is stored. Both are made of a nonce that the sealed record holds, and
//! of the site's key: a repeated request sends the same link again, a page that is loaded anew shows the
//! same code, and the outbox holds no secret at all.
//!
//! Whoever asks in the name of another must not use up what the owner needs: beyond the letters of a day a
//! request still brings the link to life that the owner has in his mailbox.

use crate::domain::standing::GRANT_SECONDS;
use crate::primitives::{AccountId, UnixSeconds};
use serde::{Deserialize, Serialize};

/// Life of a link in seconds, from the last request for it.
pub const LINK_SECONDS: u64 = 30 * 60;
/// Life of what links and codes are made of, in seconds: an old mail in a mailbox opens nothing.
pub const NONCE_SECONDS: u64 = 86_400;
/// Letters of one kind that an account gets in a day.
pub const LETTERS_MAX: usize = 3;
/// Letters of one kind in a day that say something new, which go whatever the day has had: each of them
/// follows something that the owner did.
pub const NEW_LETTERS_MAX: usize = 12;
/// That day in seconds.
const LETTERS_SECONDS: u64 = 86_400;
/// A letter that is so young, in seconds, is under way: a second click brings no other one.
const UNDER_WAY_SECONDS: u64 = 60;

/// Bytes of what a link and a code are made of.
pub type Nonce = [u8; 16];

/// What is kept of an account's resets by mail.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ResetCase {
    /// Whose.
    pub id: AccountId,
    /// What the link and the code are made of.
    pub nonce: Nonce,
    /// Since when.
    pub made: UnixSeconds,
    /// When it was last asked for.
    pub asked: UnixSeconds,
    /// Address of the client that asked last.
    pub client: String,
    /// How it stands.
    pub state: CaseState,
    /// Number of the authenticator whose owner registered the address that the links go to himself; what
    /// goes there ends with it. `None` where the LPSE registered the address.
    #[serde(default)]
    pub own: Option<u32>,
    /// Resets that were mailed within the last day.
    pub links: Letters,
    /// Codes that were mailed within the last day, at the wish of whoever had typed the password.
    pub codes: Letters,
}

/// How a reset stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum CaseState {
    /// Nothing was asked for yet.
    None,
    /// The link waits to be confirmed.
    Open,
    /// The owner confirmed it; his code is good for a day.
    Confirmed,
    /// The owner said "bukan saya".
    Denied,
}

/// What a link leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// The question, and behind its "Ya" the code: for everybody who holds the link.
    Open,
    /// The code, for the browser in which "Ya" was said and for no other.
    Confirmed,
    /// Nothing any more.
    Over,
}

/// Whether a letter goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Share {
    /// It does, and was counted.
    Sent,
    /// One has just gone.
    UnderWay,
    /// The day has had its letters.
    UsedUp,
}

/// When letters of one kind went, within the last day.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Letters(Vec<UnixSeconds>);

impl Letters {
    /// Counts one more, if there is room; there is more of it for one that says something `new`.
    pub fn take(&mut self, new: bool, now: UnixSeconds) -> Share {
        self.forget(now);
        if new && self.0.len() < NEW_LETTERS_MAX {
            self.0.push(now);
            return Share::Sent;
        }
        let last = self.0.iter().max().filter(|at| **at <= now);
        if last.is_some_and(|at| now.since(*at) < UNDER_WAY_SECONDS) {
            return Share::UnderWay;
        }
        match self.add(now) {
            true => Share::Sent,
            false => Share::UsedUp,
        }
    }

    /// Whether the day has not had its letters yet.
    pub fn has_room(&self, now: UnixSeconds) -> bool {
        self.0.iter().filter(|at| counts(**at, now)).count() < LETTERS_MAX
    }

    /// Counts one more, however close to the one before; `false` when the day has had its letters.
    pub fn add(&mut self, now: UnixSeconds) -> bool {
        let room = self.has_room(now);
        if room {
            self.forget(now);
            self.0.push(now);
        }
        room
    }

    /// Takes the one back that was counted when a letter was written which never left; `false` where none
    /// was.
    pub fn give_back(&mut self, written: UnixSeconds) -> bool {
        let its = |at: &UnixSeconds| *at <= written && written.since(*at) < UNDER_WAY_SECONDS;
        let counted = self.0.iter().rposition(its);
        counted.map(|counted| self.0.remove(counted)).is_some()
    }

    fn forget(&mut self, now: UnixSeconds) {
        self.0.retain(|at| counts(*at, now));
    }

    /// Whether none was ever counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether a letter is one of this day. One whose time lies ahead is: a clock that went back gives no
/// letters away.
fn counts(at: UnixSeconds, now: UnixSeconds) -> bool {
    now.since(at) < LETTERS_SECONDS
}

impl ResetCase {
    /// Of an account that never asked.
    pub fn new(id: AccountId) -> Self {
        Self {
            id,
            nonce: Nonce::default(),
            made: UnixSeconds(0),
            asked: UnixSeconds(0),
            client: String::new(),
            state: CaseState::None,
            own: None,
            links: Letters::default(),
            codes: Letters::default(),
        }
    }

    /// It is asked for. What it was made of lives on, so that every mail of the day says the same; it is
    /// made anew of `fresh` once it was denied, is too old, its code is no good any more, or it goes
    /// elsewhere (`own`, as the field). Then a letter goes beyond those of the day ([`NEW_LETTERS_MAX`]): what
    /// ended the links before was the owner's own doing ("bukan saya", a code that was used), and must not
    /// close the way.
    pub fn ask(
        &mut self,
        (fresh, own): (Nonce, Option<u32>),
        client: &str,
        code_lives: bool,
        now: UnixSeconds,
    ) -> Share {
        let usable = match self.state {
            CaseState::None | CaseState::Denied => false,
            CaseState::Open => true,
            CaseState::Confirmed => code_lives,
        };
        let anew = !usable || self.own != own || now.since(self.made) >= NONCE_SECONDS;
        if anew {
            (self.nonce, self.own) = (fresh, own);
            self.made = now;
            self.state = CaseState::Open;
        }
        self.asked = now;
        client.clone_into(&mut self.client);
        self.links.take(anew, now)
    }

    /// What the link of this nonce leads to; `code_lives` says whether the code that it led to is good, and
    /// `bound` which authenticator the account has.
    pub fn link(&self, code_lives: bool, bound: Option<u32>, now: UnixSeconds) -> Link {
        if self.own.is_some() && self.own != bound {
            return Link::Over;
        }
        let live = now < self.asked.plus(LINK_SECONDS) && now < self.made.plus(NONCE_SECONDS);
        match self.state {
            CaseState::Open if live => Link::Open,
            CaseState::Confirmed if code_lives && live => Link::Open,
            CaseState::Confirmed if code_lives => Link::Confirmed,
            CaseState::None | CaseState::Open | CaseState::Confirmed | CaseState::Denied => {
                Link::Over
            }
        }
    }

    /// The owner confirms it.
    pub fn confirm(&mut self) {
        self.state = CaseState::Confirmed;
    }

    /// The owner says "bukan saya"; `false` where there is nothing to cancel. As long as a code could
    /// come of it, whenever it was asked for.
    pub fn deny(&mut self) -> bool {
        let cancels = matches!(self.state, CaseState::Open | CaseState::Confirmed);
        if cancels {
            self.state = CaseState::Denied;
        }
        cancels
    }

    /// Whether nothing depends on it any more.
    pub fn is_forgotten(&self, now: UnixSeconds) -> bool {
        let last = self.links.0.iter().chain(&self.codes.0).max().copied();
        let last = last.unwrap_or_default().max(self.asked);
        now.since(last) >= LETTERS_SECONDS + GRANT_SECONDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::{UserId, UserType};

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn asked() -> ResetCase {
        let mut case = ResetCase::new(AccountId {
            user_type: UserType::parse("t").unwrap(),
            user_id: UserId::parse("U").unwrap(),
        });
        assert_eq!(case.link(true, None, NOW), Link::Over);
        case.ask(([1; 16], None), "203.0.113.9", false, NOW);
        case
    }

    #[test]
    fn a_link_lives_half_an_hour_and_a_repeated_request_keeps_it_for_a_day() {
        let mut case = asked();
        assert_eq!(
            case.link(false, None, NOW.plus(LINK_SECONDS - 1)),
            Link::Open
        );
        assert_eq!(case.link(false, None, NOW.plus(LINK_SECONDS)), Link::Over);
        case.ask(([2; 16], None), "", false, NOW.plus(LINK_SECONDS * 2));
        assert_eq!(case.nonce, [1; 16], "the mail that is there says the same");
        assert_eq!(
            case.link(false, None, NOW.plus(LINK_SECONDS * 3 - 1)),
            Link::Open
        );
        case.ask(([3; 16], None), "", false, NOW.plus(NONCE_SECONDS - 60));
        assert_eq!(case.nonce, [1; 16]);
        assert_eq!(
            case.link(false, None, NOW.plus(NONCE_SECONDS - 1)),
            Link::Open
        );
        assert_eq!(case.link(false, None, NOW.plus(NONCE_SECONDS)), Link::Over);
        case.ask(([4; 16], None), "", false, NOW.plus(NONCE_SECONDS));
        assert_eq!(case.nonce, [4; 16], "an old mail opens nothing");
    }

    #[test]
    fn behind_the_half_hour_the_code_is_for_who_confirmed_it() {
        let mut case = asked();
        case.confirm();
        assert_eq!(
            case.link(true, None, NOW.plus(LINK_SECONDS - 1)),
            Link::Open
        );
        assert_eq!(
            case.link(true, None, NOW.plus(LINK_SECONDS)),
            Link::Confirmed
        );
        assert_eq!(
            case.link(false, None, NOW.plus(2)),
            Link::Over,
            "its code was used"
        );
        let mut again = case.clone();
        again.ask(([9; 16], None), "", true, NOW.plus(3));
        assert_eq!((again.nonce, again.state), (case.nonce, case.state));
        case.ask(([9; 16], None), "", false, NOW.plus(3));
        assert_eq!((case.nonce, case.state), ([9; 16], CaseState::Open));
    }

    #[test]
    fn what_went_to_an_own_address_ends_with_its_authenticator() {
        let mut case = asked();
        case.ask(([2; 16], Some(4)), "", false, NOW);
        assert_eq!(
            (case.nonce, case.own),
            ([2; 16], Some(4)),
            "it goes elsewhere"
        );
        assert_eq!(case.link(false, Some(4), NOW), Link::Open);
        for bound in [None, Some(5)] {
            assert_eq!(case.link(false, bound, NOW), Link::Over);
        }
        case.confirm();
        assert_eq!(case.link(true, Some(5), NOW), Link::Over);
        case.ask(([3; 16], Some(5)), "", true, NOW);
        assert_eq!((case.nonce, case.own), ([3; 16], Some(5)));
    }

    #[test]
    fn denied_is_denied_whenever_it_was_asked() {
        let mut case = asked();
        let mut confirmed = case.clone();
        confirmed.confirm();
        assert_eq!(case.links.0.len(), 1);
        for case in [&mut case, &mut confirmed] {
            assert!(case.deny());
            assert!(!case.deny());
            assert_eq!(case.link(true, None, NOW), Link::Over);
            // Whatever the day has had, and however soon: the owner needs the new one.
            case.links = Letters(vec![NOW; LETTERS_MAX]);
            let share = case.ask(([5; 16], None), "", true, NOW.plus(1));
            assert_eq!((case.nonce, share), ([5; 16], Share::Sent));
            let share = case.ask(([6; 16], None), "", true, NOW.plus(90));
            assert_eq!((case.nonce, share), ([5; 16], Share::UsedUp));
        }
    }

    #[test]
    fn three_letters_a_day_whatever_the_clock_does() {
        let mut letters = Letters::default();
        let at = |n: u64| NOW.plus(60 * n);
        assert!((0..3).all(|n| letters.take(false, at(n)) == Share::Sent));
        assert_eq!(letters.take(false, at(2).plus(59)), Share::UnderWay);
        assert_eq!(letters.take(false, at(3)), Share::UsedUp);
        assert_eq!(
            letters.take(false, UnixSeconds(NOW.0 - 9_000)),
            Share::UsedUp
        );
        assert_eq!(letters.take(false, NOW.plus(86_400)), Share::Sent);
        assert_eq!(letters.take(false, NOW.plus(86_459)), Share::UnderWay);
        assert_eq!(letters.take(false, at(1).plus(86_399)), Share::UnderWay);
    }

    #[test]
    fn what_the_owner_ends_himself_brings_letters_but_not_without_end() {
        let mut letters = Letters::default();
        let sent = (0..100).filter(|_| letters.take(true, NOW) == Share::Sent);
        assert_eq!(sent.count(), NEW_LETTERS_MAX);
        assert_eq!(letters.take(true, NOW.plus(60)), Share::UsedUp);
        assert_eq!(letters.take(true, NOW.plus(86_400)), Share::Sent);
    }

    #[test]
    fn what_never_left_is_given_back_once() {
        let mut letters = Letters(vec![NOW, NOW.plus(60), NOW.plus(120)]);
        assert!(!letters.give_back(UnixSeconds(NOW.0 - 1)), "of another day");
        assert!(!letters.give_back(NOW.plus(180)), "sent anew by an admin");
        assert!(letters.give_back(NOW.plus(61)));
        assert_eq!(letters.0, [NOW, NOW.plus(120)]);
        assert!(!letters.give_back(NOW.plus(61)), "only once");
        assert_eq!(letters.take(false, NOW.plus(1_800)), Share::Sent);
    }

    #[test]
    fn it_is_kept_as_long_as_anything_depends_on_it() {
        let mut case = asked();
        case.codes.take(false, NOW.plus(10));
        assert!(!case.is_forgotten(NOW.plus(2 * 86_400 + 9)));
        assert!(case.is_forgotten(NOW.plus(2 * 86_400 + 10)));
    }
}
