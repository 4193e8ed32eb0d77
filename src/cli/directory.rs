//! `gerbang directory`: registered addresses of many accounts at once.

use super::office::{Care, Sign, Talk, change};
use super::{Exit, Process, Wiring, list, say};
use crate::domain::office::{DirectoryImport, Request};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Registered e-mail addresses: import a list
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Take a list over: CSV with user_id, user_type, email; all of it or none
    Import {
        /// The list
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Accounts that are not in it lose the address of an earlier list
        #[arg(long)]
        replace: bool,
        /// Leave wrong lines out and import the others
        #[arg(long)]
        skip_bad: bool,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
}

pub(super) fn run(arguments: Arguments, process: Process<'_>, wiring: &Wiring) -> Exit {
    let Verb::Import {
        file,
        replace,
        skip_bad,
        sign,
        talk,
    } = arguments.verb;
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) => {
            say(process.err, &format!("error: {}: {error}", file.display()));
            return Exit::Usage;
        }
    };
    let (lines, problems) = list::read_addresses(&bytes);
    if lines.is_empty() {
        for problem in problems {
            say(process.err, &format!("error: {problem}"));
        }
        say(process.err, "nothing was imported");
        return Exit::Usage;
    }
    change(talk, &sign, process, wiring, |desk| {
        let request = Request::DirectoryImport(DirectoryImport {
            lines,
            unreadable: problems,
            replace,
            skip_bad,
            signature: desk.signature(&sign),
            dry_run: false,
        });
        Ok((request, Care::Ask))
    })
}
