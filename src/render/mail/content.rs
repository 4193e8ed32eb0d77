//! What mails there are.

use super::{Letterhead, Link, MailView};
use crate::domain::mail::{AddressChange, News};
use crate::render::contact;
use crate::render::problem::WordsError;
use crate::render::secret_text::SecretText;
use crate::render::words::{Say, Words};

/// Every mail with its context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailContent {
    /// Something happened to an account; to its owner.
    News {
        /// What.
        news: News,
        /// Folded user id.
        user_id: String,
        /// Date and time for people.
        at: String,
        /// Address of the client, unless it was the help desk.
        client: Option<String>,
    },
    /// The forms of the login do not fit the profile any more, or do again; to the operator.
    Profile {
        /// They fit.
        fits: bool,
        /// Date and time for people.
        at: String,
    },
    /// The link behind which a reset is confirmed.
    Reset {
        /// Folded user id.
        user_id: String,
        /// Address of the page.
        link: String,
        /// Address of the page that says "bukan saya".
        deny: String,
        /// How long the link is good.
        minutes: u32,
    },
    /// An activation code, asked for after the password.
    Code {
        /// Eight digits in two groups.
        code: SecretText,
        /// Folded user id.
        user_id: String,
        /// How long it is good.
        hours: u32,
    },
    /// A code that proves that an address typed at an activation is read.
    Confirm {
        /// Eight digits in two groups.
        code: SecretText,
        /// Folded user id.
        user_id: String,
    },
    /// Another address was registered for an account; to the old and to the new one.
    AddressChanged {
        /// Folded user id.
        user_id: String,
        /// Date and time for people.
        at: String,
        /// What became of it.
        change: AddressChange,
    },
    /// Somebody said "bukan saya"; to the operator.
    Denied {
        /// To what.
        what: Denied,
        /// Whose.
        user_id: String,
        /// Date and time for people.
        at: String,
        /// Address of the client that had asked for it.
        client: String,
    },
    /// Mail works.
    Trial,
}

/// What "bukan saya" was said to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// A reset, in time.
    Reset,
    /// A reset whose code was used before.
    ResetLate,
    /// A login, on the phone.
    Login,
    /// A login that was over by then.
    LoginLate,
}

/// A line of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::render) struct Fact(&'static str, String);

impl Fact {
    pub(super) fn label(&self) -> Say {
        Say::key(self.0)
    }

    pub(super) fn value(&self) -> &str {
        &self.1
    }
}

/// Keys of subject, sentence and advice.
fn keys(news: &News) -> [&'static str; 3] {
    match news {
        News::Activated { replaced: true, .. } => [
            "mail.activated.subject",
            "mail.activated.replaced",
            "mail.not_you",
        ],
        News::Activated { .. } => [
            "mail.activated.subject",
            "mail.activated.what",
            "mail.not_you",
        ],
        News::Disabled => [
            "mail.disabled.subject",
            "mail.disabled.what",
            "mail.not_you",
        ],
        News::Reset => [
            "mail.reset_done.subject",
            "mail.reset_done.what",
            "mail.reset_done.advice",
        ],
        News::NewBrowser => [
            "mail.new_browser.subject",
            "mail.new_browser.what",
            "mail.not_you",
        ],
        News::RecoveryUsed { .. } => [
            "mail.recovery_used.subject",
            "mail.recovery_used.what",
            "mail.not_you",
        ],
        News::RecoveryMade => [
            "mail.recovery_made.subject",
            "mail.recovery_made.what",
            "mail.not_you",
        ],
        News::CodesWrong { .. } => [
            "mail.codes_wrong.subject",
            "mail.codes_wrong.what",
            "mail.codes_wrong.advice",
        ],
        News::LoginDenied { late: false } => [
            "mail.login_denied.subject",
            "mail.login_denied.what",
            "mail.login_denied.advice",
        ],
        News::LoginDenied { late: true } => [
            "mail.login_denied.late_subject",
            "mail.login_denied.late",
            "mail.login_denied.advice",
        ],
    }
}

/// What only this kind of news tells.
fn own_facts(news: &News) -> Vec<Fact> {
    match news {
        News::Activated { entry, phone, .. } => {
            let phone = phone.clone().map(|phone| Fact("by_phone.phone", phone));
            let entry = Fact("common.entry", entry.clone());
            std::iter::once(entry).chain(phone).collect()
        }
        News::RecoveryUsed { left } => vec![Fact("mail.recovery_left", left.to_string())],
        News::CodesWrong { failures } => vec![Fact("mail.failures", failures.to_string())],
        News::Disabled
        | News::Reset
        | News::NewBrowser
        | News::RecoveryMade
        | News::LoginDenied { .. } => vec![],
    }
}

/// Who, when and from where.
fn facts(user_id: &str, at: &str, client: Option<&str>) -> Vec<Fact> {
    let mut facts = vec![
        Fact("common.user_id", user_id.to_owned()),
        Fact("mail.time", at.to_owned()),
    ];
    facts.extend(client.map(|client| Fact("mail.client", client.to_owned())));
    facts
}

