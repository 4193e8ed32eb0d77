//! `gerbang serve`.

use super::sources::SourceArguments;
use super::{Exit, Process, Wiring, say};
use crate::config::Config;
use clap::Args;

/// Stand in front of the application until told to stop
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: SourceArguments,
}

/// Checks the configuration and serves; with a bad one nothing is started.
pub(super) fn run(arguments: Arguments, process: Process<'_>, wiring: &Wiring) -> Exit {
    let sources = arguments.sources.into_sources(process.environment);
    match Config::load(&sources) {
        Ok(config) => (wiring.serve)(config, sources),
        Err(problems) => {
            for problem in &problems {
                say(process.err, &format!("error: {problem}"));
            }
            say(
                process.err,
                "gerbang did not start: the configuration is bad",
            );
            Exit::BadConfiguration
        }
    }
}
