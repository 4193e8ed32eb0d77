//! QR code, key and first code.

use super::{View, code};
use crate::primitives::SharedSecret;
use crate::render::announcement::Announcement;
use crate::render::by_phone::JoinLink;
use crate::render::contact::{self, Contact};
use crate::render::frame::LocalPath;
use crate::render::problem::WordsError;
use crate::render::qr::{QrError, QrSvg, qr_svg};
use crate::render::secret_text::SecretText;
use crate::render::words::{Say, Words};
use serde_json::{Value, json};

/// The activation page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// Reference of the waiting login or activation (`r` of the forms).
    pub reference: String,
    /// Value of the `csrf` fields.
    pub csrf: SecretText,
    /// Folded user id.
    pub user_id: String,
    /// Generation letter of the QR code that is shown or was shown last.
    pub entry: String,
    /// Letter of the entry that goes on until this one is confirmed, where the phone is changed.
    pub replaces: Option<String>,
    /// `None` once it is closed.
    pub qr: Option<ShownQr>,
    /// The link that lets a phone join.
    pub phone: Option<JoinLink>,
    /// What was wrong with the last code.
    pub error: Option<ActivationError>,
    /// The server's wall clock with its zone as text; shown next to an error.
    pub clock: Option<String>,
    /// Where the activation may be put off.
    pub later: Option<Later>,
    /// How this page is left without activating.
    pub leave: Leave,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
    /// What the operator announces to this role.
    pub announcement: Option<Announcement>,
}

/// A QR code while it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownQr {
    svg: QrSvg,
    otpauth: SecretText,
    key: SecretText,
    seconds_left: u32,
}

impl ShownQr {
    /// Draws `otpauth` (the whole `otpauth://totp/…` address); `seconds_left` until it closes.
    ///
    /// # Errors
    /// [`QrError`] when the address is no such address, or too long for a phone to read.
    pub fn new(
        otpauth: SecretText,
        secret: &SharedSecret,
        seconds_left: u32,
    ) -> Result<Self, QrError> {
        if !otpauth.expose().starts_with("otpauth://totp/") {
            return Err(QrError::Encoding);
        }
        let svg = qr_svg(otpauth.expose())?;
        Ok(Self {
            svg,
            otpauth,
            key: in_fours(secret),
            seconds_left,
        })
    }

    fn view(&self) -> Value {
        let (minutes, seconds) = code::split(self.seconds_left);
        json!({
            "svg": self.svg,
            "otpauth": self.otpauth.expose(),
            "key": self.key.expose(),
            "seconds_left": self.seconds_left,
            "minutes": minutes,
            "seconds": seconds,
        })
    }
}

/// The key in groups of four, as people type it.
fn in_fours(secret: &SharedSecret) -> SecretText {
    let base32 = SecretText::new(secret.to_base32());
    let mut grouped = String::with_capacity(40);
    for (at, letter) in base32.expose().chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            grouped.push(' ');
        }
        grouped.push(letter);
    }
    SecretText::new(grouped)
}

/// What was wrong with the code of an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivationError {
    /// Not the code of any QR of this activation.
    Wrong,
    /// Not six digits.
    Malformed,
    /// A code of an earlier step.
    Late,
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

/// "Nanti saja": how often and until when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Later {
    /// So many times more; `None` without a limit.
    pub count: Option<u32>,
    /// From when the activation is required: date with its zone, as text.
    pub until: Option<String>,
}

impl Later {
    pub(super) fn view(&self) -> Value {
        let until = self.until.as_ref();
        json!({
            "count": self.count.map(|count| Say::key("later.count").with("count", count)),
            "until": until.map(|date| Say::key("later.until").with("date", date)),
        })
    }
}

/// How an activation is left. Both post `r` and `csrf` to `action`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leave {
    /// From a login: LOGOUT ends the waiting session.
    Logout {
        /// Where the form posts to.
        action: LocalPath,
    },
    /// From the status page: Batal goes back there, the session stays.
    Cancel {
        /// Where the form posts to.
        action: LocalPath,
    },
}

impl Leave {
    pub(super) fn view(&self) -> Value {
        match self {
            Self::Logout { action } => {
                json!({ "action": action.as_str(), "label": Say::key("common.logout") })
            }
            Self::Cancel { action } => {
                json!({ "action": action.as_str(), "label": Say::key("common.cancel") })
            }
        }
    }
}

