//! `gerbang mail`: the outbox.

use super::office::{Talk, look};
use super::{Exit, Process, Wiring};
use crate::domain::office::Request;
use crate::primitives::EmailAddress;
use clap::{Args, Subcommand};

/// Letters of the outbox: list, retry, test
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List letters that wait, and those that were given up
    List {
        /// Only those that were given up
        #[arg(long)]
        dead: bool,
        #[command(flatten)]
        talk: Talk,
    },
    /// Try letters again that were given up
    Retry {
        /// Id, as the list shows it; or --all
        #[arg(
            value_name = "ID",
            required_unless_present = "all",
            conflicts_with = "all"
        )]
        id: Option<String>,
        /// All that were given up
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        talk: Talk,
    },
    /// Send a trial letter
    Test {
        /// Where to
        #[arg(value_name = "ADDRESS")]
        to: String,
        #[command(flatten)]
        talk: Talk,
    },
}

pub(super) fn run(arguments: Arguments, process: Process<'_>, wiring: &Wiring) -> Exit {
    match arguments.verb {
        Verb::List { dead, talk } => {
            look(talk, process, wiring, |_| Ok(Request::MailList { dead }))
        }
        Verb::Retry { id, talk, .. } => {
            look(talk, process, wiring, |_| Ok(Request::MailRetry { id }))
        }
        Verb::Test { to, talk } => look(talk, process, wiring, |_| {
            let to = address(&to)?;
            Ok(Request::MailTrial { to })
        }),
    }
}

/// An address as typed.
pub(super) fn address(text: &str) -> Result<EmailAddress, String> {
    EmailAddress::parse(text).map_err(|error| format!("{text:?} {error}"))
}
