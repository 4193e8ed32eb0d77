//! Installed, started, used, upgraded, removed, installed again, purged.

use super::*;
use crate::support::browser::Browser;
use crate::support::login::{again, assert_home, first};
use std::sync::Arc;

/// Where the socket unit listens.
const ADDRESS: &str = "127.0.0.1:8044";

/// What asks for the gateway without an end; whoever is refused ends it.
const ASK_ON: &str = "systemd-run --quiet --unit=asker sh -euc \
     'while curl -sS -o /dev/null http://127.0.0.1:8044/eproc4/; do echo answered; sleep 0.05; done'";

/// Files of ours.
const LEFT: &str = "find / -xdev -name 'gerbang*' -not -path '/proc/*' -not -path '/root/*'";

fn browser() -> Browser {
    Browser::new(ADDRESS.parse().unwrap(), Arc::default())
}

fn property(machine: &Machine, unit: &str, name: &str) -> String {
    let told = machine.sh(&format!("systemctl show --value -p {name} {unit}"));
    told.trim().to_owned()
}

fn assert_serves(machine: &Machine) {
    assert_eq!(property(machine, "gerbang.socket", "ActiveState"), "active");
    assert_eq!(
        property(machine, "gerbang.service", "ActiveState"),
        "active"
    );
    machine.sh("curl -sS --fail -o /dev/null http://127.0.0.1:8044/eproc4/gerbang/");
}

#[test]
fn package_is_clean_installs_upgrades_and_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let (tarball, package) = packages();
    let lint = said(
        Command::new("lintian")
            .args(["--allow-root", "--fail-on", "warning"])
            .arg(&package),
        "apt-get install lintian",
    );
    assert!(
        !lint.lines().any(|line| line.starts_with(['E', 'W'])),
        "{lint}"
    );
    let next = next_version(&package, folder.path());
    let machine = machine_with_spse();
    machine.brings(&package, "/root/gerbang.deb");
    machine.brings(&next, "/root/next.deb");
    machine.brings(&tarball, "/root/gerbang.tar.gz");

    installed(&machine);
    let mut phone = machine.inside(async || first(&browser(), "PPK2").await);
    hangs(&machine);
    upgraded(&machine);
    machine.inside(async || {
        let browser = browser();
        again(&browser, "PPK2", &mut phone).await;
        assert_home(&browser, "PPK2").await;
    });
    refuses_bad_configuration(&machine);
    removed(&machine);
    machine.inside(async || again(&browser(), "PPK2", &mut phone).await);
    purged(&machine);
    from_the_tarball(&machine);
}

fn installed(machine: &Machine) {
    // What only this machine is served with: nobody is asked before the operator says so.
    machine.sh("apt-get install -y /root/gerbang.deb");
    assert_serves(machine);
    assert_eq!(
        machine.sh("stat -c '%U %G %a' /var/lib/gerbang").trim(),
        "gerbang gerbang 700"
    );
    assert_eq!(
        machine
            .sh("stat -c '%U %a' /var/lib/gerbang/gerbang.key")
            .trim(),
        "gerbang 600"
    );
    let pid = property(machine, "gerbang.service", "MainPID");
    assert_eq!(
        machine.sh(&format!("ps -o user= -p {pid}")).trim(),
        "gerbang"
    );
    assert_eq!(
        property(machine, "gerbang.service", "MemoryMax"),
        (512 << 20).to_string()
    );
    assert_eq!(property(machine, "gerbang.service", "NRestarts"), "0");
    machine.sh("systemctl is-enabled gerbang.socket gerbang.service");
    machine
        .sh("test \"$(gerbang --version)\" = \"gerbang $(dpkg-query -W -f '${Version}' gerbang)\"");
    // The configuration of the package needs no naming.
    let checked = machine.sh("gerbang check");
    assert!(checked.contains("good (0 problems"), "{checked}");
    machine.sh("gerbang policy ceiling required --reason uji --yes");
    machine.sh("gerbang policy set --everybody --mode required --reason uji --yes");
    machine.sh("test -s /usr/share/doc/gerbang/gerbang.cdx.json");
    machine.sh("test -s /usr/share/man/man8/gerbang-policy-set.8.gz");
}

/// A process that stands still is ended by its watchdog, and the next one serves.
fn hangs(machine: &Machine) {
    machine.sh("mkdir -p /run/systemd/system/gerbang.service.d");
    machine.sh(
        "printf '[Service]\\nWatchdogSec=6\\n' > /run/systemd/system/gerbang.service.d/test.conf",
    );
    machine.sh("systemctl daemon-reload && systemctl restart gerbang.service");
    assert_serves(machine);
    machine.sh("systemctl kill --kill-who=main --signal=STOP gerbang.service");
    machine.sh("curl -sS --fail -o /dev/null --max-time 60 http://127.0.0.1:8044/eproc4/gerbang/");
    assert_eq!(property(machine, "gerbang.service", "NRestarts"), "1");
    machine.sh("rm -r /run/systemd/system/gerbang.service.d && systemctl daemon-reload");
    machine.sh("systemctl restart gerbang.service");
}

