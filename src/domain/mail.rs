//! Letters of the outbox: what is to be told, to whom, and when it is tried again.
//!
//! A letter holds no address that can be looked up when it is sent, no link and no code: it names the
//! account, and what the mail says is made of the store at that moment. So a letter that waits through
//! a night of a broken mail server tells what is true in the morning.

use crate::domain::directory::PENDING_SECONDS;
use crate::domain::reset::{LINK_SECONDS, Nonce};
use crate::primitives::{AccountId, EmailAddress, Lang, Role, UnixSeconds};
use serde::{Deserialize, Serialize};

/// Letters that wait at most; beyond that none is taken any more, and the log says so.
pub const WAITING_MAX: usize = 10_000;
/// How long a notice is worth something: whoever reads after two days that a browser was new has
/// nothing left to do at once.
pub const NOTICE_SECONDS: u64 = 2 * 86_400;
/// How long a letter that could not be delivered is kept for the operator to look at.
pub const DEAD_SECONDS: u64 = 30 * 86_400;
/// Longest text of a mail server that is kept, in characters.
pub const WHY_CHARS_MAX: usize = 200;
/// Waits between tries, in seconds; the last one is repeated. The first are short, since the owner of
/// a reset link has half an hour: greylisting servers take a mail after one to five minutes.
const WAITS_SECONDS: [u64; 8] = [10, 60, 120, 300, 600, 1_200, 1_800, 3_600];

/// What is to be told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Letter {
    /// To the owner of an account: something happened to it.
    Notice {
        /// Whose.
        account: AccountId,
        /// Role at that time, for the contact that the mail names.
        role: Option<Role>,
        /// What.
        news: News,
        /// When.
        at: UnixSeconds,
        /// Address of the client.
        client: String,
    },
    /// To nobody yet: somebody asked for a reset, and the post looks whether anything fits.
    ResetAsked {
        /// The account that was named; it need not exist.
        account: AccountId,
        /// The address that was typed.
        email: EmailAddress,
        /// Language of the page.
        lang: Lang,
        /// Address of the client.
        client: String,
        /// Id of the request, for the audit log.
        request: String,
    },
    /// To the owner: the link behind which a reset is confirmed.
    ResetLink {
        /// Whose.
        account: AccountId,
        /// Role of the last login, for the contact that the mail names.
        role: Role,
        /// Language of the page.
        lang: Lang,
    },
    /// To the owner: an activation code, asked for behind the password.
    Code {
        /// Whose.
        account: AccountId,
        /// Role of this login.
        role: Role,
        /// Language of the page.
        lang: Lang,
    },
    /// To the address that the owner typed: a code that confirms it.
    Confirm {
        /// Whose.
        account: AccountId,
        /// What the code is made of: once another address was typed, nothing goes out any more.
        nonce: Nonce,
        /// Role of this login.
        role: Role,
        /// Language of the page.
        lang: Lang,
    },
    /// To those who run the gateway.
    Operator {
        /// What.
        news: OperatorNews,
        /// When.
        at: UnixSeconds,
    },
    /// To an address that was registered for an account, or was until now.
    AddressChanged {
        /// Whose.
        account: AccountId,
        /// Role of its last login.
        role: Option<Role>,
        /// Where to.
        to: EmailAddress,
        /// What became of it.
        #[serde(default)]
        change: AddressChange,
        /// When.
        at: UnixSeconds,
    },
    /// To an address that an admin names: whether mail works at all.
    Trial {
        /// Where to.
        to: EmailAddress,
    },
}

/// What became of an address that was registered for an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressChange {
    /// The LPSE registered it.
    Registered,
    /// The LPSE registered another one, or took it away.
    #[default]
    Replaced,
    /// The owner registered it.
    OwnRegistered,
    /// The owner registered another one.
    OwnReplaced,
    /// It was the owner's, and the authenticator that it belonged to has ended.
    OwnEnded,
}

/// What happened to an account, as its owner is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum News {
    /// An authenticator was bound.
    Activated {
        /// Which entry, as its letter.
        entry: String,
        /// It took the place of another one.
        replaced: bool,
        /// What the phone calls itself that may approve logins, where one joined.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
    },
    /// The authenticator was removed by whoever was logged in.
    Disabled,
    /// The help desk took the authenticator away.
    Reset,
    /// A login from a browser in which the account was never accepted before.
    NewBrowser,
    /// A recovery code stood in for the authenticator.
    RecoveryUsed {
        /// Codes that are left.
        left: u64,
    },
    /// New recovery codes were made; those before are dead.
    RecoveryMade,
    /// The password was right and the code wrong, several times.
    CodesWrong {
        /// How often.
        failures: u32,
    },
    /// He said "bukan saya" to a login on his phone.
    LoginDenied {
        /// It was over by then: nothing was ended.
        late: bool,
    },
}

