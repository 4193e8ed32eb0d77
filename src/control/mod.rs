//! The control socket: how the command line talks to the gateway that runs. One connection, one line
//! of JSON there, one line back. Only root and the user under whom the gateway runs may speak: the
//! system says who the peer is, nobody else is asked.
//!
//! May import: `domain`, `config`, `flow`, and what lies below.

mod client;
mod server;

pub use client::{CallError, call};
pub use server::{Control, serve};

pub use crate::domain::office::SOCKET_FILE;
use crate::domain::office::{Answer, OfficeError, Request};
use serde::{Deserialize, Serialize};

/// Format of what is said; another number is refused.
const VERSION: u32 = 1;

/// What goes there.
#[derive(Serialize, Deserialize, Debug)]
struct Call {
    version: u32,
    /// Who called sudo, as the caller's environment says.
    caller: Option<String>,
    request: Request,
}

/// What comes back.
#[derive(Serialize, Deserialize, Debug)]
#[serde(rename_all = "kebab-case")]
enum Reply {
    /// It was done.
    Ok(Box<Answer>),
    /// It was not.
    Error(OfficeError),
}
