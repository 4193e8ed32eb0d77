//! What pages show that wait for a phone.

use super::qr::{QrError, QrSvg, qr_svg};
use super::secret_text::SecretText;
use super::words::Say;
use crate::primitives::{ApprovalNumber, InviteToken, WaitingRef};
use serde_json::{Value, json};

/// Addresses that a page names which waits for a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The app, as users know it.
    pub app: String,
    /// The stream that tells whether something has happened.
    pub events: String,
    /// The answer that waits for it.
    pub poll: String,
}

/// A request to the phone, on the acceptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedPhone {
    number: Option<(SecretText, QrSvg)>,
    standing: AskedStanding,
    addresses: Option<Addresses>,
    rests_until: Option<String>,
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
        addresses: Addresses,
    ) -> Result<Self, QrError> {
        let svg = qr_svg(number.expose())?;
        let (front, back) = number.expose().split_at(3);
        Ok(Self {
            number: Some((SecretText::new(format!("{front} {back}")), svg)),
            standing,
            addresses: Some(addresses),
            rests_until: None,
        })
    }

    /// Where a tap on the phone is enough, without a number.
    pub fn by_tap(standing: AskedStanding, addresses: Addresses) -> Self {
        Self {
            number: None,
            standing,
            addresses: Some(addresses),
            rests_until: None,
        }
    }

    /// There is a phone, and nothing comes of asking it; date and time from which it is asked again, where
    /// it was asked too often.
    pub fn over(rests_until: Option<String>) -> Self {
        Self {
            number: None,
            standing: AskedStanding::Over,
            addresses: None,
            rests_until,
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
        let addresses = self.addresses.as_ref();
        json!({
            "open": open,
            "waits": self.waits(),
            "number": shown.map(|(number, _)| number.expose()),
            "svg": shown.map(|(_, svg)| svg),
            "ready": (self.standing == AskedStanding::Ready).then(|| Say::key("by_phone.approved")),
            "rests_until": self.rests_until,
            "app": addresses.map(|at| &at.app),
            "events": addresses.map(|at| &at.events),
            "poll": addresses.map(|at| &at.poll),
        })
    }

    pub(super) fn sample(standing: AskedStanding) -> Option<Self> {
        let number = ApprovalNumber::from_random([7; 8]);
        Self::new(&number, standing, Addresses::sample("acceptor")).ok()
    }
}

impl Addresses {
    /// Of the acceptor or the activation.
    pub(super) fn sample(page: &str) -> Self {
        let reference = WaitingRef([0, 1, 2, 3, 4, 5, 6, 7]).to_text();
        let of = |what: &str| format!("/eproc4/gerbang/{page}/{what}?r={reference}");
        Self {
            app: "https://spse.example.go.id/eproc4/gerbang/authenticator/".to_owned(),
            events: of("events"),
            poll: of("poll"),
        }
    }
}

/// The link that a phone opens to join an activation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinLink {
    token: SecretText,
    code: SecretText,
    svg: QrSvg,
    joined: Option<JoinedPhone>,
    addresses: Addresses,
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
    /// `joined` is the phone that has.
    ///
    /// # Errors
    /// [`QrError`] when the address is too long for a phone to read.
    pub fn new(
        invite: &InviteToken,
        joined: Option<JoinedPhone>,
        addresses: Addresses,
    ) -> Result<Self, QrError> {
        let token = SecretText::new(invite.to_text());
        let link = SecretText::new(format!("{}#add={}", addresses.app, token.expose()));
        Ok(Self {
            svg: qr_svg(link.expose())?,
            token,
            code: SecretText::new(invite.grouped()),
            joined,
            addresses,
        })
    }

    pub(super) fn view(&self) -> Value {
        let joined = self.joined.as_ref();
        json!({
            "token": self.token.expose(),
            "code": self.code.expose(),
            "svg": &self.svg,
            "ready": joined.map(|phone| Say::key("by_phone.joined").with("phone", &phone.browser)),
            "device": joined.map(|phone| &phone.device),
            "events": self.addresses.events,
            "poll": self.addresses.poll,
        })
    }

    pub(super) fn sample(joined: bool) -> Option<Self> {
        let invite = InviteToken::new([7; 10]);
        let joined = joined.then(|| JoinedPhone {
            device: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            browser: "Chrome (Android)".to_owned(),
        });
        Self::new(&invite, joined, Addresses::sample("activation")).ok()
    }
}
