//! What stands around every page, and paths that stay on this site.

use super::Lang;
use serde_json::{Value, json};

/// What every page needs besides its own context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Language of the page.
    pub lang: Lang,
    /// `site.name`, for example `LPSE Kabupaten Contoh`.
    pub site_name: String,
    /// Where the gateway's own pages lie, without a slash at the end: `/eproc4/gerbang`.
    pub base: String,
    /// The application's home page: `/eproc4/`.
    pub home: String,
    /// No `public_url` is configured.
    pub loopback_banner: bool,
    /// A training site.
    pub training: bool,
    /// Path and query by which a GET shows this page again. Outside `base` there is no language
    /// link (the application's own addresses are never changed) and nothing is loaded anew.
    pub this_path: String,
    /// Version of the gateway.
    pub version: String,
}

impl Frame {
    /// The language in `this_path`, which own links and forms then carry on.
    fn lang_in_path(&self) -> Option<Lang> {
        let (_, query) = self.this_path.split_once('?')?;
        query
            .split('&')
            .rev()
            .find_map(|pair| Lang::parse(pair.strip_prefix("lang=")?))
    }

    /// `this_path` when it is one of the gateway's own pages, else the status page.
    fn own_path(&self) -> Option<&str> {
        let rest = self.this_path.strip_prefix(self.base.as_str())?;
        let own = rest.starts_with('/') || rest.starts_with('?') || rest.is_empty();
        (own && LocalPath::parse(&self.this_path).is_some()).then_some(self.this_path.as_str())
    }

    pub(super) fn view(&self) -> Value {
        let other = self.lang.other();
        let fallback = format!("{}/", self.base);
        json!({
            "lang": self.lang.code(),
            "lang_in_path": self.lang_in_path().map(Lang::code),
            "site_name": self.site_name,
            "base": self.base,
            "home": self.home,
            "loopback_banner": self.loopback_banner,
            "training": self.training,
            "this_path": self.own_path().unwrap_or(&fallback),
            "version": self.version,
            "other_lang": self.own_path().map(|path| json!({
                "lang": other.code(),
                "href": with_lang(path, other),
            })),
        })
    }

    pub(super) fn samples() -> [Self; 2] {
        let plain = Self {
            lang: Lang::Id,
            site_name: "LPSE Kabupaten Contoh".to_owned(),
            base: "/eproc4/gerbang".to_owned(),
            home: "/eproc4/".to_owned(),
            loopback_banner: false,
            training: false,
            this_path: "/eproc4/gerbang/acceptor?r=AAECAwQFBgc".to_owned(),
            version: "0.1.0".to_owned(),
        };
        let banners = Self {
            loopback_banner: true,
            training: true,
            this_path: "/eproc4/gerbang/acceptor?r=AAECAwQFBgc&lang=id".to_owned(),
            ..plain.clone()
        };
        [plain, banners]
    }
}

/// `path` with `lang=` set in its query, other parameters kept. For redirects that keep the chosen
/// language, and for the language link.
pub fn with_lang(path: &str, lang: Lang) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut out = format!("{path}?");
    for pair in query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("lang="))
    {
        out.push_str(pair);
        out.push('&');
    }
    out.push_str("lang=");
    out.push_str(lang.code());
    out
}

/// A path with query on this very origin: begins with one slash, no backslash, no control
/// character, so that no browser reads a host into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// `None` when it could lead elsewhere.
    pub fn parse(path: &str) -> Option<Self> {
        let local = path.starts_with('/')
            && !path.starts_with("//")
            && !path
                .chars()
                .any(|c| c == '\\' || c.is_control() || c.is_whitespace());
        local.then(|| Self(path.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for good in ["/", "/eproc4/home?a=b&c=%20", "/a//b"] {
            assert!(LocalPath::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "home",
            "//evil",
            "/\\evil",
            "\\evil",
            "https://evil/",
            "javascript:alert(1)",
            "/\t/evil",
            "/a b",
            "/a\r\nSet-Cookie: x",
            " /a",
            "/a\u{a0}",
        ] {
            assert!(LocalPath::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn the_language_is_set_once() {
        assert_eq!(with_lang("/a", Lang::En), "/a?lang=en");
        assert_eq!(
            with_lang("/a?r=1&lang=id&x=2", Lang::En),
            "/a?r=1&x=2&lang=en"
        );
        assert_eq!(with_lang("/a?lang=id&lang=en", Lang::Id), "/a?lang=id");
    }

    #[test]
    fn only_own_pages_get_a_language_link() {
        let [frame, _] = Frame::samples();
        for (path, own) in [
            ("/eproc4/gerbang/acceptor?r=1", true),
            ("/eproc4/gerbang", true),
            ("/eproc4/gerbang?x", true),
            ("/eproc4/gerbangs/", false),
            ("/eproc4/home", false),
            ("//evil/eproc4/gerbang/", false),
            ("/eproc4/gerbang/\\evil", false),
        ] {
            let frame = Frame {
                this_path: path.to_owned(),
                ..frame.clone()
            };
            let view = frame.view();
            assert_eq!(!view["other_lang"].is_null(), own, "{path}");
            let shown = if own { path } else { "/eproc4/gerbang/" };
            assert_eq!(view["this_path"], shown, "{path}");
        }
    }
}
