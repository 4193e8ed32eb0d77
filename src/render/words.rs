//! The sentences: message files of flat dotted keys with named slots.

use super::problem::{TemplateProblem, WordsError};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Something to say: a message key and what goes into its slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Say {
    key: Cow<'static, str>,
    args: BTreeMap<&'static str, String>,
}

impl Say {
    pub(super) fn key(key: impl Into<Cow<'static, str>>) -> Self {
        Self {
            key: key.into(),
            args: BTreeMap::new(),
        }
    }

    pub(super) fn with(mut self, slot: &'static str, value: impl ToString) -> Self {
        self.args.insert(slot, value.to_string());
        self
    }
}

/// One message: literal text and slots in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Text {
    raw: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Slot(String),
}

impl Text {
    /// `Err` with what is wrong.
    fn parse(raw: &str) -> Result<Self, &'static str> {
        let mut parts = Vec::new();
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once('{') {
            let (slot, after) = after.split_once('}').ok_or("a { without its }")?;
            let named = |c: char| c.is_ascii_lowercase() || c == '_';
            if slot.is_empty() || !slot.chars().all(named) {
                return Err("a slot is {lower_case_letters}");
            }
            if before.contains('}') {
                return Err("a } without its {");
            }
            parts.push(Part::Literal(before.to_owned()));
            parts.push(Part::Slot(slot.to_owned()));
            rest = after;
        }
        if rest.contains('}') {
            return Err("a } without its {");
        }
        if raw.trim().is_empty() {
            return Err("an empty message");
        }
        parts.push(Part::Literal(rest.to_owned()));
        Ok(Self {
            raw: raw.to_owned(),
            parts,
        })
    }

    fn slots(&self) -> BTreeSet<&str> {
        self.parts
            .iter()
            .filter_map(|part| match part {
                Part::Slot(slot) => Some(slot.as_str()),
                Part::Literal(_) => None,
            })
            .collect()
    }
}

/// All messages of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    file: String,
    texts: BTreeMap<String, Text>,
}

impl Words {
    /// No message at all, to go on looking for problems after a file could not be read.
    pub(super) fn empty(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            texts: BTreeMap::new(),
        }
    }

    /// Reads one message file, all problems at once.
    pub(super) fn parse(file: &str, source: &str) -> Result<Self, Vec<TemplateProblem>> {
        let mut words = Self::empty(file);
        let mut problems = Vec::new();
        let (table, errors) = DeTable::parse_recoverable(source);
        for error in errors {
            let line = error.span().map(|span| line_of(source, span.start));
            problems.push(TemplateProblem::new(file, line, error.message()));
        }
        words.collect(source, "", table.get_ref(), &mut problems);
        if problems.is_empty() {
            Ok(words)
        } else {
            Err(problems)
        }
    }

    fn collect(
        &mut self,
        source: &str,
        prefix: &str,
        table: &DeTable<'_>,
        problems: &mut Vec<TemplateProblem>,
    ) {
        for (name, value) in table {
            let key = match prefix {
                "" => name.get_ref().to_string(),
                prefix => format!("{prefix}.{}", name.get_ref()),
            };
            let mut problem = |what: String| {
                let line = Some(line_of(source, Spanned::span(name).start));
                problems.push(TemplateProblem::new(&self.file, line, what));
            };
            match value.get_ref() {
                DeValue::Table(inner) => self.collect(source, &key, inner, problems),
                DeValue::String(raw) => match Text::parse(raw) {
                    Ok(text) => {
                        self.texts.insert(key, text);
                    }
                    Err(what) => problem(format!("message {key:?}: {what}")),
                },
                _ => problem(format!("message {key:?} is no text")),
            }
        }
    }

    /// Messages of `other` win. A key that this one does not have, or other slots, is a problem.
    pub(super) fn override_with(&mut self, other: Self) -> Vec<TemplateProblem> {
        let mut problems = Vec::new();
        for (key, text) in other.texts {
            let Some(own) = self.texts.get_mut(&key) else {
                let what = format!(
                    "unknown message {key:?}{}",
                    did_you_mean(&key, self.texts.keys())
                );
                problems.push(TemplateProblem::new(&other.file, None, what));
                continue;
            };
            if own.slots() == text.slots() {
                *own = text;
            } else {
                let what = format!("message {key:?} needs the slots of {:?}", own.raw);
                problems.push(TemplateProblem::new(&other.file, None, what));
            }
        }
        problems
    }

    /// What `other` lacks or has other slots for.
    pub(super) fn differences(&self, other: &Self) -> Vec<TemplateProblem> {
        let problem = |what: String| TemplateProblem::new(&other.file, None, what);
        self.texts
            .iter()
            .filter_map(|(key, text)| match other.texts.get(key) {
                None => Some(problem(format!("message {key:?} is missing"))),
                Some(theirs) if theirs.slots() != text.slots() => Some(problem(format!(
                    "message {key:?} needs the slots of {:?}",
                    text.raw
                ))),
                Some(_) => None,
            })
            .collect()
    }

    /// The sentence with its slots filled. Every slot must be given, and nothing else.
    pub(super) fn say(&self, say: &Say) -> Result<String, WordsError> {
        let args = say
            .args
            .iter()
            .map(|(slot, value)| (*slot, value.clone()))
            .collect();
        self.text(&say.key, &args)
    }

    /// As [`Self::say`], from the outside of a template.
    pub(super) fn text(
        &self,
        key: &str,
        args: &BTreeMap<&str, String>,
    ) -> Result<String, WordsError> {
        let text = self.find(key)?;
        if let Some(slot) = args.keys().find(|slot| !text.slots().contains(**slot)) {
            return Err(WordsError::UnknownSlot {
                key: key.to_owned(),
                slot: (*slot).to_owned(),
            });
        }
        let mut out = String::new();
        for part in &text.parts {
            match part {
                Part::Literal(literal) => out.push_str(literal),
                Part::Slot(slot) => out.push_str(args.get(slot.as_str()).ok_or_else(|| {
                    WordsError::MissingSlot {
                        key: key.to_owned(),
                        slot: slot.clone(),
                    }
                })?),
            }
        }
        Ok(out)
    }

    /// The sentence with its slots as they stand in the file, for the script to fill.
    pub(super) fn raw(&self, key: &str) -> Result<&str, WordsError> {
        self.find(key).map(|text| text.raw.as_str())
    }

    fn find(&self, key: &str) -> Result<&Text, WordsError> {
        self.texts
            .get(key)
            .ok_or_else(|| WordsError::UnknownKey(key.to_owned()))
    }

    #[cfg(test)]
    pub(super) fn literals(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.texts.iter().map(|(key, text)| {
            let literal = |part: &Part| matches!(part, Part::Literal(text) if !text.is_empty());
            let parts = text
                .parts
                .iter()
                .filter(|part| literal(part))
                .map(|part| match part {
                    Part::Literal(text) | Part::Slot(text) => text.as_str(),
                });
            (key.as_str(), parts.collect())
        })
    }
}

