//! Reads values out of the tree, one key at a time. A bad value is reported and its default taken,
//! so that everything after it is still looked at. What nobody asked for is found in `unknown.rs`.

use super::nearest::suggestion;
use super::problem::{Place, Report};
use super::tree::{Node, Value};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// Stands for any member of a list in the set of known keys.
pub(super) const ANY_MEMBER: &str = "*";

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// The tree, what was asked of it so far, and what was wrong.
pub(super) struct Reader {
    pub(super) root: Node,
    /// Paths that were asked for; [`ANY_MEMBER`] stands for a place in a list.
    pub(super) known: BTreeSet<Vec<String>>,
    pub(super) report: Report,
}

/// One table inside the tree.
#[derive(Clone, Debug)]
pub(super) struct Section {
    path: Vec<String>,
}

impl Section {
    /// The top of the file.
    pub(super) fn top() -> Self {
        Self { path: Vec::new() }
    }

    /// `[name]`.
    pub(super) fn named(name: &str) -> Self {
        Self {
            path: vec![name.to_owned()],
        }
    }

    /// `[this.name]`.
    pub(super) fn inner(&self, name: &str) -> Self {
        Self {
            path: self.key(name),
        }
    }

    fn key(&self, name: &str) -> Vec<String> {
        let mut path = self.path.clone();
        path.push(name.to_owned());
        path
    }

    /// The key as a file writes it, for values that nobody wrote.
    pub(super) fn place(&self, name: &str) -> Place {
        Place {
            key: self.key(name).join("."),
            ..Place::default()
        }
    }
}

impl Reader {
    pub(super) fn new(root: Node) -> Self {
        Self {
            root,
            known: BTreeSet::new(),
            report: Report::default(),
        }
    }

    /// Reports a problem at a place.
    pub(super) fn problem(&mut self, place: &Place, message: impl Into<String>) {
        self.report.problems.push(place.problem(message));
    }

    /// Reports a warning at a place.
    pub(super) fn warning(&mut self, place: &Place, message: impl Into<String>) {
        self.report.warnings.push(place.problem(message));
    }

    pub(super) fn wrong_kind(&mut self, node: &Node, wanted: &str) {
        let message = format!("expected {wanted}, found {}", node.value.kind());
        self.problem(&node.place, message);
    }

