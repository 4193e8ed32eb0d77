//! What the administrative verbs share: who and why, dry run, the question before what hurts, and the
//! answer as a table or as JSON.

use super::sources::SourceArguments;
use super::{Exit, Process, Wiring, print, say};
use crate::config::{Config, STATE_DEFAULT};
use crate::domain::office::{Answer, ErrorKind, OfficeError, Request, SOCKET_FILE};
use crate::domain::policy::Signature;
use crate::primitives::{UnixSeconds, Zone};
use clap::Args;
use std::path::Path;

/// Stands for an application that is not asked.
const NO_UPSTREAM: &str = "http://127.0.0.1:9";

/// For every verb.
#[derive(Args, Debug)]
pub(super) struct Talk {
    #[command(flatten)]
    sources: SourceArguments,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// For verbs that change something.
#[derive(Args, Debug)]
pub(super) struct Sign {
    /// Why; it stands in the audit log
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who does it; by default who called sudo, or the user of this shell
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Tell what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// What a verb knows while it makes its request.
pub(super) struct Desk {
    pub(super) config: Config,
    pub(super) zone: Zone,
    pub(super) now: UnixSeconds,
    by: String,
    caller: Option<String>,
    office: fn(&Config, Option<&str>, Request) -> Result<Answer, OfficeError>,
}

/// How careful a request has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Changes nothing, or nothing that hurts.
    None,
    /// Asks first.
    Ask,
}

impl Desk {
    /// Asks the gateway, or the store.
    pub(super) fn ask(&self, request: Request) -> Result<Answer, OfficeError> {
        (self.office)(&self.config, self.caller.as_deref(), request)
    }

    /// A time as typed.
    pub(super) fn time(&self, text: &str) -> Result<UnixSeconds, String> {
        self.zone.parse(text, self.now).ok_or_else(|| {
            format!(
                "{text:?} is no time; write 2026-12-01, \"2026-12-01 08:00\" (in {}), or 30m, 6h, 2d \
                 from now on",
                self.zone.label
            )
        })
    }

    /// The same where it may be left out.
    pub(super) fn maybe_time(&self, text: Option<&String>) -> Result<Option<UnixSeconds>, String> {
        text.map(|text| self.time(text)).transpose()
    }

