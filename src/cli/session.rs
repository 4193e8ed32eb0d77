//! `gerbang session`: who is logged in, and ending it.

use super::office::{Care, Sign, Talk, change, look};
use super::{Exit, Process, Wiring};
use crate::domain::office::{Request, UserRef, WhichSessions};
use clap::{Args, Subcommand};

/// Accepted sessions and waiting logins
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List them
    List {
        /// Of this account only
        #[arg(value_name = "USER")]
        user_id: Option<String>,
        /// User type, where the id exists for several
        #[arg(long = "type", value_name = "TYPE", requires = "user_id")]
        user_type: Option<String>,
        #[command(flatten)]
        talk: Talk,
    },
    /// End one, those of an account, or all
    End {
        /// Id, as the list shows it
        #[arg(value_name = "ID", required_unless_present_any = ["user", "all"],
              conflicts_with_all = ["user", "all"])]
        id: Option<String>,
        /// All of this account
        #[arg(long, value_name = "USER", conflicts_with = "all")]
        user: Option<String>,
        /// User type, where the id exists for several
        #[arg(long = "type", value_name = "TYPE", requires = "user")]
        user_type: Option<String>,
        /// All of everybody
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
}

pub(super) fn run(arguments: Arguments, process: Process<'_>, wiring: &Wiring) -> Exit {
    match arguments.verb {
        Verb::List {
            user_id,
            user_type,
            talk,
        } => look(talk, process, wiring, |_| {
            let user = user_id.map(|user_id| UserRef::new(user_id, user_type));
            Ok(Request::SessionList { user })
        }),
        Verb::End {
            id,
            user,
            user_type,
            sign,
            talk,
            ..
        } => change(talk, &sign, process, wiring, |desk| {
            let which = match (id, user) {
                (Some(id), _) => WhichSessions::Id(id),
                (None, Some(user_id)) => WhichSessions::User(UserRef::new(user_id, user_type)),
                (None, None) => WhichSessions::All,
            };
            let request = Request::SessionEnd {
                which,
                signature: desk.signature(&sign),
                dry_run: false,
            };
            Ok((request, Care::Ask))
        }),
    }
}
