//! `gerbang audit`: what was done, and that nothing of it was changed.

use super::office::{Talk, fetch, look, refused};
use super::{Exit, Process, Wiring, say};
use crate::domain::office::{Answer, OfficeError, Request, UserRef};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// The audit log: tail, verify, export
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// The newest records
    Tail {
        /// So many
        #[arg(short = 'n', long, default_value_t = 20)]
        lines: usize,
        /// Of this account only
        #[arg(long, value_name = "USER")]
        user: Option<String>,
        /// User type, where the id exists for several
        #[arg(long = "type", value_name = "TYPE", requires = "user")]
        user_type: Option<String>,
        #[command(flatten)]
        talk: Talk,
    },
    /// Walk the chain; with heads that were kept elsewhere also its end
    Verify {
        /// File with heads, one a line, as they were sent to file or syslog
        #[arg(long, value_name = "FILE")]
        heads: Option<PathBuf>,
        #[command(flatten)]
        talk: Talk,
    },
    /// All records as JSON lines, oldest first
    Export {
        /// Only those behind this number
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        after: u64,
        #[command(flatten)]
        talk: Talk,
    },
}

/// What a line with a head holds.
const HEAD: &str = "gerbang-audit-head ";

pub(super) fn run(arguments: Arguments, process: Process<'_>, wiring: &Wiring) -> Exit {
    match arguments.verb {
        Verb::Tail {
            lines,
            user,
            user_type,
            talk,
        } => look(talk, process, wiring, |_| {
            Ok(Request::Audit {
                after: None,
                user: user.map(|user_id| UserRef::new(user_id, user_type)),
                last: lines,
            })
        }),
        Verb::Verify { heads, talk } => look(talk, process, wiring, |_| {
            let Some(file) = heads else {
                return Ok(Request::AuditVerify { heads: Vec::new() });
            };
            let bytes =
                std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            let text = String::from_utf8_lossy(&bytes);
            let heads: Vec<String> = text
                .lines()
                .filter(|l| l.contains(HEAD))
                .map(str::to_owned)
                .collect();
            if heads.is_empty() {
                return Err(format!("{}: there is no head in it", file.display()));
            }
            Ok(Request::AuditVerify { heads })
        }),
        Verb::Export { after, talk } => export(talk, after, process, wiring),
    }
}

/// Asks again behind the last record until there is none.
fn export(talk: Talk, after: u64, process: Process<'_>, wiring: &Wiring) -> Exit {
    let first = |_: &super::office::Desk| {
        Ok(Request::Audit {
            after: Some(after),
            user: None,
            last: 0,
        })
    };
    fetch(talk, process, wiring, first, |answer, desk, mut process| {
        let mut answer = answer;
        loop {
            let Answer::Audit { records } = answer else {
                return refused(&OfficeError::refused("no records"), &mut process, false);
            };
            let Some(last) = records.last().map(|record| record.sequence) else {
                return Exit::Done;
            };
            for record in &records {
                // Our own plain data: it serialises.
                say(
                    process.out,
                    &serde_json::to_string(record).unwrap_or_default(),
                );
            }
            let next = Request::Audit {
                after: Some(last),
                user: None,
                last: 0,
            };
            answer = match desk.ask(next) {
                Ok(answer) => answer,
                Err(error) => return refused(&error, &mut process, false),
            };
        }
    })
}
