//! The command line without a running gateway: the store is opened here, and only here.

use super::assemble::{assemble, close};
use super::vault::STORE_DIR;
use crate::config::Config;
use crate::control::{CallError, SOCKET_FILE, call};
use crate::domain::office::{Answer, ErrorKind, OfficeError, Request};
use crate::flow::Vault;
use crate::flow::administer::Peer;
use rustix::process::geteuid;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

/// Asks the gateway that runs on this state folder; without one, does it itself. `caller` is who
/// called sudo.
///
/// # Errors
/// [`OfficeError`]; nothing was changed then, unless its message says otherwise.
pub fn office(
    config: &Config,
    caller: Option<&str>,
    request: Request,
) -> Result<Answer, OfficeError> {
    let socket = config.state.dir.join(SOCKET_FILE);
    match call(&socket, caller, request.clone()) {
        Ok(answer) => Ok(answer),
        Err(CallError::NobodyThere) => alone(config, caller, request),
        Err(error @ CallError::Shut(_)) => {
            Err(OfficeError::new(ErrorKind::Forbidden, error.to_string()))
        }
        Err(CallError::Office(error)) => Err(error),
        Err(CallError::Foreign) => Err(store(CallError::Foreign.to_string())),
        Err(error @ CallError::Io(_)) => {
            let unsure = "whether it was done is not known: look before you repeat it";
            Err(store(format!("{error}; {unsure}")))
        }
    }
}

fn store(message: impl Into<String>) -> OfficeError {
    OfficeError::new(ErrorKind::Store, message)
}

fn alone(config: &Config, caller: Option<&str>, request: Request) -> Result<Answer, OfficeError> {
    if request == Request::Site {
        let zone = config.site.time_zone.zone();
        return Ok(Answer::Site {
            zone,
            running: false,
        });
    }
    let dir = config.state.dir.display();
    if !config.state.dir.join(STORE_DIR).exists() {
        let message = format!(
            "no gateway runs with the state folder {dir}, and there is no store in it; \
             name the folder with --state or --config"
        );
        return Err(store(message));
    }
    // What root writes there the gateway could not write any more: it runs as the folder's owner.
    let owner = fs::metadata(&config.state.dir).map_or(0, |about| about.uid());
    if geteuid().is_root() && owner != 0 {
        let message = format!(
            "no gateway runs, and {dir} belongs to the user with the number {owner}: say \
             `sudo -u '#{owner}' gerbang …`"
        );
        return Err(store(message));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| store(error.to_string()))?;
    let assembled =
        assemble(config, &runtime, Duration::ZERO).map_err(|error| store(error.to_string()))?;
    if let Vault::Shut(why) = &assembled.engine.vault {
        return Err(store(format!("the store cannot be used: {why}")));
    }
    let peer = Peer {
        uid: geteuid().as_raw(),
        caller: caller.map(str::to_owned),
    };
    let answer = runtime.block_on(assembled.engine.administer(request, &peer));
    if let Some(store) = &assembled.store {
        close(store);
    }
    answer
}
