//! What no page may hold, whoever wrote its template: the content security policy would break it,
//! or a cheap phone would.

/// Largest page in bytes, before compression.
pub const PAGE_BYTES_MAX: usize = 30_000;

/// All that is wrong with a rendered page.
pub fn lint(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    if html.len() >= PAGE_BYTES_MAX {
        found.push(format!(
            "{} bytes, {PAGE_BYTES_MAX} are too many",
            html.len()
        ));
    }
    if html.contains("{{") || html.contains("}}") {
        found.push("an unrendered {{ or }}".to_owned());
    }
    for tag in tags(html) {
        tag.lint(&mut found);
    }
    let count = |needle| html.matches(needle).count();
    if count("<form") != count("name=\"csrf\"") {
        found.push("a form without its csrf field".to_owned());
    }
    found
}

/// One start tag.
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

impl Tag<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, v)| *v)
    }

    fn lint(&self, found: &mut Vec<String>) {
        let tag = self.name.to_ascii_lowercase();
        match tag.as_str() {
            "style" | "iframe" | "object" | "embed" | "base" => {
                found.push(format!(
                    "<{tag}> is not allowed by the content security policy"
                ));
            }
            "script" if self.value("src").is_none() => found.push("an inline script".to_owned()),
            "form" if self.value("method") != Some("post") => {
                found.push("a form that does not post".to_owned());
            }
            _ => {}
        }
        for (name, value) in &self.attributes {
            let name = name.to_ascii_lowercase();
            if name.starts_with("on") {
                found.push(format!("the event attribute {name}"));
            }
            if matches!(name.as_str(), "style" | "srcset" | "ping" | "formaction") {
                found.push(format!("the attribute {name}"));
            }
            let address = matches!(name.as_str(), "href" | "src" | "action" | "poster" | "data");
            if address && leads_elsewhere(&name, value) {
                found.push(format!("{tag} {name} leads elsewhere"));
            }
        }
    }
}

/// Only paths of this site, and for links places on the same page and the addresses of apps, mail
/// and phone.
fn leads_elsewhere(attribute: &str, value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let local = value.starts_with('/') && !value.starts_with("//") && !value.starts_with("/\\");
    let app = attribute == "href"
        && ["#", "otpauth://totp/", "mailto:", "tel:"]
            .iter()
            .any(|scheme| value.starts_with(scheme));
    !local && !app
}

/// The start tags of a page in which every `<`, `>` and quote of a value is escaped, as handlebars
/// does it.
fn tags(html: &str) -> Vec<Tag<'_>> {
    html.split('<')
        .skip(1)
        .filter(|part| part.starts_with(|c: char| c.is_ascii_alphabetic()))
        .map(|part| {
            let end = end_of_tag(part);
            let inside = part.get(..end).unwrap_or(part);
            let split = inside
                .find(|c: char| c.is_whitespace() || c == '/')
                .unwrap_or(inside.len());
            let (name, rest) = inside.split_at(split);
            Tag {
                name,
                attributes: attributes(rest),
            }
        })
        .collect()
}

/// Position of the `>` outside quotes.
fn end_of_tag(part: &str) -> usize {
    let mut quote = None;
    for (at, c) in part.char_indices() {
        match (quote, c) {
            (None, '>') => return at,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    part.len()
}

fn attributes(mut rest: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return found;
        }
        let end = rest.find(|c: char| c == '=' || c.is_whitespace() || c == '/');
        let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
        if name.is_empty() {
            // A stray sign: skip it.
            rest = rest
                .get(rest.chars().next().map_or(1, char::len_utf8)..)
                .unwrap_or_default();
            continue;
        }
        let Some(value) = after.trim_start().strip_prefix('=').map(str::trim_start) else {
            found.push((name, ""));
            rest = after;
            continue;
        };
        let quoted = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, after) = match quoted.and_then(|quote| value.get(1..)?.split_once(quote)) {
            Some(split) => split,
            None => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
        };
        found.push((name, value));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_policy_allows_passes() {
        for good in [
            "<p class=\"a > b\">x</p><a href=\"/eproc4/\">x</a><img src='/a.svg' alt=''>",
            "<a href=\"otpauth://totp/x?secret&#x3D;A\">x</a><a href=\"mailto:a@b\">x</a>",
            "<form method=\"post\" action=\"/a\"><input type=\"hidden\" name=\"csrf\"></form>",
            "<script src=\"/a.js\" defer></script><br/>1 < 2",
            "<a href=\"#a\">x</a>",
        ] {
            assert_eq!(lint(good), Vec::<String>::new(), "{good}");
        }
    }

    #[test]
    fn what_the_policy_refuses_is_found() {
        for bad in [
            "<p style=\"color:red\">",
            "<p\nonclick='x()'>",
            "<svg/onload=alert(1)>",
            "<P title=a OnClick=b>",
            "<style>",
            "<script>alert(1)</script>",
            "<script src=\"https://elsewhere/a.js\"></script>",
            "<img src=//elsewhere/a.png>",
            "<img src=\"a.png\">",
            "<a href=\"javascript:alert(1)\">",
            "<a href = \"https://elsewhere/\">",
            "<a href=\"/\\elsewhere\">",
            "<img src=\"mailto:x\">",
            "<img src=\"#a\">",
            "<form action=\"/a\" method=\"post\">",
            "<form action=\"/a\"><input name=\"csrf\">",
            "<base href=\"/\">",
            "<iframe src=\"/a\">",
            "a {{b}}",
        ] {
            assert!(!lint(bad).is_empty(), "{bad}");
        }
        assert!(!lint(&"x".repeat(PAGE_BYTES_MAX)).is_empty());
    }
}
