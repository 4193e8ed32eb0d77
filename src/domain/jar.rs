//! The upstream's session cookies of one session, as bytes: names and values copied as they came
//! (values hold raw `=`, `&`, `%`, `+`; spse44.md section 10).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Most cookies kept of one upstream session.
pub const JAR_COOKIES_MAX: usize = 20;
/// Most bytes of names and values together: Play itself limits a cookie to 4 KB.
pub const JAR_BYTES_MAX: usize = 16 * 1024;

/// Session-bearing cookies by name. Every request copies its jar some times and few change it:
/// copies share the map until one of them is changed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Jar(Arc<Cookies>);

type Cookies = BTreeMap<Vec<u8>, Vec<u8>>;

impl Jar {
    /// Sets or, with an empty value, removes a cookie. Whether the jar changed; a cookie that
    /// would pass the limits is not taken.
    pub fn set(&mut self, name: &[u8], value: &[u8]) -> bool {
        if value.is_empty() {
            return self.0.contains_key(name) && Arc::make_mut(&mut self.0).remove(name).is_some();
        }
        if self.0.get(name).is_some_and(|old| old == value) {
            return false;
        }
        let old = self.0.get(name).map_or(0, Vec::len);
        let full = !self.0.contains_key(name) && self.0.len() >= JAR_COOKIES_MAX;
        if full || self.bytes() - old + name.len() + value.len() > JAR_BYTES_MAX {
            return false;
        }
        Arc::make_mut(&mut self.0).insert(name.to_vec(), value.to_vec());
        true
    }

    /// Value of one cookie.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// All cookies, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of names and values.
    pub fn bytes(&self) -> usize {
        self.0
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum()
    }

    /// One line `name=value; name=value` for the upstream, which reads only the first Cookie line.
    pub fn to_cookie_line(&self) -> Vec<u8> {
        let mut line = Vec::with_capacity(self.bytes() + 3 * self.0.len());
        for (name, value) in self.0.iter() {
            if !line.is_empty() {
                line.extend_from_slice(b"; ");
            }
            line.extend_from_slice(name);
            line.push(b'=');
            line.extend_from_slice(value);
        }
        line
    }

    /// Compact bytes for sealing: `len name len value ...` with 16-bit lengths.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes() + 4 * self.0.len());
        for part in self.0.iter().flat_map(|(name, value)| [name, value]) {
            // The limits keep every part far below 64 KiB.
            let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(part.get(..usize::from(length)).unwrap_or_default());
        }
        out
    }

    /// Reads [`Jar::to_bytes`]; `None` when it is anything else.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut parts = Vec::with_capacity(2);
        while !bytes.is_empty() {
            let (length, rest) = bytes.split_at_checked(2)?;
            let length = u16::from_be_bytes(<[u8; 2]>::try_from(length).ok()?);
            let (part, rest) = rest.split_at_checked(usize::from(length))?;
            parts.push(part.to_vec());
            bytes = rest;
        }
        let mut cookies = Cookies::new();
        let mut parts = parts.into_iter();
        while let Some(name) = parts.next() {
            cookies.insert(name, parts.next()?);
        }
        Some(Self(Arc::new(cookies)))
    }
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jar({} cookies)", self.0.len())
    }
}

impl Serialize for Jar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        data_encoding::BASE64
            .encode(&self.to_bytes())
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Jar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        data_encoding::BASE64
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| Self::from_bytes(&bytes))
            .ok_or_else(|| serde::de::Error::custom("not a jar"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_byte_for_byte() {
        let mut jar = Jar::default();
        assert!(jar.set(b"S", b"ab-___AT=1&x=%20+=\xff"));
        assert!(!jar.set(b"S", b"ab-___AT=1&x=%20+=\xff"));
        assert!(jar.set(b"A", b"1"));
        assert_eq!(jar.to_cookie_line(), b"A=1; S=ab-___AT=1&x=%20+=\xff");
        assert_eq!(Jar::from_bytes(&jar.to_bytes()).unwrap(), jar);
        let json = serde_json::to_string(&jar).unwrap();
        assert_eq!(serde_json::from_str::<Jar>(&json).unwrap(), jar);
        assert!(jar.set(b"A", b""));
        assert_eq!(jar.get(b"A"), None);
        assert!(!format!("{jar:?}").contains("___AT"));
    }

    #[test]
    fn limits_hold() {
        let mut jar = Jar::default();
        for n in 0..JAR_COOKIES_MAX {
            assert!(jar.set(format!("c{n}").as_bytes(), b"1"));
        }
        assert!(!jar.set(b"more", b"1"));
        assert!(!jar.set(b"c1", &vec![b'x'; JAR_BYTES_MAX]));
        assert!(Jar::from_bytes(b"\x00\x05ab").is_none());
    }
}
