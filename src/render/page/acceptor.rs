//! The code after the password.

use super::{View, code};
use crate::render::by_phone::{Addresses, AskedPhone, AskedStanding};
use crate::render::contact::Contact;
use crate::render::frame::LocalPath;
use crate::render::problem::WordsError;
use crate::render::secret_text::SecretText;
use crate::render::words::{Say, Words};
use serde_json::{Value, json};

/// The acceptor page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptor {
    /// Reference of the waiting login (`r` of the forms).
    pub reference: String,
    /// Value of the `csrf` fields.
    pub csrf: SecretText,
    /// Folded user id.
    pub user_id: String,
    /// Letter of the entry in the app.
    pub entry: String,
    /// It has recovery codes.
    pub recovery: bool,
    /// A reset was confirmed in this browser.
    pub confirmed: bool,
    /// What its phone was asked.
    pub phone: Option<AskedPhone>,
    /// Open or closed.
    pub session: AcceptorSession,
    /// What was wrong with the last code.
    pub error: Option<AcceptorError>,
    /// The server's wall clock with its zone as text; shown next to an error.
    pub clock: Option<String>,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
}

/// Whether the waiting login still waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptorSession {
    /// It does.
    Open {
        /// Seconds until it closes.
        seconds_left: u32,
        /// How often the time can still be extended.
        extensions_left: u32,
    },
    /// It is over.
    Closed {
        /// Where a new login begins.
        login: LocalPath,
    },
}

/// What was wrong with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptorError {
    /// Not the code.
    Wrong,
    /// Not six digits.
    Malformed,
    /// Accepted before (RFC 6238 section 5.2).
    Used {
        /// Seconds until the app shows the next code.
        seconds: u32,
    },
    /// A code of an earlier step.
    Late,
    /// A code of an entry that was replaced.
    OldEntry,
    /// The growing delay is not over.
    TooMany {
        /// Seconds to wait.
        seconds: u32,
    },
    /// No more attempts in this lane.
    Exhausted,
    /// The upstream did not confirm the session in time; nothing is lost.
    UpstreamBusy,
}

impl Acceptor {
    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        let error = self
            .error
            .map(|error| self.error_view(error, words))
            .transpose()?;
        let (open, login, seconds_left) = match &self.session {
            AcceptorSession::Open {
                seconds_left,
                extensions_left,
            } => {
                let (minutes, seconds) = code::split(*seconds_left);
                let open = json!({
                    "seconds_left": seconds_left,
                    "minutes": minutes,
                    "seconds": seconds,
                    "extensions_left": extensions_left,
                });
                (Some(open), None, Some(*seconds_left))
            }
            AcceptorSession::Closed { login } => (None, Some(login.as_str()), None),
        };
        let open_phone = self.phone.as_ref().filter(|_| open.is_some());
        let body = json!({
            "reference": self.reference,
            "csrf": self.csrf.expose(),
            "user_id": self.user_id,
            "recovery": self.recovery,
            "confirmed": self.confirmed,
            "phone": open_phone.map(AskedPhone::view),
            "open": open,
            "login": login,
            "error": error,
            "clock": self.clock,
            "code_label": Say::key("acceptor.code_label").with("entry", &self.entry),
            // A focused field would scroll the number away, and bring up the keyboard of a phone.
            "focus_code": !open_phone.is_some_and(AskedPhone::is_open),
        });
        let waits = open_phone.is_some_and(AskedPhone::waits);
        let view = View::new(Say::key("acceptor.title"), body).reload_after(seconds_left);
        Ok(view.that_waits(waits).reload_while_waiting())
    }

    fn error_view(&self, error: AcceptorError, words: &Words) -> Result<Value, WordsError> {
        Ok(match error {
            AcceptorError::Wrong => code::error(code::wrong(), None),
            AcceptorError::Malformed => code::malformed(),
            AcceptorError::Used { seconds } => code::used(seconds),
            AcceptorError::Late => code::late(),
            AcceptorError::OldEntry => code::error(
                Say::key("code.old_entry"),
                Some(Say::key("code.old_entry_advice").with("entry", &self.entry)),
            ),
            AcceptorError::TooMany { seconds } => code::wait(seconds),
            AcceptorError::Exhausted => code::exhausted(self.recovery, &self.contacts, words)?,
            AcceptorError::UpstreamBusy => code::busy(),
        })
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let plain = Self {
            reference: "AAECAwQFBgc".to_owned(),
            csrf: SecretText::new("c3JmLXNhbXBsZQ".to_owned()),
            user_id: "PPK2".to_owned(),
            entry: "B".to_owned(),
            recovery: true,
            confirmed: false,
            phone: None,
            session: AcceptorSession::Open {
                seconds_left: 52,
                extensions_left: 2,
            },
            error: None,
            clock: None,
            contacts: Contact::samples().into_iter().take(1).collect(),
        };
        let last = Self {
            session: AcceptorSession::Open {
                seconds_left: 118,
                extensions_left: 0,
            },
            recovery: false,
            contacts: Vec::new(),
            ..plain.clone()
        };
        let without = Self {
            recovery: false,
            error: Some(AcceptorError::Exhausted),
            ..plain.clone()
        };
        let confirmed = Self {
            confirmed: true,
            ..plain.clone()
        };
        let mut samples = vec![
            ("acceptor_open".to_owned(), plain.clone()),
            ("acceptor_confirmed".to_owned(), confirmed),
            ("acceptor_last".to_owned(), last),
            ("acceptor_exhausted".to_owned(), without),
        ];
        samples.extend(plain.phone_samples());
        samples.extend(plain.error_samples());
        samples.extend(LocalPath::parse("/eproc4/").map(|login| {
            let session = AcceptorSession::Closed { login };
            (
                "acceptor_closed".to_owned(),
                Self {
                    session,
                    ..plain.clone()
                },
            )
        }));
        samples
    }

    fn phone_samples(&self) -> Vec<(String, Self)> {
        let addresses = Addresses::sample("acceptor");
        let tap = Some(AskedPhone::by_tap(AskedStanding::Open, addresses));
        let [open, ready] = [AskedStanding::Open, AskedStanding::Ready].map(AskedPhone::sample);
        let rests = Some(AskedPhone::over(Some("22-11-2026 10.42 WIB".to_owned())));
        let sample = |name: &str, phone| {
            let page = Self {
                phone,
                ..self.clone()
            };
            (format!("acceptor_phone{name}"), page)
        };
        vec![
            sample("", open),
            sample("_tap", tap),
            sample("_ready", ready),
            sample("_over", Some(AskedPhone::over(None))),
            sample("_rests", rests),
        ]
    }

    fn error_samples(&self) -> Vec<(String, Self)> {
        let error = |name: &str, error, clock: Option<&str>| {
            let clock = clock.map(str::to_owned);
            (
                format!("acceptor_{name}"),
                Self {
                    error: Some(error),
                    clock,
                    ..self.clone()
                },
            )
        };
        vec![
            error("wrong", AcceptorError::Wrong, Some("10.32.05 WIB")),
            error("malformed", AcceptorError::Malformed, None),
            error("used", AcceptorError::Used { seconds: 17 }, None),
            error("late", AcceptorError::Late, Some("10.32.05 WIB")),
            error("old_entry", AcceptorError::OldEntry, None),
            error("too_many", AcceptorError::TooMany { seconds: 45 }, None),
            error(
                "too_many_minutes",
                AcceptorError::TooMany { seconds: 901 },
                None,
            ),
            error("recovery", AcceptorError::Exhausted, None),
            error("upstream_busy", AcceptorError::UpstreamBusy, None),
        ]
    }
}