/// What those who run the gateway are told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum OperatorNews {
    /// The forms of the login do not fit the profile any more.
    ProfileDrifted,
    /// They fit again.
    ProfileFits,
    /// The owner of an address said "bukan saya" to a reset.
    ResetDenied {
        /// Whose reset.
        account: AccountId,
        /// Address of the client that had asked for it.
        client: String,
        /// Its code was used before.
        late: bool,
    },
    /// The owner of a phone said "bukan saya" to a login.
    LoginDenied {
        /// Whose.
        account: AccountId,
        /// Address of the client that had logged in.
        client: String,
        /// It was over by then: nothing was ended.
        late: bool,
    },
}

impl Letter {
    /// One word, for lists and metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Notice { .. } => "notice",
            Self::ResetAsked { .. } => "reset-asked",
            Self::ResetLink { .. } => "reset-link",
            Self::Code { .. } => "code",
            Self::Confirm { .. } => "confirm",
            Self::Operator { .. } => "operator",
            Self::AddressChanged { .. } => "address-changed",
            Self::Trial { .. } => "trial",
        }
    }

    /// Whose account it is about.
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Notice { account, .. }
            | Self::AddressChanged { account, .. }
            | Self::ResetAsked { account, .. }
            | Self::ResetLink { account, .. }
            | Self::Code { account, .. }
            | Self::Confirm { account, .. } => Some(account),
            Self::Operator { .. } | Self::Trial { .. } => None,
        }
    }

    /// Whether it is a request that is to be looked at, rather than a letter.
    pub fn is_ask(&self) -> bool {
        matches!(self, Self::ResetAsked { .. })
    }

    /// Whether it may only go to an address that somebody registered who is not the owner of the
    /// password.
    pub fn needs_proof(&self) -> bool {
        matches!(self, Self::Code { .. })
    }

    /// How long it is worth sending, in seconds.
    pub fn lifetime_seconds(&self) -> u64 {
        match self {
            Self::Notice { .. } | Self::Operator { .. } | Self::AddressChanged { .. } => {
                NOTICE_SECONDS
            }
            Self::ResetAsked { .. } | Self::ResetLink { .. } => LINK_SECONDS,
            Self::Confirm { .. } => PENDING_SECONDS,
            Self::Code { .. } | Self::Trial { .. } => 3_600,
        }
    }
}

/// A letter in the outbox.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outbound {
    /// What is to be told.
    pub letter: Letter,
    /// When it was written.
    pub made: UnixSeconds,
    /// How often it was tried.
    pub tries: u32,
    /// Not before.
    pub due: UnixSeconds,
    /// What the last try came to; text of a mail server, cut short.
    pub why: Option<String>,
    /// It is not tried any more, since then.
    pub dead: Option<UnixSeconds>,
}

/// What becomes of a letter after a try that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AfterFailure {
    /// It waits for its next try.
    Again(Outbound),
    /// It is kept, and not tried any more.
    Dead(Outbound),
}

impl Outbound {
    /// Newly written.
    pub fn new(letter: Letter, now: UnixSeconds) -> Self {
        Self {
            letter,
            made: now,
            tries: 0,
            due: now,
            why: None,
            dead: None,
        }
    }

    /// First second in which it is not worth sending any more.
    pub fn until(&self) -> UnixSeconds {
        self.made.plus(self.letter.lifetime_seconds())
    }

    /// Whether it is to be tried now.
    pub fn is_due(&self, now: UnixSeconds) -> bool {
        // A clock that was set back must not hold a letter longer than its longest wait.
        let longest = WAITS_SECONDS.iter().max().copied().unwrap_or_default();
        self.dead.is_none() && (self.due <= now || self.due.since(now) > longest)
    }

    /// After a try that failed; `final_word` where the server said that it never takes it.
    #[must_use]
    pub fn after_failure(mut self, final_word: bool, why: &str, now: UnixSeconds) -> AfterFailure {
        let step = usize::try_from(self.tries).unwrap_or(usize::MAX);
        let wait = WAITS_SECONDS.get(step).or(WAITS_SECONDS.last());
        self.tries = self.tries.saturating_add(1);
        self.why = Some(shortened(why));
        self.due = now.plus(wait.copied().unwrap_or_default());
        if final_word || self.due >= self.until() {
            self.dead = Some(now);
            return AfterFailure::Dead(self);
        }
        AfterFailure::Again(self)
    }

    /// A dead letter that an admin wants tried again, as one written now; `false` where it is not dead.
    pub fn revive(&mut self, now: UnixSeconds) -> bool {
        let was_dead = self.dead.take().is_some();
        if was_dead {
            self.made = now;
            self.due = now;
            self.tries = 0;
        }
        was_dead
    }

    /// Whether a dead one was kept long enough.
    pub fn is_forgotten(&self, now: UnixSeconds) -> bool {
        self.dead
            .is_some_and(|dead| now.since(dead) >= DEAD_SECONDS)
    }
}

/// One line without control characters.
fn shortened(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(WHY_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
