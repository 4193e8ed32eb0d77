//! Reading forms and refusing what comes from elsewhere (CSRF).

use http::HeaderMap;
use http::header::{CONTENT_TYPE, ORIGIN};

/// Most fields of one of our forms; they have four at the most.
const FIELDS_MAX: usize = 20;

/// Fields of a form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Parses an urlencoded body; `None` when it is another kind or a field comes twice.
    pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let kind = headers
            .get(CONTENT_TYPE)
            .map_or(&b""[..], http::HeaderValue::as_bytes);
        let kind = kind
            .split(|b| *b == b';')
            .next()
            .unwrap_or_default()
            .trim_ascii();
        if !body.is_empty() && !kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            return None;
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            if fields.len() >= FIELDS_MAX || fields.iter().any(|(known, _)| *known == name) {
                return None;
            }
            fields.push((name.into_owned(), value.into_owned()));
        }
        Some(Self(fields))
    }

    /// A field's value, empty when it is missing.
    pub(super) fn field(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }
}

/// Whether a POST comes from one of our own pages. Sec-Fetch-Site speaks where the browser sends
/// it; else Origin, unless it is `null` (our pages send no referrer); every form carries a token
/// besides.
pub(super) fn is_same_origin(headers: &HeaderMap, origin: Option<&str>, host: &[u8]) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site.as_bytes() == b"same-origin" || site.as_bytes() == b"none";
    }
    let Some(sent) = headers.get(ORIGIN).map(http::HeaderValue::as_bytes) else {
        return true;
    };
    if sent == b"null" {
        return true;
    }
    match origin {
        Some(own) => sent.eq_ignore_ascii_case(own.as_bytes()),
        None => sent
            .strip_prefix(b"http://")
            .is_some_and(|sent| sent.eq_ignore_ascii_case(host)),
    }
}

/// The value of a parameter in a query, decoded; the first one counts.
pub(super) fn query_value(query: Option<&str>, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(n, v)| (http::HeaderName::from_static(n), v.parse().unwrap()))
            .collect()
    }

    #[test]
    fn forms_are_read_strictly() {
        let kind = headers(&[(
            "content-type",
            "application/x-www-form-urlencoded; charset=UTF-8",
        )]);
        let form = Form::parse(&kind, b"code=12%203456&r=a").unwrap();
        assert_eq!(form.field("code"), "12 3456");
        assert_eq!(form.field("none"), "");
        assert!(Form::parse(&kind, b"code=1&code=2").is_none());
        assert!(Form::parse(&headers(&[("content-type", "text/plain")]), b"code=1").is_none());
        assert!(Form::parse(&HeaderMap::new(), b"").is_some());
    }

    #[test]
    fn posts_from_elsewhere_are_refused() {
        let ok = |pairs: &[(&'static str, &'static str)], origin| {
            is_same_origin(&headers(pairs), origin, b"127.0.0.1:8044")
        };
        assert!(ok(&[], None));
        assert!(ok(
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
            None
        ));
        assert!(ok(&[("origin", "http://127.0.0.1:8044")], None));
        assert!(ok(
            &[("origin", "https://lpse.go.id")],
            Some("https://lpse.go.id")
        ));
        assert!(!ok(&[("sec-fetch-site", "same-site")], None));
        assert!(!ok(&[("sec-fetch-site", "cross-site")], None));
        assert!(!ok(&[("origin", "http://evil")], None));
        assert!(!ok(
            &[("origin", "http://lpse.go.id")],
            Some("https://lpse.go.id")
        ));
    }
}
