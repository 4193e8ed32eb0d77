//! What admins ask of the gateway, and what it answers: plain data that travels over the control
//! socket and is printed by the command line.
//!
//! Nothing in here is a secret but the activation code of a [`Answer::Code`], which is what was asked
//! for and is shown once.

pub mod answer;

pub use answer::{Answer, Shown};

use crate::domain::policy::Signature;
use crate::domain::policy::act::Act;
use crate::primitives::{EmailAddress, UnixSeconds};
use serde::{Deserialize, Serialize};

/// Name of the control socket in the state folder.
pub const SOCKET_FILE: &str = "control.sock";
/// Longest request in bytes: a list of a hundred thousand accounts fits.
pub const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most accounts in one act on a list.
pub const LIST_MAX: usize = 10_000;
/// Longest reason, number or note, in characters.
pub const TEXT_CHARS_MAX: usize = 1_000;

/// One request. `dry_run` tells what would be done and does nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub enum Request {
    /// What a command has to know of the site.
    Site,
    /// The whole policy.
    PolicyShow,
    /// An act on the policy.
    PolicyAct {
        /// What.
        act: Act,
        /// Who and why.
        signature: Signature,
        /// Number of the policy that the admin looked at; it must still be the one.
        seen: Option<u64>,
        /// Tell only.
        dry_run: bool,
    },
    /// Whom the policy would stop today.
    Forecast {
        /// As if this had been done.
        act: Option<Act>,
    },
    /// Accounts that were seen or have a second factor.
    UserList(UserFilter),
    /// Everything that is known of one account.
    UserShow {
        /// Which.
        user: UserRef,
    },
    /// Takes the second factor of an account away and hands out an activation code.
    UserReset {
        /// Which.
        user: UserRef,
        /// Letter, ticket, and what was checked.
        paper: Paper,
        /// Tell only.
        dry_run: bool,
    },
    /// Hands out an activation code.
    UserCode {
        /// Which.
        user: UserRef,
        /// Letter, ticket, and what was checked.
        paper: Paper,
        /// Tell only.
        dry_run: bool,
    },
    /// Clears an account's counters of wrong codes.
    UserUnlock {
        /// Which.
        user: UserRef,
        /// Who and why.
        signature: Signature,
        /// Tell only.
        dry_run: bool,
    },
    /// Exempts accounts until a time, or ends their exemption.
    UserExempt {
        /// Which; all or none.
        users: Vec<UserRef>,
        /// First second after it; `None` ends it now.
        until: Option<UnixSeconds>,
        /// Who and why.
        signature: Signature,
        /// Tell only.
        dry_run: bool,
    },
    /// Sets or corrects the registered address of an account, or takes it away.
    UserEmail {
        /// Which.
        user: UserRef,
        /// The new one; `None` takes away what the help desk had set.
        email: Option<EmailAddress>,
        /// Letter, ticket, and what was checked.
        paper: Paper,
        /// Tell only.
        dry_run: bool,
    },
    /// Takes a list of registered addresses over.
    DirectoryImport(DirectoryImport),
    /// Letters of the outbox.
    MailList {
        /// Only those that were given up.
        dead: bool,
    },
    /// Tries letters again that were given up.
    MailRetry {
        /// Its id as the list shows it; `None` for all.
        id: Option<String>,
    },
    /// Sends a trial letter.
    MailTrial {
        /// Where to.
        to: EmailAddress,
    },
    /// Accepted sessions and waiting logins.
    SessionList {
        /// Of this account only.
        user: Option<UserRef>,
    },
    /// Ends sessions.
    SessionEnd {
        /// Which.
        which: WhichSessions,
        /// Who and why.
        signature: Signature,
        /// Tell only.
        dry_run: bool,
    },
    /// Audit records in their order.
    Audit {
        /// Behind this number.
        after: Option<u64>,
        /// Of this account only.
        user: Option<UserRef>,
        /// The newest so many; all when a number is given in `after`.
        last: usize,
    },
    /// Checks the chain of the audit log.
    AuditVerify {
        /// Heads that were kept elsewhere, as lines.
        heads: Vec<String>,
    },
    /// Takes the time as right though it is behind the highest ever seen.
    ClockAccept {
        /// Who and why.
        signature: Signature,
        /// Tell only.
        dry_run: bool,
    },
    /// What decides about an account at this moment.
    ExplainUser {
        /// Which.
        user: UserRef,
    },
    /// What was decided about a request.
    ExplainRequest {
        /// Its id, as on error pages.
        id: String,
    },
}

impl Request {
    /// The same as a dry run; `None` for what changes nothing.
    pub fn preview(&self) -> Option<Self> {
        let mut preview = self.clone();
        let dry_run = match &mut preview {
            Self::PolicyAct { dry_run, .. }
            | Self::UserReset { dry_run, .. }
            | Self::UserCode { dry_run, .. }
            | Self::UserUnlock { dry_run, .. }
            | Self::UserExempt { dry_run, .. }
            | Self::UserEmail { dry_run, .. }
            | Self::DirectoryImport(DirectoryImport { dry_run, .. })
            | Self::SessionEnd { dry_run, .. }
            | Self::ClockAccept { dry_run, .. } => dry_run,
            Self::Site
            | Self::PolicyShow
            | Self::Forecast { .. }
            | Self::UserList(_)
            | Self::UserShow { .. }
            | Self::SessionList { .. }
            | Self::MailList { .. }
            | Self::MailRetry { .. }
            | Self::MailTrial { .. }
            | Self::Audit { .. }
            | Self::AuditVerify { .. }
            | Self::ExplainUser { .. }
            | Self::ExplainRequest { .. } => return None,
        };
        *dry_run = true;
        Some(preview)
    }

