//! What kind of cookie a name stands for (design.md section 2).

/// What a cookie's name says about it. Names are compared exactly, as the upstream compares them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieClass {
    /// The upstream's session.
    Session,
    /// Carries no session and is read by scripts or holds a message for the next page: passes both
    /// ways as it is.
    Readable,
    /// Made by scripts in the page: may pass to the upstream.
    ScriptMade,
    /// Anything else. From the upstream it counts as carrying a session, from a client it is dropped.
    Unlisted,
}

/// The names of `[cookies]` and the session cookie's.
#[derive(Debug, Clone)]
pub(super) struct CookieNames {
    pub(super) session: String,
    pub(super) readable: Vec<String>,
    pub(super) script_made: Vec<NamePattern>,
}

/// A name, or with a `*` at the end the beginning of names.
#[derive(Debug, Clone)]
pub(super) struct NamePattern {
    stem: String,
    open: bool,
}

impl NamePattern {
    pub(super) fn new(text: &str) -> Self {
        match text.strip_suffix('*') {
            Some(stem) => Self {
                stem: stem.to_owned(),
                open: true,
            },
            None => Self {
                stem: text.to_owned(),
                open: false,
            },
        }
    }

    pub(super) fn matches(&self, name: &[u8]) -> bool {
        let stem = self.stem.as_bytes();
        if self.open {
            name.starts_with(stem)
        } else {
            name == stem
        }
    }

    /// The fixed part.
    pub(super) fn stem(&self) -> &str {
        &self.stem
    }
}

impl CookieNames {
    pub(super) fn class(&self, name: &[u8]) -> CookieClass {
        if name == self.session.as_bytes() {
            CookieClass::Session
        } else if self.readable.iter().any(|known| known.as_bytes() == name) {
            CookieClass::Readable
        } else if self.script_made.iter().any(|known| known.matches(name)) {
            CookieClass::ScriptMade
        } else {
            CookieClass::Unlisted
        }
    }

    pub(super) fn case_variant_of_session(&self, name: &[u8]) -> bool {
        let session = self.session.as_bytes();
        name != session && name.eq_ignore_ascii_case(session)
    }
}

/// RFC 6265 section 4.1.1 `token`: what the name of a cookie may hold.
pub(super) fn is_cookie_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> CookieNames {
        CookieNames {
            session: "APP_SESSION".into(),
            readable: vec!["APP_FLASH".into()],
            script_made: vec![NamePattern::new("_ga*"), NamePattern::new("_gid")],
        }
    }

    #[test]
    fn classes_are_exact() {
        for (name, class) in [
            ("APP_SESSION", CookieClass::Session),
            ("APP_FLASH", CookieClass::Readable),
            ("_ga", CookieClass::ScriptMade),
            ("_ga_X1", CookieClass::ScriptMade),
            ("_gid", CookieClass::ScriptMade),
            ("_gidx", CookieClass::Unlisted),
            ("_GA", CookieClass::Unlisted),
            ("app_session", CookieClass::Unlisted),
            ("APP_SESSION ", CookieClass::Unlisted),
            ("APP_FLASH2", CookieClass::Unlisted),
            ("", CookieClass::Unlisted),
        ] {
            assert_eq!(names().class(name.as_bytes()), class, "{name}");
        }
    }

    #[test]
    fn case_variants_of_the_session_are_told() {
        assert!(names().case_variant_of_session(b"App_Session"));
        assert!(!names().case_variant_of_session(b"APP_SESSION"));
        assert!(!names().case_variant_of_session(b"APP_SESSIONS"));
    }
}
