//! The profile as it is written: every value read and of the right type, nothing of it compared
//! with anything else yet. [`super::check`] turns it into a [`super::Profile`].

mod links;

use super::read::{Problems, Reader};
use super::{Folding, Limits};
pub(super) use links::{RawLink, RawLinkKind};
use std::collections::BTreeMap;
use toml::Table;

/// Longest time that any setting may have: a day, in seconds.
const DAY_SECONDS: u64 = 24 * 3600;

/// The whole file.
#[derive(Debug)]
pub(super) struct RawProfile {
    pub(super) name: String,
    pub(super) limits: Limits,
    pub(super) session_cookie: RawSessionCookie,
    pub(super) cookies: RawCookies,
    pub(super) requests: RawRequests,
    pub(super) paths: RawPaths,
    pub(super) public: Vec<RawPublic>,
    pub(super) login: RawLogin,
    pub(super) logout: RawLogout,
    pub(super) users: RawUsers,
    pub(super) header_block: RawHeaderBlock,
    pub(super) probe: RawProbe,
    pub(super) nobody: Vec<RawNobody>,
    pub(super) links: Vec<RawLink>,
}

/// `[session_cookie]`.
#[derive(Debug)]
pub(super) struct RawSessionCookie {
    pub(super) name: String,
    /// `None` for an opaque value.
    pub(super) pairs: Option<RawPairs>,
}

/// The keys of `[session_cookie]` that only signed pairs have.
#[derive(Debug)]
pub(super) struct RawPairs {
    pub(super) separator: String,
    pub(super) id_key: String,
    pub(super) noise_keys: Vec<String>,
    pub(super) anonymous_keys: Vec<String>,
}

/// `[cookies]`.
#[derive(Debug)]
pub(super) struct RawCookies {
    pub(super) readable: Vec<String>,
    pub(super) script_made: Vec<String>,
}

/// `[requests]`.
#[derive(Debug)]
pub(super) struct RawRequests {
    pub(super) methods: Vec<String>,
    pub(super) tus_methods: Vec<String>,
    pub(super) override_headers: Vec<String>,
    pub(super) override_query_contains: Vec<String>,
    pub(super) override_query_keys: Vec<String>,
    pub(super) upgrades: Vec<String>,
    pub(super) script_headers: Vec<String>,
}

/// `[paths]`.
#[derive(Debug)]
pub(super) struct RawPaths {
    pub(super) static_files: Vec<String>,
    pub(super) exempt: Vec<String>,
    pub(super) tus: Vec<String>,
    pub(super) private: Vec<String>,
    pub(super) reserved: Vec<String>,
    pub(super) reset: Vec<String>,
}

/// One `[[public]]`.
#[derive(Debug)]
pub(super) struct RawPublic {
    pub(super) key: String,
    pub(super) methods: Vec<String>,
    pub(super) paths: Vec<String>,
    pub(super) same_for_all: bool,
}

/// `[login]`.
#[derive(Debug)]
pub(super) struct RawLogin {
    pub(super) paths: Vec<String>,
    pub(super) pages: Vec<String>,
    pub(super) password_fields: Vec<String>,
    pub(super) charset_fields: Vec<String>,
}

/// `[logout]`.
#[derive(Debug)]
pub(super) struct RawLogout {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) paths: Vec<String>,
}

/// `[users]`.
#[derive(Debug)]
pub(super) struct RawUsers {
    pub(super) case_folding: Option<Folding>,
    pub(super) types: Vec<String>,
    pub(super) default_type: String,
    pub(super) freeze_types: Vec<String>,
    pub(super) roles: BTreeMap<String, String>,
}

/// `[header_block]`.
#[derive(Debug)]
pub(super) struct RawHeaderBlock {
    pub(super) block: String,
    pub(super) link: String,
    pub(super) id_attribute: String,
    pub(super) before_user_id: String,
    pub(super) after_user_id: String,
    pub(super) link_path: String,
    pub(super) link_key: String,
    pub(super) before_role: String,
    pub(super) marker: String,
}

/// `[probe]`.
#[derive(Debug)]
pub(super) struct RawProbe {
    pub(super) nobody_pages: usize,
    pub(super) pages: Vec<RawPage>,
}

/// One `[[probe.page]]`.
#[derive(Debug)]
pub(super) struct RawPage {
    pub(super) key: String,
    pub(super) path: String,
    pub(super) nobody: Vec<String>,
}

/// One `[[nobody]]`.
#[derive(Debug)]
pub(super) struct RawNobody {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) kind: RawNobodyKind,
}

/// What a `[[nobody]]` describes.
#[derive(Debug)]
pub(super) enum RawNobodyKind {
    /// `redirect_to`.
    Redirect(Vec<String>),
    /// `status`, `title` and `texts`.
    Page {
        status: Vec<u64>,
        title: String,
        texts: Vec<String>,
    },
}

/// Reads the whole file; what is wrong is noted in `problems`.
pub(super) fn read(file: Table, problems: &Problems) -> RawProfile {
    let mut top = Reader::new("", file, problems);
    let raw = RawProfile {
        name: top.string("name"),
        limits: limits(top.table("limits")),
        session_cookie: session_cookie(top.table("session_cookie")),
        cookies: cookies(top.table("cookies")),
        requests: requests(top.table("requests")),
        paths: paths(top.table("paths")),
        public: top.tables("public").into_iter().map(public).collect(),
        login: login(top.table("login")),
        logout: logout(top.table("logout")),
        users: users(top.table("users")),
        header_block: header_block(top.table("header_block")),
        probe: probe(top.table("probe")),
        nobody: top.tables("nobody").into_iter().map(nobody).collect(),
        links: top
            .tables_if_any("links")
            .into_iter()
            .map(links::link)
            .collect(),
    };
    top.finish();
    raw
}

