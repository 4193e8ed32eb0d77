//! A login by recovery code: the acceptor's other way.

use super::acceptor::{bound_to, closed, finished, page_path, posted, release, waiting};
use super::form::{Form, query_value};
use super::{PageRequest, Pages, Reply, acceptor, notice, reply, status};
use crate::domain::login::{Need, Outcome, WaitingLogin};
use crate::domain::recovery::FEW_LEFT;
use crate::flow::accept::Accepted;
use crate::flow::verify::{CodeRefusal, Typed, VerifyOutcome};
use crate::primitives::WaitingRef;
use crate::render::{LocalPath, Notice, Page, Recover, RecoverError, Recovered, paths};
use http::StatusCode;

/// POST: turns from the app's code to recovery codes, or to an activation code, and gives the time that
/// finding them takes.
pub(super) async fn turn(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let (login, ticket) = match posted(pages, request, form).await {
        Ok(found) => found,
        Err(refusal) => return *refusal,
    };
    let reference = login.value.reference;
    match pages.engine.give_time(reference, ticket).await {
        Ok(_) => {
            let page = match form.field("to") {
                "reset" => paths::ACCEPTOR_RESET,
                _ => paths::ACCEPTOR_RECOVERY,
            };
            pages.to_own(request, &path_of(pages, page, reference))
        }
        Err(error) => pages.refuse(request, notice::of_flow_error(&error)),
    }
}

/// GET: shows the page, however often.
pub(super) async fn show(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    let reference = query_value(request.query, "r").unwrap_or_default();
    match waiting(pages, request, &reference).await {
        Ok((login, _)) => {
            // Whoever has to wait is told before he types, not after.
            let wait = pages.engine.recovery_wait(&login.value).map(error_of);
            let mut shown = render(pages, request, &login.value, wait).await;
            if shown.status() == StatusCode::TOO_MANY_REQUESTS {
                *shown.status_mut() = StatusCode::OK;
            }
            shown
        }
        Err(refusal) if reference.is_empty() => {
            acceptor::newest(pages, request).await.unwrap_or(*refusal)
        }
        Err(refusal) => *refusal,
    }
}

/// POST: judges a recovery code.
pub(super) async fn verify(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    if let Some(onward) = finished(pages, request, form) {
        return onward;
    }
    let (login, ticket) = match posted(pages, request, form).await {
        Ok(found) => found,
        Err(refusal) => return *refusal,
    };
    let engine = &pages.engine;
    let identity = &login.value.identity;
    let lane = engine.lane(request.cookies.known, &identity.account);
    let reference = login.value.reference;
    let typed = Typed::Recovery(form.field("code"));
    match engine
        .verify(reference, ticket, typed, lane, request.client)
        .await
    {
        Ok(VerifyOutcome::Accepted(accepted)) => {
            let page = recovered(pages, request, &accepted).await;
            release(pages, request, &accepted, reference, page)
        }
        Ok(VerifyOutcome::Refused(refusal)) => {
            render(pages, request, &login.value, Some(error_of(refusal))).await
        }
        Ok(VerifyOutcome::UpstreamBusy) => {
            let busy = Some(RecoverError::UpstreamBusy);
            render(pages, request, &login.value, busy).await
        }
        Ok(VerifyOutcome::Closed) => closed(pages, request, &login.value).await,
        Ok(VerifyOutcome::TicketUnknown) => pages.refuse(request, Notice::TicketUnknown),
        Err(error) => pages.refuse_for(request, notice::of_flow_error(&error), Some(identity)),
    }
}

/// Address of one of the acceptor's other ways.
pub(super) fn path_of(pages: &Pages, page: &str, reference: WaitingRef) -> String {
    format!("{}{page}?r={}", pages.frame.base, reference.to_text())
}

/// In: how many are left, and the way on to where the upstream had sent the user.
async fn recovered(pages: &Pages, request: &PageRequest<'_>, accepted: &Accepted) -> Reply {
    let target = &accepted.target;
    let onward = LocalPath::parse(target).or_else(|| LocalPath::parse(&pages.engine.home()));
    let session = &accepted.session;
    let (Some(identity), Some(continue_to)) = (&session.record().identity, onward) else {
        return reply::see_other(target);
    };
    let Ok(account) = pages.engine.account(identity).await else {
        return reply::see_other(target);
    };
    let left = account.recovery_left();
    let page = Recovered {
        csrf: pages.csrf(&status::bound_to(session)),
        user_id: identity.account.user_id.as_str().to_owned(),
        left,
        few: left <= FEW_LEFT,
        continue_to,
    };
    let frame = pages.frame_for(request);
    match pages.renderer().page(&Page::Recovered(page), &frame) {
        Ok(body) => reply::html(StatusCode::OK, body),
        Err(_) => reply::see_other(target),
    }
}

async fn render(
    pages: &Pages,
    request: &PageRequest<'_>,
    login: &WaitingLogin,
    error: Option<RecoverError>,
) -> Reply {
    let engine = &pages.engine;
    let back = page_path(pages, login.need, login.reference);
    let account = match engine.account(&login.identity).await {
        Ok(account) => account,
        Err(error) => return pages.refuse(request, notice::of_flow_error(&error)),
    };
    let left = login.seconds_left(engine.settings.login, engine.now());
    let usable = login.need == Need::Verify
        && matches!(login.outcome, Outcome::Waiting)
        && account.recovery().is_some();
    let (true, Some(back)) = (usable && left > 0, LocalPath::parse(&back)) else {
        // Over, accepted, an activation, or no codes: the acceptor says which.
        return pages.to_own(request, &back);
    };
    let page = Recover {
        reference: login.reference.to_text(),
        csrf: pages.csrf(&bound_to(login)),
        user_id: login.identity.account.user_id.as_str().to_owned(),
        seconds_left: u32::try_from(left).unwrap_or(u32::MAX),
        error,
        back,
        contacts: pages.contacts_for(Some(&login.identity)),
    };
    let this = path_of(pages, paths::ACCEPTOR_RECOVERY, login.reference);
    let frame = pages.frame_at(request, this);
    pages.answer(
        request,
        &Page::Recover(Box::new(page)),
        &frame,
        status_of(error),
    )
}

fn status_of(error: Option<RecoverError>) -> StatusCode {
    match error {
        None => StatusCode::OK,
        Some(RecoverError::TooMany { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(RecoverError::UpstreamBusy) => StatusCode::SERVICE_UNAVAILABLE,
        Some(RecoverError::Wrong | RecoverError::Malformed | RecoverError::Used) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }
}

fn error_of(refusal: CodeRefusal) -> RecoverError {
    match refusal {
        CodeRefusal::Malformed => RecoverError::Malformed,
        // Neither late nor exhausted is said of a recovery code.
        CodeRefusal::Wrong | CodeRefusal::Late | CodeRefusal::Exhausted => RecoverError::Wrong,
        CodeRefusal::Used { .. } => RecoverError::Used,
        CodeRefusal::Wait { seconds } => RecoverError::TooMany {
            seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
        },
    }
}
