//! Reads a TOML table key by key and notes every problem instead of stopping at the first: a
//! missing key, a wrong type, a key that nobody asked for with the nearest one that exists.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use toml::{Table, Value};

/// One thing that is wrong in a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the key, such as `limits.login_body_bytes`; `profile` for the file as a whole.
    pub key: String,
    /// A sentence that says what is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

/// Least likeness (Jaro-Winkler, 0 to 1) at which a known name is offered for an unknown one.
const LIKENESS_MIN: f64 = 0.7;

/// `; the nearest is ...` with the known name most like `unknown`, empty when none is like it.
pub(super) fn nearest<'n>(unknown: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let unknown = unknown.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&unknown, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| format!("; the nearest is `{name}`"))
        .unwrap_or_default()
}

/// Where problems are gathered.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    pub(super) fn add(&self, key: impl Into<String>, message: impl Into<String>) {
        self.0.borrow_mut().push(Problem {
            key: key.into(),
            message: message.into(),
        });
    }

    pub(super) fn into_vec(self) -> Vec<Problem> {
        self.0.into_inner()
    }
}

/// One table of the profile. What is missing or wrong is noted and read as empty; checks that
/// follow pass over empty values, so that one mistake is told once.
#[derive(Debug)]
pub(super) struct Reader<'p> {
    path: String,
    rest: Table,
    asked: Vec<&'static str>,
    /// The whole table is missing and that was noted: its keys are not noted again.
    absent: bool,
    problems: &'p Problems,
}

impl<'p> Reader<'p> {
    pub(super) fn new(path: &str, table: Table, problems: &'p Problems) -> Self {
        Self {
            path: path.to_owned(),
            rest: table,
            asked: Vec::new(),
            absent: false,
            problems,
        }
    }

    /// Full path of a key in this table.
    pub(super) fn key(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.asked.push(key);
        let value = self.rest.remove(key);
        if value.is_none() && !self.absent {
            self.problems.add(self.key(key), "is missing");
        }
        value
    }

    fn wrong(&self, key: &str, wanted: &str, found: &Value) {
        self.problems.add(
            self.key(key),
            format!("must be {wanted}, is {}", found.type_str()),
        );
    }

    /// A text that is not empty.
    pub(super) fn string(&mut self, key: &'static str) -> String {
        match self.take(key) {
            Some(Value::String(text)) if text.trim().is_empty() => {
                self.problems.add(self.key(key), "must not be empty");
                String::new()
            }
            Some(Value::String(text)) => text,
            Some(other) => {
                self.wrong(key, "a text", &other);
                String::new()
            }
            None => String::new(),
        }
    }

    /// A list of texts; the list may be empty, its texts may not.
    pub(super) fn strings(&mut self, key: &'static str) -> Vec<String> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let Value::Array(items) = value else {
            self.wrong(key, "a list of texts", &value);
            return Vec::new();
        };
        let mut texts = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            let name = format!("{key}[{at}]");
            match item {
                Value::String(text) if text.trim().is_empty() => {
                    self.problems.add(self.key(&name), "must not be empty");
                }
                Value::String(text) => texts.push(text),
                other => self.wrong(&name, "a text", &other),
            }
        }
        texts
    }

    /// A whole number in a range.
    pub(super) fn number(&mut self, key: &'static str, range: RangeInclusive<u64>) -> u64 {
        let least = *range.start();
        match self.take(key) {
            Some(Value::Integer(number)) => match u64::try_from(number) {
                Ok(number) if range.contains(&number) => number,
                _ => {
                    let message = format!("must be from {least} to {}, is {number}", range.end());
                    self.problems.add(self.key(key), message);
                    least
                }
            },
            Some(other) => {
                self.wrong(key, "a whole number", &other);
                least
            }
            None => least,
        }
    }

    /// A list of whole numbers in a range.
    pub(super) fn numbers(&mut self, key: &'static str, range: &RangeInclusive<u64>) -> Vec<u64> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let Value::Array(items) = value else {
            self.wrong(key, "a list of whole numbers", &value);
            return Vec::new();
        };
        let mut numbers = Vec::with_capacity(items.len());
        for item in items {
            match item
                .as_integer()
                .and_then(|number| u64::try_from(number).ok())
            {
                Some(number) if range.contains(&number) => numbers.push(number),
                _ => {
                    let (least, most) = (range.start(), range.end());
                    let message = format!("holds {item}, which is not from {least} to {most}");
                    self.problems.add(self.key(key), message);
                }
            }
        }
        numbers
    }

    /// One of a few words; the first when it is none of them.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let word = self.string(key);
        let found = words
            .iter()
            .find(|(name, _)| *name == word)
            .map(|(_, value)| *value);
        if found.is_none() && !word.is_empty() {
            let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
            let near = nearest(&word, names.iter().copied());
            let message = format!("`{word}` is not one of {}{near}", names.join(", "));
            self.problems.add(self.key(key), message);
        }
        found
    }

    /// A table of texts by names that the profile chooses.
    pub(super) fn texts_by_name(&mut self, key: &'static str) -> BTreeMap<String, String> {
        let Some(value) = self.take(key) else {
            return BTreeMap::new();
        };
        let Value::Table(table) = value else {
            self.wrong(key, "a table", &value);
            return BTreeMap::new();
        };
        let mut texts = BTreeMap::new();
        for (name, value) in table {
            match value {
                Value::String(text) => {
                    texts.insert(name, text);
                }
                other => self.wrong(&format!("{key}.\"{name}\""), "a text", &other),
            }
        }
        texts
    }

    /// A table inside this one.
    pub(super) fn table(&mut self, key: &'static str) -> Self {
        let (table, absent) = match self.take(key) {
            Some(Value::Table(table)) => (table, false),
            Some(other) => {
                self.wrong(key, "a table", &other);
                (Table::new(), true)
            }
            None => (Table::new(), true),
        };
        Self {
            absent,
            ..Self::new(&self.key(key), table, self.problems)
        }
    }

    /// A list of tables (`[[key]]`).
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Self> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let Value::Array(items) = value else {
            self.wrong(key, "a list of tables", &value);
            return Vec::new();
        };
        let mut readers = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            let name = format!("{key}[{at}]");
            match item {
                Value::Table(table) => {
                    readers.push(Self::new(&self.key(&name), table, self.problems));
                }
                other => self.wrong(&name, "a table", &other),
            }
        }
        readers
    }

    /// A list of tables that may be left out.
    pub(super) fn tables_if_any(&mut self, key: &'static str) -> Vec<Self> {
        if self.has(key) {
            return self.tables(key);
        }
        self.asked.push(key);
        Vec::new()
    }

    /// A yes or no that may be left out, which is a no.
    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        if !self.has(key) {
            self.asked.push(key);
            return false;
        }
        match self.take(key) {
            Some(Value::Boolean(yes)) => yes,
            Some(other) => {
                self.wrong(key, "true or false", &other);
                false
            }
            None => false,
        }
    }

    /// True when the table has the key, for keys that only some kinds of a table have.
    pub(super) fn has(&self, key: &str) -> bool {
        self.rest.contains_key(key)
    }

    /// Notes every key that nobody asked for.
    pub(super) fn finish(self) {
        for unknown in self.rest.keys() {
            let near = nearest(unknown, self.asked.iter().copied());
            self.problems
                .add(self.key(unknown), format!("is not known{near}"));
        }
    }
}
