//! The upstream's session cookie: the id in it, what of it matters, and whether an answer's cookie
//! is evidence of a login (design.md section 3, evidence 3).

use super::path;
use std::collections::BTreeMap;

/// The session cookie as the profile describes it. Names are case-sensitive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCookie {
    /// Name of the cookie.
    pub name: String,
    /// How its value is to be read.
    pub kind: CookieKind,
}

/// How the value of a session cookie is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CookieKind {
    /// `<signature><separator><key>=<value>&<key>=<value>`, readable and signed, as Play makes it.
    SignedPairs(SignedPairs),
    /// The whole value is the id of a session that the upstream keeps.
    Opaque,
}

/// The keys of a cookie of signed pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedPairs {
    /// What ends the signature.
    pub separator: u8,
    /// Key that holds the session id.
    pub id_key: String,
    /// Keys that change with every answer and say nothing, such as the time of expiry.
    pub noise_keys: Vec<String>,
    /// Keys that a session has before anybody has logged in, noise included.
    pub anonymous_keys: Vec<String>,
}

/// The pairs of a value. `None` as value marks a key that occurs twice.
type Pairs<'v> = BTreeMap<&'v [u8], Option<&'v [u8]>>;

impl SignedPairs {
    /// The pairs behind the signature; `None` when the value is not made like that. The empty value,
    /// with which a cookie is deleted, has no pairs.
    fn pairs<'v>(&self, value: &'v [u8]) -> Option<Pairs<'v>> {
        let value = unquoted(value);
        let mut pairs = Pairs::new();
        if value.is_empty() {
            return Some(pairs);
        }
        let at = memchr::memchr(self.separator, value)?;
        let (signature, data) = (&value[..at], &value[at + 1..]);
        if signature.is_empty() || !signature.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        for pair in data.split(|&b| b == b'&').filter(|pair| !pair.is_empty()) {
            let at = memchr::memchr(b'=', pair)?;
            let (key, value) = (&pair[..at], &pair[at + 1..]);
            pairs
                .entry(key)
                .and_modify(|seen| *seen = None)
                .or_insert(Some(value));
        }
        Some(pairs)
    }

    fn is_noise(&self, key: &[u8]) -> bool {
        self.noise_keys.iter().any(|name| name.as_bytes() == key)
    }

    fn is_anonymous(&self, key: &[u8]) -> bool {
        self.anonymous_keys
            .iter()
            .any(|name| name.as_bytes() == key)
    }

    /// The value of the id key. A second key that means the same in another spelling makes the
    /// value ambiguous: the upstream might read the other one.
    fn id<'v>(&self, value: &'v [u8]) -> Option<&'v [u8]> {
        let pairs = self.pairs(value)?;
        let id_key = self.id_key.as_bytes();
        let spellings = pairs
            .keys()
            .filter(|key| path::fully_decoded(key).as_ref() == id_key);
        if spellings.count() != 1 {
            return None;
        }
        pairs
            .get(id_key)
            .copied()
            .flatten()
            .filter(|id| !id.is_empty())
    }

    fn differs(&self, sent: Option<&[u8]>, answered: &[u8]) -> bool {
        let Some(new) = self.pairs(answered) else {
            return true;
        };
        if new.values().any(Option::is_none) {
            return true;
        }
        let Some(sent) = sent else {
            return new.keys().any(|key| !self.is_anonymous(key));
        };
        let Some(old) = self.pairs(sent) else {
            return true;
        };
        let lost = old
            .keys()
            .any(|key| !self.is_noise(key) && !new.contains_key(key));
        lost || new
            .iter()
            .any(|(key, value)| self.is_news(&old, key, value))
    }

    /// True when a pair of the answer is neither noise, nor unchanged, nor an anonymous key that
    /// the application has only now come to need. The id key may not come in like that: who is
    /// logged in may be kept under it.
    fn is_news(&self, old: &Pairs<'_>, key: &[u8], value: &Option<&[u8]>) -> bool {
        if self.is_noise(key) {
            return false;
        }
        match old.get(key) {
            Some(before) => before != value,
            None => !self.is_anonymous(key) || key == self.id_key.as_bytes(),
        }
    }
}

impl SessionCookie {
    /// The upstream's session id in a value. `None` when there is none, or not exactly one.
    pub fn id<'v>(&self, value: &'v [u8]) -> Option<&'v [u8]> {
        match &self.kind {
            CookieKind::SignedPairs(pairs) => pairs.id(value),
            CookieKind::Opaque => Some(unquoted(value)).filter(|id| !id.is_empty()),
        }
    }

    /// What of a value matters: pairs without signature and noise, sorted; the whole of an opaque
    /// or malformed value. Equal substance is the same session in the same state.
    pub fn substance(&self, value: &[u8]) -> Vec<u8> {
        let CookieKind::SignedPairs(kind) = &self.kind else {
            return value.to_vec();
        };
        let Some(pairs) = kind.pairs(value) else {
            return value.to_vec();
        };
        if pairs.values().any(Option::is_none) {
            return value.to_vec();
        }
        let mut substance = Vec::with_capacity(value.len());
        for (key, value) in pairs.iter().filter(|(key, _)| !kind.is_noise(key)) {
            if !substance.is_empty() {
                substance.push(b'&');
            }
            substance.extend_from_slice(key);
            substance.push(b'=');
            substance.extend_from_slice(value.unwrap_or_default());
        }
        substance
    }

    /// True when the cookie of an answer is evidence that somebody may have logged in: a key that no
    /// anonymous session has, or anything else that is not as it was sent (noise apart). The first
    /// anonymous cookie where none was sent is no evidence, nor is a further anonymous key that is
    /// not the id. An opaque value is evidence whenever it is new. What cannot be read is evidence.
    pub fn differs(&self, sent: Option<&[u8]>, answered: &[u8]) -> bool {
        match &self.kind {
            CookieKind::SignedPairs(pairs) => pairs.differs(sent, answered),
            CookieKind::Opaque => match sent {
                Some(sent) => unquoted(sent) != unquoted(answered),
                None => !unquoted(answered).is_empty(),
            },
        }
    }
}

/// Without one pair of double quotes around it, which parsers of cookies take off.
fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    }
}

#[cfg(test)]
mod tests;
