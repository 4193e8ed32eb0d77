//! From the profile as written to the profile as used: every value is compared with what it must
//! fit, and every problem is told at once.

mod links;
mod paths;
mod probe;
mod users;

use super::classify::Requests;
use super::cookies::{CookieNames, NamePattern, is_cookie_name};
use super::fields::{self, FieldNames};
use super::path;
use super::raw::{self, RawProfile, RawSessionCookie};
use super::read::{Problem, Problems, nearest};
use super::{CookieKind, OwnRequest, Profile, SessionCookie, SignedPairs};
use std::sync::Arc;
use toml::Table;

/// Methods that a profile may allow. TRACE and CONNECT are never forwarded.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Reads and checks a profile.
pub(super) fn profile(text: &str, context: &str) -> Result<Profile, Vec<Problem>> {
    let problems = Problems::default();
    check_context(context, &problems);
    let file = match text.parse::<Table>() {
        Ok(file) => file,
        Err(error) => {
            problems.add(
                "profile",
                format!("is no TOML: {}", error.to_string().trim_end()),
            );
            return Err(problems.into_vec());
        }
    };
    let raw = raw::read(file, &problems);
    let built = build(&raw, context, &problems);
    let problems = problems.into_vec();
    match built {
        Some(profile) if problems.is_empty() => Ok(profile),
        _ => Err(problems),
    }
}

fn check_context(context: &str, problems: &Problems) {
    if context.is_empty() {
        return;
    }
    if !context.starts_with('/') || context.ends_with('/') {
        problems.add("context", "must be empty, or begin and not end with /");
    } else if !path::is_canonical(context.as_bytes()) {
        problems.add("context", "is not spelled in the canonical way");
    }
}

/// `None` only when something is missing without which there is nothing to build; a problem says so.
fn build(raw: &RawProfile, context: &str, problems: &Problems) -> Option<Profile> {
    let session_cookie = session_cookie(&raw.session_cookie, problems);
    let cookie_names = cookie_names(raw, problems);
    let requests = requests(raw, problems);
    let fields = login_fields(raw, problems);
    let override_words = findable(
        "requests.override_query_contains",
        &raw.requests.override_query_contains,
        problems,
    );
    let paths = paths::check(raw, problems);
    let users = users::check(&raw.users, problems);
    let header_block = probe::header_block(&raw.header_block, context, problems);
    let marker = probe::marker(&raw.header_block, problems);
    let probe_pages = probe::pages(raw, &paths, context, problems);
    let links = links::check(raw, problems);
    Some(Profile {
        name: raw.name.clone(),
        context: context.to_owned(),
        context_folded: path::folded(context.as_bytes()).into_owned(),
        limits: raw.limits,
        session_cookie,
        cookie_names,
        requests,
        paths,
        fields: Arc::new(fields),
        override_words,
        logout: OwnRequest {
            method: raw.logout.method.clone(),
            path: format!("{context}{}", raw.logout.path),
        },
        users: Arc::new(users?),
        header_block: header_block?,
        marker: Arc::new(marker?),
        probe_pages,
        login_form_pages: login_form_pages(raw, context),
        nobody_pages: raw.probe.nobody_pages,
        links,
    })
}

/// Those that a look can ask for: placeholders stand for what nobody knows.
fn login_form_pages(raw: &RawProfile, context: &str) -> Vec<String> {
    let pages = raw.login.pages.iter().filter(|page| !page.contains('{'));
    pages.map(|page| format!("{context}{page}")).collect()
}

fn session_cookie(raw: &RawSessionCookie, problems: &Problems) -> SessionCookie {
    if !raw.name.is_empty() && !is_cookie_name(&raw.name) {
        problems.add("session_cookie.name", "is no name of a cookie");
    }
    let kind = match &raw.pairs {
        None => CookieKind::Opaque,
        Some(pairs) => {
            let keys = &pairs.anonymous_keys;
            for key in pairs.noise_keys.iter().filter(|key| !keys.contains(key)) {
                let near = nearest(key, keys.iter().map(String::as_str));
                let message = format!("`{key}` is none of anonymous_keys{near}");
                problems.add("session_cookie.noise_keys", message);
            }
            if pairs.noise_keys.contains(&pairs.id_key) {
                problems.add("session_cookie.noise_keys", "must not hold the id key");
            }
            CookieKind::SignedPairs(SignedPairs {
                separator: one_byte("session_cookie.separator", &pairs.separator, problems),
                id_key: pairs.id_key.clone(),
                noise_keys: pairs.noise_keys.clone(),
                anonymous_keys: pairs.anonymous_keys.clone(),
            })
        }
    };
    SessionCookie {
        name: raw.name.clone(),
        kind,
    }
}

