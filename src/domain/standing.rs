//! What is kept of an account beside its second factor: what the help desk decided about it, and as
//! what it was last seen. In records of their own, so that logins and help desk never wait for, or
//! spoil, the acceptance of a code.

use crate::domain::enforcement::Enrolled;
use crate::domain::policy::{Facts, Signature};
use crate::domain::reset::Nonce;
use crate::primitives::{AccountId, Role, UnixSeconds};
use serde::{Deserialize, Serialize};

/// Life of an activation code in seconds: a day, time to come home from the counter.
pub const GRANT_SECONDS: u64 = 86_400;
/// Longest exemption in seconds: a year. Nothing is exempt for ever.
pub const EXEMPTION_SECONDS_MAX: u64 = 366 * 86_400;

/// What was decided about an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// Whose.
    pub id: AccountId,
    /// It needs not activate.
    pub exemption: Option<Exemption>,
    /// How often it put the activation off.
    pub skips: u32,
    /// When it did so last.
    pub last_skip: Option<UnixSeconds>,
    /// An activation code that was handed out.
    pub grant: Option<Grant>,
    /// One that was mailed, or shown to whoever confirmed a reset by mail.
    #[serde(default)]
    pub mailed: Option<MailedCode>,
    /// The help desk took its second factor away: until a new one is bound with a code, the password
    /// alone opens nothing, whatever its role may do, unless an exemption excuses it.
    #[serde(default)]
    pub must_prove: bool,
}

/// An exemption; it always ends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Exemption {
    /// First second of it.
    #[serde(default)]
    pub since: UnixSeconds,
    /// First second after it.
    pub until: UnixSeconds,
    /// Given to this account by name after a reset: as long as it lasts the password is enough. A
    /// list decides nothing about one that was reset.
    #[serde(default)]
    pub excuses_reset: bool,
    /// Who gave it and why.
    pub signature: Signature,
}

/// An activation code that was handed out: whoever knows the password and types it may activate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// Keyed hash of account and code.
    pub digest: [u8; 16],
    /// First second in which it is no good any more.
    pub until: UnixSeconds,
    /// Who handed it out and why.
    pub signature: Signature,
}

/// An activation code that stands in no record: it is made of a nonce and the site's key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MailedCode {
    /// What it is made of.
    pub nonce: Nonce,
    /// First second in which it is no good any more.
    pub until: UnixSeconds,
}

impl Standing {
    /// Of an account about which nothing was decided.
    pub fn new(id: AccountId) -> Self {
        Self {
            id,
            exemption: None,
            skips: 0,
            last_skip: None,
            grant: None,
            mailed: None,
            must_prove: false,
        }
    }

    /// What the policy has to know.
    pub fn facts(&self) -> Facts {
        Facts {
            exempt_since: self.exemption.as_ref().map(|exemption| exemption.since),
            exempt_until: self.exemption.as_ref().map(|exemption| exemption.until),
            skips: self.skips,
            last_skip: self.last_skip,
        }
    }

    /// How the account stands, with a second factor or without.
    pub fn enrolled(&self, bound: bool, now: UnixSeconds) -> Enrolled {
        let excused = self.exemption.as_ref().is_some_and(|exemption| {
            exemption.excuses_reset && exemption.since <= now && now < exemption.until
        });
        match (bound, self.must_prove) {
            (true, _) => Enrolled::Yes,
            (false, false) => Enrolled::No,
            (false, true) if excused => Enrolled::Excused,
            (false, true) => Enrolled::Reset,
        }
    }

    /// The code that is good now.
    pub fn grant(&self, now: UnixSeconds) -> Option<&Grant> {
        self.grant.as_ref().filter(|grant| now < grant.until)
    }

    /// The mailed code that is good now.
    pub fn mailed(&self, now: UnixSeconds) -> Option<MailedCode> {
        self.mailed.filter(|code| now < code.until)
    }
}

/// As what an account was seen: written at every login, read by forecast and lists.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seen {
    /// Who.
    pub id: AccountId,
    /// Role of the last login.
    pub role: Role,
    /// First login that was seen.
    pub first: UnixSeconds,
    /// Last one.
    pub last: UnixSeconds,
    /// How many.
    pub logins: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::{UserId, UserType};

    #[test]
    fn a_code_is_good_until_its_last_second() {
        let mut standing = Standing::new(AccountId {
            user_type: UserType::parse("t").unwrap(),
            user_id: UserId::parse("U").unwrap(),
        });
        let now = UnixSeconds(1_800_000_000);
        assert!(standing.grant(now).is_none());
        standing.grant = Some(Grant {
            digest: [1; 16],
            until: now.plus(GRANT_SECONDS),
            signature: Signature::default(),
        });
        assert!(standing.grant(now.plus(GRANT_SECONDS - 1)).is_some());
        assert!(standing.grant(now.plus(GRANT_SECONDS)).is_none());
    }

    #[test]
    fn an_exemption_excuses_a_reset_while_it_lasts_and_no_longer() {
        let mut standing = Standing::new(AccountId {
            user_type: UserType::parse("t").unwrap(),
            user_id: UserId::parse("U").unwrap(),
        });
        let now = UnixSeconds(1_800_000_000);
        assert_eq!(standing.enrolled(false, now), Enrolled::No);
        standing.must_prove = true;
        assert_eq!(standing.enrolled(false, now), Enrolled::Reset);
        assert_eq!(standing.enrolled(true, now), Enrolled::Yes);
        let mut exemption = Exemption {
            since: now,
            until: now.plus(60),
            excuses_reset: false,
            signature: Signature::default(),
        };
        standing.exemption = Some(exemption.clone());
        assert_eq!(standing.enrolled(false, now), Enrolled::Reset, "by a list");
        exemption.excuses_reset = true;
        standing.exemption = Some(exemption);
        let at = |seconds| standing.enrolled(false, now.plus(seconds));
        assert_eq!(
            [at(0), at(59), at(60)],
            [Enrolled::Excused, Enrolled::Excused, Enrolled::Reset]
        );
    }
}
