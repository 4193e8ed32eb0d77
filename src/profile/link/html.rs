//! The piece of HTML around a link: a few elements, no script, no handler, nothing that breaks out
//! of where it is put.

/// What stands for the link's address, as the whole of `href`.
pub(in crate::profile) const HREF: &str = "{href}";
/// What stands for its words.
pub(in crate::profile) const LABEL: &str = "{label}";

/// Elements that may be written.
const ELEMENTS: [&str; 9] = ["a", "b", "div", "em", "i", "li", "p", "small", "span"];
/// Attributes that may be written.
const ATTRIBUTES: [&str; 4] = ["href", "class", "id", "title"];
/// Longest piece, in bytes.
const HTML_BYTES_MAX: usize = 500;

/// Says what is wrong with a piece.
///
/// # Errors
/// A sentence about the first thing that is.
pub(in crate::profile) fn check(html: &str) -> Result<(), String> {
    if html.len() > HTML_BYTES_MAX {
        return Err(format!("is longer than {HTML_BYTES_MAX} bytes"));
    }
    for (place, what) in [(HREF, "address"), (LABEL, "words")] {
        if html.matches(place).count() != 1 {
            return Err(format!("must hold {place}, the link's {what}, once"));
        }
    }
    let bare = html.replacen(HREF, "", 1).replacen(LABEL, "", 1);
    if let Some(from) = bare.find(['{', '}']) {
        let word: String = bare.chars().skip(from).take(20).collect();
        return Err(format!("holds `{word}`, which stands for nothing"));
    }
    if let Some(sign) = html
        .chars()
        .find(|c| !(' '..='~').contains(c) || "'`\\".contains(*c))
    {
        return Err(format!(
            "holds the sign {sign:?}: printable ASCII without ' ` \\ only"
        ));
    }
    balanced(html)
}

/// The piece with address and words in it. Both are escaped.
pub(in crate::profile) fn filled(html: &str, href: &str, label: &str) -> String {
    html.replacen(HREF, &escaped(href), 1)
        .replacen(LABEL, &escaped(label), 1)
}

/// Text for HTML, between tags and in quoted attributes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Every element known, closed in its turn, the words inside the one link.
fn balanced(html: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut links = 0;
    let mut rest = html;
    loop {
        let (text, tag) = match rest.split_once('<') {
            Some((text, tag)) => (text, Some(tag)),
            None => (rest, None),
        };
        if text.contains(['>', '"']) {
            return Err("holds > or \" outside of a tag".to_owned());
        }
        if text.contains(HREF) {
            return Err(format!("must hold {HREF} as an attribute of the link"));
        }
        if text.contains(LABEL) && !open.contains(&"a") {
            return Err(format!("must hold {LABEL} inside the link"));
        }
        let Some(tag) = tag else { break };
        let Some((tag, behind)) = tag.split_once('>') else {
            return Err("holds a tag without its >".to_owned());
        };
        rest = behind;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes nothing that is open"));
            }
            continue;
        }
        let name = open_tag(tag)?;
        if name == "a" {
            links += 1;
        }
        open.push(name);
    }
    match (open.last(), links) {
        (Some(name), _) => Err(format!("<{name}> is not closed")),
        (None, 1) => Ok(()),
        (None, _) => Err("must hold one <a>".to_owned()),
    }
}

