//! `gerbang check`: everything that can be known before a start, all problems at once.

use super::sources::SourceArguments;
use super::{Exit, Process, Wiring, say};
use crate::config::{Config, Report, examine};
use clap::Args;

/// Something besides the configuration that must be in order: templates, profile, key.
pub trait Check {
    /// Looks and adds what it finds. The configuration may be a patched-up one (defaults in the
    /// place of what was bad), so nothing may be written or served from it.
    fn check(&self, config: &Config, report: &mut Report);
}

/// Runs all of them.
pub fn run_checks(config: &Config, extra: Vec<Box<dyn Check>>) -> Report {
    let mut report = Report::default();
    for check in extra {
        check.check(config, &mut report);
    }
    report
}

/// Look at configuration, templates, profile and key, and start nothing
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    sources: SourceArguments,
    /// One JSON object: ok, problems, warnings
    #[arg(long)]
    json: bool,
}

/// Exit 78 when there is any problem; warnings alone end with 0.
pub(super) fn run(arguments: Arguments, process: Process<'_>, wiring: &Wiring) -> Exit {
    let sources = arguments.sources.into_sources(process.environment);
    let (config, mut report) = examine(&sources);
    if let Some(config) = &config {
        let more = run_checks(config, (wiring.checks)());
        report.problems.extend(more.problems);
        report.warnings.extend(more.warnings);
    }
    if arguments.json {
        let ok = report.problems.is_empty();
        let object = serde_json::json!({
            "ok": ok,
            "problems": report.problems,
            "warnings": report.warnings,
        });
        say(process.out, &object.to_string());
    } else {
        for problem in &report.problems {
            say(process.out, &format!("error: {problem}"));
        }
        for warning in &report.warnings {
            say(process.out, &format!("warning: {warning}"));
        }
        say(process.out, &summary(config.as_ref(), &report));
    }
    if report.problems.is_empty() {
        Exit::Done
    } else {
        Exit::BadConfiguration
    }
}

fn summary(config: Option<&Config>, report: &Report) -> String {
    let counted =
        |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let counts = format!(
        "{}, {}",
        counted(report.problems.len(), "problem"),
        counted(report.warnings.len(), "warning")
    );
    let Some(config) = config.filter(|_| report.problems.is_empty()) else {
        return counts;
    };
    let public = match &config.site.public_url {
        Some(url) => url.to_string(),
        None => format!("loopback hosts, {}", config.site.context),
    };
    format!("good ({counts}): {public} -> {}", config.upstream.address)
}
