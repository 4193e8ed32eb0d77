//! A real PostgreSQL with a folder of its own, ended with the test.

use super::ports::Port;
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::yield_now;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Where Debian keeps the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Its administrator's password.
const PASSWORD: &str = "rahasia-admin";
/// How long it may take to answer at first.
const START: Duration = Duration::from_secs(60);

/// A server that runs.
pub(crate) struct Postgres {
    port: Port,
    folder: TempDir,
    options: Vec<String>,
    child: Option<Child>,
}

fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten();
    let mut found: Vec<PathBuf> = versions
        .filter_map(|entry| Some(entry.ok()?.path().join("bin").join(name)))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    let found = found.pop();
    found.unwrap_or_else(|| panic!("no {name} below {VERSIONS}: apt-get install postgresql"))
}

/// The server refuses to run as root: then it runs as the user that its package made.
fn other_user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let number = |flag: &str| {
        let output = Command::new("id")
            .args([flag, "postgres"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let number = text.trim().parse();
        number.expect("no user postgres: apt-get install postgresql")
    };
    Some((number("-u"), number("-g")))
}

fn as_its_user(command: &mut Command) -> &mut Command {
    match other_user() {
        Some((uid, gid)) => command.uid(uid).gid(gid),
        None => command,
    }
}

impl Postgres {
    /// With further `-c` options; `DIR` in them stands for its folder, in which `files` lie.
    pub(crate) fn start(options: &[&str], files: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        fs::write(folder.path().join("password"), PASSWORD).unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        }
        if let Some((uid, gid)) = other_user() {
            let all = fs::read_dir(folder.path()).unwrap();
            for entry in all.map(|entry| entry.unwrap().path()) {
                chown(entry, Some(uid), Some(gid)).unwrap();
            }
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let mut server = Self {
            port: Port::lend(),
            options: options.iter().map(|it| it.replace("DIR", &path)).collect(),
            folder,
            child: None,
        };
        let made = as_its_user(&mut Command::new(program("initdb")))
            .args(["--no-sync", "-E", "UTF8", "--locale=C", "-U", "admin"])
            .args(["--auth=scram-sha-256", "--pwfile"])
            .arg(server.folder.path().join("password"))
            .arg("-D")
            .arg(server.data())
            .current_dir(server.folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        server.run();
        server
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port.addr().port()
    }

    /// Starts it (again).
    pub(crate) fn run(&mut self) {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(program("postgres"));
        command
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port().to_string(), "-k"])
            .arg(self.folder.path())
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .args(self.options.iter().flat_map(|option| ["-c", option]))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.child = Some(as_its_user(&mut command).spawn().unwrap());
        let began = Instant::now();
        while !self.psql("SELECT 1").status.success() {
            let said = || fs::read_to_string(self.folder.path().join("log")).unwrap();
            assert!(
                began.elapsed() < START,
                "PostgreSQL does not answer: {}",
                said()
            );
            yield_now();
        }
    }

    /// Ends it at once.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let pid = rustix::process::Pid::from_child(&child);
            // SIGQUIT: its children end with it. An error says that it is gone.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
            let _ = child.wait();
            assert!(TcpStream::connect(self.port.addr()).is_err());
        }
    }

    fn psql(&self, sql: &str) -> Output {
        Command::new(program("psql"))
            .args(["-h", "127.0.0.1", "-p", &self.port().to_string()])
            .args([
                "-U",
                "admin",
                "-d",
                "postgres",
                "-v",
                "ON_ERROR_STOP=1",
                "-Atc",
                sql,
            ])
            .env("PGPASSWORD", PASSWORD)
            .output()
            .unwrap()
    }

    /// What a statement of its administrator gives.
    pub(crate) fn sql(&self, sql: &str) -> String {
        let output = self.psql(sql);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}
