//! Checks `[users]`.

use crate::primitives::{Role, UserType};
use crate::profile::raw::RawUsers;
use crate::profile::read::{Problems, nearest};
use crate::profile::users::{Users, role_key};
use std::collections::BTreeMap;

/// `None` when a part is missing; a problem says so.
pub(super) fn check(raw: &RawUsers, problems: &Problems) -> Option<Users> {
    let mut types = Vec::new();
    for name in &raw.types {
        match UserType::parse(name) {
            Ok(known) if types.contains(&known) => {
                problems.add("users.types", format!("`{name}` occurs twice"));
            }
            Ok(known) => types.push(known),
            Err(problem) => problems.add("users.types", format!("`{name}` is {problem}")),
        }
    }
    let default_type = known_type("users.default_type", &raw.default_type, &types, problems);
    let frozen = raw.freeze_types.iter();
    let freeze_types = frozen
        .filter_map(|name| known_type("users.freeze_types", name, &types, problems))
        .collect();
    let mut type_by_role = BTreeMap::new();
    let mut roles = Vec::new();
    for (label, name) in &raw.roles {
        let key = format!("users.roles.\"{label}\"");
        match Role::parse(label) {
            Ok(role) => roles.push(role),
            Err(problem) => problems.add(&key, format!("is {problem}")),
        }
        if let Some(user_type) = known_type(&key, name, &types, problems)
            && type_by_role.insert(role_key(label), user_type).is_some()
        {
            problems.add(&key, "occurs twice, in another spelling");
        }
    }
    Some(Users {
        folding: raw.case_folding?,
        default_type: default_type?,
        freeze_types,
        types,
        roles,
        type_by_role,
    })
}

fn known_type(key: &str, name: &str, types: &[UserType], problems: &Problems) -> Option<UserType> {
    let found = types.iter().find(|known| known.as_str() == name).cloned();
    if found.is_none() && !name.is_empty() {
        let near = nearest(name, types.iter().map(UserType::as_str));
        problems.add(key, format!("`{name}` is none of users.types{near}"));
    }
    found
}
