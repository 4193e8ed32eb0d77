//! The configuration: raw sources in, one checked [`Config`] or all problems at once out.
//!
//! May import: `primitives`, `domain`. Reads the files that are named to it, never the process
//! environment: that is an argument.
//!
//! The sources lie over each other: a TOML file, then variables `GERBANG__SECTION__KEY`, then the
//! command line. Secrets stand in none of them; they are named by the path of their file, or lie
//! in `$CREDENTIALS_DIRECTORY`. Relative paths in a file count from the file's own folder.
//!
//! To add a key: a field with its unit in the section's file, one line in that file's `read`
//! function (asking for a key makes it known), a commented line in `config/gerbang.toml`, a row
//! in `tests/refused*.rs` for what it refuses. To add a section: a file like `limits.rs` and a
//! line in [`examine`].

mod admin;
mod announcements;
mod audit;
mod contacts;
mod cross;
mod directory;
mod files;
pub mod glass;
mod limits;
mod listen;
mod login;
mod mail;
pub mod nearest;
mod policy;
mod problem;
mod public_url;
mod push;
mod reader;
mod session;
mod site;
mod state;
#[cfg(test)]
mod tests;
mod tls;
mod tree;
mod unknown;
mod upstream;

pub use admin::{Admin, Canary};
pub use announcements::{Announcement, Announcements};
pub use audit::{Audit, AuditFile, SyslogTarget};
pub use contacts::{Contact, Contacts};
pub use directory::{Directory, DirectoryQuery};
pub use limits::Limits;
pub use listen::Listen;
pub use login::ServerLogin;
pub use mail::{Mail, Security};
pub use problem::{Place, Problem, Report};
pub use public_url::{HostPort, PublicUrl, Scheme};
pub use push::Push;
pub use session::{ActivationTimes, LoginTimes, SessionTimes};
pub use site::{Site, TimeZone};
pub use state::{BUILT_IN_PROFILES, KeyOrigin, Log, LogLevel, ProfileSource, STATE_DEFAULT, State};
pub use tls::Tls;
pub use upstream::{Resolve, Upstream, UpstreamAddress, system_resolver};

use crate::domain::policy_file::PolicyFile;
use ipnet::IpNet;
use policy::{NameKind, NameUse};
use reader::Reader;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use tree::{Node, Value};

/// What the command line says; each of these wins over the environment and the file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Flags {
    /// `--upstream`: `upstream.url`.
    pub upstream: Option<String>,
    /// `--context`: `site.context`.
    pub context: Option<String>,
    /// `--listen`: `listen.address`, several with commas between.
    pub listen: Option<String>,
    /// `--state`: `state.dir`.
    pub state: Option<String>,
    /// `--public-url`: `site.public_url`.
    pub public_url: Option<String>,
    /// `--site-name`: `site.name`.
    pub site_name: Option<String>,
}

impl Flags {
    fn settings(&self) -> [(&'static str, [&'static str; 2], Option<&String>); 6] {
        [
            ("--upstream", ["upstream", "url"], self.upstream.as_ref()),
            ("--context", ["site", "context"], self.context.as_ref()),
            ("--listen", ["listen", "address"], self.listen.as_ref()),
            ("--state", ["state", "dir"], self.state.as_ref()),
            (
                "--public-url",
                ["site", "public_url"],
                self.public_url.as_ref(),
            ),
            ("--site-name", ["site", "name"], self.site_name.as_ref()),
        ]
    }
}

/// Where a configuration comes from.
#[derive(Clone, Debug)]
pub struct Sources {
    /// A TOML file, if any.
    pub file: Option<PathBuf>,
    /// The environment, as the process got it; only our own variables, `STATE_DIRECTORY` and
    /// `CREDENTIALS_DIRECTORY` are looked at.
    pub environment: BTreeMap<OsString, OsString>,
    /// The command line.
    pub flags: Flags,
    /// How host names are resolved.
    pub resolve: Resolve,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            file: None,
            environment: BTreeMap::new(),
            flags: Flags::default(),
            resolve: system_resolver,
        }
    }
}

/// A checked configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// `[site]`.
    pub site: Site,
    /// `[listen]`.
    pub listen: Listen,
    /// `[upstream]`.
    pub upstream: Upstream,
    /// Networks of the proxies in front of us whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// `[limits]`.
    pub limits: Limits,
    /// `[session]`.
    pub session: SessionTimes,
    /// `[login]`.
    pub login: LoginTimes,
    /// `[activation]`.
    pub activation: ActivationTimes,
    /// `[policy]`.
    pub policy: PolicyFile,
    /// `[[contact]]`.
    pub contacts: Contacts,
    /// `[[announcement]]`.
    pub announcements: Announcements,
    /// `[state]`.
    pub state: State,
    /// `profile`.
    pub profile: ProfileSource,
    /// `templates`: a folder whose files go before the built-in ones.
    pub templates: Option<PathBuf>,
    /// `[log]`.
    pub log: Log,
    /// `[audit]`.
    pub audit: Audit,
    /// `[mail]`; `None` where no letters are sent.
    pub mail: Option<Mail>,
    /// `[push]`; `None` where no phone is woken.
    pub push: Option<Push>,
    /// `[directory]`; `None` where the application's database is not asked.
    pub directory: Option<Directory>,
    /// `[admin]`.
    pub admin: Admin,
    /// `[canary]`.
    pub canary: Canary,
    /// What is worth a look though the gateway starts; to be logged at start.
    pub warnings: Vec<Problem>,
    names: Vec<NameUse>,
}

