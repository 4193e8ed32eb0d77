//! A stream of events on the wire, for as long as somebody reads it.

use super::gateway::Gateway;
use crate::pages::watch::Watch;
use bytes::Bytes;
use pingora::Result;
use pingora::http::ResponseHeader;
use pingora::proxy::Session;

impl Gateway {
    /// Streams what a page waits for. A client that is gone is noticed at once: nothing is held for it.
    pub(super) async fn tell(&self, session: &mut Session, mut watch: Watch) -> Result<()> {
        let (parts, _) = Watch::head().into_parts();
        let mut header = ResponseHeader::build(parts.status, Some(parts.headers.len()))?;
        for (name, value) in &parts.headers {
            header.append_header(name.clone(), value.clone())?;
        }
        session
            .write_response_header(Box::new(header), false)
            .await?;
        loop {
            let piece = tokio::select! {
                piece = watch.next() => piece,
                // Nothing is to be read from whoever only listens: it returns when the client is gone.
                gone = session.as_downstream_mut().read_body_or_idle(true) => {
                    tracing::debug!(?gone, "a page that waited is gone");
                    return Ok(());
                }
            };
            let Some(piece) = piece else { break };
            session.write_response_body(Some(piece), false).await?;
        }
        session
            .write_response_body(Some(Bytes::new()), true)
            .await?;
        Ok(())
    }
}
