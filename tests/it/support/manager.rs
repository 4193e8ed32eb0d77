//! What systemd does for a service: it holds the listening socket (sd_listen_fds(3)) and hears how the service
//! goes (sd_notify(3)).

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Puts what stands on standard input at descriptor 3, where handed sockets begin, and names the process that it
/// is for.
const HAND_OVER: &str = "exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"";
/// How long a word may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A socket that is held, and what was heard.
pub(crate) struct Manager {
    held: TcpListener,
    heard: Mutex<Receiver<String>>,
    notify: PathBuf,
    ears: UnixDatagram,
}

impl Manager {
    pub(super) fn new(address: SocketAddr, folder: &Path) -> Self {
        let notify = folder.join("notify");
        let ears = UnixDatagram::bind(&notify).unwrap();
        let listening = ears.try_clone().unwrap();
        let (said, heard) = channel();
        // Always taken at once, as systemd does: a service whose words pile up would stand still.
        std::thread::spawn(move || {
            let mut bytes = [0; 256];
            while let Ok(length @ 1..) = listening.recv(&mut bytes) {
                let word = String::from_utf8_lossy(&bytes[..length]).into_owned();
                if said.send(word).is_err() {
                    break;
                }
            }
        });
        Self {
            held: TcpListener::bind(address).unwrap(),
            heard: Mutex::new(heard),
            notify,
            ears,
        }
    }

    /// The same command as a service.
    pub(super) fn around(&self, command: &Command) -> Command {
        let mut service = Command::new("/bin/sh");
        service.args(["-c", HAND_OVER, "sh"]);
        service.arg(command.get_program()).args(command.get_args());
        service.env_clear();
        let set = |(name, value): (_, Option<&OsStr>)| Some((name, value?.to_owned()));
        service.envs(command.get_envs().filter_map(set));
        service.env("NOTIFY_SOCKET", &self.notify);
        service.env("WATCHDOG_USEC", "6000000");
        if let Some(folder) = command.get_current_dir() {
            service.current_dir(folder);
        }
        let socket: OwnedFd = self.held.try_clone().unwrap().into();
        service.stdin(Stdio::from(socket));
        service
    }

    /// The next word of the service.
    pub(crate) fn hears(&self) -> String {
        self.heard.lock().unwrap().recv_timeout(PATIENCE).unwrap()
    }

    /// Whether it was silent since the last word.
    pub(crate) fn hears_nothing(&self) -> bool {
        self.heard.lock().unwrap().try_recv().is_err()
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // Ends the thread that listens.
        let _ = self.ears.shutdown(std::net::Shutdown::Both);
    }
}
