//! Where templates come from: built in, or the operator's folder with the same file names.

use super::problem::TemplateProblem;
use super::words::did_you_mean;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

macro_rules! builtin {
    ($($file:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("../../templates/", $file)))),*]
    };
}

/// Every file of `templates/`.
pub(super) const BUILTIN: &[(&str, &str)] = builtin![
    "layout.hbs",
    "mails/letter.html.hbs",
    "mails/letter.txt.hbs",
    "messages/en.toml",
    "messages/id.toml",
    "pages/acceptor.hbs",
    "pages/activated.hbs",
    "pages/activation.hbs",
    "pages/address.hbs",
    "pages/confirm_logout.hbs",
    "pages/disabled.hbs",
    "pages/help.hbs",
    "pages/lost.hbs",
    "pages/message.hbs",
    "pages/phone.hbs",
    "pages/poster.hbs",
    "pages/proof.hbs",
    "pages/recover.hbs",
    "pages/recovered.hbs",
    "pages/recovery.hbs",
    "pages/recovery_codes.hbs",
    "pages/reset_confirm.hbs",
    "pages/reset_deny.hbs",
    "pages/reset_done.hbs",
    "pages/reset_request.hbs",
    "pages/reset_taken.hbs",
    "pages/status.hbs",
    "partials/activation_code.hbs",
    "partials/address.hbs",
    "partials/announcement.hbs",
    "partials/by_phone.hbs",
    "partials/code.hbs",
    "partials/code_error.hbs",
    "partials/contacts.hbs",
    "partials/desk.hbs",
    "partials/later.hbs",
    "partials/recovery_codes.hbs",
    "partials/replace.hbs",
    "static/countdown.js",
    "static/gate.svg",
    "static/phone/accounts.js",
    "static/phone/api.js",
    "static/phone/app.js",
    "static/phone/keys.js",
    "static/phone/push.js",
    "static/phone/qr.js",
    "static/phone/scan.js",
    "static/phone/worker.js",
    "static/print.js",
    "static/style.css",
    "static/wait.js",
];

/// Largest file of the operator's folder, in bytes; a page may have 30 kB.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// Folders below the operator's folder that are looked into.
const DEPTH_MAX: usize = 3;

/// Reads the operator's folder: path below it (with `/`) → text. All problems at once.
pub(super) fn read_overrides(
    dir: &Path,
) -> Result<BTreeMap<&'static str, String>, Vec<TemplateProblem>> {
    let mut found = Found::default();
    found.walk(dir, "", 0);
    if found.problems.is_empty() {
        Ok(found.files)
    } else {
        Err(found.problems)
    }
}

#[derive(Default)]
struct Found {
    files: BTreeMap<&'static str, String>,
    problems: Vec<TemplateProblem>,
}

impl Found {
    fn problem(&mut self, file: &str, what: impl Into<String>) {
        self.problems.push(TemplateProblem::new(file, None, what));
    }

    fn walk(&mut self, dir: &Path, prefix: &str, depth: usize) {
        let entries = match fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
            Ok(entries) => entries,
            Err(error) => {
                let file = if prefix.is_empty() {
                    dir.display().to_string()
                } else {
                    prefix.into()
                };
                return self.problem(&file, format!("cannot be read: {error}"));
            }
        };
        let mut names: Vec<_> = entries.iter().map(fs::DirEntry::file_name).collect();
        names.sort();
        for name in names {
            let Some(name) = name.to_str().map(str::to_owned) else {
                self.problem(prefix, "a file name is not UTF-8");
                continue;
            };
            if name.starts_with('.') {
                continue; // What editors and version control leave behind.
            }
            let path = dir.join(&name);
            let below = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}/{name}")
            };
            if path.is_dir() && depth < DEPTH_MAX {
                self.walk(&path, &below, depth + 1);
            } else {
                self.file(&path, &below);
            }
        }
    }

    fn file(&mut self, path: &Path, below: &str) {
        let known = BUILTIN.iter().map(|(file, _)| file);
        let Some(file) = known.clone().find(|file| **file == below) else {
            let hint = did_you_mean(below, known);
            return self.problem(below, format!("no page uses this file{hint}"));
        };
        match fs::metadata(path).map(|meta| meta.len()) {
            Ok(bytes) if bytes > FILE_BYTES_MAX => {
                return self.problem(below, format!("larger than {FILE_BYTES_MAX} bytes"));
            }
            Ok(_) => {}
            Err(error) => return self.problem(below, format!("cannot be read: {error}")),
        }
        match fs::read_to_string(path) {
            Ok(text) => {
                self.files.insert(file, text);
            }
            Err(error) => self.problem(below, format!("cannot be read: {error}")),
        }
    }
}
