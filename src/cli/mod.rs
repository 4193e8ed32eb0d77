//! The command line. One verb group per file; data goes to the standard output, logs and errors
//! to the standard error stream.
//!
//! May import: everything below; what it needs from `app` is passed in as [`Wiring`], so that this
//! room is tested without a server.
//!
//! To add a verb: a file with its clap arguments and one `run` function that returns an [`Exit`],
//! a variant of [`Verb`] and its line in [`run`].

mod audit;
mod check;
mod directory;
mod emergency;
mod explain;
mod list;
mod mail;
mod manual;
mod office;
mod policy;
mod print;
mod serve;
mod session;
mod sources;
mod table;
#[cfg(test)]
mod tests;
mod user;

pub use check::{Check, run_checks};

use crate::config::{Config, Sources};
use crate::domain::office::{Answer, OfficeError, Request};
use crate::primitives::UnixSeconds;
use clap::{Parser, Subcommand};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::process::ExitCode;

/// How a verb ended; scripts and service managers depend on the numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// 0.
    Done,
    /// 1: it was tried and failed.
    Failed,
    /// 2: the command line makes no sense.
    Usage,
    /// 75: somebody else was faster; look and say it again (`EX_TEMPFAIL` of sysexits.h).
    Conflict,
    /// 78: the configuration is bad; starting again will not help (`EX_CONFIG` of sysexits.h, for
    /// `RestartPreventExitStatus=78`).
    BadConfiguration,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Conflict => 75,
            Self::BadConfiguration => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What the verbs need of the rooms that put everything together.
pub struct Wiring {
    /// Serves until it is told to stop.
    pub serve: fn(Config, Sources) -> Exit,
    /// What `check` looks at besides the configuration.
    pub checks: fn() -> Vec<Box<dyn Check>>,
    /// Asks the gateway that runs; without one, does it itself.
    /// The second is who called sudo.
    pub office: fn(&Config, Option<&str>, Request) -> Result<Answer, OfficeError>,
    /// The time.
    pub now: fn() -> UnixSeconds,
}

/// What the process got from outside.
pub struct Process<'a> {
    /// Arguments, the program's name first.
    pub arguments: Vec<OsString>,
    /// Environment.
    pub environment: BTreeMap<OsString, OsString>,
    /// Where a person answers questions; `None` when nobody sits there.
    pub input: Option<&'a mut dyn BufRead>,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error stream.
    pub err: &'a mut dyn Write,
}

/// A second factor for SPSE 4.4, as a reverse proxy in front of the unmodified application.
#[derive(Parser, Debug)]
#[command(name = "gerbang", version, about, disable_help_subcommand = true)]
struct CommandLine {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    Serve(serve::Arguments),
    Check(check::Arguments),
    Policy(policy::Arguments),
    User(user::Arguments),
    Session(session::Arguments),
    Directory(directory::Arguments),
    Mail(mail::Arguments),
    Audit(audit::Arguments),
    Breakglass(emergency::GlassArguments),
    Clock(emergency::ClockArguments),
    Explain(explain::Arguments),
    #[command(hide = true)]
    Manual(manual::Arguments),
}

/// Reads the command line and does what it says.
pub fn run(process: Process<'_>, wiring: &Wiring) -> Exit {
    let parsed = CommandLine::try_parse_from(&process.arguments);
    let verb = match parsed {
        Ok(command_line) => command_line.verb,
        Err(error) => return explain(&error, process),
    };
    match verb {
        Verb::Serve(arguments) => serve::run(arguments, process, wiring),
        Verb::Check(arguments) => check::run(arguments, process, wiring),
        Verb::Policy(arguments) => policy::run(arguments, process, wiring),
        Verb::User(arguments) => user::run(arguments, process, wiring),
        Verb::Session(arguments) => session::run(arguments, process, wiring),
        Verb::Directory(arguments) => directory::run(arguments, process, wiring),
        Verb::Mail(arguments) => mail::run(arguments, process, wiring),
        Verb::Audit(arguments) => audit::run(arguments, process, wiring),
        Verb::Breakglass(arguments) => emergency::glass(arguments, process, wiring),
        Verb::Clock(arguments) => emergency::clock(arguments, process, wiring),
        Verb::Explain(arguments) => explain::run(arguments, process, wiring),
        Verb::Manual(arguments) => manual::run(&arguments, process),
    }
}

/// Help and version go to the output, usage errors to the error stream.
fn explain(error: &clap::Error, process: Process<'_>) -> Exit {
    let text = error.render().to_string();
    let (stream, exit) = match error.use_stderr() {
        true => (process.err, Exit::Usage),
        false => (process.out, Exit::Done),
    };
    say(stream, text.trim_end());
    exit
}

/// Writes a line; who closed the stream does not want to read it.
fn say(stream: &mut dyn Write, line: &str) {
    let _ = writeln!(stream, "{line}");
}
