//! What the units promise, and what they say of the machine that they run on.

use super::*;

/// systemd's own measure of a sandbox, from 0 (none of the doors is open) to 10.
#[test]
fn the_service_is_shut_in() {
    let unit = here("deploy/systemd/gerbang.service");
    let told = said(
        Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager"])
            .arg(&unit),
        "apt-get install systemd",
    );
    let overall = told.lines().find(|line| line.contains("Overall exposure"));
    let overall = overall.unwrap_or_else(|| panic!("{told}"));
    let level = overall
        .split_whitespace()
        .find_map(|word| word.parse::<f64>().ok());
    assert!(level.unwrap() <= 1.5, "{overall}");
}

#[test]
fn the_changelog_is_of_this_version() {
    let changelog = fs::read_to_string(here("deploy/debian/changelog")).unwrap();
    let first = format!("gerbang ({}) ", env!("CARGO_PKG_VERSION"));
    assert!(changelog.starts_with(&first), "{changelog}");
}

/// The one that systemd has held for years, and the one for systemd 219 of CentOS 7, which takes an unknown
/// group of system calls for none at all.
#[test]
fn the_old_unit_asks_for_nothing_that_systemd_219_misreads() {
    let unit = fs::read_to_string(here("deploy/systemd/gerbang-219.service")).unwrap();
    let keys = unit.lines().filter_map(|line| line.split_once('='));
    for (key, value) in keys {
        assert!(!value.contains('@'), "{key}={value}");
        assert_ne!(value, "strict", "{key}={value}");
        assert!(OF_219.contains(&key), "{key}={value}");
    }
}

/// Directives of systemd.unit(5), systemd.service(5), systemd.exec(5) and systemd.resource-control(5) as
/// version 219 had them.
const OF_219: [&str; 34] = [
    "Description",
    "Documentation",
    "After",
    "Wants",
    "Requires",
    "Type",
    "ExecStart",
    "ExecReload",
    "Restart",
    "RestartSec",
    "RestartPreventExitStatus",
    "TimeoutStopSec",
    "TimeoutStartSec",
    "WatchdogSec",
    "StartLimitInterval",
    "User",
    "Group",
    "UMask",
    "MemoryLimit",
    "CPUShares",
    "LimitNOFILE",
    "LimitCORE",
    "LimitNPROC",
    "OOMScoreAdjust",
    "NoNewPrivileges",
    "CapabilityBoundingSet",
    "ProtectSystem",
    "ProtectHome",
    "PrivateTmp",
    "PrivateDevices",
    "RestrictAddressFamilies",
    "SystemCallArchitectures",
    "WantedBy",
    "Also",
];
