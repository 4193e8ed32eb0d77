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
