//! Own answers on the wire.

use crate::pages::Reply;
use http::header::CONTENT_LENGTH;
use pingora::Result;
use pingora::http::ResponseHeader;
use pingora::proxy::Session;

/// Writes an own answer, whole. HEAD gets the header alone.
pub(super) async fn respond(session: &mut Session, reply: Reply) -> Result<()> {
    let (parts, body) = reply.into_parts();
    let mut header = ResponseHeader::build(parts.status, Some(parts.headers.len() + 1))?;
    for (name, value) in &parts.headers {
        header.append_header(name.clone(), value.clone())?;
    }
    let without_body = parts.status.as_u16() == 304 || parts.status.as_u16() == 204;
    if !without_body {
        header.insert_header(CONTENT_LENGTH, body.len().to_string())?;
    }
    let head = session.req_header().method == http::Method::HEAD || without_body;
    session
        .write_response_header(Box::new(header), head)
        .await?;
    if !head {
        session.write_response_body(Some(body), true).await?;
    }
    Ok(())
}

/// The same, and the connection ends: its request was not read to the end, or not understood.
pub(super) async fn respond_and_close(session: &mut Session, reply: Reply) -> Result<()> {
    session.set_keepalive(None);
    respond(session, reply).await
}
