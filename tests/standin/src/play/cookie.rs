//! Cookies: the request's first Cookie line, Play's signed values, Set-Cookie lines (`spse44.md` section 2).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ring::hmac;

use crate::clock;
use crate::config::Config;
use crate::http::body::hex;

/// What `java.net.URLEncoder` leaves alone besides letters and digits. A space becomes a plus.
const URL_ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b' ');

/// One word as in a form: percent-encoded, spaces as plus.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, URL_ENCODED)
        .to_string()
        .replace(' ', "+")
}

/// The reverse of [`encode`].
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

/// `k=v&k=v` decoded, in order.
pub(crate) fn decode_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

/// `k=v&k=v` encoded, in order.
pub(crate) fn encode_pairs<K: AsRef<str>, V: AsRef<str>>(pairs: &[(K, V)]) -> String {
    let pair =
        |(key, value): &(K, V)| format!("{}={}", encode(key.as_ref()), encode(value.as_ref()));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// HMAC-SHA1 in hex, as Play signs with `application.secret`.
pub(crate) fn sign(secret: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    hex(hmac::sign(&key, text.as_bytes()).as_ref())
}

/// A value of SPSE_SESSION that the application with this secret takes for its own: 40 hex digits, `-`, the
/// pairs URL-encoded. `___TS` (expiry, milliseconds since 1970) must be among them for it to be valid.
#[must_use]
pub fn forge_cookie(secret: &str, pairs: &[(&str, &str)]) -> String {
    let data = encode_pairs(pairs);
    format!("{}-{data}", sign(secret, &data))
}

/// The pairs of a signed value, if the signature is right.
pub(crate) fn open(secret: &str, value: &str) -> Option<Vec<(String, String)>> {
    let (signature, data) = value.split_once('-')?;
    (signature == sign(secret, data)).then(|| decode_pairs(data))
}

/// The value of the cookie `name` in a Cookie line: names are case-sensitive, the first of several counts.
pub(crate) fn find<'h>(line: &'h str, name: &str) -> Option<&'h str> {
    line.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key.trim() == name).then(|| value.trim().trim_matches('"'))
    })
}

/// A Set-Cookie line's value. `max_age` in seconds; 0 deletes, `None` leaves a cookie of the browser's session.
pub(crate) fn set_line(
    config: &Config,
    name: &str,
    value: &str,
    max_age: Option<u64>,
    http_only: bool,
) -> String {
    let mut line = format!("{name}={value}");
    if let Some(seconds) = max_age {
        let now = if config.frozen {
            clock::FROZEN_MS
        } else {
            clock::now_ms()
        };
        let expires = clock::http_date(now + seconds * 1000);
        line.push_str(&format!("; Max-Age={seconds}; Expires={expires}"));
    }
    line.push_str("; Path=/");
    if config.secure_cookie {
        line.push_str("; Secure");
    }
    if http_only {
        line.push_str("; HTTPOnly");
    }
    if let Some(same_site) = &config.same_site {
        line.push_str(&format!("; SameSite={same_site}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_value_opens_and_a_changed_one_does_not() {
        let value = forge_cookie("s", &[("___ID", "a-b"), ("userid", "PT X & \"Y\"")]);
        assert_eq!(value.find('-'), Some(40));
        assert!(value.ends_with("-___ID=a-b&userid=PT+X+%26+%22Y%22"));
        let pairs = open("s", &value).unwrap();
        assert_eq!(pairs[1], ("userid".to_owned(), "PT X & \"Y\"".to_owned()));
        assert!(open("s", &value.replace("a-b", "a-c")).is_none());
        assert!(open("t", &value).is_none());
    }

    #[test]
    fn the_first_cookie_of_a_name_counts_in_its_own_case() {
        let line = "spse_session=x; a=b;SPSE_SESSION=one=1&2; SPSE_SESSION=two";
        assert_eq!(find(line, "SPSE_SESSION"), Some("one=1&2"));
        assert_eq!(find(line, "c"), None);
    }
}
