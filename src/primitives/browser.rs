//! What a User-Agent tells people about a browser: its name and the system it runs on, no version. Anybody
//! can send any User-Agent, so nothing is decided by it.

use serde::{Deserialize, Serialize};

/// Signs of a browser, the more particular first: nearly all of them claim to be Chrome and Safari too.
const NAMES: [(&str, &str); 11] = [
    ("Edg/", "Microsoft Edge"),
    ("EdgA/", "Microsoft Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("UCBrowser/", "UC Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
/// Signs of a system, the more particular first: Android is a Linux, and an iPhone is "like Mac OS X".
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];
/// Longest User-Agent that is looked at, in bytes.
const BYTES_MAX: usize = 1_024;

/// A browser as people would name it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct BrowserName {
    /// "Chrome", or nothing that is known.
    pub name: Option<String>,
    /// "Windows", or nothing that is known.
    pub system: Option<String>,
}

impl BrowserName {
    /// For people: what is known of it, or a question mark.
    pub fn told(&self) -> String {
        match (&self.name, &self.system) {
            (Some(name), Some(system)) => format!("{name} ({system})"),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => "?".to_owned(),
        }
    }

    /// As far as a User-Agent tells.
    pub fn of(user_agent: &[u8]) -> Self {
        let seen = &user_agent[..user_agent.len().min(BYTES_MAX)];
        let seen = String::from_utf8_lossy(seen);
        let first = |signs: &[(&str, &str)]| {
            let found = signs.iter().find(|(sign, _)| seen.contains(sign));
            found.map(|(_, name)| (*name).to_owned())
        };
        Self {
            name: first(&NAMES),
            system: first(&SYSTEMS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_as_people_name_them() {
        for (user_agent, name, system) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
                Some("Chrome"),
                Some("Windows"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36 Edg/129.0.0.0",
                Some("Microsoft Edge"),
                Some("Windows"),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
                Some("Firefox"),
                Some("Linux"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 9; SM-J415F) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/20.0 Chrome/106.0.5249.126 Mobile Safari/537.36",
                Some("Samsung Internet"),
                Some("Android"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                Some("Safari"),
                Some("iPhone"),
            ),
            ("curl/8.5.0", None, None),
            ("", None, None),
        ] {
            let seen = BrowserName::of(user_agent.as_bytes());
            assert_eq!(seen.name.as_deref(), name, "{user_agent}");
            assert_eq!(seen.system.as_deref(), system, "{user_agent}");
        }
    }

    #[test]
    fn bytes_of_any_kind_and_length_are_no_trouble() {
        let long = [b"x".repeat(BYTES_MAX), b"Firefox/1".to_vec()].concat();
        for odd in [&[0xff, 0xfe, 0][..], &long] {
            assert_eq!(BrowserName::of(odd), BrowserName::default());
        }
    }
}
