//! The acceptor: the page that takes the code of a waiting login.

use super::form::{Form, query_value};
use super::{PageRequest, Pages, Reply, by_phone, notice, reply};
use crate::authenticator::Factor;
use crate::domain::enrollment::entry_letter;
use crate::domain::login::{Need, Outcome, WaitingLogin};
use crate::flow::FlowError;
use crate::flow::accept::Accepted;
use crate::flow::verify::{CodeRefusal, Typed, VerifyOutcome};
use crate::primitives::{Ticket, WaitingRef};
use crate::render::{Acceptor, AcceptorError, AcceptorSession, LocalPath, Notice, Page, paths};
use crate::store::records::Stored;
use http::StatusCode;

/// GET: shows the page, however often.
pub(super) async fn show(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    let reference = query_value(request.query, "r").unwrap_or_default();
    if reference.is_empty()
        && let Some(to) = newest(pages, request).await
    {
        return to;
    }
    match waiting(pages, request, &reference).await {
        Ok((login, _)) if is_over(pages, &login.value) => {
            // The browser must be able to begin anew: its session waits for nothing any more.
            pages
                .engine
                .abandon_login(&login.value, "expired", request.client)
                .await;
            closed(pages, request, &login.value).await
        }
        Ok((login, _)) => {
            let login = match by_phone::asked(pages, request, login, false).await {
                Ok(login) => login,
                Err(refusal) => return *refusal,
            };
            // Whoever has to wait is told before he types, not after.
            let account = &login.value.identity.account;
            let lane = pages.engine.lane(request.cookies.known, account);
            let closed = pages.engine.lane_closed(account, Factor::Totp, lane).await;
            let error = closed.ok().flatten().map(error_of);
            let mut shown = render(pages, request, &login.value, error).await;
            if shown.status() == StatusCode::TOO_MANY_REQUESTS {
                // Nothing was refused: it is the page that was asked for.
                *shown.status_mut() = StatusCode::OK;
            }
            shown
        }
        Err(refusal) => *refusal,
    }
}

/// The way to the login that waits in this browser, for an address without its reference: a page
/// that was shown in answer to a form has none.
pub(super) async fn newest(pages: &Pages, request: &PageRequest<'_>) -> Option<Reply> {
    let tickets = &request.cookies.tickets;
    let login = pages.engine.newest_waiting(tickets).await?;
    let path = page_path(pages, Need::Verify, login);
    Some(pages.to_own(request, &path))
}

/// Whether a login waited too long for its code.
fn is_over(pages: &Pages, login: &WaitingLogin) -> bool {
    let engine = &pages.engine;
    login.need == Need::Verify
        && matches!(login.outcome, Outcome::Waiting)
        && login.seconds_left(engine.settings.login, engine.now()) == 0
}

/// POST: judges a code.
pub(super) async fn verify(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let (login, ticket) = match posted(pages, request, form).await {
        Ok(found) => found,
        Err(refusal) => return *refusal,
    };
    let engine = &pages.engine;
    let account = &login.value.identity.account;
    let lane = engine.lane(request.cookies.known, account);
    let reference = login.value.reference;
    let typed = Typed::Otp(form.field("code"));
    let judged = engine
        .verify(reference, ticket, typed, lane, request.client)
        .await;
    answered(pages, request, &login.value, judged).await
}

/// What a login came to by a code or by its phone.
pub(super) async fn answered(
    pages: &Pages,
    request: &PageRequest<'_>,
    login: &WaitingLogin,
    judged: Result<VerifyOutcome, FlowError>,
) -> Reply {
    let error = match judged {
        Ok(VerifyOutcome::Accepted(accepted)) => {
            let onward = reply::see_other(&accepted.target);
            return release(pages, request, &accepted, login.reference, onward);
        }
        Ok(VerifyOutcome::Closed) => return closed(pages, request, login).await,
        Ok(VerifyOutcome::TicketUnknown) => return pages.refuse(request, Notice::TicketUnknown),
        Ok(VerifyOutcome::Refused(refusal)) => Some(error_of(refusal)),
        Ok(VerifyOutcome::UpstreamBusy) => Some(AcceptorError::UpstreamBusy),
        Err(error) => {
            let who = Some(&login.identity);
            return pages.refuse_for(request, notice::of_flow_error(&error), who);
        }
    };
    render(pages, request, login, error).await
}

