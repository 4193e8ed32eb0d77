//! Pages: typed contexts in, HTML out. The words stand in `templates/messages/{id,en}.toml`, the
//! markup in `templates/*.hbs`; here are plain data, numbers and message keys, no sentence.
//!
//! May import: `primitives`, and `domain` for what a mail tells; nothing here reads a clock, a socket
//! or the store.
//! The only I/O is the operator's template folder, read once at start.
//!
//! To add a page: a file under `page/` with its context, `view` and `samples`; a variant of
//! [`Page`] (the compiler names the rest); a template of the same name under `templates/pages/` and
//! a line in `source.rs`; its sentences in both message files. `cargo insta review` shows the result.
//! To add a picture of the help page: its name in `pictures.rs`, a step in `page/help/chapters.rs`, its
//! description below `[picture]`, and the browser story that takes it.
//! To add a refusal: a variant of [`Notice`] and its three sentences in both message files.
//!
//! Nothing is ever written unescaped: templates with `{{{` or `{{&` are refused, the QR code
//! is an escaped path attribute. What a page may hold at all is checked by `lint.rs`, also for
//! the operator's own templates.

mod announcement;
mod asset;
mod by_phone;
mod contact;
mod frame;
mod helpers;

mod lint;
mod mail;
mod notice;
mod page;
pub mod paths;
mod pictures;
mod problem;
mod puzzle;
mod qr;
mod renderer;
mod secret_text;
mod source;
mod words;

#[cfg(test)]
mod tests;

pub use crate::primitives::Lang;
pub use announcement::Announcement;
pub use asset::Asset;
pub use by_phone::{Addresses, AskedPhone, AskedStanding, JoinLink, JoinedPhone};
pub use contact::Contact;
pub use frame::{Frame, LocalPath, with_lang};
pub use lint::{PAGE_BYTES_MAX, lint};
pub use mail::{Denied, Letterhead, MailContent, Written};
pub use notice::{BadRequest, Message, Notice};
pub use page::Page;
pub use page::acceptor::{Acceptor, AcceptorError, AcceptorSession};
pub use page::activated::Activated;
pub use page::activation::{Activation, ActivationError, Later, Leave, ShownQr};
pub use page::address::{Address, AddressError, Registration};
pub use page::confirm_logout::ConfirmLogout;
pub use page::disabled::Disabled;
pub use page::help::{Desk, Help};
pub use page::lost::Lost;
pub use page::phone::Phone;
pub use page::poster::Poster;
pub use page::proof::{Proof, ProofError, ProofMail};
pub use page::recover::{Recover, RecoverError, Recovered};
pub use page::recovery::{Recovery, RecoveryCodes, RecoveryCount, RecoveryList};
pub use page::reset::{
    Denial, ResetConfirm, ResetDeny, ResetDone, ResetError, ResetRequest, ResetTaken,
};
pub use page::status::{AccountStatus, ActiveSince, DisableError, Rule, Status};
pub use problem::{RenderError, TemplateProblem};
pub use puzzle::{NOISE_BYTES, puzzle_path};
pub use qr::{QrError, QrSvg, qr_svg};
pub use renderer::Renderer;
pub use secret_text::SecretText;
