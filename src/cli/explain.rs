//! `gerbang explain`: what decides, in words.

use super::office::{Talk, look};
use super::user::Account;
use super::{Exit, Process, Wiring};
use crate::domain::office::Request;
use clap::{Args, Subcommand};

/// What decides about an account or decided about a request
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// The rule, date, exemption or lane that decides at the next login
    User {
        #[command(flatten)]
        user: Account,
        #[command(flatten)]
        talk: Talk,
    },
    /// Evidence, probe and verdicts of a request
    Request {
        /// Its id, as on error pages and in the log
        id: String,
        #[command(flatten)]
        talk: Talk,
    },
}

pub(super) fn run(arguments: Arguments, process: Process<'_>, wiring: &Wiring) -> Exit {
    match arguments.verb {
        Verb::User { user, talk } => look(talk, process, wiring, |_| {
            let user = user.into_ref();
            Ok(Request::ExplainUser { user })
        }),
        Verb::Request { id, talk } => look(talk, process, wiring, |_| {
            Ok(Request::ExplainRequest { id })
        }),
    }
}
