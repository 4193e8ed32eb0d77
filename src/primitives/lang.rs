//! Bahasa Indonesia or English.

use serde::{Deserialize, Serialize};

/// Language of a page or a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lang {
    /// Bahasa Indonesia.
    Id,
    /// English.
    En,
}

/// Most entries of an Accept-Language header that are looked at; browsers send fewer than ten.
const ACCEPT_LANGUAGE_ENTRIES_MAX: usize = 20;

impl Lang {
    /// Both, the first one first.
    pub const ALL: [Self; 2] = [Self::Id, Self::En];

    /// Chooses by `lang=` in the raw query (the last one that is known wins), else by the browser:
    /// whoever lists Indonesian at all gets it, since the application behind speaks nothing else
    /// and browsers from the shop often put English first; English only for those who list it and
    /// not Indonesian.
    pub fn choose(query: Option<&str>, accept_language: Option<&str>) -> Self {
        let asked = query.and_then(|query| {
            query
                .split('&')
                .rev()
                .find_map(|pair| Self::parse(pair.strip_prefix("lang=")?))
        });
        if let Some(lang) = asked {
            return lang;
        }
        let lists = |codes: &[&str]| {
            let entries = accept_language.unwrap_or_default().split(',');
            let mut accepted = entries
                .take(ACCEPT_LANGUAGE_ENTRIES_MAX)
                .filter_map(accepted_language);
            accepted.any(|code| codes.iter().any(|known| code.eq_ignore_ascii_case(known)))
        };
        // "in" is what old Android calls Indonesian; Malay readers are better off with it, too.
        if lists(&["en"]) && !lists(&["id", "in", "ms"]) {
            Self::En
        } else {
            Self::Id
        }
    }

    /// `id` or `en`, nothing else.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.code() == code)
    }

    /// The code for `<html lang>` and the query.
    pub fn code(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::En => "en",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Id => Self::En,
            Self::En => Self::Id,
        }
    }
}

/// The primary code of one entry (`en-US;q=0.9` → `en`), `None` when its weight is zero.
fn accepted_language(entry: &str) -> Option<&str> {
    let (tag, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
    let weight = weight.trim().strip_prefix("q=").unwrap_or("1").trim();
    if weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0) {
        return None;
    }
    let primary = tag.trim().split(['-', '_']).next()?;
    (!primary.is_empty()).then_some(primary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_wins_then_the_browser() {
        let cases = [
            (None, None, Lang::Id),
            (Some("lang=en"), None, Lang::En),
            (Some("r=abc&lang=en"), Some("id"), Lang::En),
            (Some("lang=id"), Some("en"), Lang::Id),
            (Some("lang=en&lang=id"), None, Lang::Id),
            (Some("lang=xx"), Some("en-GB,en;q=0.9"), Lang::En),
            (Some("slang=en"), None, Lang::Id),
            (None, Some("id-ID,id;q=0.9,en-US;q=0.8"), Lang::Id),
            (None, Some("en-US,en;q=0.9,id;q=0.8"), Lang::Id),
            (None, Some("en-US,en;q=0.9,id;q=0"), Lang::En),
            (None, Some("EN"), Lang::En),
            (None, Some("in,en"), Lang::Id),
            (None, Some("de-DE,fr"), Lang::Id),
            (None, Some("en;q=garbage"), Lang::En),
            (None, Some(",;,"), Lang::Id),
        ];
        for (query, accept, lang) in cases {
            assert_eq!(Lang::choose(query, accept), lang, "{query:?} {accept:?}");
        }
    }
}
