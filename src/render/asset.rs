//! Style sheet, scripts and pictures, served from the gateway's own static folder.

use ring::digest;
use std::sync::Arc;

/// One file that the pages load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The bytes.
    pub body: Arc<[u8]>,
    /// Value of Content-Type.
    pub content_type: &'static str,
    /// Value of `ETag`, quotes included. The pages ask for `?v=<tag>`, so an answer may be cached
    /// for as long as one likes.
    pub etag: String,
}

impl Asset {
    pub(super) fn new(name: &str, body: &[u8]) -> Self {
        let shorter = name.ends_with(".js").then(|| without_comments(body));
        let body = shorter.as_deref().unwrap_or(body);
        Self {
            body: Arc::from(body),
            content_type: content_type(name),
            etag: format!("\"{}\"", tag(body)),
        }
    }

    /// The tag without its quotes.
    pub(super) fn version(&self) -> &str {
        self.etag.trim_matches('"')
    }
}

/// A script without the lines that are comments, but for those that it begins with, which say whose it is:
/// an old phone on a slow network need not load them.
fn without_comments(script: &[u8]) -> Vec<u8> {
    let is_comment = |line: &[u8]| line.trim_ascii_start().starts_with(b"// ");
    let mut begun = false;
    let mut kept = Vec::with_capacity(script.len());
    for line in script.split_inclusive(|byte| *byte == b'\n') {
        begun |= !is_comment(line);
        if !begun || !is_comment(line) {
            kept.extend_from_slice(line);
        }
    }
    kept
}

/// 64 bits of SHA-256: tells versions apart, protects nothing.
fn tag(body: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, body);
    data_encoding::HEXLOWER.encode(hash.as_ref().get(..8).unwrap_or_default())
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_goes_without_its_comments_and_says_whose_it_is() {
        let script = b"// By somebody (MIT)\n// https://example.org\nlet a = 1; // one\n  // why\nlet b = '//';\n";
        let asset = Asset::new("a.js", script);
        let kept =
            b"// By somebody (MIT)\n// https://example.org\nlet a = 1; // one\nlet b = '//';\n";
        assert_eq!(&*asset.body, kept);
        assert_eq!(&*Asset::new("a.css", script).body, script);
        assert_eq!(&*Asset::new("b.js", b"a()").body, b"a()");
    }
}