/// Line of a byte offset, from 1.
fn line_of(source: &str, offset: usize) -> usize {
    source
        .bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

/// ` (did you mean "x"?)` for the nearest known name, or nothing when none is near.
pub(super) fn did_you_mean<'a>(
    name: &str,
    known: impl Iterator<Item = &'a (impl AsRef<str> + ?Sized + 'a)>,
) -> String {
    /// Jaro-Winkler similarity above which a name counts as meant.
    const NEAR: f64 = 0.8;
    known
        .map(|known| (strsim::jaro_winkler(name, known.as_ref()), known))
        .filter(|(near, _)| *near > NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| format!(" (did you mean {:?}?)", known.as_ref()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Words {
        Words::parse("id.toml", source).unwrap()
    }

    #[test]
    fn slots_are_filled_and_nothing_is_forgiven() {
        let words = words("[a]\nb = \"x {one} y {two}.\"\nc = \"plain\"\n");
        let say = Say::key("a.b").with("one", 1).with("two", "{one}");
        assert_eq!(words.say(&say).unwrap(), "x 1 y {one}.");
        assert_eq!(words.say(&Say::key("a.c")).unwrap(), "plain");
        assert_eq!(words.raw("a.b").unwrap(), "x {one} y {two}.");
        for (say, error) in [
            (Say::key("a.x"), WordsError::UnknownKey("a.x".into())),
            (
                Say::key("a.b").with("one", 1),
                WordsError::MissingSlot {
                    key: "a.b".into(),
                    slot: "two".into(),
                },
            ),
            (
                Say::key("a.c").with("one", 1),
                WordsError::UnknownSlot {
                    key: "a.c".into(),
                    slot: "one".into(),
                },
            ),
        ] {
            assert_eq!(words.say(&say), Err(error));
        }
    }

    #[test]
    fn every_bad_message_is_told_with_its_line() {
        let source = "a = \"{\"\nb = \"}\"\n\n[c]\nd = 1\ne = \"{A}\"\nf = \"}{x}\"\ng = \" \"\nh = \"ok\"\n";
        let problems = Words::parse("id.toml", source).unwrap_err();
        let lines: Vec<_> = problems
            .iter()
            .map(|problem| problem.line.unwrap())
            .collect();
        assert_eq!(lines, [1, 2, 5, 6, 7, 8], "{problems:#?}");
        let problems = Words::parse("id.toml", "a = \"x\"\nb = \n").unwrap_err();
        assert_eq!(problems[0].line, Some(2), "{problems:#?}");
    }

    #[test]
    fn overriding_needs_known_keys_and_equal_slots() {
        let mut own = words("[a]\nfirst = \"x {n}\"\nsecond = \"y\"\n");
        let problems =
            own.override_with(words("[a]\nfirts = \"z\"\nfirst = \"z\"\nsecond = \"Y\"\n"));
        let texts: Vec<_> = problems.iter().map(|p| p.what.as_str()).collect();
        assert_eq!(
            texts,
            [
                "message \"a.first\" needs the slots of \"x {n}\"",
                "unknown message \"a.firts\" (did you mean \"a.first\"?)",
            ]
        );
        assert_eq!(own.raw("a.second"), Ok("Y"));
        assert_eq!(own.raw("a.first"), Ok("x {n}"));
    }

    #[test]
    fn differences_are_found() {
        let one = words("a = \"{n}\"\nb = \"x\"\n");
        let two = words("a = \"x\"\nc = \"x\"\n");
        assert_eq!(one.differences(&two).len(), 2);
        assert_eq!(two.differences(&one).len(), 2);
        assert!(one.differences(&one).is_empty());
    }
}