/// POST: more time.
pub(super) async fn extend(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let (login, ticket) = match posted(pages, request, form).await {
        Ok(found) => found,
        Err(refusal) => return *refusal,
    };
    match pages.engine.extend(login.value.reference, ticket).await {
        Ok(extended) => {
            let reference = login.value.reference;
            // The phone is asked again as well, where its time is over.
            if extended && let Err(refusal) = by_phone::asked(pages, request, login, true).await {
                return *refusal;
            }
            pages.to_own(request, &page_path(pages, Need::Verify, reference))
        }
        Err(error) => pages.refuse(request, notice::of_flow_error(&error)),
    }
}

/// POST: the user gives up; both sides end.
pub(super) async fn cancel(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let (login, _) = match posted(pages, request, form).await {
        Ok(found) => found,
        Err(refusal) => return *refusal,
    };
    give_up(pages, request, &login.value).await
}

/// Ends a waiting login at the user's wish.
pub(super) async fn give_up(
    pages: &Pages,
    request: &PageRequest<'_>,
    login: &WaitingLogin,
) -> Reply {
    if matches!(login.outcome, Outcome::Waiting) {
        pages
            .engine
            .abandon_login(login, "cancelled", request.client)
            .await;
    }
    let answer = reply::with_pages_forgotten(pages.refuse(request, Notice::LoggedOut));
    forget(pages, answer, login.reference)
}

/// The waiting login of a reference, if the browser holds its ticket.
pub(super) async fn waiting<'r>(
    pages: &Pages,
    request: &'r PageRequest<'_>,
    reference: &str,
) -> Result<(Stored<WaitingLogin>, &'r Ticket), Box<Reply>> {
    let unknown = || Box::new(pages.refuse(request, Notice::TicketUnknown));
    let reference = WaitingRef::from_text(reference).ok_or_else(unknown)?;
    let tickets = &request.cookies.tickets;
    let (_, ticket) = tickets
        .iter()
        .find(|(at, _)| *at == reference)
        .ok_or_else(unknown)?;
    match pages.engine.waiting_login(reference, ticket).await {
        Ok(Some(login)) => Ok((login, ticket)),
        // Ended and swept, or never was: for this browser it is over.
        Ok(None) => {
            let answer = pages.refuse(request, Notice::SessionClosed);
            Err(Box::new(forget(pages, answer, reference)))
        }
        Err(error) => Err(Box::new(
            pages.refuse(request, notice::of_flow_error(&error)),
        )),
    }
}

/// The same for a POST, whose form must belong to it.
pub(super) async fn posted<'r>(
    pages: &Pages,
    request: &'r PageRequest<'_>,
    form: &Form,
) -> Result<(Stored<WaitingLogin>, &'r Ticket), Box<Reply>> {
    let (login, ticket) = waiting(pages, request, form.field("r")).await?;
    let bound = bound_to(&login.value);
    if !pages
        .engine
        .seals
        .form_token_fits(&bound, form.field("csrf"))
    {
        return Err(Box::new(pages.refuse(request, Notice::Forbidden)));
    }
    Ok((login, ticket))
}

