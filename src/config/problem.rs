//! What is wrong with a configuration: where, which key, one sentence that says what to do.

use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong. `check` prints all of them at once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Problem {
    /// The file it stands in; `None` for the environment and the command line.
    pub file: Option<PathBuf>,
    /// Line in `file`, counted from 1.
    pub line: Option<usize>,
    /// The key as written there: `site.name` in a file (members of lists counted from 1:
    /// `policy.rule[2].mode`), `GERBANG__SITE__NAME` in the environment, `--site-name` on the
    /// command line. Empty when it is about the file as a whole.
    pub key: String,
    /// What is wrong and what to write instead. Never holds a secret.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}:", file.display())?;
            if let Some(line) = self.line {
                write!(f, "{line}:")?;
            }
            f.write_str(" ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything found in one look.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Report {
    /// Each of these keeps the gateway from starting.
    pub problems: Vec<Problem>,
    /// Worth a look, but the gateway starts.
    pub warnings: Vec<Problem>,
}

/// Where a value was written. Kept beside values that are judged later (cross-checks, names that
/// only the profile knows).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// As in [`Problem`].
    pub file: Option<PathBuf>,
    /// As in [`Problem`].
    pub line: Option<usize>,
    /// As in [`Problem`].
    pub key: String,
}

impl Place {
    /// A problem that stands here.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        Problem {
            file: self.file.clone(),
            line: self.line,
            key: self.key.clone(),
            message: message.into(),
        }
    }
}