fn profile(fits: bool, at: &str) -> MailView {
    let view = match fits {
        true => MailView::new("mail.profile_fits.subject", "mail.profile_fits.what"),
        false => MailView::new("mail.profile_drifted.subject", "mail.profile_drifted.what"),
    };
    MailView {
        facts: vec![Fact("mail.time", at.to_owned())],
        ..view
    }
}

/// What an address is told that was registered or replaced, and what it should do.
fn changed(change: AddressChange) -> [&'static str; 3] {
    let [subject, what] = match change {
        AddressChange::Registered => ["mail.address.new_subject", "mail.address.is_new"],
        AddressChange::Replaced => ["mail.address.subject", "mail.address.is_old"],
        AddressChange::OwnRegistered => ["mail.address.new_subject", "mail.address.own_new"],
        AddressChange::OwnReplaced => ["mail.address.subject", "mail.address.own_old"],
        AddressChange::OwnEnded => ["mail.address.ended_subject", "mail.address.own_ended"],
    };
    let closing = match change {
        AddressChange::Registered | AddressChange::Replaced => "mail.address.not_you",
        AddressChange::OwnRegistered | AddressChange::OwnReplaced | AddressChange::OwnEnded => {
            "mail.address.own_not_you"
        }
    };
    [subject, what, closing]
}

fn denied(what: Denied) -> MailView {
    match what {
        Denied::Reset => MailView::new("mail.denied.subject", "mail.denied.what"),
        Denied::ResetLate => MailView::new("mail.denied.late_subject", "mail.denied.late"),
        Denied::Login => MailView::new("mail.denied.login_subject", "mail.denied.login"),
        Denied::LoginLate => {
            MailView::new("mail.denied.login_late_subject", "mail.denied.login_late")
        }
    }
}

fn with_code(code: &SecretText, user_id: &str, [subject, what]: [&'static str; 2]) -> MailView {
    MailView {
        code: Some(code.clone()),
        facts: vec![Fact("common.user_id", user_id.to_owned())],
        ..MailView::new(subject, what)
    }
}

fn reset(user_id: &str, link: &str, deny: &str, minutes: u32) -> MailView {
    MailView {
        closing: vec![Say::key("mail.reset.about").with("user_id", user_id)],
        button: Some(Link {
            label: Say::key("mail.reset.button"),
            link: link.to_owned(),
        }),
        deny: Some(Link {
            label: Say::key("mail.reset.deny").with("minutes", minutes),
            link: deny.to_owned(),
        }),
        ..MailView::new("mail.reset.subject", "mail.reset.what")
    }
}

impl MailContent {
    /// Name of the snapshots.
    pub fn name(&self) -> &'static str {
        match self {
            Self::News { .. } => "news",
            Self::Profile { .. } => "profile",
            Self::Reset { .. } => "reset",
            Self::Code { .. } => "code",
            Self::Confirm { .. } => "confirm",
            Self::AddressChanged { .. } => "address_changed",
            Self::Denied { .. } => "denied",
            Self::Trial => "trial",
        }
    }

    pub(in crate::render) fn view(
        &self,
        head: &Letterhead,
        words: &Words,
    ) -> Result<MailView, WordsError> {
        let contact = contact::spoken(&head.contacts, words)?;
        let ask = |key: &'static str| Say::key(key).with("contact", &contact);
        Ok(match self {
            Self::News {
                news,
                user_id,
                at,
                client,
            } => {
                let [subject, what, advice] = keys(news);
                let mut facts = facts(user_id, at, client.as_deref());
                facts.extend(own_facts(news));
                MailView {
                    facts,
                    closing: vec![ask(advice), Say::key("mail.never_ask")],
                    ..MailView::new(subject, what)
                }
            }
            Self::Profile { fits, at } => profile(*fits, at),
            Self::Reset {
                user_id,
                link,
                deny,
                minutes,
            } => reset(user_id, link, deny, *minutes),
            Self::Code {
                code,
                user_id,
                hours,
            } => MailView {
                closing: vec![
                    Say::key("mail.code.hours").with("hours", hours),
                    ask("mail.code.not_you"),
                    Say::key("mail.never_ask"),
                ],
                ..with_code(code, user_id, ["mail.code.subject", "mail.code.what"])
            },
            Self::Confirm { code, user_id } => MailView {
                closing: vec![ask("mail.confirm.not_you")],
                ..with_code(code, user_id, ["mail.confirm.subject", "mail.confirm.what"])
            },
            Self::AddressChanged {
                user_id,
                at,
                change,
            } => {
                let [subject, what, closing] = changed(*change);
                MailView {
                    facts: facts(user_id, at, None),
                    closing: vec![ask(closing)],
                    ..MailView::new(subject, what)
                }
            }
            Self::Denied {
                what,
                user_id,
                at,
                client,
            } => MailView {
                facts: facts(user_id, at, Some(client)),
                closing: vec![Say::key("mail.denied.advice")],
                ..denied(*what)
            },
            Self::Trial => MailView::new("mail.trial.subject", "mail.trial.what"),
        })
    }
}

mod samples;
