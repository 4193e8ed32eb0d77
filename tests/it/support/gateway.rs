//! The gateway as a real process, with a state folder and a configuration of its own.

use super::builder::Builder;
use super::manager::Manager;
use super::otp::system_seconds;
use super::ports::Port;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// How long the gateway may take to answer at first, in tenths of a second.
const START_TENTHS: u32 = 300;
/// How long its first look may take before a test begins all the same.
const LOOK_TENTHS: u32 = 20;
/// What it says of a look.
const LOOKED: &str = "the login's forms were looked at";
/// Where Debian keeps the library that moves a process's clock.
const CLOCK_LIBRARY: &str = "faketime/libfaketimeMT.so.1";

impl Builder {
    /// Starts it and waits until it answers.
    pub(crate) async fn start(self) -> Gateway {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("clock"), "+0s\n").unwrap();
        let mut gateway = Gateway {
            port: Port::lend(),
            admin: Port::lend(),
            builder: self,
            folder,
            child: None,
            ahead: Arc::default(),
            manager: None,
        };
        if gateway.builder.supervised {
            gateway.manager = Some(Manager::new(gateway.port.addr(), gateway.folder.path()));
        }
        assert!(
            gateway.spawn().await,
            "the gateway does not start:\n{}",
            gateway.log()
        );
        gateway
    }
}

fn clock_library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib")
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path()));
    let found = folders
        .map(|folder| folder.join(CLOCK_LIBRARY))
        .find(|path| path.exists());
    found.expect("libfaketime is missing: apt-get install faketime")
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// It was done; what it printed.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// It was refused with this code, and says this.
    #[track_caller]
    pub(crate) fn refused(self, code: i32, why: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.err.contains(why), "{self:?}");
    }
}

/// A running gateway; killed when dropped.
pub(crate) struct Gateway {
    port: Port,
    admin: Port,
    builder: Builder,
    folder: TempDir,
    child: Option<Child>,
    ahead: Arc<AtomicU64>,
    manager: Option<Manager>,
}

