//! Answers: what the command line prints, as tables or as JSON.

use crate::domain::audit::AuditRecord;
use crate::domain::policy::{Because, Glass, PolicyState};
use crate::domain::policy_file::Mode;
use crate::primitives::{AccountId, EmailAddress, UnixSeconds, Zone};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// One answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// The policy.
    Policy(Box<PolicyShown>),
    /// What a command has to know of the site before it reads what was typed.
    Site {
        /// The zone of its times.
        zone: Zone,
        /// A gateway runs and said so itself.
        running: bool,
    },
    /// What an act did, or would do.
    Changed(Box<Changed>),
    /// Whom the policy would stop.
    Forecast(Forecast),
    /// Accounts.
    Users {
        /// In the order of type and id.
        users: Vec<UserLine>,
        /// How many fit, though not all may be listed.
        total: usize,
    },
    /// One account.
    User(Box<User>),
    /// Something was done to accounts, or would be.
    Done {
        /// What, one sentence each.
        lines: Vec<String>,
        /// Nothing was done.
        dry_run: bool,
    },
    /// Accounts were exempted, or their exemption ended; or would be.
    Exempted {
        /// Which.
        accounts: Vec<AccountId>,
        /// First second after it; `None` where it ended now.
        until: Option<UnixSeconds>,
        /// Those of them that were never seen here: their spelling may be wrong.
        never_seen: Vec<AccountId>,
        /// Those of a list that stay as they are: exempted by name after a reset.
        kept: Vec<AccountId>,
        /// Nothing was done.
        dry_run: bool,
    },
    /// An activation code to hand over; never shown again.
    Code {
        /// Whose.
        account: AccountId,
        /// Eight digits in two groups.
        code: Shown,
        /// First second in which it is no good any more.
        until: UnixSeconds,
        /// What else was done, one sentence each.
        lines: Vec<String>,
    },
    /// A list of registered addresses was taken over, or would be.
    Imported(Imported),
    /// Letters of the outbox.
    Letters {
        /// Oldest first.
        letters: Vec<LetterLine>,
        /// Whether a mail server is configured.
        open: bool,
    },
    /// Sessions and waiting logins.
    Sessions {
        /// Oldest first.
        sessions: Vec<SessionLine>,
    },
    /// Audit records with their numbers.
    Audit {
        /// In their order.
        records: Vec<NumberedRecord>,
    },
    /// The audit log is whole, as far as could be checked.
    Verified {
        /// Last number.
        last: u64,
        /// One sentence each.
        lines: Vec<String>,
        /// What is wrong; none when it is whole.
        wrong: Option<String>,
    },
    /// What decides.
    Explained {
        /// One sentence each, in order.
        lines: Vec<String>,
    },
}

/// A code on its way to whoever asked for it; it does not print by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Shown(String);

impl Shown {
    /// Wraps the digits.
    pub fn new(digits: &str) -> Self {
        Self(digits.to_owned())
    }

    /// The digits, to be printed where they were asked for.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shown(..)")
    }
}

/// The policy as it is shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PolicyShown {
    /// What the store holds.
    #[serde(flatten)]
    pub state: PolicyState,
    /// Glass broken by the file of root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_glass: Option<Glass>,
}

/// What an act on the policy did, or would do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Changed {
    /// Nothing was done.
    pub dry_run: bool,
    /// The policy's number before.
    pub seen: u64,
    /// The policy afterwards.
    pub after: PolicyState,
    /// Roles for which something else is in force now, or at the time of the act.
    pub roles: Vec<RoleChange>,
    /// Accounts that could log in with the password alone and would now be stopped first.
    pub newly_stopped: usize,
    /// What an admin should know before he does it.
    pub warnings: Vec<String>,
}

/// What changes for a role.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoleChange {
    /// User type.
    pub user_type: String,
    /// Role; `None` for roles that the profile does not know.
    pub role: Option<String>,
    /// Mode before.
    pub before: Mode,
    /// Mode after.
    pub after: Mode,
    /// Whether an activation needed a code of the help desk before.
    pub code_before: bool,
    /// Whether it needs one after.
    pub code_after: bool,
}

/// Whom the policy would stop, by role.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Forecast {
    /// By user type and role.
    pub roles: Vec<RoleForecast>,
    /// Who would be stopped.
    pub stopped: Vec<UserLine>,
}