    /// Who and why.
    pub(super) fn signature(&self, sign: &Sign) -> Signature {
        Signature {
            by: vec![sign.by.clone().unwrap_or_else(|| self.by.clone())],
            reason: sign.reason.clone(),
        }
    }
}

/// A verb that only looks.
pub(super) fn look(
    talk: Talk,
    process: Process<'_>,
    wiring: &Wiring,
    make: impl FnOnce(&Desk) -> Result<Request, String>,
) -> Exit {
    answer_with(talk, process, wiring, None, |desk| {
        Ok((make(desk)?, Care::None))
    })
}

/// A verb that looks and prints in its own way.
pub(super) fn fetch(
    talk: Talk,
    mut process: Process<'_>,
    wiring: &Wiring,
    make: impl FnOnce(&Desk) -> Result<Request, String>,
    print: impl FnOnce(Answer, &Desk, Process<'_>) -> Exit,
) -> Exit {
    let desk = match open(talk, &mut process, wiring) {
        Ok(desk) => desk,
        Err(exit) => return exit,
    };
    let request = match make(&desk) {
        Ok(request) => request,
        Err(message) => {
            say(process.err, &format!("error: {message}"));
            return Exit::Usage;
        }
    };
    match desk.ask(request) {
        Ok(answer) => print(answer, &desk, process),
        Err(error) => refused(&error, &mut process, false),
    }
}

/// A verb that changes something.
pub(super) fn change(
    talk: Talk,
    sign: &Sign,
    process: Process<'_>,
    wiring: &Wiring,
    make: impl FnOnce(&Desk) -> Result<(Request, Care), String>,
) -> Exit {
    answer_with(talk, process, wiring, Some(sign), make)
}

fn answer_with(
    talk: Talk,
    mut process: Process<'_>,
    wiring: &Wiring,
    sign: Option<&Sign>,
    make: impl FnOnce(&Desk) -> Result<(Request, Care), String>,
) -> Exit {
    let json = talk.json;
    let desk = match open(talk, &mut process, wiring) {
        Ok(desk) => desk,
        Err(exit) => return exit,
    };
    let (mut request, care) = match make(&desk) {
        Ok(made) => made,
        Err(message) => {
            say(process.err, &format!("error: {message}"));
            return Exit::Usage;
        }
    };
    let dry = sign.is_some_and(|sign| sign.dry_run);
    if let (false, Some(preview)) = (dry, request.preview()) {
        let looks = care == Care::Ask || request.depends_on_preview();
        let asks = care == Care::Ask && !sign.is_some_and(|sign| sign.yes);
        if asks && process.input.is_none() {
            let hint = "this asks first; say --yes, or look with --dry-run";
            refused(&OfficeError::refused(hint), &mut process, json);
            return Exit::Usage;
        }
        if looks {
            let told = match desk.ask(preview) {
                Ok(told) => told,
                Err(error) => return refused(&error, &mut process, json),
            };
            request.seen_by(&told);
            if asks && !agreed(&told, &desk, &mut process) {
                say(process.err, "nothing was done");
                return Exit::Failed;
            }
        }
    } else if let (true, Some(preview)) = (dry, request.preview()) {
        request = preview;
    }
    match desk.ask(request) {
        Ok(answer) => tell(&answer, &desk, process, json),
        Err(error) => refused(&error, &mut process, json),
    }
}

fn open(talk: Talk, process: &mut Process<'_>, wiring: &Wiring) -> Result<Desk, Exit> {
    let environment = std::mem::take(&mut process.environment);
    let named = |name: &str| {
        let value = environment.get(std::ffi::OsStr::new(name))?.to_str()?;
        Some(value.to_owned()).filter(|value| !value.trim().is_empty())
    };
    let by = ["SUDO_USER", "LOGNAME", "USER"].into_iter().find_map(named);
    let caller = named("SUDO_USER");
    let json = talk.json;
    let mut sources = talk.sources.into_sources(environment);
    let mut unnamed = false;
    if sources.file.is_none() && sources.flags.upstream.is_none() {
        let state = sources.flags.state.as_deref().unwrap_or(STATE_DEFAULT);
        if Path::new(state).join(SOCKET_FILE).exists() {
            // The gateway that runs there knows where the application is.
            sources.flags.upstream = Some(NO_UPSTREAM.to_owned());
            unnamed = true;
        }
    }
    let config = match Config::load(&sources) {
        Ok(config) => config,
        Err(problems) => {
            for problem in &problems {
                say(process.err, &format!("error: {problem}"));
            }
            return Err(Exit::BadConfiguration);
        }
    };
    let mut desk = Desk {
        zone: config.site.time_zone.zone(),
        now: (wiring.now)(),
        by: by.unwrap_or_else(|| "somebody at the console".to_owned()),
        caller,
        office: wiring.office,
        config,
    };
    // Times are read and written in the zone of the gateway that runs, whatever is configured here.
    let running = match desk.ask(Request::Site) {
        Ok(Answer::Site { zone, running }) => {
            desk.zone = zone;
            running
        }
        Ok(_) => false,
        Err(error) => return Err(refused(&error, process, json)),
    };
    if unnamed && !running {
        // The store alone says neither the zone nor who the admins are.
        let message = "no gateway runs there: name its configuration with --config";
        say(process.err, &format!("error: {message}"));
        return Err(Exit::BadConfiguration);
    }
    Ok(desk)
}

/// Shows what would be done and asks.
fn agreed(told: &Answer, desk: &Desk, process: &mut Process<'_>) -> bool {
    for line in print::lines(told, &desk.zone) {
        say(process.err, &line);
    }
    say(process.err, "Do it? [y/N]");
    let mut answer = String::new();
    let Some(input) = process.input.as_mut() else {
        return false;
    };
    input.read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes" | "ya")
}

fn tell(answer: &Answer, desk: &Desk, process: Process<'_>, json: bool) -> Exit {
    if json {
        // Our own plain data: it serialises.
        say(
            process.out,
            &serde_json::to_string(answer).unwrap_or_default(),
        );
    } else {
        for line in print::lines(answer, &desk.zone) {
            say(process.out, &line);
        }
    }
    match answer {
        Answer::Verified { wrong: Some(_), .. } => Exit::Failed,
        _ => Exit::Done,
    }
}

pub(super) fn refused(error: &OfficeError, process: &mut Process<'_>, json: bool) -> Exit {
    if json {
        let object = serde_json::json!({ "error": error });
        say(process.out, &object.to_string());
    }
    say(process.err, &format!("error: {error}"));
    match error.kind {
        ErrorKind::Conflict => Exit::Conflict,
        ErrorKind::Refused | ErrorKind::Unknown | ErrorKind::Store | ErrorKind::Forbidden => {
            Exit::Failed
        }
    }
}
