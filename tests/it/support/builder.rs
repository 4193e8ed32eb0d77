//! The configuration with which a gateway is started.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

/// The configuration of a gateway.
pub(crate) struct Builder {
    pub(super) sections: BTreeMap<String, BTreeMap<String, String>>,
    top: BTreeMap<String, String>,
    rules: String,
    pub(super) clock_moves: bool,
    profile: Option<String>,
    pub(super) admin: bool,
    pub(super) supervised: bool,
    public: bool,
}

impl Builder {
    /// In front of `upstream`, served on loopback without a public address.
    pub(crate) fn new(upstream: SocketAddr) -> Self {
        let builder = Self {
            sections: BTreeMap::new(),
            top: BTreeMap::new(),
            rules: String::new(),
            clock_moves: false,
            profile: None,
            admin: false,
            supervised: false,
            public: false,
        };
        builder
            .set("upstream", "url", &format!("\"http://{upstream}\""))
            .set("listen", "grace_seconds", "1")
            .set("listen", "shutdown_seconds", "5")
            .set("site", "name", "\"LPSE Kabupaten Contoh\"")
            .set("log", "level", "\"debug\"")
    }

    /// One key, its value as TOML writes it. Section `""` is the top.
    pub(crate) fn set(mut self, section: &str, key: &str, value: &str) -> Self {
        let table = match section {
            "" => &mut self.top,
            named => self.sections.entry(named.to_owned()).or_default(),
        };
        table.insert(key.to_owned(), value.to_owned());
        self
    }

    /// A policy rule for a role.
    pub(crate) fn rule(mut self, role: &str, mode: &str) -> Self {
        let unknown = "unknown_ok = true";
        self.rules.push_str(&format!(
            "[[policy.rule]]\nrole = \"{role}\"\nmode = \"{mode}\"\n{unknown}\n"
        ));
        self
    }

    /// The mode of everybody whom no rule fits.
    pub(crate) fn default_mode(self, mode: &str) -> Self {
        self.set("policy", "default", &format!("\"{mode}\""))
    }

    /// Lets the tests move the gateway's clock, see `Gateway::advance`.
    pub(crate) fn moving_clock(mut self) -> Self {
        self.clock_moves = true;
        self
    }

    /// With a public address: the one on which it listens.
    pub(crate) fn public(mut self) -> Self {
        self.public = true;
        self
    }

    /// With a listener for metrics and health, see `Gateway::admin`.
    pub(crate) fn with_admin(mut self) -> Self {
        self.admin = true;
        self
    }

    /// Started as by a service manager that holds its socket and is told how it goes.
    pub(crate) fn supervised(mut self) -> Self {
        self.supervised = true;
        self
    }

    /// The profile with one of its lines changed.
    pub(crate) fn profile_line(mut self, old: &str, new: &str) -> Self {
        const PROFILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/profiles/spse-4.4.toml");
        let text = self
            .profile
            .take()
            .unwrap_or_else(|| fs::read_to_string(PROFILE).unwrap());
        assert!(text.contains(old), "the profile has no line {old}");
        self.profile = Some(text.replace(old, new));
        self
    }

    /// An upstream whose longest answer takes so many seconds: sessions in doubt end sooner.
    pub(crate) fn longest_answer(self, seconds: u64) -> Self {
        let new = format!("longest_answer_seconds = {seconds}");
        self.profile_line("longest_answer_seconds = 600", &new)
    }

    /// The file, for a gateway that listens and keeps its state there.
    pub(super) fn text(&self, addr: SocketAddr, admin: SocketAddr, state: &Path) -> String {
        let mut text = String::new();
        if let Some(profile) = &self.profile {
            fs::write(state.with_file_name("profile.toml"), profile).unwrap();
            text.push_str("profile = \"./profile.toml\"\n");
        }
        for (key, value) in &self.top {
            text.push_str(&format!("{key} = {value}\n"));
        }
        let mut sections = self.sections.clone();
        let address = format!("\"{addr}\"");
        sections
            .entry("listen".to_owned())
            .or_default()
            .insert("address".to_owned(), address);
        if self.public {
            let url = format!("\"http://{addr}/eproc4\"");
            let site = sections.entry("site".to_owned()).or_default();
            site.insert("public_url".to_owned(), url);
        }
        if self.admin {
            let address = format!("\"{admin}\"");
            sections
                .entry("admin".to_owned())
                .or_default()
                .insert("address".to_owned(), address);
        }
        let dir = format!("\"{}\"", state.display());
        sections
            .entry("state".to_owned())
            .or_default()
            .insert("dir".to_owned(), dir);
        for (section, table) in &sections {
            text.push_str(&format!("[{section}]\n"));
            for (key, value) in table {
                text.push_str(&format!("{key} = {value}\n"));
            }
        }
        text + &self.rules
    }
}