impl Gateway {
    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.port.addr()
    }

    /// Where it listens for metrics and health.
    pub(crate) fn admin(&self) -> SocketAddr {
        assert!(self.builder.admin, "built without with_admin");
        self.admin.addr()
    }

    /// How far its clock is ahead of the system's, in seconds.
    pub(crate) fn ahead(&self) -> Arc<AtomicU64> {
        self.ahead.clone()
    }

    /// The service manager that it was started by.
    pub(crate) fn manager(&self) -> &Manager {
        self.manager.as_ref().expect("built without supervised")
    }

    /// Process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().expect("the gateway runs").id()
    }

    /// What it wrote on both streams, over all starts.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its state folder.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Moves its clock on. Timers of requests under way do not notice.
    pub(crate) async fn advance(&self, seconds: u64) {
        assert!(self.builder.clock_moves, "built without moving_clock");
        let ahead = self.ahead.fetch_add(seconds, Ordering::SeqCst) + seconds;
        self.set_clock(ahead).await;
    }

    /// Puts the file that its clock follows in place at once: a reader that met an empty one would
    /// take the system's time for its own.
    async fn set_clock(&self, ahead: u64) {
        let next = self.folder.path().join("clock.next");
        fs::write(&next, format!("+{ahead}s\n")).unwrap();
        fs::rename(&next, self.folder.path().join("clock")).unwrap();
        // Whoever is reading the file at this moment is through then.
        sleep(Duration::from_millis(50)).await;
    }

    /// Edits its configuration and tells it to read it again.
    pub(crate) fn reload(&self, edit: impl FnOnce(String) -> String) {
        let file = self.folder.path().join("gerbang.toml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, edit(text)).unwrap();
        let pid = rustix::process::Pid::from_child(self.child.as_ref().unwrap());
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    }

    /// Moves its clock back.
    pub(crate) async fn rewind(&self, seconds: u64) {
        let before = self.ahead.fetch_sub(seconds, Ordering::SeqCst);
        let ahead = before.checked_sub(seconds).expect("not before now");
        self.set_clock(ahead).await;
    }

    /// Moves its clock to the beginning of a step of the authenticator, so that the next seconds
    /// belong to one step.
    pub(crate) async fn to_next_step(&self) {
        let now = system_seconds() + self.ahead.load(Ordering::SeqCst);
        self.advance(30 - now % 30).await;
    }

    /// Ends it in order and starts it again in the same place.
    pub(crate) async fn restart(&mut self) {
        self.stop();
        assert!(
            self.spawn().await,
            "the gateway does not start again:\n{}",
            self.log()
        );
    }

    /// Kills it and starts it again in the same place.
    pub(crate) async fn restart_after_kill(&mut self) {
        self.kill9();
        assert!(
            self.spawn().await,
            "the gateway does not start again:\n{}",
            self.log()
        );
    }

    /// Ends it in order and waits for its end.
    pub(crate) fn stop(&mut self) -> Option<ExitStatus> {
        let mut child = self.child.take()?;
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        child.wait().ok()
    }

    /// Kills it.
    pub(crate) fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            // An error says that it is gone.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it by the command line; without a running gateway the store is opened.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Said {
        self.cli_with(arguments, |_| {})
    }

    /// The same with something changed about the process.
    pub(crate) fn cli_with(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gerbang"));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.folder.path().join("gerbang.toml"))
            .current_dir(self.folder.path())
            .env_clear()
            .env("SUDO_USER", "sri")
            .stdin(Stdio::null());
        self.move_clock(&mut command);
        change(&mut command);
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    fn move_clock(&self, command: &mut Command) {
        if self.builder.clock_moves {
            command
                .env("LD_PRELOAD", clock_library())
                .env("FAKETIME_TIMESTAMP_FILE", self.folder.path().join("clock"))
                .env("FAKETIME_NO_CACHE", "1")
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                .env("FAKETIME_DISABLE_SHM", "1")
                .env("NO_FAKE_STAT", "1");
        }
    }

    /// Whether it came up; false when it ended by itself.
    async fn spawn(&mut self) -> bool {
        let folder = self.folder.path();
        let config = folder.join("gerbang.toml");
        fs::write(
            &config,
            self.builder
                .text(self.port.addr(), self.admin.addr(), &folder.join("state")),
        )
        .unwrap();
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"))
            .unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_gerbang"));
        command
            .args(["serve", "--config"])
            .arg(&config)
            .current_dir(folder)
            .env_clear()
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::null());
        self.move_clock(&mut command);
        if let Some(manager) = &self.manager {
            command = manager.around(&command);
        }
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap());
        let looks = self.looks();
        for _ in 0..START_TENTHS {
            if self.answers().await {
                self.wait_for_look(looks).await;
                return true;
            }
            if let Some(child) = &mut self.child
                && child.try_wait().unwrap().is_some()
            {
                self.child = None;
                return false;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("the gateway does not answer:\n{}", self.log());
    }

    /// How often it has looked at the login's forms, over all starts.
    fn looks(&self) -> usize {
        self.log().matches(LOOKED).count()
    }

    /// Its first look at the application is through, so that it is not mixed with what a test does.
    /// Not waited for long: the application may hang on purpose.
    async fn wait_for_look(&self, before: usize) {
        let level = &self.builder.sections["log"]["level"];
        if !["\"debug\"", "\"trace\""].contains(&level.as_str()) {
            // It says nothing of looks then.
            return;
        }
        for _ in 0..LOOK_TENTHS * 2 {
            if self.looks() > before {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn answers(&self) -> bool {
        let ask = async {
            let mut stream = TcpStream::connect(self.addr()).await.ok()?;
            if self.builder.sections.contains_key("listen.tls") {
                return Some(true);
            }
            let head =
                "GET /eproc4/gerbang/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            stream.write_all(head.as_bytes()).await.ok()?;
            let mut first = [0; 8];
            stream.read_exact(&mut first).await.ok()?;
            Some(first.starts_with(b"HTTP/1.1"))
        };
        timeout(Duration::from_secs(2), ask)
            .await
            .ok()
            .flatten()
            .unwrap_or(false)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.kill9();
        if std::thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(6_000);
            let from = (from..=log.len())
                .find(|at| log.is_char_boundary(*at))
                .unwrap_or(0);
            eprintln!("--- log of the gateway ---\n{}", &log[from..]);
        }
    }
}
