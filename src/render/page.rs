//! The pages: one file, one context, one template each.

pub(super) mod acceptor;
pub(super) mod activated;
pub(super) mod activation;
pub(super) mod address;
mod code;
pub(super) mod confirm_logout;
pub(super) mod disabled;
pub(super) mod help;
pub(super) mod lost;
pub(super) mod phone;
pub(super) mod poster;
pub(super) mod proof;
pub(super) mod recover;
pub(super) mod recovery;
pub(super) mod reset;
pub(super) mod status;

use super::notice::Message;
use super::problem::WordsError;
use super::words::{Say, Words};
use serde_json::Value;

/// Every page with its context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// QR code and first code.
    Activation(Box<activation::Activation>),
    /// The activation code that is due before a QR code is shown.
    Proof(Box<proof::Proof>),
    /// The activation is done.
    Activated(activated::Activated),
    /// The code after the password.
    Acceptor(Box<acceptor::Acceptor>),
    /// A recovery code instead of the app's.
    Recover(Box<recover::Recover>),
    /// An activation code instead of the app's.
    Lost(Box<lost::Lost>),
    /// In by a recovery code.
    Recovered(recover::Recovered),
    /// State of the account; enable and disable.
    Status(status::Status),
    /// The disable is done.
    Disabled(disabled::Disabled),
    /// How many recovery codes are left; asks for a code to make new ones.
    Recovery(Box<recovery::Recovery>),
    /// New recovery codes, shown once.
    RecoveryCodes(recovery::RecoveryCodes),
    /// The address that an owner registers himself.
    Address(Box<address::Address>),
    /// Asks for a reset by mail.
    ResetRequest(Box<reset::ResetRequest>),
    /// A request for a reset was taken.
    ResetTaken(reset::ResetTaken),
    /// Behind the mailed link.
    ResetConfirm(reset::ResetConfirm),
    /// The code of a confirmed reset.
    ResetDone(reset::ResetDone),
    /// "Bukan saya".
    ResetDeny(reset::ResetDeny),
    /// Asks before a logout that came by a link.
    ConfirmLogout(confirm_logout::ConfirmLogout),
    /// What everybody may read before and after.
    Help(Box<help::Help>),
    /// The phone's own authenticator.
    Phone(phone::Phone),
    /// One sheet that leads to it.
    Poster(Box<poster::Poster>),
    /// Every refusal.
    Message(Message),
}

/// Between two looks of a browser without JavaScript at whether its phone has said something: often enough
/// to go on, and time enough to type a code.
const WAITING_RELOAD_SECONDS: u32 = 30;

/// What a template sees besides the frame.
pub(super) struct View {
    /// For `<title>` and, on message pages, the heading.
    pub(super) title: Say,
    /// Seconds after which a browser without JavaScript loads the page anew.
    pub(super) reload_after: Option<u32>,
    /// It waits for something that happens elsewhere.
    pub(super) waits: bool,
    /// It is an app: a module runs it, and it can be installed.
    pub(super) app: bool,
    /// The `page` of the template.
    pub(super) body: Value,
}

impl View {
    pub(super) fn new(title: Say, body: Value) -> Self {
        Self {
            title,
            reload_after: None,
            waits: false,
            app: false,
            body,
        }
    }

    /// A script listens for what happens elsewhere.
    pub(super) fn that_waits(mut self, waits: bool) -> Self {
        self.waits = waits;
        self
    }

    /// And without a script the page is loaded anew from time to time.
    pub(super) fn reload_while_waiting(mut self) -> Self {
        let soonest = self.reload_after.unwrap_or(u32::MAX);
        if self.waits {
            self.reload_after = Some(soonest.min(WAITING_RELOAD_SECONDS));
        }
        self
    }

    /// One second after what is shown, so that the server agrees that the time is over.
    pub(super) fn reload_after(mut self, seconds_left: Option<u32>) -> Self {
        self.reload_after = seconds_left.map(|seconds| seconds.saturating_add(1));
        self
    }
}