impl Config {
    /// Reads, lays over each other and checks.
    ///
    /// # Errors
    /// All problems at once, in the order of the file, then environment and command line.
    pub fn load(sources: &Sources) -> Result<Self, Vec<Problem>> {
        match examine(sources) {
            (Some(config), report) if report.problems.is_empty() => Ok(config),
            (_, report) => Err(report.problems),
        }
    }

    /// The configuration that needs no file.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn defaults_for(upstream: &str, context: &str) -> Result<Self, Vec<Problem>> {
        let flags = Flags {
            upstream: Some(upstream.to_owned()),
            context: Some(context.to_owned()),
            ..Flags::default()
        };
        Self::load(&Sources {
            flags,
            ..Sources::default()
        })
    }

    /// [`Contacts::contact_for`].
    pub fn contact_for(&self, user_type: Option<&str>, role: Option<&str>) -> &Contact {
        self.contacts.contact_for(user_type, role)
    }

    /// User types and roles that rules, contacts and announcements name but the profile does not know, each with
    /// the nearest that it knows. Those marked `unknown_ok = true` are left out.
    pub fn unknown_names(&self, known_roles: &[String], known_types: &[String]) -> Vec<Problem> {
        let unknown = self.names.iter().filter_map(|used| {
            let (what, known) = match used.kind {
                NameKind::Role => ("role", known_roles),
                NameKind::UserType => ("user type", known_types),
            };
            if known.contains(&used.name) {
                return None;
            }
            let hint = nearest::suggestion(&used.name, known.iter().map(String::as_str));
            Some(used.place.problem(format!(
                "the profile knows no {what} {:?}; {hint} \
                 (unknown_ok = true keeps the name all the same)",
                used.name
            )))
        });
        unknown.collect()
    }
}

/// Reads everything, also past problems: what is bad has its default, so that `check` can look at
/// templates, profile and key in the same run. A configuration whose report has problems must
/// never be served. `None` when the file cannot be read at all: what the rest lacks is no news
/// then.
pub(crate) fn examine(sources: &Sources) -> (Option<Config>, Report) {
    let mut problems = Vec::new();
    let file = sources
        .file
        .as_ref()
        .map_or_else(|| Ok(tree::empty()), |file| read_file(file));
    let readable = file.is_ok();
    let mut root = file.unwrap_or_else(|found| {
        problems.extend(found);
        tree::empty()
    });
    problems.extend(tree::overlay_environment(&mut root, &sources.environment));
    for (flag, path, value) in sources.flags.settings() {
        let Some(value) = value else { continue };
        let place = Place {
            key: flag.into(),
            ..Place::default()
        };
        let node = Node {
            value: Value::Untyped(value.clone()),
            place,
        };
        if let Err(problem) = tree::overlay(&mut root, &path.map(str::to_owned), node) {
            problems.push(problem);
        }
    }
    if !readable {
        return (
            None,
            Report {
                problems,
                warnings: Vec::new(),
            },
        );
    }
    let mut reader = Reader::new(root);
    reader.report.problems = problems;
    let mut config = build(&mut reader, sources);
    let report = reader.finish();
    config.warnings.clone_from(&report.warnings);
    (Some(config), report)
}

fn build(reader: &mut Reader, sources: &Sources) -> Config {
    let mut names = Vec::new();
    let read = site::read(reader);
    let config = Config {
        site: read.site,
        listen: listen::read(reader),
        upstream: upstream::read(reader, sources.resolve),
        trusted_proxies: listen::read_trusted_proxies(reader),
        limits: limits::read(reader),
        session: session::read_session(reader),
        login: session::read_login(reader),
        activation: session::read_activation(reader),
        policy: policy::read(reader, &mut names),
        contacts: contacts::read(reader, &mut names),
        announcements: announcements::read(reader, &mut names),
        state: state::read(reader, &sources.environment),
        profile: state::read_profile(reader),
        templates: state::read_templates(reader),
        log: state::read_log(reader),
        audit: audit::read(reader),
        mail: mail::read(reader, &sources.environment),
        push: push::read(reader, &sources.environment),
        directory: directory::read(reader, &sources.environment, &mut names),
        admin: admin::read(reader),
        canary: admin::read_canary(reader),
        warnings: Vec::new(),
        names,
    };
    cross::check(reader, &config, read.public_url_place);
    admin::check(reader, &config);
    mail::check(reader, &config);
    config
}

fn read_file(file: &Path) -> Result<Node, Vec<Problem>> {
    let place = Place {
        file: Some(file.to_owned()),
        ..Place::default()
    };
    let refuse = |message: String| vec![place.problem(message)];
    let bytes = files::read(file, files::MIB).map_err(refuse)?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("is not UTF-8".into()))?;
    tree::parse(file, &text)
}
