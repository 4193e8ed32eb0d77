//! What can be wrong with templates, and with one rendering.

use std::fmt;

/// One thing wrong with a template, a message file or an asset.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateProblem {
    /// Path below the template folder.
    pub file: String,
    /// Line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong, and with which name.
    pub what: String,
}

impl TemplateProblem {
    pub(super) fn new(file: &str, line: Option<usize>, what: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for TemplateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

/// A page that could not be rendered. Holds names of templates, fields and messages only, never a
/// value from the page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("page {page}: {problem}")]
pub struct RenderError {
    /// Name of the page.
    pub page: &'static str,
    /// Where and what.
    pub problem: TemplateProblem,
}

/// A message that could not be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WordsError {
    #[error("no message {0:?}")]
    UnknownKey(String),
    #[error("message {key:?} wants {slot:?}")]
    MissingSlot { key: String, slot: String },
    #[error("message {key:?} has no place for {slot:?}")]
    UnknownSlot { key: String, slot: String },
}
