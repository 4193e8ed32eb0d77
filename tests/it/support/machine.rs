//! A bare Debian in a folder, booted with its own systemd, with a loopback of its own and no other network.

use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::{self, File};
use std::os::fd::AsFd;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What the folder is made with: an init, a web server as LPSE have one, and curl.
const PACKAGES: &str = "systemd-sysv,apache2,curl,ca-certificates";
/// How long a boot may take.
const BOOT: Duration = Duration::from_secs(120);
/// How long its first process may take.
const SPAWN: Duration = Duration::from_secs(20);

/// A running machine; shut off when dropped.
pub(crate) struct Machine {
    root: TempDir,
    container: Child,
    /// Process id of its init, as the host counts.
    init: u32,
}

impl Machine {
    /// A fresh one.
    pub(crate) fn boot() -> Self {
        let root = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let copied = Command::new("cp")
            .args(["-a", "--reflink=auto"])
            .arg(pristine().join("."))
            .arg(root.path())
            .status();
        assert!(copied.unwrap().success());
        let log = tempfile::NamedTempFile::new().unwrap();
        let container = Command::new("systemd-nspawn")
            .args([
                "--boot",
                "--quiet",
                "--register=no",
                "--keep-unit",
                "--private-users=no",
            ])
            .args(["--private-network", "--console=pipe", "--directory"])
            .arg(root.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(log.path()).unwrap())
            .spawn();
        let container =
            container.unwrap_or_else(|error| panic!("{error}: apt-get install systemd-container"));
        let init = init_of(container.id());
        let said = || fs::read_to_string(log.path()).unwrap();
        let init = init.unwrap_or_else(|| panic!("systemd-nspawn: {}", said()));
        let machine = Self {
            root,
            container,
            init,
        };
        let begun = Instant::now();
        loop {
            let state = machine.tries("systemctl is-system-running");
            match String::from_utf8_lossy(&state.stdout).trim() {
                "running" | "degraded" => return machine,
                other if begun.elapsed() > BOOT => panic!("the machine is {other:?}: {state:?}"),
                _ => std::thread::park_timeout(Duration::from_millis(200)),
            }
        }
    }

    /// Its root folder, as the host sees it.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// Puts a file of the host there.
    pub(crate) fn brings(&self, file: &Path, to: &str) {
        let place = self.root().join(to.trim_start_matches('/'));
        fs::copy(file, &place).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    /// What root's shell says there.
    #[track_caller]
    pub(crate) fn sh(&self, script: &str) -> String {
        let output = self.tries(script);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{script}\n{said}{}\n{}",
            String::from_utf8_lossy(&output.stderr),
            self.journal(),
        );
        said
    }

    /// The same where it may fail.
    pub(crate) fn tries(&self, script: &str) -> Output {
        Command::new("nsenter")
            .args(["--target", &self.init.to_string()])
            .args([
                "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd",
            ])
            .args([
                "env",
                "-i",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME=/root",
                "LC_ALL=C.UTF-8",
            ])
            .args(["DEBIAN_FRONTEND=noninteractive", "sh", "-euc", script])
            .stdin(Stdio::null())
            .output()
            .expect("nsenter is missing: apt-get install util-linux")
    }

    /// What the machine tells of the service.
    fn journal(&self) -> String {
        let told = self.tries("journalctl --no-pager -n 60 -u gerbang.service -u gerbang.socket");
        String::from_utf8_lossy(&told.stdout).into_owned()
    }

    /// Does something in its network, on a thread of its own.
    pub(crate) fn inside<T: Send>(&self, work: impl AsyncFnOnce() -> T + Send) -> T {
        let network = File::open(format!("/proc/{}/ns/net", self.init)).unwrap();
        let moved = move || {
            move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(work())
        };
        std::thread::scope(|scope| scope.spawn(moved).join())
            .unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // With its init everything in it ends, and then the container.
        if let Some(init) = i32::try_from(self.init).ok().and_then(Pid::from_raw) {
            let _ = kill_process(init, Signal::KILL);
        }
        let _ = self.container.wait();
    }
}

/// The child of a container's process that is the first in a namespace of its own; others come and go before it.
fn init_of(container: u32) -> Option<u32> {
    let begun = Instant::now();
    let file = format!("/proc/{container}/task/{container}/children");
    loop {
        let children = fs::read_to_string(&file).unwrap_or_default();
        let mut pids = children.split_whitespace().map(|pid| pid.parse().unwrap());
        let init = pids.find(|pid: &u32| {
            let about = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let spaces = about.lines().find(|line| line.starts_with("NSpid:"));
            spaces.is_some_and(|line| line.ends_with("\t1"))
        });
        match init {
            Some(init) => return Some(init),
            None if begun.elapsed() > SPAWN => return None,
            None => std::thread::park_timeout(Duration::from_millis(20)),
        }
    }
}

/// The folder that machines are copied from, made by the first who needs it.
fn pristine() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = File::create(temporary.join("debian.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let whole = temporary.join("debian");
    if !whole.is_dir() {
        let part = temporary.join("debian.part");
        let _ = fs::remove_dir_all(&part);
        let made = Command::new("debootstrap")
            .args([
                "--variant=minbase",
                &format!("--include={PACKAGES}"),
                &codename(),
            ])
            .arg(&part)
            .arg(mirror())
            .output()
            .expect("debootstrap is missing: apt-get install debootstrap");
        let told = String::from_utf8_lossy(&made.stdout);
        assert!(made.status.success(), "{told}");
        fs::rename(&part, &whole).unwrap();
    }
    whole
}

/// The release of this machine.
fn codename() -> String {
    let about = fs::read_to_string("/etc/os-release").unwrap();
    let mut lines = about.lines();
    let name = lines.find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    name.unwrap().trim_matches('"').to_owned()
}

/// Where this machine gets its packages from.
fn mirror() -> String {
    let output = Command::new("apt-get")
        .args([
            "indextargets",
            "--format",
            "$(REPO_URI)",
            "Created-By: Packages",
        ])
        .args(["Component: main", &format!("Codename: {}", codename())])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines()
        .next()
        .expect("apt knows no mirror: apt-get update")
        .to_owned()
}