/// The name of a tag whose attributes are all in order.
fn open_tag(tag: &str) -> Result<&str, String> {
    let name = tag.split(' ').next().unwrap_or_default();
    if !ELEMENTS.contains(&name) {
        return Err(format!("<{name}> is not one of {}", ELEMENTS.join(", ")));
    }
    let mut rest = tag.get(name.len()..).unwrap_or_default();
    while !rest.is_empty() {
        let attribute = rest
            .strip_prefix(' ')
            .and_then(|rest| rest.split_once("=\""));
        let value = attribute.and_then(|(key, rest)| Some((key, rest.split_once('"')?)));
        let Some((key, (value, behind))) = value else {
            return Err(format!(
                "<{name}> has no attributes of the form key=\"value\""
            ));
        };
        if !ATTRIBUTES.contains(&key) {
            return Err(format!("`{key}` is not one of {}", ATTRIBUTES.join(", ")));
        }
        if value.contains('<') || value.contains(LABEL) {
            return Err(format!("`{key}` holds what is no value of it"));
        }
        if (key == "href") != (value == HREF) || (key == "href" && name != "a") {
            return Err(format!("`href` of <a> must be {HREF} and nothing else"));
        }
        rest = behind;
    }
    if name == "a" && !tag.contains(HREF) {
        return Err(format!("<a> must have href=\"{HREF}\""));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_in_order_pass_and_are_filled_with_what_cannot_break_out() {
        for html in [
            r#" | <a href="{href}">{label}</a>"#,
            r#"<li class="x y"><span id="t"><a title="a &amp; b" href="{href}"><b>{label}</b></a></span></li>"#,
        ] {
            assert_eq!(check(html), Ok(()), "{html}");
        }
        assert_eq!(
            filled(r#"<a href="{href}">{label}</a>"#, "/a\"b&c", "<x>'{href}"),
            r#"<a href="/a&quot;b&amp;c">&lt;x&gt;&#39;{href}</a>"#
        );
    }

    /// A piece, and how the problem begins.
    const REFUSED: &[(&str, &str)] = &[
        ("", "must hold {href}"),
        (r#"<a href="{href}">x</a>"#, "must hold {label}"),
        (
            r#"<a href="{href}">{label}{label}</a>"#,
            "must hold {label}",
        ),
        (r#"<a href="{href}">{label}</a>{{x}}"#, "holds `{{x}}`"),
        (
            r#"<a href="{href}" class="{name}">{label}</a>"#,
            "holds `{name}\">",
        ),
        (
            r#"<a href="{href}">{label}</a><script>x</script>"#,
            "<script> is not one of",
        ),
        (
            r#"<a href="{href}" onclick="x">{label}</a>"#,
            "`onclick` is not one of",
        ),
        (
            r#"<a href="{href}" style="x">{label}</a>"#,
            "`style` is not one of",
        ),
        (
            r#"<a href="javascript:{href}">{label}</a>"#,
            "`href` of <a> must be",
        ),
        (r#"<a class="{href}">{label}</a>"#, "`href` of <a> must be"),
        (
            r#"<span href="{href}"><a>{label}</a></span>"#,
            "`href` of <a> must be",
        ),
        (r#"<a href="{href}">{label}"#, "<a> is not closed"),
        (
            r#"<a href="{href}"><b>{label}</a></b>"#,
            "</a> closes nothing",
        ),
        (
            r#"<a href="{href}">{label}</a></div>"#,
            "</div> closes nothing",
        ),
        (
            r#"<a href="{href}"></a>{label}"#,
            "must hold {label} inside",
        ),
        (r#"{href}<a class="x">{label}</a>"#, "must hold {href} as"),
        (
            r#"<a href="{href}">{label}</a><a class="x">y</a>"#,
            "<a> must have href",
        ),
        (r#"<a href={href}>{label}</a>"#, "<a> has no attributes"),
        (
            r#"<a href="{href}"class="x">{label}</a>"#,
            "<a> has no attributes",
        ),
        (r#"<a href="{href}">{label}</a> a > b"#, "holds > or"),
        (r#"<a href="{href}">{label}</a"#, "holds a tag without"),
        (
            r#"<a href="{href}">{label}</a><!-- x -->"#,
            "<!--> is not one of",
        ),
        ("<a href=\"{href}\">{label}</a>\u{e9}", "holds the sign"),
        ("<a href=\"{href}\">{label}</a>\n", "holds the sign"),
        (r#"<a href="{href}">it's {label}</a>"#, "holds the sign"),
        (r#"<A href="{href}">{label}</A>"#, "<A> is not one of"),
    ];

    #[test]
    fn pieces_out_of_order_are_refused() {
        for (html, problem) in REFUSED {
            let found = check(html).unwrap_err();
            assert!(found.starts_with(problem), "{html}: {found}");
        }
        let long = format!("{}<a href=\"{{href}}\">{{label}}</a>", "x".repeat(500));
        assert!(check(&long).unwrap_err().starts_with("is longer"));
    }
}