/// Nobody is refused meanwhile, and what the store knew it knows.
fn upgraded(machine: &Machine) {
    let before = property(machine, "gerbang.service", "MainPID");
    machine.sh(ASK_ON);
    machine.sh("apt-get install -y /root/next.deb");
    assert_serves(machine);
    assert_ne!(property(machine, "gerbang.service", "MainPID"), before);
    assert_eq!(property(machine, "asker.service", "ActiveState"), "active");
    machine.sh("test $(journalctl -u asker.service -o cat | grep -c answered) -gt 10");
    machine.sh("systemctl stop asker.service");
    assert_eq!(machine.sh("dpkg-query -W -f '${Version}' gerbang"), "999.0");
}

/// It stands still then, and says why, instead of starting for ever.
fn refuses_bad_configuration(machine: &Machine) {
    machine.sh("cp /etc/gerbang/gerbang.toml /root/good.toml");
    machine.sh("echo 'upstraem = 1' >> /etc/gerbang/gerbang.toml");
    let told = machine.tries("gerbang check");
    assert_eq!(told.status.code(), Some(78), "{told:?}");
    assert!(
        !machine
            .tries("systemctl restart gerbang.service")
            .status
            .success()
    );
    assert_eq!(property(machine, "gerbang.service", "ExecMainStatus"), "78");
    assert_eq!(property(machine, "gerbang.service", "NRestarts"), "0");
    machine.sh("cp /root/good.toml /etc/gerbang/gerbang.toml && systemctl reset-failed gerbang.service gerbang.socket");
    machine.sh("systemctl start gerbang.socket gerbang.service");
    assert_serves(machine);
}

/// State and configuration stay; installed again it knows them.
fn removed(machine: &Machine) {
    machine.sh("apt-get remove -y gerbang");
    assert!(
        !machine
            .tries("curl -sS http://127.0.0.1:8044/")
            .status
            .success()
    );
    machine.sh("test ! -e /usr/bin/gerbang && test -s /var/lib/gerbang/gerbang.key");
    machine.sh("test -s /etc/gerbang/gerbang.toml");
    machine.sh("apt-get install -y /root/gerbang.deb");
    assert_serves(machine);
}

fn purged(machine: &Machine) {
    machine.sh("apt-get purge -y gerbang");
    assert_eq!(machine.sh(LEFT), "");
    assert!(
        !machine
            .tries("systemctl cat gerbang.service")
            .status
            .success()
    );
}

/// The same without a package manager.
fn from_the_tarball(machine: &Machine) {
    machine.sh("cd /root && tar -xzf gerbang.tar.gz && mv gerbang-*-linux unpacked");
    let refused =
        machine.tries("setpriv --reuid=65534 --clear-groups sh /root/unpacked/install.sh");
    assert!(!refused.status.success());
    let told = machine.sh("sh /root/unpacked/install.sh");
    assert!(
        told.contains("gerbang check && systemctl enable --now"),
        "{told}"
    );
    assert!(
        !machine
            .tries("systemctl is-active gerbang.socket")
            .status
            .success()
    );
    machine.sh("gerbang check && systemctl enable --now gerbang.socket gerbang.service");
    assert_serves(machine);
    let before = property(machine, "gerbang.service", "MainPID");
    let told = machine.sh("sh /root/unpacked/install.sh");
    assert!(told.ends_with("serves.\n"), "{told}");
    assert_serves(machine);
    assert_ne!(property(machine, "gerbang.service", "MainPID"), before);
    machine.sh("sh /root/unpacked/install.sh --remove");
    machine.sh("test ! -e /usr/bin/gerbang && test -s /var/lib/gerbang/gerbang.key");
    machine.sh("sh /root/unpacked/install.sh --purge");
    assert_eq!(machine.sh(LEFT), "");
    // What an older machine would get.
    machine.sh("cd /root && SYSTEMD_VERSION=219 DESTDIR=/root/old sh unpacked/install.sh");
    machine.sh("grep -q MemoryLimit /root/old/etc/systemd/system/gerbang.service");
    let older =
        machine.tries("cd /root && SYSTEMD_VERSION=209 DESTDIR=/root/older sh unpacked/install.sh");
    assert!(!older.status.success() && !machine.root().join("root/older").exists());
}