fn limits(mut r: Reader<'_>) -> Limits {
    let bytes = |r: &mut Reader<'_>, key, range| usize::try_from(r.number(key, range)).unwrap_or(0);
    let limits = Limits {
        longest_answer_seconds: r.number("longest_answer_seconds", 1..=DAY_SECONDS),
        session_longest_life_seconds: r
            .number("session_longest_life_seconds", 60..=30 * DAY_SECONDS),
        request_line_bytes: bytes(&mut r, "request_line_bytes", 256..=1 << 20),
        header_bytes: bytes(&mut r, "header_bytes", 1024..=1 << 20),
        login_body_bytes: bytes(&mut r, "login_body_bytes", 1024..=1 << 20),
    };
    r.finish();
    limits
}

fn session_cookie(mut r: Reader<'_>) -> RawSessionCookie {
    let name = r.string("name");
    let signed = r.choice("kind", &[("signed-pairs", true), ("opaque", false)]);
    // Without a kind the keys of the larger one are known, so that they are not reported as well.
    let pairs = (signed.unwrap_or_else(|| r.has("id_key"))).then(|| RawPairs {
        separator: r.string("separator"),
        id_key: r.string("id_key"),
        noise_keys: r.strings("noise_keys"),
        anonymous_keys: r.strings("anonymous_keys"),
    });
    r.finish();
    RawSessionCookie { name, pairs }
}

fn cookies(mut r: Reader<'_>) -> RawCookies {
    let cookies = RawCookies {
        readable: r.strings("readable"),
        script_made: r.strings("script_made"),
    };
    r.finish();
    cookies
}

fn requests(mut r: Reader<'_>) -> RawRequests {
    let requests = RawRequests {
        methods: r.strings("methods"),
        tus_methods: r.strings("tus_methods"),
        override_headers: r.strings("override_headers"),
        override_query_contains: r.strings("override_query_contains"),
        override_query_keys: r.strings("override_query_keys"),
        upgrades: r.strings("upgrades"),
        script_headers: r.strings("script_headers"),
    };
    r.finish();
    requests
}

fn paths(mut r: Reader<'_>) -> RawPaths {
    let paths = RawPaths {
        static_files: r.strings("static"),
        exempt: r.strings("exempt"),
        tus: r.strings("tus"),
        private: r.strings("private"),
        reserved: r.strings("reserved"),
        reset: r.strings("reset"),
    };
    r.finish();
    paths
}

fn public(mut r: Reader<'_>) -> RawPublic {
    let public = RawPublic {
        key: r.key("paths"),
        methods: r.strings("methods"),
        paths: r.strings("paths"),
        same_for_all: r.flag("same_for_all"),
    };
    r.finish();
    public
}

fn login(mut r: Reader<'_>) -> RawLogin {
    let login = RawLogin {
        paths: r.strings("paths"),
        pages: r.strings("pages"),
        password_fields: r.strings("password_fields"),
        charset_fields: r.strings("charset_fields"),
    };
    r.finish();
    login
}

fn logout(mut r: Reader<'_>) -> RawLogout {
    let logout = RawLogout {
        method: r.string("method"),
        path: r.string("path"),
        paths: r.strings("paths"),
    };
    r.finish();
    logout
}

fn users(mut r: Reader<'_>) -> RawUsers {
    let folding = [
        ("upper", Folding::Upper),
        ("lower", Folding::Lower),
        ("none", Folding::None),
    ];
    let users = RawUsers {
        case_folding: r.choice("case_folding", &folding),
        types: r.strings("types"),
        default_type: r.string("default_type"),
        freeze_types: r.strings("freeze_types"),
        roles: r.texts_by_name("roles"),
    };
    r.finish();
    users
}

fn header_block(mut r: Reader<'_>) -> RawHeaderBlock {
    let block = RawHeaderBlock {
        block: r.string("block"),
        link: r.string("link"),
        id_attribute: r.string("id_attribute"),
        before_user_id: r.string("before_user_id"),
        after_user_id: r.string("after_user_id"),
        link_path: r.string("link_path"),
        link_key: r.string("link_key"),
        before_role: r.string("before_role"),
        marker: r.string("marker"),
    };
    r.finish();
    block
}

fn probe(mut r: Reader<'_>) -> RawProbe {
    let nobody_pages = usize::try_from(r.number("nobody_pages", 1..=10)).unwrap_or(1);
    let pages = r.tables("page").into_iter().map(page).collect();
    r.finish();
    RawProbe {
        nobody_pages,
        pages,
    }
}

fn page(mut r: Reader<'_>) -> RawPage {
    let page = RawPage {
        key: r.key(""),
        path: r.string("path"),
        nobody: r.strings("nobody"),
    };
    r.finish();
    RawPage {
        key: page.key.trim_end_matches('.').to_owned(),
        ..page
    }
}

fn nobody(mut r: Reader<'_>) -> RawNobody {
    let name = r.string("name");
    let key = r.key("name");
    let kind = if r.has("redirect_to") {
        RawNobodyKind::Redirect(r.strings("redirect_to"))
    } else {
        RawNobodyKind::Page {
            status: r.numbers("status", &(200..=599)),
            title: r.string("title"),
            texts: r.strings("texts"),
        }
    };
    r.finish();
    RawNobody { key, name, kind }
}
