//! `gerbang breakglass` and `gerbang clock`: when something is wrong.

use super::office::{Care, Sign, Talk, change};
use super::{Exit, Process, Wiring};
use crate::domain::office::Request;
use crate::domain::policy::act::Act;
use crate::domain::policy_file::Mode;
use clap::{Args, Subcommand};

/// Ask less of everybody for a limited time
#[derive(Args, Debug)]
pub(super) struct GlassArguments {
    #[command(subcommand)]
    verb: GlassVerb,
}

#[derive(Subcommand, Debug)]
enum GlassVerb {
    /// Lower the ceiling until a time, a day at most
    On {
        /// The most that is asked meanwhile: off, observe or optional
        #[arg(long, value_parser = ["off", "observe", "optional"], default_value = "observe")]
        ceiling: String,
        /// First moment after it
        #[arg(long, value_name = "TIME")]
        until: String,
        /// A second admin who agrees; due where `[admin] people` names two
        #[arg(long, value_name = "NAME")]
        with: Option<String>,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
    /// What the policy says holds again
    Off {
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
}

/// The gateway's clock
#[derive(Args, Debug)]
pub(super) struct ClockArguments {
    #[command(subcommand)]
    verb: ClockVerb,
}

#[derive(Subcommand, Debug)]
enum ClockVerb {
    /// Take the time as right, after a clock that had jumped ahead was set back
    Accept {
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
}

pub(super) fn glass(arguments: GlassArguments, process: Process<'_>, wiring: &Wiring) -> Exit {
    match arguments.verb {
        GlassVerb::On {
            ceiling,
            until,
            with,
            sign,
            talk,
        } => change(talk, &sign, process, wiring, |desk| {
            let mut signature = desk.signature(&sign);
            signature.by.extend(with);
            let words = Mode::WORDS.iter().find(|(word, _)| *word == ceiling);
            let ceiling = words.map_or(Mode::Observe, |(_, mode)| *mode);
            let act = Act::BreakGlass {
                ceiling,
                until: desk.time(&until)?,
            };
            Ok((acted(act, signature), Care::Ask))
        }),
        GlassVerb::Off { sign, talk } => change(talk, &sign, process, wiring, |desk| {
            Ok((acted(Act::MendGlass, desk.signature(&sign)), Care::None))
        }),
    }
}

fn acted(act: Act, signature: crate::domain::policy::Signature) -> Request {
    Request::PolicyAct {
        act,
        signature,
        seen: None,
        dry_run: false,
    }
}

pub(super) fn clock(arguments: ClockArguments, process: Process<'_>, wiring: &Wiring) -> Exit {
    let ClockVerb::Accept { sign, talk } = arguments.verb;
    change(talk, &sign, process, wiring, |desk| {
        let request = Request::ClockAccept {
            signature: desk.signature(&sign),
            dry_run: false,
        };
        Ok((request, Care::Ask))
    })
}
