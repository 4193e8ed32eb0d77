//! Style and script: the only own answers that may be kept by the browser.

use super::{Pages, Reply, reply};
use crate::render::paths;
use http::{HeaderMap, StatusCode, header};

/// Folder of the phone's app.
const APP: &str = "phone/";

/// The asset at a path, or nothing.
pub(super) fn asset(pages: &Pages, path: &str, headers: &HeaderMap) -> Option<Reply> {
    let asked = path.strip_prefix(paths::STATIC)?;
    let asset = pages.renderer().asset(asked)?;
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|v| v.as_bytes() == asset.etag.as_bytes());
    let mut answer = reply::html(StatusCode::OK, String::new());
    if known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *answer.body_mut() = bytes::Bytes::copy_from_slice(&asset.body);
    }
    let answer = reply::with_header(answer, header::CONTENT_TYPE, asset.content_type);
    let answer = reply::with_header(answer, header::ETAG, &asset.etag);
    Some(reply::with_header(
        answer,
        header::CACHE_CONTROL,
        match asked.starts_with(APP) {
            // Its modules name each other without a version: they have to be of one.
            true => "no-cache",
            false => "public, max-age=3600",
        },
    ))
}