/// The way on for a form that is sent again after its login was finished in this browser, as by a reload
/// of the page that said so: the ticket is gone, and the session is there.
pub(super) fn finished(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Option<Reply> {
    let reference = WaitingRef::from_text(form.field("r"))?;
    let waits = |(at, _): &(WaitingRef, Ticket)| *at == reference;
    if request.cookies.tickets.iter().any(waits) {
        return None;
    }
    request.carried.owner.as_ref()?;
    Some(pages.to_page(request, paths::STATUS))
}

/// What a waiting login's form token is bound to.
pub(super) fn bound_to(login: &WaitingLogin) -> Vec<u8> {
    [b"w", &login.reference.0[..], &login.ticket_digest].concat()
}

/// Address of the page for a waiting login.
pub(super) fn page_path(pages: &Pages, need: Need, reference: WaitingRef) -> String {
    let page = match need {
        Need::Activate => "activation",
        Need::Verify => "acceptor",
    };
    format!("{}/{page}?r={}", pages.frame.base, reference.to_text())
}

/// Hands out an accepted session: its seal, the known browser, and the ticket goes.
pub(super) fn release(
    pages: &Pages,
    request: &PageRequest<'_>,
    accepted: &Accepted,
    reference: WaitingRef,
    answer: Reply,
) -> Reply {
    let engine = &pages.engine;
    let session = &accepted.session;
    let sealed = engine.sealed_cookie(session, accepted.key, &session.jar());
    // The password alone makes no browser known (invariant I11).
    let known = match session.account().filter(|_| session.factor().is_some()) {
        Some(account) => engine.remember_browser(request.cookies.known, account).ok(),
        None => None,
    };
    let Ok(sealed) = sealed else {
        return pages.refuse(request, Notice::Internal);
    };
    let answer = reply::with_cookie(answer, &pages.cookies.set_seal(&sealed));
    let answer = match known {
        Some(known) => reply::with_cookie(answer, &pages.cookies.set_known(&known)),
        None => answer,
    };
    let upstream = engine.profile().session_cookie().name.clone();
    let answer = reply::with_cookie(answer, &pages.cookies.clear_upstream(&upstream));
    forget(pages, answer, reference)
}

/// The browser forgets the ticket of a waiting login.
pub(super) fn forget(pages: &Pages, answer: Reply, reference: WaitingRef) -> Reply {
    reply::with_cookie(answer, &pages.cookies.clear_ticket(reference))
}

/// The page of a login that is over.
pub(super) async fn closed(
    pages: &Pages,
    request: &PageRequest<'_>,
    login: &WaitingLogin,
) -> Reply {
    let over = WaitingLogin {
        window_until: login.created,
        ..login.clone()
    };
    let answer = render(pages, request, &over, None).await;
    forget(pages, answer, login.reference)
}

pub(super) async fn render(
    pages: &Pages,
    request: &PageRequest<'_>,
    login: &WaitingLogin,
    error: Option<AcceptorError>,
) -> Reply {
    if login.need == Need::Activate {
        return pages.to_own(request, &page_path(pages, Need::Activate, login.reference));
    }
    if let Outcome::Accepted { .. } = login.outcome {
        // Back button after the acceptance: the session is there, or it is over.
        return match &request.carried.owner {
            Some(_) => reply::see_other(&login.target),
            None => pages.refuse(request, Notice::AlreadyAccepted),
        };
    }
    let engine = &pages.engine;
    let account = match engine.account(&login.identity).await {
        Ok(account) => account,
        Err(error) => return pages.refuse(request, notice::of_flow_error(&error)),
    };
    let now = engine.now();
    // Disabled from another browser meanwhile: there is no code that could be asked for.
    let left = match account.binding {
        Some(_) => login.seconds_left(engine.settings.login, now),
        None => 0,
    };
    let session = if left > 0 {
        AcceptorSession::Open {
            seconds_left: u32::try_from(left).unwrap_or(u32::MAX),
            extensions_left: u32::from(login.extensions_left),
        }
    } else {
        match LocalPath::parse(&pages.frame.home) {
            Some(login) => AcceptorSession::Closed { login },
            None => return pages.refuse(request, Notice::SessionClosed),
        }
    };
    let show_clock = matches!(error, Some(AcceptorError::Wrong | AcceptorError::Late));
    let page = Acceptor {
        reference: login.reference.to_text(),
        csrf: pages.csrf(&bound_to(login)),
        user_id: login.identity.account.user_id.as_str().to_owned(),
        recovery: account.recovery_left() > 0,
        confirmed: engine
            .code_of_browser(request.cookies.reset, &login.identity.account)
            .is_some(),
        phone: by_phone::shown(pages, request, login, &account).await,
        entry: account
            .binding
            .map(|b| entry_letter(b.generation))
            .unwrap_or_default(),
        session,
        error,
        clock: show_clock.then(|| pages.clock_text(now)),
        contacts: pages.contacts_for(Some(&login.identity)),
    };
    let status = status_of(error, left);
    let this = page_path(pages, Need::Verify, login.reference);
    let frame = pages.frame_at(request, this);
    let reply = pages.answer(request, &Page::Acceptor(Box::new(page)), &frame, status);
    reply::that_listens(reply)
}

/// Statuses for machines; people read the sentence.
fn status_of(error: Option<AcceptorError>, left: u64) -> StatusCode {
    match error {
        None if left > 0 => StatusCode::OK,
        None => StatusCode::UNAUTHORIZED,
        Some(AcceptorError::TooMany { .. } | AcceptorError::Exhausted) => {
            StatusCode::TOO_MANY_REQUESTS
        }
        Some(AcceptorError::UpstreamBusy) => StatusCode::SERVICE_UNAVAILABLE,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn error_of(refusal: CodeRefusal) -> AcceptorError {
    let seconds = |seconds: u64| u32::try_from(seconds).unwrap_or(u32::MAX);
    match refusal {
        CodeRefusal::Malformed => AcceptorError::Malformed,
        CodeRefusal::Wrong => AcceptorError::Wrong,
        CodeRefusal::Used { wait_seconds } => AcceptorError::Used {
            seconds: seconds(wait_seconds),
        },
        CodeRefusal::Late => AcceptorError::Late,
        CodeRefusal::Wait { seconds: wait } => AcceptorError::TooMany {
            seconds: seconds(wait),
        },
        CodeRefusal::Exhausted => AcceptorError::Exhausted,
    }
}
