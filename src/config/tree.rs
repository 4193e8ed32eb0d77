//! The sources laid over each other: file, then environment, then command line. Every value keeps
//! where it was written.

use super::problem::{Place, Problem};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What marks a variable as ours: `GERBANG__SECTION__KEY`.
pub(super) const VARIABLE_PREFIX: &str = "GERBANG__";

/// A variable with one underscore too few in front and a double one inside is meant for us.
const VARIABLE_NEAR_PREFIX: &str = "GERBANG_";

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// The kinds of value that a configuration knows.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    /// Text of the environment or the command line: it is read as whatever the key wants.
    Untyped(String),
    /// `None` when it does not fit 64 bits.
    Integer(Option<i64>),
    Boolean(bool),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
    /// A TOML kind that no key wants, by its name.
    Other(&'static str),
}

impl Value {
    /// For messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) | Value::Untyped(_) => "text",
            Value::Integer(_) => "a whole number",
            Value::Boolean(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(kind) => kind,
        }
    }
}

/// An empty tree.
pub(super) fn empty() -> Node {
    Node {
        value: Value::Table(BTreeMap::new()),
        place: Place::default(),
    }
}

/// Reads a file's text.
///
/// # Errors
/// All syntax errors at once, each with its line. The text itself is never quoted: somebody may
/// have pasted a secret into it.
pub(super) fn parse(file: &Path, text: &str) -> Result<Node, Vec<Problem>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let place = |span: Option<Range<usize>>| Place {
        file: Some(file.to_owned()),
        line: span.map(|span| line_of(text, span.start)),
        key: String::new(),
    };
    if !errors.is_empty() {
        let problem = |e: &toml::de::Error| {
            let message = e.message().lines().collect::<Vec<_>>().join("; ");
            place(e.span()).problem(format!("not valid TOML: {message}"))
        };
        return Err(errors.iter().map(problem).collect());
    }
    let source = Source { file, text };
    Ok(source.table(document.get_ref(), place(Some(0..0))))
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text
        .bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
}

struct Source<'a> {
    file: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn place(&self, offset: usize, key: String) -> Place {
        Place {
            file: Some(self.file.to_owned()),
            line: Some(line_of(self.text, offset)),
            key,
        }
    }

    fn table(&self, table: &DeTable<'_>, place: Place) -> Node {
        let mut entries = BTreeMap::new();
        for (name, value) in table {
            let name_text = name.get_ref().as_ref();
            let key = if place.key.is_empty() {
                name_text.to_owned()
            } else {
                format!("{}.{name_text}", place.key)
            };
            let node = self.node(value, self.place(name.span().start, key));
            entries.insert(name_text.to_owned(), node);
        }
        Node {
            value: Value::Table(entries),
            place,
        }
    }

    fn node(&self, value: &Spanned<DeValue<'_>>, place: Place) -> Node {
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.as_ref().to_owned()),
            DeValue::Integer(number) => {
                let digits = number.as_str().replace('_', "");
                Value::Integer(i64::from_str_radix(&digits, number.radix()).ok())
            }
            DeValue::Boolean(flag) => Value::Boolean(*flag),
            DeValue::Float(_) => Value::Other("a fraction"),
            DeValue::Datetime(_) => Value::Other("a date"),
            DeValue::Array(members) => Value::List(self.members(members, &place)),
            DeValue::Table(table) => return self.table(table, place),
        };
        Node { value, place }
    }

    fn members(&self, members: &[Spanned<DeValue<'_>>], place: &Place) -> Vec<Node> {
        let numbered = members.iter().enumerate();
        numbered
            .map(|(index, member)| {
                let key = format!("{}[{}]", place.key, index + 1);
                self.node(member, self.place(member.span().start, key))
            })
            .collect()
    }
}

/// Lays one value over the tree, replacing what is there.
///
/// # Errors
/// A [`Problem`] when the path goes through something that is no table, or would replace a whole
/// table by a value.
pub(super) fn overlay(root: &mut Node, path: &[String], node: Node) -> Result<(), Problem> {
    let Value::Table(entries) = &mut root.value else {
        return Err(node
            .place
            .problem("names something inside a value that is no section"));
    };
    match path {
        [] => Err(node.place.problem("names no key")),
        [last] => {
            if let Some(Node {
                value: Value::Table(_),
                ..
            }) = entries.get(last)
            {
                return Err(node.place.problem("names a whole section, not a key in it"));
            }
            entries.insert(last.clone(), node);
            Ok(())
        }
        [first, rest @ ..] => {
            let inner = entries.entry(first.clone()).or_insert_with(|| Node {
                place: node.place.clone(),
                ..empty()
            });
            overlay(inner, rest, node)
        }
    }
}

/// Lays `GERBANG__SECTION__KEY` variables over the tree; returns what is wrong with them.
pub(super) fn overlay_environment(
    root: &mut Node,
    environment: &BTreeMap<OsString, OsString>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, value) in environment {
        let shown = name.to_string_lossy().into_owned();
        let place = Place {
            key: shown.clone(),
            ..Place::default()
        };
        let Some(path) = shown.strip_prefix(VARIABLE_PREFIX) else {
            if let Some(rest) = shown.strip_prefix(VARIABLE_NEAR_PREFIX)
                && rest.contains("__")
            {
                let message = format!("did you mean {VARIABLE_PREFIX}{rest}?");
                problems.push(place.problem(format!("unknown variable; {message}")));
            }
            // Anything else with one underscore is somebody else's (service links of containers).
            continue;
        };
        let Some(text) = value.to_str() else {
            problems.push(place.problem("is not UTF-8"));
            continue;
        };
        let segments: Vec<String> = path.split("__").map(str::to_lowercase).collect();
        let node = Node {
            value: Value::Untyped(text.to_owned()),
            place,
        };
        if let Err(problem) = overlay(root, &segments, node) {
            problems.push(problem);
        }
    }
    problems
}

/// The variable that sets a key.
pub(super) fn variable_of(path: &[String]) -> String {
    format!("{VARIABLE_PREFIX}{}", path.join("__").to_uppercase())
}

/// A variable that is read as it is, without the prefix; empty counts as not set.
pub(super) fn variable<'a>(
    environment: &'a BTreeMap<OsString, OsString>,
    name: &str,
) -> Option<&'a OsStr> {
    environment
        .get(OsStr::new(name))
        .map(OsString::as_os_str)
        .filter(|v| !v.is_empty())
}