impl Activation {
    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        let error = self
            .error
            .map(|error| self.error_view(error, words))
            .transpose()?;
        let body = json!({
            "reference": self.reference,
            "csrf": self.csrf.expose(),
            "user_id": self.user_id,
            "entry": self.entry,
            "replaces": self.replaces,
            "qr": self.qr.as_ref().map(ShownQr::view),
            "phone": self.phone.as_ref().map(JoinLink::view),
            "error": error,
            "clock": self.clock,
            "code_label": Say::key("activation.code_label"),
            // Without an error the QR code comes first: a focused field would scroll it away.
            "focus_code": self.error.is_some(),
            "later": self.later.as_ref().map(Later::view),
            "leave": self.leave.view(),
            "contacts": contact::views(&self.contacts),
            "announcement": Announcement::view_of(self.announcement.as_ref(), &self.contacts, words)?,
        });
        let seconds_left = self.qr.as_ref().map(|qr| qr.seconds_left);
        let view = View::new(Say::key("activation.title"), body).reload_after(seconds_left);
        Ok(view.that_waits(self.phone.is_some()))
    }

    fn error_view(&self, error: ActivationError, words: &Words) -> Result<Value, WordsError> {
        let same_qr = self.qr.is_some().then(|| Say::key("activation.same_qr"));
        Ok(match error {
            ActivationError::Wrong => code::error(code::wrong(), same_qr),
            ActivationError::Malformed => code::malformed(),
            ActivationError::Late => code::late(),
            ActivationError::TooMany { seconds } => code::wait(seconds),
            ActivationError::Exhausted => code::exhausted(false, &self.contacts, words)?,
            ActivationError::UpstreamBusy => code::busy(),
        })
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let secret = SharedSecret::new(*b"12345678901234567890");
        let otpauth = format!(
            "otpauth://totp/LPSE%20Kabupaten%20Contoh:PPK2%20(B)?secret={}&issuer=LPSE%20Kabupaten%20Contoh",
            secret.to_base32()
        );
        let open = |seconds| ShownQr::new(SecretText::new(otpauth.clone()), &secret, seconds).ok();
        // A parse that fails would leave the samples out, and the snapshots would tell.
        let (Some(logout), Some(cancel)) = (
            LocalPath::parse("/eproc4/gerbang/logout"),
            LocalPath::parse("/eproc4/gerbang/activation/cancel"),
        ) else {
            return Vec::new();
        };
        let plain = Self {
            reference: "AAECAwQFBgc".to_owned(),
            csrf: SecretText::new("c3JmLXNhbXBsZQ".to_owned()),
            user_id: "PPK2".to_owned(),
            entry: "B".to_owned(),
            replaces: None,
            qr: open(56),
            phone: JoinLink::sample(false),
            error: None,
            clock: None,
            later: None,
            leave: Leave::Logout { action: logout },
            contacts: Contact::samples(),
            announcement: Some(Announcement::sample()),
        };
        let bare = Self {
            phone: None,
            leave: Leave::Cancel { action: cancel },
            contacts: Vec::new(),
            announcement: None,
            ..plain.clone()
        };
        let error = |name: &str, error, clock: Option<&str>| {
            let clock = clock.map(str::to_owned);
            (
                format!("activation_{name}"),
                Self {
                    error: Some(error),
                    clock,
                    ..bare.clone()
                },
            )
        };
        let mut samples = vec![
            ("activation_open".to_owned(), plain.clone()),
            ("activation_cancel".to_owned(), bare.clone()),
            error("wrong", ActivationError::Wrong, Some("10.32.05 WIB")),
            error("malformed", ActivationError::Malformed, None),
            error("late", ActivationError::Late, Some("10.32.05 WIB")),
            error("too_many", ActivationError::TooMany { seconds: 45 }, None),
            error("exhausted", ActivationError::Exhausted, None),
            error("upstream_busy", ActivationError::UpstreamBusy, None),
        ];
        for (name, error) in [
            ("activation_closed", None),
            ("activation_wrong_closed", Some(ActivationError::Wrong)),
        ] {
            let closed = Self {
                qr: None,
                error,
                ..bare.clone()
            };
            samples.push((name.to_owned(), closed));
        }
        samples.extend(Self::other_samples(&plain));
        samples
    }

    /// Where it may be put off, and where it replaces another one.
    fn other_samples(plain: &Self) -> Vec<(String, Self)> {
        vec![
            (
                "activation_joined".to_owned(),
                Self {
                    phone: JoinLink::sample(true),
                    announcement: None,
                    ..plain.clone()
                },
            ),
            (
                "activation_replaces".to_owned(),
                Self {
                    replaces: Some("A".to_owned()),
                    announcement: None,
                    ..plain.clone()
                },
            ),
            (
                "activation_later".to_owned(),
                Self {
                    later: Some(Later {
                        count: Some(2),
                        until: Some("02-01-2027 00.00 WIB".to_owned()),
                    }),
                    announcement: Some(Announcement {
                        legal_basis: None,
                        ..Announcement::sample()
                    }),
                    ..plain.clone()
                },
            ),
            (
                "activation_later_always".to_owned(),
                Self {
                    later: Some(Later::default()),
                    announcement: Some(Announcement {
                        date: None,
                        text: None,
                        ..Announcement::sample()
                    }),
                    ..plain.clone()
                },
            ),
        ]
    }
}
