//! `gerbang manual`: the pages of man(8), for who makes packages.

use super::{CommandLine, Exit, Process, say};
use clap::{Args, CommandFactory};
use std::path::PathBuf;

/// Write a manual page for each command
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Where to; the folder is there
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

/// Section 8 of the manual: commands of who runs the machine.
const SECTION: &str = "8";

/// Writes `gerbang.8`, `gerbang-serve.8` and so on.
pub(super) fn run(arguments: &Arguments, process: Process<'_>) -> Exit {
    let mut command = CommandLine::command().disable_help_subcommand(true);
    command.build();
    match write(command, arguments) {
        Ok(()) => Exit::Done,
        Err(error) => {
            let folder = arguments.folder.display();
            say(process.err, &format!("error: {folder}: {error}"));
            Exit::Failed
        }
    }
}

fn write(command: clap::Command, arguments: &Arguments) -> std::io::Result<()> {
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        write(verb.clone(), arguments)?;
    }
    let page = clap_mangen::Man::new(command)
        .section(SECTION)
        .manual("Gerbang");
    page.generate_to(&arguments.folder).map(drop)
}
