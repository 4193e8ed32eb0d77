//! Refusals: one table from what happened to status and words, as a page or as JSON.

use super::{Pages, Reply, reply};
use crate::flow::FlowError;
use crate::render::{Frame, Lang, Message, Notice, Page};
use http::{StatusCode, header};

/// The answer for a message.
pub fn reply(pages: &Pages, message: &Message, frame: &Frame, navigation: bool) -> Reply {
    let status =
        StatusCode::from_u16(message.notice.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(id) = &message.request_id {
        // Its number stands on the page: the help desk asks what it was.
        let told = format!(
            "answered {status} with the message {}",
            message.notice.code()
        );
        pages
            .engine
            .traces
            .note_refusal(id, pages.engine.now(), told);
    }
    let answer = if navigation {
        match pages
            .renderer()
            .page(&Page::Message(message.clone()), frame)
        {
            Ok(body) => reply::html(status, body),
            Err(error) => last_resort(status, &error),
        }
    } else {
        match pages.renderer().json(message, frame) {
            Ok(body) => reply::json(status, body),
            Err(error) => last_resort(status, &error),
        }
    };
    match message.notice.retry_after() {
        Some(seconds) => reply::with_header(answer, header::RETRY_AFTER, &seconds.to_string()),
        None => answer,
    }
}

/// A refusal outside the own pages, before a page request exists.
pub fn refuse(
    pages: &Pages,
    notice: Notice,
    request_id: &str,
    lang: Lang,
    navigation: bool,
) -> Reply {
    let frame = Frame {
        lang,
        this_path: format!("{}/", pages.frame.base),
        ..pages.frame.clone()
    };
    let message = Message {
        notice,
        contacts: pages.contacts_for(None),
        request_id: Some(request_id.to_owned()),
    };
    reply(pages, &message, &frame, navigation)
}

/// What a failed use case means for the user.
pub fn of_flow_error(error: &FlowError) -> Notice {
    match error {
        FlowError::Store(_) => Notice::StoreUnavailable,
        FlowError::Clock => Notice::ClockWrong,
        FlowError::Seal => Notice::Internal,
    }
}

fn last_resort(status: StatusCode, error: &dyn std::error::Error) -> Reply {
    tracing::error!(%error, "a page could not be rendered");
    reply::html(
        status,
        format!(
            "<!doctype html><title>{0}</title><p>{0}</p>",
            status.as_u16()
        ),
    )
}
