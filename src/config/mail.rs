//! `[mail]`: the mail server that takes the gateway's letters, and as whom they are sent.

use super::Config;
use super::contacts::address;
use super::login::{self, ServerLogin};
use super::public_url::{HostPort, Scheme, is_loopback};
use super::reader::{At, Reader, Section};
use crate::primitives::EmailAddress;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Name of the systemd credential with the password.
const PASSWORD_CREDENTIAL: &str = "gerbang-smtp-password";
/// How long a mail server may take for one answer, in seconds.
const TIMEOUT_SECONDS: u64 = 30;

/// How the connection to the mail server is kept from others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Security {
    /// Begins in the clear and must go over to TLS before anything is said (RFC 3207).
    #[default]
    StartTls,
    /// TLS from the first byte (RFC 8314 section 3.3).
    Tls,
    /// In the clear; a mail server on this machine only.
    None,
}

impl Security {
    const WORDS: [(&'static str, Self); 3] = [
        ("starttls", Self::StartTls),
        ("tls", Self::Tls),
        ("none", Self::None),
    ];

    fn port(self) -> u64 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// Where letters go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail {
    /// Name or address of the mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub security: Security,
    /// Certificates (PEM) that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Who logs in there, and the file of the password.
    pub login: Option<ServerLogin>,
    /// Sender of every letter.
    pub from: EmailAddress,
    /// Who hears of what is wrong with the gateway itself.
    pub operator: Option<EmailAddress>,
    /// How long one answer may take.
    pub timeout: Duration,
}

/// Reads `[mail]`; without a `host` no letters are sent.
pub(super) fn read(
    reader: &mut Reader,
    environment: &BTreeMap<OsString, OsString>,
) -> Option<Mail> {
    let section = Section::named("mail");
    let host = read_host(reader, &section);
    let security = reader
        .word(&section, "security", &Security::WORDS)
        .map_or(Security::default(), |word| word.value);
    let port = reader.number(&section, "port", security.port(), 1..=u64::from(u16::MAX));
    let from = address(reader, &section, "from");
    let operator = address(reader, &section, "operator").map(|at| at.value);
    let ca_file = login::read_ca(reader, &section);
    let login = login::read(reader, &section, environment, PASSWORD_CREDENTIAL);
    let timeout = reader.number(&section, "timeout_seconds", TIMEOUT_SECONDS, 1..=300);
    let keys = [
        "from",
        "user",
        "password_file",
        "ca_file",
        "security",
        "port",
        "operator",
    ];
    let Some(host) = host else {
        let other = keys.iter().find_map(|key| reader.written(&section, key));
        if let (Some(place), None) = (other, reader.written(&section, "host")) {
            reader.problem(&place, "stands in [mail] without its `host`");
        }
        return None;
    };
    if from.is_none() && reader.written(&section, "from").is_none() {
        reader.problem(
            &host.place,
            "has no `from` beside it, the sender of every letter",
        );
    }
    if security == Security::None && !is_loopback(&host.value) {
        let message = "would send letters in the clear: `security` is \"none\" only for a mail \
                       server on this machine";
        reader.problem(&host.place, message);
    }
    Some(Mail {
        host: host.value,
        port: u16::try_from(port).unwrap_or(587),
        security,
        ca_file,
        login,
        from: from?.value,
        operator,
        timeout: Duration::from_secs(timeout),
    })
}

fn read_host(reader: &mut Reader, section: &Section) -> Option<At<String>> {
    let text = reader.text(section, "host")?;
    let parsed = HostPort::parse(&text.value, Scheme::Http);
    match parsed.filter(|host| host.port().is_none() && !text.value.ends_with(":80")) {
        Some(host) => Some(At {
            value: host.name().trim_matches(['[', ']']).to_owned(),
            place: text.place,
        }),
        None => {
            let message = format!(
                "{:?} is no host; write it like smtp.example.go.id, and the port as `port`",
                text.value
            );
            reader.problem(&text.place, message);
            None
        }
    }
}

/// Links in letters need an address that does not come from a request.
pub(super) fn check(reader: &mut Reader, config: &Config) {
    if config.mail.is_some() && config.site.public_url.is_none() {
        let section = Section::named("mail");
        let place = reader.written(&section, "host").unwrap_or_default();
        let written = reader.written(&Section::named("site"), "public_url");
        // One that was written badly is reported where it stands.
        if written.is_none() {
            let message = "needs `public_url` in [site]: links in letters begin with it";
            reader.problem(&place, message);
        }
    }
}
