//! What an error of pingora's is about.

use crate::render::Notice;
use pingora::{Error, ErrorSource, ErrorType};

/// A request that pingora found broken on its way through: chunks that are none, headers that may
/// not be named in Connection.
pub(super) fn is_broken_request(error: &Error) -> bool {
    let what = matches!(error.etype().as_str(), "InvalidChunk" | "InvalidHTTPHeader");
    what && error.esource() != &ErrorSource::Upstream
}

/// What a failure between us and the upstream means for the user.
pub(super) fn notice_of(error: &Error) -> Notice {
    use ErrorType::{ConnectTimedout, ReadTimedout, WriteTimedout};
    match error.etype() {
        ReadTimedout | WriteTimedout | ConnectTimedout => Notice::UpstreamSlow,
        _ => Notice::UpstreamDown,
    }
}
