//! E-mail addresses, checked where they come in: what gets through can be written into a header and
//! an SMTP command as it stands (RFC 5321 section 4.1.2, dot-string and domain, without quoting).

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest address in bytes (RFC 5321 section 4.5.3.1.3: a path of 256 with its angle brackets).
pub const EMAIL_BYTES_MAX: usize = 254;
/// Longest part before the sign (RFC 5321 section 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// Longest label of a domain (RFC 1035 section 2.3.4).
const LABEL_BYTES_MAX: usize = 63;
/// What may stand in the part before the sign besides letters, digits and single dots (RFC 5322 section
/// 3.2.3, atext).
const LOCAL_SIGNS: &[u8] = b"!#$%&'*+/=?^_`{|}~-";

/// One address, as it was written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// It is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no address like ppe@example.go.id")]
pub struct EmailError;

impl EmailAddress {
    /// Trims and checks. Quoted parts, comments, address literals, spaces, control characters and
    /// anything beyond ASCII are refused.
    ///
    /// # Errors
    /// [`EmailError`].
    pub fn parse(raw: &str) -> Result<Self, EmailError> {
        let text = raw.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError)?;
        let atom = |part: &str| {
            let fits = |b: u8| b.is_ascii_alphanumeric() || LOCAL_SIGNS.contains(&b);
            !part.is_empty() && part.bytes().all(fits)
        };
        let label = |part: &str| {
            let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            (1..=LABEL_BYTES_MAX).contains(&part.len())
                && part.bytes().all(fits)
                && !part.starts_with('-')
                && !part.ends_with('-')
        };
        let good = text.len() <= EMAIL_BYTES_MAX
            && local.len() <= LOCAL_BYTES_MAX
            && local.split('.').all(atom)
            && domain.contains('.')
            && domain.split('.').all(label);
        good.then(|| Self(text.to_owned())).ok_or(EmailError)
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether two people would take them for the same: without regard to case.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }

    /// First sign and domain, for a page that must not tell the rest: `p***@example.go.id`.
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or_default();
        let first = local.chars().next().unwrap_or('*');
        format!("{first}***@{domain}")
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({})", self.masked())
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = EmailError;
    fn try_from(raw: String) -> Result<Self, EmailError> {
        Self::parse(&raw)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_people_are_good() {
        for good in [
            "ppe@lpse.example.go.id",
            "a@b.co",
            "budi.santoso+lpse@example-one.id",
            "o'neil_99@example.go.id",
            &format!("{}@{}.id", "x".repeat(64), "y".repeat(63)),
        ] {
            assert_eq!(EmailAddress::parse(good).unwrap().as_str(), good);
        }
        let trimmed = EmailAddress::parse("  a@b.id\n").unwrap();
        assert_eq!(trimmed.as_str(), "a@b.id");
        assert!(trimmed.is_same(&EmailAddress::parse("A@B.ID").unwrap()));
        assert!(!trimmed.is_same(&EmailAddress::parse("a@c.id").unwrap()));
    }

    #[test]
    fn what_could_break_a_header_or_a_command_is_refused() {
        for bad in [
            "",
            "@",
            "a@",
            "@b.id",
            "a@b",
            "a b@c.id",
            "a@b.id\r\nBcc: x@y.id",
            "a\r\nBcc:x@y.id",
            "a@b.id,c@d.id",
            "<a@b.id>",
            "a@b@c.id",
            "\"a b\"@c.id",
            "a..b@c.id",
            ".a@c.id",
            "a.@c.id",
            "a@.id",
            "a@b..id",
            "a@b.id.",
            "a@-b.id",
            "a@b-.id",
            "a@[127.0.0.1]",
            "a@b_c.id",
            "ä@b.id",
            "a@bü.id",
            "a\0@b.id",
            "a(x)@b.id",
            "a;b@c.id",
            "a:b@c.id",
            "a\\b@c.id",
            &format!("{}@b.id", "x".repeat(65)),
            &format!("a@{}.id", "y".repeat(64)),
            &format!("a@{}id", "yyyyyyyyy.".repeat(26)),
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(EmailError), "{bad:?}");
        }
    }

    #[test]
    fn debug_tells_no_more_than_a_page_may() {
        let address = EmailAddress::parse("ppe@example.go.id").unwrap();
        assert_eq!(address.masked(), "p***@example.go.id");
        assert_eq!(format!("{address:?}"), "EmailAddress(p***@example.go.id)");
        let json = serde_json::to_string(&address).unwrap();
        assert_eq!(
            serde_json::from_str::<EmailAddress>(&json).unwrap(),
            address
        );
        assert!(serde_json::from_str::<EmailAddress>("\"a b@c.id\"").is_err());
    }
}
