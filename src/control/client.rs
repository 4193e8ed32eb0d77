//! The side of the command line.

use super::{Call, Reply, VERSION};
use crate::domain::office::{Answer, OfficeError, Request};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A verification of a long audit log takes its time.
const ANSWER_SECONDS: u64 = 600;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No gateway listens there.
    #[error("no gateway listens at its control socket")]
    NobodyThere,
    /// The gateway refused.
    #[error(transparent)]
    Office(#[from] OfficeError),
    /// The system does not let this user, or this process, speak to it.
    #[error("the control socket cannot be reached: {0}; nothing was done (are you root?)")]
    Shut(#[source] io::Error),
    /// The socket failed.
    #[error("the control socket failed: {0}")]
    Io(#[source] io::Error),
    /// What came back makes no sense: another version, probably.
    #[error("the gateway's answer cannot be read; is it of another version than this program?")]
    Foreign,
}

/// Asks the gateway that runs.
///
/// # Errors
/// [`CallError`]; after [`CallError::Io`] it is not known whether it was done.
pub fn call(socket: &Path, caller: Option<&str>, request: Request) -> Result<Answer, CallError> {
    let mut stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => CallError::NobodyThere,
        _ => CallError::Shut(error),
    })?;
    let wait = Some(Duration::from_secs(ANSWER_SECONDS));
    stream.set_read_timeout(wait).map_err(CallError::Io)?;
    let call = Call {
        version: VERSION,
        caller: caller.map(str::to_owned),
        request,
    };
    let mut line = serde_json::to_vec(&call).map_err(|_| CallError::Foreign)?;
    line.push(b'\n');
    // A peer that is not let in is answered before it is read.
    let sent = stream.write_all(&line);
    let mut answer = String::new();
    let read = BufReader::new(stream).read_line(&mut answer);
    if answer.is_empty() {
        sent.map_err(CallError::Io)?;
        read.map_err(CallError::Io)?;
        return Err(CallError::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    match serde_json::from_str::<Reply>(&answer) {
        Ok(Reply::Ok(answer)) => Ok(*answer),
        Ok(Reply::Error(error)) => Err(error.into()),
        Err(_) => Err(CallError::Foreign),
    }
}
