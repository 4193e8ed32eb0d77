//! User ids, user types and roles.

use crate::primitives::account::NameError;
use crate::primitives::{Role, UserId, UserType};
use std::collections::BTreeMap;

/// How the upstream folds the case of user ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folding {
    /// `ppk2` is `PPK2`.
    Upper,
    /// `PPK2` is `ppk2`.
    Lower,
    /// They are two users.
    None,
}

/// `[users]`.
#[derive(Debug)]
pub(super) struct Users {
    pub(super) folding: Folding,
    pub(super) types: Vec<UserType>,
    pub(super) default_type: UserType,
    /// Whom a freeze of the policy protects.
    pub(super) freeze_types: Vec<UserType>,
    /// In the order of the alphabet.
    pub(super) roles: Vec<Role>,
    /// By [`role_key`].
    pub(super) type_by_role: BTreeMap<String, UserType>,
}

impl Users {
    /// Trimmed and folded as the upstream reads an id.
    pub(super) fn fold_id(&self, raw: &str) -> Result<UserId, NameError> {
        let trimmed = raw.trim();
        match self.folding {
            Folding::Upper => UserId::parse(&trimmed.to_uppercase()),
            Folding::Lower => UserId::parse(&trimmed.to_lowercase()),
            Folding::None => UserId::parse(trimmed),
        }
    }

    pub(super) fn type_of(&self, role: &Role) -> &UserType {
        self.type_by_role
            .get(&role_key(role.as_str()))
            .unwrap_or(&self.default_type)
    }
}

/// Roles are compared without regard to case and to how much white space stands between words.
pub(super) fn role_key(label: &str) -> String {
    one_line(label).to_lowercase()
}

/// The text with every run of white space and control characters as one space, none at the ends.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
