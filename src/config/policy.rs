//! `[policy]` and `[[policy.rule]]`: what is asked of whom.

use super::problem::Place;
use super::reader::{At, Reader, Section};
use crate::domain::policy_file::{Mode, PolicyFile, Rule, Subject};
use crate::primitives::{Role, UserType};

/// Stands for any user type or role.
const ANY: &str = "*";

/// A user type or role that was written; only the profile knows whether there is such a one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct NameUse {
    pub(super) place: Place,
    pub(super) kind: NameKind,
    pub(super) name: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NameKind {
    UserType,
    Role,
}

pub(super) fn read(reader: &mut Reader, names: &mut Vec<NameUse>) -> PolicyFile {
    let section = Section::named("policy");
    let mode = |reader: &mut Reader, name: &str| {
        reader
            .word(&section, name, &Mode::WORDS)
            .map_or(Mode::default(), |mode| mode.value)
    };
    let (default, ceiling) = (mode(reader, "default"), mode(reader, "ceiling"));
    let mut rules: Vec<At<Rule>> = Vec::new();
    for table in reader.tables(&section, "rule") {
        let subject = read_subject(reader, &table.value, names);
        let mode = reader.word(&table.value, "mode", &Mode::WORDS);
        if mode.is_none() && reader.written(&table.value, "mode").is_none() {
            reader.problem(&table.place, "has no `mode`");
        }
        let (Some(subject), Some(mode)) = (subject, mode) else {
            continue;
        };
        if subject == Subject::default() {
            let message = "is for everybody; write its mode as `default` in [policy]";
            reader.problem(&table.place, message);
        }
        if let Some(earlier) = rules.iter().find(|rule| rule.value.subject == subject) {
            let message = twice(&earlier.place);
            reader.problem(&table.place, message);
        }
        rules.push(At {
            value: Rule {
                subject,
                demand: mode.value.into(),
            },
            place: table.place,
        });
    }
    let rules = rules.into_iter().map(|rule| rule.value).collect();
    PolicyFile {
        default: default.into(),
        ceiling,
        rules,
    }
}

/// What is said of two members of a list for the same user type and role.
pub(super) fn twice(earlier: &Place) -> String {
    let line = earlier
        .line
        .map_or_else(String::new, |line| format!(" in line {line}"));
    format!(
        "is for the same user_type and role as {}{line}",
        earlier.key
    )
}

/// `user_type` and `role` of one table; `None` after a problem.
pub(super) fn read_subject(
    reader: &mut Reader,
    table: &Section,
    names: &mut Vec<NameUse>,
) -> Option<Subject> {
    let unknown_ok = reader.boolean(table, "unknown_ok", false);
    let mut one = |name: &str, kind: NameKind| -> Result<Option<String>, ()> {
        let Some(At { value, place }) = reader.text(table, name) else {
            return if reader.written(table, name).is_some() {
                Err(())
            } else {
                Ok(None)
            };
        };
        if value == ANY {
            return Ok(None);
        }
        match Role::parse(&value) {
            Ok(checked) => {
                let checked = String::from(checked);
                if !unknown_ok {
                    names.push(NameUse {
                        place,
                        kind,
                        name: checked.clone(),
                    });
                }
                Ok(Some(checked))
            }
            Err(error) => {
                reader.problem(&place, format!("is {error}"));
                Err(())
            }
        }
    };
    let user_type = one("user_type", NameKind::UserType);
    let role = one("role", NameKind::Role);
    let (Ok(user_type), Ok(role)) = (user_type, role) else {
        return None;
    };
    Some(Subject {
        user_type: user_type.and_then(|name| UserType::parse(&name).ok()),
        role: role.and_then(|name| Role::parse(&name).ok()),
    })
}
