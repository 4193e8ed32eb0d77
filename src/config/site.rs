//! `[site]`: who we are for the world.

use super::problem::Place;
use super::public_url::{HostPort, PublicUrl, Scheme, context_error};
use super::reader::{At, Reader, Section};
use crate::primitives::Zone;
use crate::primitives::account::NAME_CHARS_MAX;

/// Longest slug in characters: it stands in the name of a cookie.
const SLUG_CHARS_MAX: usize = 32;

/// Where SPSE 4 lies on every LPSE that was looked at.
const CONTEXT_DEFAULT: &str = "/eproc4";

/// Indonesia's time zones; dates that people read carry their label.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TimeZone {
    /// West, UTC+7.
    #[default]
    Wib,
    /// Middle, UTC+8.
    Wita,
    /// East, UTC+9.
    Wit,
}

impl TimeZone {
    const WORDS: [(&'static str, Self); 3] =
        [("WIB", Self::Wib), ("WITA", Self::Wita), ("WIT", Self::Wit)];

    fn hours_and_label(self) -> (u32, &'static str) {
        match self {
            Self::Wib => (7, "WIB"),
            Self::Wita => (8, "WITA"),
            Self::Wit => (9, "WIT"),
        }
    }

    /// Offset and label.
    pub fn zone(self) -> Zone {
        let (hours, label) = self.hours_and_label();
        Zone {
            offset_seconds: hours * 3600,
            label: label.to_owned(),
        }
    }
}

/// One application behind one public address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Site {
    /// Slug `[a-z0-9-]{1,32}`: in cookie names and stored keys. Changing it orphans both.
    pub id: String,
    /// As users know it; issuer in their authenticator apps, so without a colon.
    pub name: String,
    /// How browsers reach the site. `None`: only loopback hosts are served, over http.
    pub public_url: Option<PublicUrl>,
    /// Path of the application, `/eproc4` or empty; canonical, no slash at the end.
    pub context: String,
    /// Further `Host` values that are served.
    pub extra_hosts: Vec<HostPort>,
    /// The path segment under `context` in which the gateway's own pages lie.
    pub own_prefix: String,
    /// A training site: pages say so.
    pub training: bool,
    /// For dates that people read.
    pub time_zone: TimeZone,
}

impl Site {
    /// `<context>/<own_prefix>`, without a slash at the end.
    pub fn own_path(&self) -> String {
        format!("{}/{}", self.context, self.own_prefix)
    }

    /// `https` when the public address says so, else `http`.
    pub fn scheme(&self) -> Scheme {
        self.public_url
            .as_ref()
            .map_or(Scheme::Http, |url| url.scheme)
    }

    /// Whether a request with this `Host` value is for us. Without a public address any port of a
    /// loopback host is.
    pub fn serves_host(&self, host: &str) -> bool {
        let Some(asked) = HostPort::parse(host, self.scheme()) else {
            return false;
        };
        let own = match &self.public_url {
            Some(url) => url.host == asked,
            None => asked.is_loopback(),
        };
        own || self.extra_hosts.contains(&asked)
    }
}

/// A checked site and the place of what other sections are checked against.
pub(super) struct SiteRead {
    pub(super) site: Site,
    pub(super) public_url_place: Option<Place>,
}

pub(super) fn read(reader: &mut Reader) -> SiteRead {
    let section = Section::named("site");
    let public_url = reader.text(&section, "public_url").and_then(|text| {
        let checked = PublicUrl::parse(&text.value);
        match checked {
            Ok(value) => Some(At {
                value,
                place: text.place,
            }),
            Err(message) => {
                reader.problem(&text.place, message);
                None
            }
        }
    });
    let context = read_context(reader, &section, public_url.as_ref());
    let scheme = public_url
        .as_ref()
        .map_or(Scheme::Http, |url| url.value.scheme);
    let site = Site {
        id: read_slug(reader, &section, "id").unwrap_or_else(|| id_of_context(&context)),
        name: read_name(reader, &section),
        extra_hosts: read_extra_hosts(reader, &section, scheme),
        own_prefix: read_slug(reader, &section, "own_prefix").unwrap_or_else(|| "gerbang".into()),
        training: reader.boolean(&section, "training", false),
        time_zone: reader
            .word(&section, "time_zone", &TimeZone::WORDS)
            .map_or(TimeZone::default(), |zone| zone.value),
        public_url: public_url.as_ref().map(|url| PublicUrl {
            context: context.clone(),
            ..url.value.clone()
        }),
        context,
    };
    SiteRead {
        site,
        public_url_place: public_url.map(|url| url.place),
    }
}

fn read_context(reader: &mut Reader, section: &Section, url: Option<&At<PublicUrl>>) -> String {
    let of_url = url
        .map(|url| url.value.context.clone())
        .filter(|path| !path.is_empty());
    let fallback = || of_url.clone().unwrap_or_else(|| CONTEXT_DEFAULT.into());
    let Some(text) = reader.text(section, "context") else {
        return fallback();
    };
    if let Some(message) = context_error(&text.value) {
        reader.problem(&text.place, message);
        return fallback();
    }
    if let Some(other) = of_url.as_ref().filter(|other| **other != text.value) {
        let message = format!("{:?} is not the path of public_url, {other:?}", text.value);
        reader.problem(&text.place, message);
    }
    text.value
}

fn read_name(reader: &mut Reader, section: &Section) -> String {
    const DEFAULT: &str = "LPSE (contoh)";
    let Some(text) = reader.text(section, "name") else {
        return DEFAULT.into();
    };
    let name = text.value.trim();
    let message = if name.is_empty() {
        "is empty"
    } else if name.chars().count() > NAME_CHARS_MAX {
        "is longer than 200 characters"
    } else if name.chars().any(char::is_control) {
        "holds a control character"
    } else if name.contains(':') {
        "must not hold a colon: authenticator apps end the name of the issuer there"
    } else {
        return name.to_owned();
    };
    reader.problem(&text.place, message);
    DEFAULT.into()
}

fn read_slug(reader: &mut Reader, section: &Section, name: &str) -> Option<String> {
    let text = reader.text(section, name)?;
    let fits = (1..=SLUG_CHARS_MAX).contains(&text.value.len())
        && text
            .value
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !fits {
        let message = format!("{:?} must be 1 to 32 of a-z, 0-9 and -", text.value);
        reader.problem(&text.place, message);
        return None;
    }
    Some(text.value)
}

fn id_of_context(context: &str) -> String {
    let sign = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let slug: String = context
        .trim_matches('/')
        .chars()
        .map(sign)
        .take(SLUG_CHARS_MAX)
        .collect();
    if slug.is_empty() { "root".into() } else { slug }
}

fn read_extra_hosts(reader: &mut Reader, section: &Section, scheme: Scheme) -> Vec<HostPort> {
    let mut hosts = Vec::new();
    for text in reader.texts(section, "extra_hosts").unwrap_or_default() {
        match HostPort::parse(&text.value, scheme) {
            Some(host) => hosts.push(host),
            None => {
                let message = format!(
                    "{:?} is no host; write it like spse.example.go.id or spse.example.go.id:8443",
                    text.value
                );
                reader.problem(&text.place, message);
            }
        }
    }
    hosts
}
