//! One connection from accept to close: requests one after the other, pipelined or not.

use std::future::pending;
use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;

use super::body::Body;
use super::head;
use super::send::{Form, send};
use super::wire::Wire;
use crate::app::App;
use crate::exchange::{Outcome, exchange};

/// Serves a connection until one side ends it. Play closes on what it cannot read, without a word.
pub(crate) async fn serve(app: Arc<App>, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let peer = stream.peer_addr()?.ip().to_string();
    let connection = app.next_connection();
    let mut wire = Wire::new(stream);
    while let Some(head) = head::read(&mut wire).await? {
        let mut body = Body::new(&mut wire, &head)?;
        let outcome = exchange(&app, (connection, &peer), &head, &mut body).await?;
        let (answer, faults, order) = match outcome {
            Outcome::Answer {
                answer,
                faults,
                order,
            } => (answer, faults, order),
            Outcome::Close => return Ok(()),
            Outcome::Hang => pending().await,
        };
        let keep_open = app.config().keep_alive;
        let form = Form {
            head_only: head.method == "HEAD",
            old: head.old,
            keep_alive: head.keep_alive() && keep_open,
            say_close: !keep_open,
        };
        let status = answer.status;
        app.amend_record(order, |record| record.status = status);
        let open = send(&mut wire.stream, answer, form, &faults).await?;
        app.amend_record(order, |record| record.finished = true);
        if !open || status == 101 {
            return Ok(());
        }
        wire.shrink();
    }
    Ok(())
}
