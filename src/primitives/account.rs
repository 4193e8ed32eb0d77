//! Who somebody is for the upstream application: user id, user type, role.
//!
//! The values come from the upstream's own page (the probe), never from a typed form. Which user
//! types and roles exist is the profile's business: here they are checked strings.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest user id, role label or display name that is kept, in characters. SPSE's own form
/// fields are far shorter; longer input is a page that does not fit the profile.
pub const NAME_CHARS_MAX: usize = 200;

/// Why a string is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing but white space.
    #[error("empty")]
    Empty,
    /// Longer than [`NAME_CHARS_MAX`].
    #[error("longer than {NAME_CHARS_MAX} characters")]
    TooLong,
    /// Holds a control character.
    #[error("holds a control character")]
    Control,
}

fn checked(raw: &str) -> Result<String, NameError> {
    let text = raw.trim();
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.chars().count() > NAME_CHARS_MAX {
        return Err(NameError::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(NameError::Control);
    }
    Ok(text.to_owned())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Trims and checks.
            ///
            /// # Errors
            /// [`NameError`] when empty, too long, or with control characters.
            pub fn parse(raw: &str) -> Result<Self, NameError> {
                checked(raw).map(Self)
            }

            /// The text as shown.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(raw: String) -> Result<Self, NameError> {
                Self::parse(&raw)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

name!(
    /// A user id, already folded as the upstream folds it (the profile's `case_folding`).
    UserId
);
name!(
    /// A user type as the profile names it (for SPSE: providers and everybody else).
    UserType
);
name!(
    /// A role label as the upstream's page shows it.
    Role
);

/// One account of the upstream: the same user id may exist once per user type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct AccountId {
    /// By the profile's table from the role.
    pub user_type: UserType,
    /// Folded.
    pub user_id: UserId,
}

impl AccountId {
    /// The bytes under which records of this account are stored: `type NUL id`. Neither part can
    /// hold a NUL (control characters are refused), so two accounts never share a key.
    pub fn key(&self) -> Vec<u8> {
        let mut key = self.user_type.as_str().as_bytes().to_vec();
        key.push(0);
        key.extend_from_slice(self.user_id.as_str().as_bytes());
        key
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.user_type, self.user_id)
    }
}

/// What the upstream's page says about who is logged in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Identity {
    /// Type and folded user id.
    pub account: AccountId,
    /// Role label.
    pub role: Role,
    /// Name as shown; hostile text is possible, it is escaped where it is rendered.
    pub display_name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_checked() {
        assert_eq!(UserId::parse("  PPK2 ").unwrap().as_str(), "PPK2");
        assert_eq!(UserId::parse(" \t"), Err(NameError::Empty));
        assert_eq!(UserId::parse("a\r\nb"), Err(NameError::Control));
        assert_eq!(Role::parse(&"x".repeat(201)), Err(NameError::TooLong));
    }

    #[test]
    fn keys_of_different_accounts_differ() {
        let id = |t: &str, u: &str| AccountId {
            user_type: UserType::parse(t).unwrap(),
            user_id: UserId::parse(u).unwrap(),
        };
        assert_ne!(id("ab", "c").key(), id("a", "bc").key());
    }
}
