//! The program: hands the process over to the command line.

use gerbang::cli::{Process, Wiring, run};
use gerbang::clock::{Clock, SystemClock};
use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

/// Half the memory of the system's allocator at thousands of idle connections.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let wiring = Wiring {
        serve: gerbang::app::run,
        checks: gerbang::app::checks,
        office: gerbang::app::office,
        now: || SystemClock.now(),
    };
    let mut input = std::io::stdin().lock();
    let somebody = std::io::stdin().is_terminal();
    let process = Process {
        arguments: std::env::args_os().collect(),
        environment: std::env::vars_os().collect(),
        input: somebody.then_some(&mut input as &mut dyn BufRead),
        out: &mut std::io::stdout(),
        err: &mut std::io::stderr(),
    };
    run(process, &wiring).into()
}