/// A text of one ASCII sign. An empty one was reported when it was read.
fn one_byte(key: &str, text: &str, problems: &Problems) -> u8 {
    match text.as_bytes() {
        [byte] if byte.is_ascii_graphic() => *byte,
        [] => 0,
        _ => {
            problems.add(key, "must be one sign of ASCII");
            0
        }
    }
}

fn cookie_names(raw: &RawProfile, problems: &Problems) -> CookieNames {
    let session = &raw.session_cookie.name;
    for name in &raw.cookies.readable {
        if !is_cookie_name(name) {
            problems.add(
                "cookies.readable",
                format!("`{name}` is no name of a cookie"),
            );
        } else if name.eq_ignore_ascii_case(session) {
            problems.add("cookies.readable", "must not hold the session cookie");
        }
    }
    let mut script_made = Vec::new();
    for text in &raw.cookies.script_made {
        let pattern = NamePattern::new(text);
        let stem = pattern.stem();
        let problem = if !is_cookie_name(stem) || stem.contains('*') {
            "is no name of a cookie, nor the beginning of one and a `*`"
        } else if stem.len() < 3 || stem.starts_with("__") {
            "matches too much: give at least three signs, and not `__`"
        } else if pattern.matches(session.as_bytes()) {
            "matches the session cookie"
        } else {
            script_made.push(pattern);
            continue;
        };
        problems.add("cookies.script_made", format!("`{text}` {problem}"));
    }
    CookieNames {
        session: session.clone(),
        readable: raw.cookies.readable.clone(),
        script_made,
    }
}

fn requests(raw: &RawProfile, problems: &Problems) -> Requests {
    let raw = &raw.requests;
    check_methods("requests.methods", &raw.methods, &METHODS, problems);
    check_methods("requests.tus_methods", &raw.tus_methods, &METHODS, problems);
    let upgrades = lower(&raw.upgrades);
    for protocol in upgrades.iter().filter(|protocol| *protocol != "websocket") {
        let near = nearest(protocol, ["websocket"]);
        problems.add(
            "requests.upgrades",
            format!("`{protocol}` is not known{near}"),
        );
    }
    for (key, names) in [
        ("requests.override_headers", &raw.override_headers),
        ("requests.script_headers", &raw.script_headers),
    ] {
        for name in names.iter().filter(|name| !is_cookie_name(name)) {
            // RFC 9110 section 5.1: the name of a header is a `token`, as a cookie's is.
            problems.add(key, format!("`{name}` is no name of a header"));
        }
    }
    Requests {
        methods: raw.methods.clone(),
        tus_methods: raw.tus_methods.clone(),
        override_headers: raw
            .override_headers
            .iter()
            .map(|h| h.to_ascii_lowercase().replace('_', "-"))
            .collect(),
        override_query_keys: lower(&raw.override_query_keys),
        upgrades,
        script_headers: lower(&raw.script_headers),
    }
}

fn lower(words: &[String]) -> Vec<String> {
    words.iter().map(|word| word.to_ascii_lowercase()).collect()
}

/// Notes every method that is none of `known`.
fn check_methods(key: &str, methods: &[String], known: &[&str], problems: &Problems) {
    for method in methods
        .iter()
        .filter(|method| !known.contains(&method.as_str()))
    {
        let near = nearest(method, known.iter().copied());
        problems.add(
            key,
            format!("`{method}` is not one of {}{near}", known.join(", ")),
        );
    }
}

fn login_fields(raw: &RawProfile, problems: &Problems) -> FieldNames {
    if raw.login.password_fields.is_empty() {
        problems.add(
            "login.password_fields",
            "must name a field, else no body shows a login",
        );
    }
    // Both lists are checked under their own key and searched for as one.
    findable(
        "login.password_fields",
        &raw.login.password_fields,
        problems,
    );
    findable("login.charset_fields", &raw.login.charset_fields, problems);
    let all = raw
        .login
        .password_fields
        .iter()
        .chain(&raw.login.charset_fields);
    FieldNames::new(all.map(String::as_str))
}

fn findable(key: &str, names: &[String], problems: &Problems) -> FieldNames {
    for name in names.iter().filter(|name| !fields::is_findable(name)) {
        let most = fields::NAME_BYTES_MAX;
        let message = format!("`{name}` must be 4 to {most} letters, digits, `_`, `-` or `.`");
        problems.add(key, message);
    }
    FieldNames::new(names.iter().map(String::as_str))
}

#[cfg(test)]
mod tests;
