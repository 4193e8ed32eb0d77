//! The side of the gateway.

use super::{Call, Reply, VERSION};
use crate::domain::office::{ErrorKind, OfficeError, REQUEST_BYTES_MAX};
use crate::flow::Engine;
use crate::flow::administer::Peer;
use rustix::process::geteuid;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Admins at once.
const CONNECTIONS_MAX: usize = 8;
/// For a request to come, and for an answer to be taken.
const TALK_SECONDS: u64 = 30;
/// For acts under way when the gateway is told to end.
const STOP_SECONDS: u64 = 5;

/// The socket, bound; its file goes with it.
pub struct Control {
    listener: std::os::unix::net::UnixListener,
    path: PathBuf,
}

impl Control {
    /// Binds the socket for root and our own user alone. A file that nobody listens at is replaced.
    ///
    /// # Errors
    /// What the system says; `AddrInUse` when a gateway answers there.
    pub fn bind(path: &Path) -> io::Result<Self> {
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        match fs::remove_file(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let listener = std::os::unix::net::UnixListener::bind(path)?;
        // The peer is checked at every connection; this only spares strangers the way.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        let path = path.to_owned();
        Ok(Self { listener, path })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // A file that stays is replaced by the next start.
        let _ = fs::remove_file(&self.path);
    }
}

/// Answers admins until `stop` resolves.
pub async fn serve(engine: Arc<Engine>, control: Control, stop: impl Future<Output = ()>) {
    let listener = control
        .listener
        .try_clone()
        .and_then(UnixListener::from_std);
    let listener = match listener {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "the control socket cannot be served");
            return;
        }
    };
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    tokio::pin!(stop);
    let mut talks = JoinSet::new();
    loop {
        while talks.try_join_next().is_some() {}
        let taken = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match taken {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a control connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(slot) = slots.clone().try_acquire_owned() else {
            tokio::spawn(turn_away(stream));
            continue;
        };
        let engine = engine.clone();
        talks.spawn(async move {
            talk(&engine, stream).await;
            drop(slot);
        });
    }
    // Acts under way are finished and told.
    let _ = timeout(Duration::from_secs(STOP_SECONDS), talks.join_all()).await;
}

/// Too many at once: told, so that nobody wonders whether it was done.
async fn turn_away(mut stream: UnixStream) {
    let busy = OfficeError::new(
        ErrorKind::Conflict,
        "too many talk to the gateway at once; nothing was done",
    );
    if let Ok(mut line) = serde_json::to_vec(&Reply::Error(busy)) {
        line.push(b'\n');
        let _ = timeout(Duration::from_secs(1), stream.write_all(&line)).await;
    }
}

async fn talk(engine: &Engine, mut stream: UnixStream) {
    let wait = Duration::from_secs(TALK_SECONDS);
    let reply = match peer(&stream) {
        Ok(uid) => match timeout(wait, read(&mut stream)).await {
            Ok(Ok(call)) => {
                let caller = call.caller;
                let peer = Peer { uid, caller };
                match engine.administer(call.request, &peer).await {
                    Ok(answer) => Reply::Ok(Box::new(answer)),
                    Err(error) => Reply::Error(error),
                }
            }
            Ok(Err(error)) => Reply::Error(error),
            Err(_) => return,
        },
        Err(error) => Reply::Error(error),
    };
    let Ok(mut line) = serde_json::to_vec(&reply) else {
        return;
    };
    line.push(b'\n');
    // Whoever hangs up does not want to read it.
    let _ = timeout(wait, stream.write_all(&line)).await;
}

/// Who asks, as the kernel says.
fn peer(stream: &UnixStream) -> Result<u32, OfficeError> {
    let forbidden = |message: &str| OfficeError::new(ErrorKind::Forbidden, message);
    let credentials = stream
        .peer_cred()
        .map_err(|_| forbidden("the system does not say who asks"))?;
    let uid = credentials.uid();
    if uid != 0 && uid != geteuid().as_raw() {
        tracing::warn!(uid, "somebody who may not asked at the control socket");
        return Err(forbidden("only root may ask at the control socket"));
    }
    Ok(uid)
}

async fn read(stream: &mut UnixStream) -> Result<Call, OfficeError> {
    let limit = u64::try_from(REQUEST_BYTES_MAX).unwrap_or(u64::MAX);
    let mut line = Vec::new();
    let mut reader = BufReader::new(stream).take(limit);
    let read = reader.read_until(b'\n', &mut line).await;
    if read.is_err() || line.last() != Some(&b'\n') {
        return Err(OfficeError::refused(
            "the request is not one line, or too long",
        ));
    }
    let call: Call = serde_json::from_slice(&line).map_err(|_| {
        OfficeError::refused("the request cannot be read; is the program of another version?")
    })?;
    if call.version != VERSION {
        return Err(OfficeError::refused("the request is of another version"));
    }
    Ok(call)
}
