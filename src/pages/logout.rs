//! The gateway's own way out: ends both sides.

use super::form::Form;
use super::{PageRequest, Pages, Reply, reply, status};
use crate::render::{ConfirmLogout, LocalPath, Notice, Page};
use http::StatusCode;

/// GET: asks; nothing changes by GET (a prefetch must log nobody out).
pub(super) async fn ask(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    let Some(owner) = &request.carried.owner else {
        // A login that still waits has its own way out, on its page.
        return match super::acceptor::newest(pages, request).await {
            Some(to) => to,
            None => pages.refuse(request, Notice::LoggedOut),
        };
    };
    let user_id = owner
        .account()
        .map(|a| a.user_id.as_str().to_owned())
        .unwrap_or_default();
    let Some(back) = LocalPath::parse(&format!("{}/", pages.frame.base)) else {
        return pages.refuse(request, Notice::Internal);
    };
    let page = ConfirmLogout {
        csrf: pages.csrf(&status::bound_to(owner)),
        user_id,
        back,
    };
    match pages
        .renderer()
        .page(&Page::ConfirmLogout(page), &pages.frame_for(request))
    {
        Ok(body) => reply::html(StatusCode::OK, body),
        Err(_) => pages.refuse(request, Notice::Internal),
    }
}

/// POST: ends the session.
pub(super) async fn logout(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let owner = match status::owned(pages, request, form) {
        Ok(owner) => owner,
        Err(refusal) => return *refusal,
    };
    pages
        .engine
        .end_session(&owner, "logout", request.client)
        .await;
    let answer = reply::with_pages_forgotten(pages.refuse(request, Notice::LoggedOut));
    reply::with_cookie(answer, &pages.cookies.clear_seal())
}