    fn look(&mut self, section: &Section, name: &str) -> Option<Node> {
        let path = section.key(name);
        let pattern = path.iter().map(|segment| {
            if segment.parse::<usize>().is_ok() {
                ANY_MEMBER.to_owned()
            } else {
                segment.clone()
            }
        });
        self.known.insert(pattern.collect());
        let mut node = &self.root;
        for segment in &path {
            node = match &node.value {
                Value::Table(entries) => entries.get(segment)?,
                Value::List(members) => members.get(segment.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(node.clone())
    }

    /// Text, if the key is there.
    pub(super) fn text(&mut self, section: &Section, name: &str) -> Option<At<String>> {
        let node = self.look(section, name)?;
        match node.value {
            Value::Text(text) | Value::Untyped(text) => Some(At {
                value: text,
                place: node.place,
            }),
            _ => {
                self.wrong_kind(&node, "text");
                None
            }
        }
    }

    /// A whole number within `range`, else `default`.
    pub(super) fn number(
        &mut self,
        section: &Section,
        name: &str,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> u64 {
        let Some(node) = self.look(section, name) else {
            return default;
        };
        let number = match &node.value {
            Value::Integer(number) => *number,
            Value::Untyped(text) => match text.trim().parse() {
                Ok(number) => Some(number),
                Err(_) => {
                    self.wrong_kind(&node, "a whole number");
                    return default;
                }
            },
            _ => {
                self.wrong_kind(&node, "a whole number");
                return default;
            }
        };
        match number
            .and_then(|n| u64::try_from(n).ok())
            .filter(|n| range.contains(n))
        {
            Some(number) => number,
            None => {
                let (low, high) = (range.start(), range.end());
                let shown = number.map_or_else(|| "a number too large".into(), |n| n.to_string());
                let message = format!("must be from {low} to {high}, found {shown}");
                self.problem(&node.place, message);
                default
            }
        }
    }

    /// As [`Reader::number`], for sizes and counts in memory.
    pub(super) fn size(
        &mut self,
        section: &Section,
        name: &str,
        default: usize,
        range: RangeInclusive<u64>,
    ) -> usize {
        let number = self.number(section, name, default as u64, range);
        usize::try_from(number).unwrap_or(default)
    }

    /// `true` or `false`, else `default`.
    pub(super) fn boolean(&mut self, section: &Section, name: &str, default: bool) -> bool {
        let Some(node) = self.look(section, name) else {
            return default;
        };
        match &node.value {
            Value::Boolean(flag) => *flag,
            Value::Untyped(text) if text == "true" => true,
            Value::Untyped(text) if text == "false" => false,
            _ => {
                self.wrong_kind(&node, "true or false");
                default
            }
        }
    }

    /// Several texts: a list, one text alone, or in the environment texts with commas between.
    pub(super) fn texts(&mut self, section: &Section, name: &str) -> Option<Vec<At<String>>> {
        let node = self.look(section, name)?;
        let split = |text: &str| -> Vec<At<String>> {
            let members = text
                .split(',')
                .map(str::trim)
                .filter(|member| !member.is_empty());
            members
                .map(|m| At {
                    value: m.to_owned(),
                    place: node.place.clone(),
                })
                .collect()
        };
        match &node.value {
            Value::Text(text) => Some(vec![At {
                value: text.clone(),
                place: node.place,
            }]),
            Value::Untyped(text) => Some(split(text)),
            Value::List(members) => {
                let mut texts = Vec::with_capacity(members.len());
                for member in members {
                    match &member.value {
                        Value::Text(text) => {
                            texts.push(At {
                                value: text.clone(),
                                place: member.place.clone(),
                            });
                        }
                        _ => self.wrong_kind(member, "text"),
                    }
                }
                Some(texts)
            }
            _ => {
                self.wrong_kind(&node, "a list of texts");
                None
            }
        }
    }

    /// A path. Written in a file, it counts from the file's own folder.
    pub(super) fn path(&mut self, section: &Section, name: &str) -> Option<At<PathBuf>> {
        let text = self.text(section, name)?;
        if text.value.contains("-----BEGIN") {
            self.problem(
                &text.place,
                "holds a key or certificate; write the path of its file",
            );
            return None;
        }
        if text.value.is_empty() || text.value.contains('\0') {
            self.problem(&text.place, "is no path");
            return None;
        }
        let folder = text
            .place
            .file
            .as_deref()
            .and_then(Path::parent)
            .unwrap_or(Path::new(""));
        Some(At {
            value: folder.join(&text.value),
            place: text.place,
        })
    }

    /// One of a list of words.
    pub(super) fn word<T: Copy>(
        &mut self,
        section: &Section,
        name: &str,
        words: &[(&str, T)],
    ) -> Option<At<T>> {
        let text = self.text(section, name)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(At {
                value: *value,
                place: text.place,
            });
        }
        let hint = suggestion(&text.value, words.iter().map(|(word, _)| *word));
        self.problem(
            &text.place,
            format!("unknown value {:?}; {hint}", text.value),
        );
        None
    }

    /// The tables of a list `[[section.name]]`, with the place of each.
    pub(super) fn tables(&mut self, section: &Section, name: &str) -> Vec<At<Section>> {
        let Some(node) = self.look(section, name) else {
            return Vec::new();
        };
        let Value::List(members) = &node.value else {
            let message = if node.place.file.is_none() {
                "can only be set in the file".to_owned()
            } else {
                format!("expected a list of tables, found {}", node.value.kind())
            };
            self.problem(&node.place, message);
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(members.len());
        for (index, member) in members.iter().enumerate() {
            if matches!(member.value, Value::Table(_)) {
                let path = Section {
                    path: section.key(name),
                }
                .key(&index.to_string());
                tables.push(At {
                    value: Section { path },
                    place: member.place.clone(),
                });
            } else {
                self.wrong_kind(member, "a table");
            }
        }
        tables
    }

    /// Whether the key was written anywhere.
    pub(super) fn written(&mut self, section: &Section, name: &str) -> Option<Place> {
        self.look(section, name).map(|node| node.place)
    }
}