impl Page {
    /// Name of the template and of the snapshots.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Activation(_) => "activation",
            Self::Proof(_) => "proof",
            Self::Activated(_) => "activated",
            Self::Acceptor(_) => "acceptor",
            Self::Recover(_) => "recover",
            Self::Lost(_) => "lost",
            Self::Recovered(_) => "recovered",
            Self::Status(_) => "status",
            Self::Disabled(_) => "disabled",
            Self::Recovery(_) => "recovery",
            Self::RecoveryCodes(_) => "recovery_codes",
            Self::Address(_) => "address",
            Self::ResetRequest(_) => "reset_request",
            Self::ResetTaken(_) => "reset_taken",
            Self::ResetConfirm(_) => "reset_confirm",
            Self::ResetDone(_) => "reset_done",
            Self::ResetDeny(_) => "reset_deny",
            Self::ConfirmLogout(_) => "confirm_logout",
            Self::Help(_) => "help",
            Self::Phone(_) => "phone",
            Self::Poster(_) => "poster",
            Self::Message(_) => "message",
        }
    }

    /// Every page in every state, with a name for each: all optional parts, all errors.
    pub fn samples() -> Vec<(String, Self)> {
        let mut all = Vec::new();
        let mut add = |samples: Vec<(String, Self)>| all.extend(samples);
        add(named(activation::Activation::samples(), |page| {
            Self::Activation(Box::new(page))
        }));
        add(named(proof::Proof::samples(), |page| {
            Self::Proof(Box::new(page))
        }));
        add(named(activated::Activated::samples(), Self::Activated));
        add(named(acceptor::Acceptor::samples(), |page| {
            Self::Acceptor(Box::new(page))
        }));
        add(named(recover::Recover::samples(), |page| {
            Self::Recover(Box::new(page))
        }));
        add(named(lost::Lost::samples(), |page| {
            Self::Lost(Box::new(page))
        }));
        add(named(recover::Recovered::samples(), Self::Recovered));
        add(named(status::Status::samples(), Self::Status));
        add(named(disabled::Disabled::samples(), Self::Disabled));
        add(named(recovery::Recovery::samples(), |page| {
            Self::Recovery(Box::new(page))
        }));
        add(named(
            recovery::RecoveryCodes::samples(),
            Self::RecoveryCodes,
        ));
        add(named(address::Address::samples(), |page| {
            Self::Address(Box::new(page))
        }));
        add(named(reset::ResetRequest::samples(), |page| {
            Self::ResetRequest(Box::new(page))
        }));
        add(named(reset::ResetTaken::samples(), Self::ResetTaken));
        add(named(reset::ResetConfirm::samples(), Self::ResetConfirm));
        add(named(reset::ResetDone::samples(), Self::ResetDone));
        add(named(reset::ResetDeny::samples(), Self::ResetDeny));
        add(named(
            confirm_logout::ConfirmLogout::samples(),
            Self::ConfirmLogout,
        ));
        add(named(help::Help::samples(), |page| {
            Self::Help(Box::new(page))
        }));
        add(named(phone::Phone::samples(), Self::Phone));
        add(named(poster::Poster::samples(), |page| {
            Self::Poster(Box::new(page))
        }));
        add(named(Message::samples(), Self::Message));
        all
    }

    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        match self {
            Self::Activation(page) => page.view(words),
            Self::Proof(page) => page.view(words),
            Self::Activated(page) => Ok(page.view()),
            Self::Acceptor(page) => page.view(words),
            Self::Recover(page) => page.view(words),
            Self::Recovered(page) => Ok(page.view()),
            Self::Lost(page) => page.view(words),
            Self::Status(page) => page.view(words),
            Self::Disabled(page) => Ok(page.view()),
            Self::Recovery(page) => page.view(words),
            Self::RecoveryCodes(page) => Ok(page.view()),
            Self::Address(page) => page.view(words),
            Self::ResetRequest(page) => page.view(words),
            Self::ResetTaken(page) => page.view(words),
            Self::ResetConfirm(page) => Ok(page.view()),
            Self::ResetDone(page) => Ok(page.view()),
            Self::ResetDeny(page) => page.view(words),
            Self::ConfirmLogout(page) => Ok(page.view()),
            Self::Help(page) => page.view(words),
            Self::Phone(page) => Ok(page.view()),
            Self::Poster(page) => page.view(words),
            Self::Message(page) => page.view(words),
        }
    }
}

fn named<P>(samples: Vec<(String, P)>, page: impl Fn(P) -> Page) -> Vec<(String, Page)> {
    samples
        .into_iter()
        .map(|(name, sample)| (name, page(sample)))
        .collect()
}
