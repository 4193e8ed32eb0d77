//! What pages show that wait for a phone.

use super::qr::{QrError, QrSvg, qr_svg};
use super::secret_text::SecretText;
use super::words::Say;
use crate::primitives::{ApprovalNumber, InviteToken, WaitingRef};
use serde_json::{Value, json};

/// Addresses that tell whether something has happened: the stream, and the answer that waits.
type Told = [String; 2];

/// A request to the phone, on the acceptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedPhone {
    number: Option<(SecretText, QrSvg)>,
    standing: AskedStanding,
    told: Told,
}

/// How a request to the phone stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedStanding {
    /// The phone may answer.
    Open,
    /// It said yes.
    Ready,
    /// Nothing more comes of it.
    Over,
}

impl AskedPhone {
    /// With the number that the phone has to name.
    ///
    /// # Errors
    /// [`QrError`] when it cannot be drawn.
    pub fn new(
        number: &ApprovalNumber,
        standing: AskedStanding,
        told: Told,
    ) -> Result<Self, QrError> {
        let svg = qr_svg(number.expose())?;
        let (front, back) = number.expose().split_at(3);
        Ok(Self {
            number: Some((SecretText::new(format!("{front} {back}")), svg)),
            standing,
            told,
        })
    }

    /// Where a tap on the phone is enough, without a number.
    pub fn by_tap(standing: AskedStanding, told: Told) -> Self {
        Self {
            number: None,
            standing,
            told,
        }
    }

    /// There is a phone, and it is not asked: too often, lately.
    pub fn not_asked() -> Self {
        Self {
            number: None,
            standing: AskedStanding::Over,
            told: Told::default(),
        }
    }

    /// Whether the phone may answer.
    pub(super) fn is_open(&self) -> bool {
        self.standing == AskedStanding::Open
    }

    /// Whether its page waits for something.
    pub(super) fn waits(&self) -> bool {
        self.standing != AskedStanding::Over
    }

    pub(super) fn view(&self) -> Value {
        let open = self.is_open();
        let shown = self.number.as_ref().filter(|_| open);
        let [events, poll] = &self.told;
        json!({
            "open": open,
            "waits": self.waits(),
            "number": shown.map(|(number, _)| number.expose()),
            "svg": shown.map(|(_, svg)| svg),
            "ready": (self.standing == AskedStanding::Ready).then(|| Say::key("by_phone.approved")),
            "events": events,
            "poll": poll,
        })
    }

    pub(super) fn sample(standing: AskedStanding) -> Option<Self> {
        let reference = WaitingRef([0, 1, 2, 3, 4, 5, 6, 7]).to_text();
        let told =
            ["events", "poll"].map(|what| format!("/eproc4/gerbang/acceptor/{what}?r={reference}"));
        Self::new(&ApprovalNumber::from_random([7; 8]), standing, told).ok()
    }
}

/// The link that a phone opens to join an activation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinLink {
    token: SecretText,
    code: SecretText,
    svg: QrSvg,
    joined: Option<JoinedPhone>,
    told: Told,
}

/// A phone that has joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedPhone {
    /// Its id, for the form of the code beside it.
    pub device: String,
    /// Its browser.
    pub browser: String,
}

impl JoinLink {
    /// `app` is the address of the app as users know it; `joined` is the phone that has.
    ///
    /// # Errors
    /// [`QrError`] when the address is too long for a phone to read.
    pub fn new(
        app: &str,
        invite: &InviteToken,
        joined: Option<JoinedPhone>,
        told: Told,
    ) -> Result<Self, QrError> {
        let token = SecretText::new(invite.to_text());
        let link = SecretText::new(format!("{app}#add={}", token.expose()));
        Ok(Self {
            svg: qr_svg(link.expose())?,
            token,
            code: SecretText::new(invite.grouped()),
            joined,
            told,
        })
    }

    pub(super) fn view(&self) -> Value {
        let [events, poll] = &self.told;
        let joined = self.joined.as_ref();
        json!({
            "token": self.token.expose(),
            "code": self.code.expose(),
            "svg": &self.svg,
            "ready": joined.map(|phone| Say::key("by_phone.joined").with("phone", &phone.browser)),
            "device": joined.map(|phone| &phone.device),
            "events": events,
            "poll": poll,
        })
    }

    pub(super) fn sample(joined: bool) -> Option<Self> {
        let reference = WaitingRef([0, 1, 2, 3, 4, 5, 6, 7]).to_text();
        let told = ["events", "poll"]
            .map(|what| format!("/eproc4/gerbang/activation/{what}?r={reference}"));
        let invite = InviteToken::new([7; 10]);
        let app = "https://spse.example.go.id/eproc4/gerbang/authenticator/";
        let joined = joined.then(|| JoinedPhone {
            device: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            browser: "Chrome (Android)".to_owned(),
        });
        Self::new(app, &invite, joined, told).ok()
    }
}