/// One role of a forecast.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoleForecast {
    /// User type.
    pub user_type: String,
    /// Role.
    pub role: String,
    /// Mode in force.
    pub mode: Mode,
    /// Accounts that logged in.
    pub seen: usize,
    /// Of them with a second factor.
    pub active: usize,
    /// Of them exempt now.
    pub exempt: usize,
    /// Of them would have to activate, or type an activation code, before their next login.
    pub stopped: usize,
    /// Accounts with a second factor in percent of those seen, rounded down.
    pub ready_percent: u8,
}

/// One account in a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UserLine {
    /// Which.
    pub account: AccountId,
    /// Role of the last login, if one was seen.
    pub role: Option<String>,
    /// Letter of the entry of its second factor.
    pub entry: Option<String>,
    /// Last login that was seen.
    pub last: Option<UnixSeconds>,
    /// End of its exemption.
    pub exempt_until: Option<UnixSeconds>,
    /// Mode in force.
    pub mode: Mode,
    /// Would be stopped at a login now.
    pub stopped: bool,
}

/// Everything that is known of one account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct User {
    /// As in a list.
    pub line: UserLine,
    /// When its second factor was bound.
    pub bound: Option<UnixSeconds>,
    /// What its phone calls itself, where one may approve logins.
    #[serde(default)]
    pub phone: Option<String>,
    /// Its recovery codes, if any were made.
    pub recovery: Option<RecoveryLine>,
    /// First login that was seen, and how many.
    pub first: Option<UnixSeconds>,
    /// Logins that were seen.
    pub logins: u64,
    /// Why it is exempt.
    pub exempt_reason: Option<String>,
    /// How often it put the activation off.
    pub skips: u32,
    /// An activation code is out until then.
    pub code_until: Option<UnixSeconds>,
    /// Wrong codes in a row, by factor and lane.
    pub attempts: Vec<AttemptLine>,
    /// Its accepted sessions.
    pub sessions: usize,
    /// Its waiting logins.
    pub waiting: usize,
    /// Its registered address and who says so, one word; what the database says is not asked.
    pub email: Option<(EmailAddress, String)>,
    /// How what is in force came about.
    pub because: Vec<Because>,
}

/// What became of a list of registered addresses.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Imported {
    /// Accounts that had no address from a list before.
    pub new: usize,
    /// Accounts whose address changed.
    pub changed: usize,
    /// Accounts whose address stays as it is.
    pub same: usize,
    /// Accounts that lose the address of an earlier list.
    pub removed: usize,
    /// Accounts whose address was set by the help desk, which goes before the list.
    pub outranked: usize,
    /// Lines that are wrong, a sentence each.
    pub bad: Vec<String>,
    /// Nothing was done.
    pub dry_run: bool,
}

/// A letter of the outbox.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LetterLine {
    /// For `mail retry`.
    pub id: String,
    /// One word.
    pub kind: String,
    /// Whose account it is about.
    pub account: Option<AccountId>,
    /// When it was written.
    pub made: UnixSeconds,
    /// How often it was tried.
    pub tries: u32,
    /// Its next try; `None` when it was given up.
    pub due: Option<UnixSeconds>,
    /// What the last try came to.
    pub why: Option<String>,
}

/// Recovery codes of an account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecoveryLine {
    /// Codes that are still good.
    pub left: usize,
    /// Codes that there were.
    pub size: usize,
    /// When they were made.
    pub made: UnixSeconds,
}

/// Wrong codes of one lane.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AttemptLine {
    /// Factor.
    pub factor: crate::authenticator::Factor,
    /// Lane.
    pub lane: crate::domain::throttle::Lane,
    /// In a row.
    pub failures: u32,
    /// The last one.
    pub last: UnixSeconds,
}

/// One session or waiting login.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionLine {
    /// For `session end`.
    pub id: String,
    /// Whose; `None` where the page could not be read.
    pub account: Option<AccountId>,
    /// Its role.
    pub role: Option<String>,
    /// Accepted, or waiting for what.
    pub state: SessionState,
    /// Since when.
    pub since: UnixSeconds,
    /// Last request.
    pub last: UnixSeconds,
    /// Requests under way.
    pub under_way: u32,
}

/// How a session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionState {
    /// With a second factor.
    Accepted,
    /// With the password alone.
    Password,
    /// Waits for a code.
    WaitsForCode,
    /// Waits for an activation.
    WaitsForActivation,
}

/// An audit record and its number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NumberedRecord {
    /// Its number; without gaps.
    pub sequence: u64,
    /// The record; `None` where its time of keeping is over.
    pub record: Option<AuditRecord>,
    /// It stands there and does not open: `audit verify` says more.
    pub unreadable: bool,
}
