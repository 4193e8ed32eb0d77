//! `[admin]` and `[canary]`: what is taken and what is refused, with its exact words.

use super::load;
use super::refused::table;
use crate::config::{Admin, Canary};

#[test]
fn nothing_listens_unless_it_is_written() {
    let config = load("").unwrap();
    assert_eq!(config.admin, Admin::default());
    assert_eq!(config.admin.address, None);
    assert_eq!(
        config.canary,
        Canary {
            interval_seconds: 300
        }
    );
    let config = load(
        "[admin]\naddress = '127.0.0.1:9044'\nhosts = ['Gerbang.Internal']\n\
         [canary]\ninterval_seconds = 30",
    )
    .unwrap();
    assert_eq!(config.admin.address.unwrap().to_string(), "127.0.0.1:9044");
    assert_eq!(config.admin.hosts, ["gerbang.internal"]);
    assert_eq!(config.canary.interval_seconds, 30);
    let about_admin = |problem: &crate::config::Problem| problem.key.starts_with("admin");
    assert!(
        !config.warnings.iter().any(about_admin),
        "{:?}",
        config.warnings
    );
    assert!(load("admin.address = '[::1]:9044'").is_ok());
    // The same port on another address is no clash.
    assert!(load("admin.address = '127.0.0.2:8044'").is_ok());
}

#[test]
fn remote_only_when_it_is_meant_and_then_with_a_warning() {
    let config = load("admin.address = '10.1.2.3:9044'\nadmin.allow_remote = true").unwrap();
    let warnings = config.warnings.iter();
    let shown: Vec<String> = warnings
        .filter(|warning| warning.key.starts_with("admin"))
        .map(ToString::to_string)
        .collect();
    assert_eq!(shown.len(), 1);
    let wanted = "admin.address: \"10.1.2.3:9044\" can be reached from elsewhere, without password \
                  and encryption: a firewall must say who may";
    assert!(shown[0].ends_with(wanted), "{shown:?}");
}

#[test]
fn refused() {
    table(&[
        (
            "admin.address = '10.1.2.3:9044'",
            "gerbang.toml:1: admin.address: \"10.1.2.3:9044\" is no loopback address: everybody \
             who reaches it could read what the gateway does; write allow_remote = true if a \
             firewall says who may",
        ),
        (
            "admin.address = '0.0.0.0:9044'",
            "gerbang.toml:1: admin.address: \"0.0.0.0:9044\" is no loopback address: everybody who \
             reaches it could read what the gateway does; write allow_remote = true if a firewall \
             says who may",
        ),
        (
            "admin.address = '127.0.0.1:0'",
            "gerbang.toml:1: admin.address: \"127.0.0.1:0\" has port 0: nobody would find it",
        ),
        (
            "admin.address = 'localhost:9044'",
            "gerbang.toml:1: admin.address: \"localhost:9044\" must be an IP address and a port, \
             like 127.0.0.1:9044",
        ),
        (
            "admin.address = '127.0.0.1:8044'",
            "gerbang.toml:1: admin.address: 127.0.0.1:8044 is also where browsers are served \
             (127.0.0.1:8044, [listen])",
        ),
        (
            "admin.address = '0.0.0.0:8044'\nadmin.allow_remote = true",
            "gerbang.toml:1: admin.address: 0.0.0.0:8044 is also where browsers are served \
             (127.0.0.1:8044, [listen])",
        ),
        (
            "admin.hosts = ['a.id:9044']",
            "gerbang.toml:1: admin.hosts[1]: \"a.id:9044\" is no host name; write it without a port",
        ),
        (
            "admin.adress = '127.0.0.1:9044'",
            "gerbang.toml:1: admin.adress: unknown key; did you mean `address`?",
        ),
        (
            "canary.interval_seconds = 29",
            "gerbang.toml:1: canary.interval_seconds: must be from 30 to 3600, found 29",
        ),
    ]);
}
