//! What nobody asked for: reported with the nearest name that somebody did ask for.

use super::nearest::{nearest, suggestion};
use super::problem::{Problem, Report};
use super::reader::{ANY_MEMBER, Reader};
use super::tree::{Node, Value, variable_of};
use std::collections::BTreeSet;

/// Names under which somebody may try to write a secret into the configuration.
const SECRET_NAMES: [&str; 6] = [
    "key",
    "secret",
    "password",
    "passphrase",
    "token",
    "master_key",
];

impl Reader {
    /// Reports what nobody asked for and gives the report, in the order of the file.
    pub(super) fn finish(mut self) -> Report {
        let root = self.root.clone();
        self.unknown(&root, &mut Vec::new());
        let order = |p: &Problem| (p.file.is_none(), p.line, p.key.clone(), p.message.clone());
        self.report.problems.sort_by_key(order);
        self.report.problems.dedup();
        self.report.warnings.sort_by_key(order);
        self.report
    }

    fn unknown(&mut self, node: &Node, path: &mut Vec<String>) {
        match &node.value {
            Value::Table(entries) => {
                for (name, inner) in entries {
                    path.push(name.clone());
                    self.unknown_entry(inner, path);
                    path.pop();
                }
            }
            Value::List(members) => {
                path.push(ANY_MEMBER.to_owned());
                for member in members {
                    self.unknown(member, path);
                }
                path.pop();
            }
            _ => {}
        }
    }

    fn unknown_entry(&mut self, node: &Node, path: &mut Vec<String>) {
        let inside = self
            .known
            .iter()
            .any(|k| k.len() > path.len() && k.starts_with(path));
        if self.known.contains(path.as_slice()) {
            // A table in the place of a value was reported when it was read.
            if inside && matches!(node.value, Value::List(_)) {
                self.unknown(node, path);
            }
        } else if !inside {
            let message = self.unknown_message(node, path);
            self.problem(&node.place, message);
        } else if matches!(node.value, Value::Table(_)) {
            self.unknown(node, path);
        } else {
            self.wrong_kind(node, "a section");
        }
    }

    fn unknown_message(&self, node: &Node, path: &[String]) -> String {
        let Some((name, parents)) = path.split_last() else {
            return String::new();
        };
        let siblings: BTreeSet<&str> = self
            .known
            .iter()
            .filter(|k| k.starts_with(parents))
            .filter_map(|k| k.get(parents.len()).map(String::as_str))
            .collect();
        if node.place.file.is_none() {
            return format!("unknown setting; {}", self.variable_hint(&node.place.key));
        }
        let what = if matches!(node.value, Value::Table(_)) {
            "section"
        } else {
            "key"
        };
        if nearest(name, siblings.iter().copied()).is_empty() {
            if SECRET_NAMES.contains(&name.as_str()) {
                return "unknown key; secrets do not stand in the configuration: \
                        write the path of a file as `key_file` in [state]"
                    .into();
            }
            let elsewhere = self.known.iter().find(|k| k.last() == Some(name));
            if let Some(home) = elsewhere {
                return format!("unknown {what}; `{name}` belongs to {}", section_name(home));
            }
        }
        format!("unknown {what}; {}", suggestion(name, siblings))
    }

    fn variable_hint(&self, variable: &str) -> String {
        let settable = self
            .known
            .iter()
            .filter(|k| !k.iter().any(|s| s == ANY_MEMBER));
        let names: Vec<String> = settable.map(|k| variable_of(k)).collect();
        match nearest(variable, names.iter().map(String::as_str)).first() {
            Some(near) => format!("did you mean {near}?"),
            None => "no setting has a name like it".into(),
        }
    }
}

fn section_name(path: &[String]) -> String {
    match path.split_last() {
        Some((_, [])) | None => "the top of the file, before the first [section]".into(),
        Some((_, parents)) => match parents.split_last() {
            Some((last, list)) if last == ANY_MEMBER => format!("[[{}]]", list.join(".")),
            _ => format!("[{}]", parents.join(".")),
        },
    }
}