    /// Whether it is only good for the state that its preview saw.
    pub fn depends_on_preview(&self) -> bool {
        matches!(self, Self::PolicyAct { seen: None, .. })
    }

    /// Takes over from a preview what the act is bound to.
    pub fn seen_by(&mut self, preview: &Answer) {
        if let (Self::PolicyAct { seen, .. }, Answer::Changed(changed)) = (self, preview) {
            seen.get_or_insert(changed.seen);
        }
    }
}

/// What the help desk had before it when it acted (a letter is how LPSE do it).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Paper {
    /// Who and why.
    pub signature: Signature,
    /// Number of the letter or ticket.
    pub number: String,
    /// What was checked: identity card, letter of the director, call back.
    pub checked: String,
}

/// An account as an admin writes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct UserRef {
    /// As typed; folded by the profile.
    pub user_id: String,
    /// Needed where the same id exists for several types, and for accounts never seen.
    pub user_type: Option<String>,
    /// Line of the list that it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

impl UserRef {
    /// As typed by itself, in no list.
    pub fn new(user_id: String, user_type: Option<String>) -> Self {
        Self {
            user_id,
            user_type,
            line: None,
        }
    }
}

/// A list of registered addresses, and how it is taken over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DirectoryImport {
    /// Its lines.
    pub lines: Vec<DirectoryLine>,
    /// A sentence for each line that could not be read at all: told together with those that are wrong.
    #[serde(default)]
    pub unreadable: Vec<String>,
    /// Accounts that are not in it lose the address that an earlier list gave them.
    pub replace: bool,
    /// Lines that are wrong are left out, instead of all being refused.
    pub skip_bad: bool,
    /// Who and why.
    pub signature: Signature,
    /// Tell only.
    pub dry_run: bool,
}

/// A line of a list of registered addresses.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DirectoryLine {
    /// Whose, with its type and its line in the list.
    pub user: UserRef,
    /// The address as written.
    pub email: String,
}

/// Which accounts a list shows.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct UserFilter {
    /// Beginning of the user id, folded by the profile.
    pub begins: Option<String>,
    /// Role of the last login.
    pub role: Option<String>,
    /// User type.
    pub user_type: Option<String>,
    /// With, or without, a second factor.
    pub active: Option<bool>,
    /// Exempt now.
    pub exempt: bool,
    /// Would be stopped at a login today.
    pub stopped: bool,
    /// Seen at or after.
    pub seen_since: Option<UnixSeconds>,
    /// At most so many; 0 for all.
    pub limit: usize,
}

/// Which sessions are to end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhichSessions {
    /// One, by the id that the list shows.
    Id(String),
    /// All of an account, its waiting logins too.
    User(UserRef),
    /// All.
    All,
}

/// Why a request was not carried out; nothing changed then.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct OfficeError {
    /// One word for scripts.
    pub kind: ErrorKind,
    /// A sentence.
    pub message: String,
}

/// Kinds of refusal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// It makes no sense as it stands.
    Refused,
    /// No such account, role, session, request or number.
    Unknown,
    /// Somebody else was faster.
    Conflict,
    /// Store or clock.
    Store,
    /// Whoever asks may not.
    Forbidden,
}

impl OfficeError {
    /// With a kind and a sentence.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// It makes no sense as it stands.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused, message)
    }

    /// There is no such thing.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unknown, message)
    }
}

/// Checks a text that goes into the audit log.
///
/// # Errors
/// Empty, longer than [`TEXT_CHARS_MAX`], or with control characters.
pub fn check_text(what: &str, text: &str) -> Result<(), OfficeError> {
    let refused = |why: &str| Err(OfficeError::refused(format!("{what} {why}")));
    if text.trim().is_empty() {
        return refused("has to be given");
    }
    if text.chars().count() > TEXT_CHARS_MAX {
        return refused("is longer than 1000 characters");
    }
    if text.chars().any(char::is_control) {
        return refused("holds a control character");
    }
    Ok(())
}

impl Signature {
    /// Checks names and reason.
    ///
    /// # Errors
    /// As [`check_text`].
    pub fn check(&self) -> Result<(), OfficeError> {
        check_text("the reason", &self.reason)?;
        if self.by.is_empty() {
            return Err(OfficeError::refused("nobody is named who does it"));
        }
        self.by
            .iter()
            .try_for_each(|name| check_text("the name", name))
    }
}

impl Paper {
    /// Checks all that has to be written down.
    ///
    /// # Errors
    /// As [`check_text`].
    pub fn check(&self) -> Result<(), OfficeError> {
        self.signature.check()?;
        check_text("the number of the letter or ticket", &self.number)?;
        check_text("what was checked", &self.checked)
    }
}
