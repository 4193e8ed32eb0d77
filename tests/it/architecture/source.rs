//! A file of `src/`, parted into code, comments and literals as far as the rules need it.

use std::fs;
use std::path::Path;

/// One file.
pub(super) struct Source {
    /// Below `src/`, with slashes.
    pub(super) path: String,
    pub(super) raw: String,
    /// Without comments; each literal is an empty one.
    code: String,
    /// Literals with their place in `code`.
    literals: Vec<(usize, String)>,
}

/// Every file of `src/`.
pub(super) fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let below = path
                    .strip_prefix(&root)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                found.push(Source::new(&below, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 100, "only {} files found", found.len());
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

impl Source {
    pub(super) fn new(path: &str, raw: &str) -> Self {
        let (code, literals) = part(raw);
        Self {
            path: path.to_owned(),
            raw: raw.to_owned(),
            code,
            literals,
        }
    }

    /// The first folder, or the file's own name without its end.
    pub(super) fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    pub(super) fn lines(&self) -> usize {
        self.raw.lines().count()
    }

    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// Files that are compiled for tests alone.
    pub(super) fn is_test_file(&self) -> bool {
        self.path.ends_with("/tests.rs")
            || self.path.contains("/tests/")
            || self.path.contains("conformance")
    }

    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.code.split(|c: char| !c.is_alphanumeric() && c != '_')
    }

    /// Literals before the first `#[cfg(test)]` module; those stand at a file's end.
    pub(super) fn literals_outside_tests(&self) -> impl Iterator<Item = &str> {
        let marks = ["#[cfg(test)]\nmod tests", "#[cfg(test)]\npub mod tests"];
        let end = marks.iter().filter_map(|mark| self.code.find(mark)).min();
        let end = end.unwrap_or(self.code.len());
        self.literals
            .iter()
            .filter(move |(at, _)| *at < end)
            .map(|(_, text)| text.as_str())
    }

    /// What follows `root::`, also in braces: the names of rooms.
    pub(super) fn names_after(&self, root: &str) -> Vec<String> {
        let mark = format!("{root}::");
        let mut names = Vec::new();
        for (at, _) in self.code.match_indices(&mark) {
            if self.code[..at]
                .chars()
                .next_back()
                .is_some_and(|c| c.is_alphanumeric() || c == '_')
            {
                continue;
            }
            let rest = &self.code[at + mark.len()..];
            match rest.strip_prefix('{') {
                Some(inner) => names.extend(first_names(inner)),
                None => names.push(leading_name(rest)),
            }
        }
        names
    }

    /// Whether the code names a crate: by `name::` or `::name`, unless a module of its own folder
    /// has that name and is meant.
    pub(super) fn names_crate(&self, name: &str) -> bool {
        let own_module = self.code.contains(&format!("mod {name};"));
        self.code.match_indices(name).any(|(at, _)| {
            let (before, after) = (&self.code[..at], &self.code[at + name.len()..]);
            let after_ok =
                after.starts_with("::") || after.starts_with(';') && before.ends_with("use ");
            let absolute = before.ends_with("::")
                && !before[..before.len() - 2].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let relative = !before.ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c));
            after_ok && (absolute || relative && !own_module)
        })
    }
}

fn leading_name(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The first name of each entry of a brace list, up to its end.
fn first_names(inner: &str) -> Vec<String> {
    let (mut depth, mut names, mut start) = (0, vec![], 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(leading_name(&inner[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(leading_name(&inner[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Parts code from comments and literals.
fn part(raw: &str) -> (String, Vec<(usize, String)>) {
    let chars: Vec<char> = raw.chars().collect();
    let (mut code, mut literals, mut at) = (String::new(), Vec::new(), 0);
    let text = |from: usize, to: usize| chars[from..to].iter().collect::<String>();
    while at < chars.len() {
        let next = chars.get(at + 1).copied();
        match (chars[at], next) {
            ('/', Some('/')) => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
            }
            ('/', Some('*')) => {
                at += 2;
                while at + 1 < chars.len() && !(chars[at] == '*' && chars[at + 1] == '/') {
                    at += 1;
                }
                at += 2;
            }
            ('"', _) => {
                let hashes = code.chars().rev().take_while(|c| *c == '#').count();
                let before = code.trim_end_matches('#');
                let raw_string = before.ends_with('r')
                    && !before[..before.len() - 1]
                        .ends_with(|c: char| c.is_alphanumeric() && c != 'b');
                let start = at + 1;
                at = start;
                while at < chars.len() {
                    if raw_string {
                        let closing = chars[at] == '"'
                            && chars[at + 1..]
                                .iter()
                                .take(hashes)
                                .filter(|c| **c == '#')
                                .count()
                                == hashes;
                        if closing {
                            break;
                        }
                    } else if chars[at] == '\\' {
                        at += 1;
                    } else if chars[at] == '"' {
                        break;
                    }
                    at += 1;
                }
                literals.push((code.len(), text(start, at.min(chars.len()))));
                code.push_str("\"\"");
                at += 1;
            }
            ('\'', Some('\\')) => {
                at += 3;
                while at < chars.len() && chars[at] != '\'' {
                    at += 1;
                }
                at += 1;
            }
            ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => at += 3,
            (c, _) => {
                code.push(c);
                at += 1;
            }
        }
    }
    (code, literals)
}
