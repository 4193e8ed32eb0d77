//! Answers that go on: an event stream and a WebSocket, both naming the user whom the session has at that moment
//! (threats.md row 64).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;

use crate::exchange::Call;
use crate::http::answer::{Answer, Payload};
use crate::pages::errors;

/// What a WebSocket's key is hashed with (RFC 6455 section 1.3).
const SOCKET_MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The texts, one after the other; `?ticks=` ends them after so many.
fn texts(call: &Call<'_>) -> impl FnMut() -> Option<String> + Send + 'static {
    let app = Arc::clone(call.app);
    let (config, session) = (Arc::clone(&call.config), call.session.clone());
    let mut left = call.params.number("ticks").unwrap_or(u64::MAX);
    move || {
        left = left.checked_sub(1)?;
        let user = app.user(&config, &session);
        Some(user.map_or_else(|| "belum login".to_owned(), |user| user.canary()))
    }
}

/// `text/event-stream`.
pub(crate) fn events(call: &Call<'_>) -> Answer {
    let mut texts = texts(call);
    let source = Box::new(move || texts().map(|text| format!("data: {text}\n\n").into_bytes()));
    let mut answer = Answer::empty(200).with("Content-Type", "text/event-stream");
    answer.body = Payload::Ticks {
        every: call.config.events_every,
        source,
    };
    answer
}

/// 101, then a text frame each time. What the client sends is not read.
pub(crate) fn socket(call: &Call<'_>) -> Answer {
    let upgrade = call.head.header("upgrade").unwrap_or_default();
    let Some(key) = call.head.header("sec-websocket-key") else {
        return errors::missing(call);
    };
    if !upgrade.eq_ignore_ascii_case("websocket") {
        return errors::missing(call);
    }
    let hash = digest::digest(
        &digest::SHA1_FOR_LEGACY_USE_ONLY,
        format!("{key}{SOCKET_MAGIC}").as_bytes(),
    );
    let mut texts = texts(call);
    let source = Box::new(move || {
        let text = texts()?;
        // A canary is far shorter than the 125 bytes that fit a short frame.
        let length = u8::try_from(text.len().min(125)).unwrap_or(125);
        let mut frame = vec![0x81, length];
        frame.extend_from_slice(&text.as_bytes()[..usize::from(length)]);
        Some(frame)
    });
    let mut answer = Answer::empty(101)
        .with("Upgrade", "websocket")
        .with("Connection", "Upgrade")
        .with("Sec-WebSocket-Accept", STANDARD.encode(hash));
    answer.body = Payload::Ticks {
        every: call.config.events_every,
        source,
    };
    answer
}
