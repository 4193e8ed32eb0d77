//! `scripts/need` and `need-axe` with stand-ins for `id`, `apt-get` and `npm`: what a newcomer's first
//! command does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    /// With `apt-get` (which writes down its arguments and ends with `apt_exit`) and a user id.
    fn new(user_id: u32, apt_exit: i32) -> Self {
        let machine = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let log = machine.path("apt.log");
        machine.command("id", &format!("echo {user_id}"));
        machine.command(
            "apt-get",
            &format!(
                "echo \"$DEBIAN_FRONTEND: $*\" >>{}\nexit {apt_exit}",
                log.display()
            ),
        );
        machine.command("systemctl", "exit 0");
        for tool in ["sh", "sort", "tr", "rm", "chmod"] {
            std::os::unix::fs::symlink(which(tool), machine.path(tool)).unwrap();
        }
        machine
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, name: &str, body: &str) {
        let file = self.path(name);
        fs::write(&file, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn need(&self, arguments: &[&str]) -> Output {
        Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/need"))
            .args(arguments)
            .env_clear()
            .env("PATH", self.folder.path())
            .env("NEED_POLICY_FILE", self.path("policy-rc.d"))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn apt_log(&self) -> String {
        fs::read_to_string(self.path("apt.log")).unwrap_or_default()
    }
}

fn which(tool: &str) -> std::path::PathBuf {
    ["/usr/bin", "/bin"]
        .map(|f| Path::new(f).join(tool))
        .into_iter()
        .find(|f| f.exists())
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn nothing_is_installed_when_nothing_is_missing() {
    let machine = Machine::new(0, 0);
    let output = machine.need(&["sort=coreutils", "tr=coreutils"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(machine.apt_log(), "");
    assert_eq!(said(&output), "");
}

/// Asked of the interpreter for which the system's packages are.
#[test]
fn a_module_of_python_counts_as_here_where_it_can_be_imported() {
    let machine = Machine::new(0, 0);
    let output = machine.need(&["python3:json=python3-json", "sort=coreutils"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(machine.apt_log(), "");
    machine.need(&["python3:no_such_module=python3-nothing"]);
    assert!(
        machine
            .apt_log()
            .contains("install -y --no-install-recommends python3-nothing")
    );
}

#[test]
fn root_installs_only_what_is_missing_without_starting_services() {
    let machine = Machine::new(0, 0);
    machine.command("cmake", "exit 0");
    let log = machine.path("apt.log");
    let policy = machine.path("policy-rc.d");
    machine.command(
        "apt-get",
        &format!(
            "echo \"$DEBIAN_FRONTEND: $*\" >>{}\n[ -x {} ] && echo policy >>{}",
            log.display(),
            policy.display(),
            log.display()
        ),
    );
    let output = machine.need(&[
        "cmake=cmake",
        "gone-a=nginx",
        "gone-b=zbar-tools",
        "gone-c=nginx",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(
        machine.apt_log(),
        "noninteractive: -o DPkg::Lock::Timeout=300 -qq update\n\
         policy\n\
         noninteractive: -o DPkg::Lock::Timeout=300 -qq install -y --no-install-recommends nginx \
         zbar-tools\n\
         policy\n"
    );
    assert!(!policy.exists(), "the ban on services must not stay");
    assert!(output.stdout.is_empty());
}

#[test]
fn somebody_else_gets_the_one_line_to_run() {
    let machine = Machine::new(1000, 0);
    let output = machine.need(&["gone-b=zbar-tools", "gone-a=cmake"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(machine.apt_log(), "");
    assert_eq!(
        said(&output),
        "need: not here; run this and try again:\n    \
         sudo apt-get install --no-install-recommends cmake zbar-tools\n"
    );
}

#[test]
fn a_failing_install_is_no_success() {
    let machine = Machine::new(0, 100);
    let output = machine.need(&["gone=cmake"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("apt-get install --no-install-recommends cmake"));
    assert!(!machine.path("policy-rc.d").exists());
}

#[test]
fn a_policy_that_is_there_stays() {
    let machine = Machine::new(0, 0);
    machine.command("policy-rc.d", "exit 0");
    let output = machine.need(&["gone=cmake"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(
        fs::read_to_string(machine.path("policy-rc.d")).unwrap(),
        "#!/bin/sh\nexit 0\n"
    );
}

#[test]
fn what_would_only_be_nice_never_fails() {
    for machine in [Machine::new(1000, 0), Machine::new(0, 100)] {
        let output = machine.need(&["--wish", "gone=qrencode"]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
}

/// `need-axe` beside a folder of its own, with an `npm` that writes what a real one writes last.
fn need_axe(machine: &Machine, npm: &str) -> Output {
    machine.command("npm", npm);
    for (tool, from) in [
        ("dirname", "dirname"),
        ("mkdir", "mkdir"),
        ("touch", "touch"),
    ] {
        let _ = std::os::unix::fs::symlink(which(from), machine.path(tool));
    }
    let script = machine.path("scripts/need-axe");
    fs::create_dir_all(script.parent().unwrap()).unwrap();
    fs::create_dir_all(machine.path("tests/axe")).unwrap();
    fs::copy(
        concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/need-axe"),
        &script,
    )
    .unwrap();
    Command::new(script)
        .env_clear()
        .env("PATH", machine.folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn axe_is_fetched_once_for_each_lock_file_and_a_failure_is_told() {
    let machine = Machine::new(1000, 0);
    let lock = |name: &str, seconds: u64| {
        let file = fs::File::options()
            .create(true)
            .append(true)
            .open(machine.path(name))
            .unwrap();
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 + seconds);
        file.set_modified(at).unwrap();
    };
    fs::create_dir_all(machine.path("tests/axe")).unwrap();
    lock("tests/axe/package-lock.json", 0);
    let failed = need_axe(&machine, "echo no network >&2; exit 1");
    assert_eq!(
        (failed.status.code(), said(&failed).as_str()),
        (Some(1), "no network\n")
    );
    let fetches =
        "echo \"$*\" >>npm.log; mkdir -p node_modules; touch node_modules/.package-lock.json";
    for (seconds, times) in [(0, 1), (0, 1), (u64::from(u32::MAX), 2)] {
        lock("tests/axe/package-lock.json", seconds);
        let output = need_axe(&machine, fetches);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let log = fs::read_to_string(machine.path("tests/axe/npm.log")).unwrap();
        assert_eq!(log.lines().count(), times, "{log}");
        assert!(
            log.lines()
                .all(|line| line.starts_with("ci --ignore-scripts")),
            "{log}"
        );
    }
}
