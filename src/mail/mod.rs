//! Mails as they travel: a finished mail in, an SMTP conversation out. What is told to whom, and when it
//! is tried again, is decided in `domain/mail.rs` and `flow/post.rs`; the words stand in `render/`.
//!
//! | file | what it is |
//! |---|---|
//! | `message.rs` | a [`Mail`] as a message (RFC 5322): text first, then HTML |
//! | `smtp.rs` | [`SmtpCarrier`], the only [`Carrier`] (RFC 5321) |
//!
//! May import: `primitives`, `config`. To add a carrier: a file with an implementation of [`Carrier`],
//! and its line in `app/`.

mod message;
mod smtp;

pub use smtp::SmtpCarrier;

use crate::primitives::{EmailAddress, UnixSeconds};
use async_trait::async_trait;

/// Name and address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Party {
    /// As people read it; any characters, they are encoded.
    pub name: String,
    /// Where it goes.
    pub address: EmailAddress,
}

/// A mail that is ready to go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail {
    /// Stays the same over all tries of a letter, so that a mailbox tells doubles apart.
    pub id: String,
    /// Date of the mail.
    pub at: UnixSeconds,
    /// Sender.
    pub from: Party,
    /// The one recipient.
    pub to: Party,
    /// Where an answer goes, where that is somewhere else.
    pub reply_to: Option<EmailAddress>,
    /// Subject, one line.
    pub subject: String,
    /// For readers without HTML.
    pub text: String,
    /// The same as a page.
    pub html: String,
}

/// Nothing can be sent at this moment, whatever it is; text for the operator.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Down(pub String);

/// Why a mail was not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// The server refused this mail, and goes on with others.
    #[error("{why}")]
    Refused {
        /// It will never take it.
        final_word: bool,
        /// What it said.
        why: String,
    },
    /// The conversation is over; whether the mail was taken is not known.
    #[error("{0}")]
    Broken(String),
}

/// Takes mails.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Begins a round.
    ///
    /// # Errors
    /// [`Down`]: no mail is at fault.
    async fn open(&self) -> Result<Box<dyn Round>, Down>;
}

/// One conversation with a mail server.
#[async_trait]
pub trait Round: Send {
    /// Hands one mail over. `Ok`: the server answers for it from here on.
    ///
    /// # Errors
    /// [`Failure`].
    async fn deliver(&mut self, mail: &Mail) -> Result<(), Failure>;

    /// Ends in order.
    async fn close(self: Box<Self>);
}
