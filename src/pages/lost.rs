//! The authenticator is lost: an activation code instead of its own, the acceptor's third way.

use super::acceptor::{self, bound_to, closed, page_path, posted, waiting};
use super::form::{Form, query_value};
use super::proof::{error_of, filled_code, lane, status_of};
use super::recover::path_of;
use super::{PageRequest, Pages, Reply, notice};
use crate::domain::login::{Need, Outcome, WaitingLogin};
use crate::flow::proof::ProofOutcome;
use crate::render::{LocalPath, Lost, Page, ProofError, paths};

/// GET: shows the page, however often.
pub(super) async fn show(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    let reference = query_value(request.query, "r").unwrap_or_default();
    match waiting(pages, request, &reference).await {
        Ok((login, _)) => render(pages, request, &login.value, None).await,
        Err(refusal) if reference.is_empty() => {
            acceptor::newest(pages, request).await.unwrap_or(*refusal)
        }
        Err(refusal) => *refusal,
    }
}

/// POST: judges an activation code; the way to a new QR code.
pub(super) async fn prove(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let (login, ticket) = match posted(pages, request, form).await {
        Ok(found) => found,
        Err(refusal) => return *refusal,
    };
    let identity = &login.value.identity;
    let lane = lane(pages, request, &identity.account);
    let code = form.field("code");
    let judged = pages
        .engine
        .prove_loss(&login, code, lane, request.client)
        .await;
    match judged {
        Ok(ProofOutcome::Allowed) => {
            let to = page_path(pages, Need::Activate, login.value.reference);
            pages.to_own(request, &to)
        }
        Ok(ProofOutcome::Refused(refusal)) => {
            render(pages, request, &login.value, Some(error_of(refusal))).await
        }
        Ok(ProofOutcome::Closed) => {
            let reference = login.value.reference;
            match pages.engine.waiting_login(reference, ticket).await {
                // The second click of a double click goes where the first one led.
                Ok(Some(now)) if now.value.need == Need::Activate => {
                    pages.to_own(request, &page_path(pages, Need::Activate, reference))
                }
                // Extended or changed at the same moment: it still waits.
                Ok(Some(now)) if still_waits(pages, &now.value) => {
                    let this = path_of(pages, paths::ACCEPTOR_RESET, reference);
                    pages.to_own(request, &this)
                }
                _ => closed(pages, request, &login.value).await,
            }
        }
        Err(error) => pages.refuse_for(request, notice::of_flow_error(&error), Some(identity)),
    }
}

fn still_waits(pages: &Pages, login: &WaitingLogin) -> bool {
    let engine = &pages.engine;
    login.need == Need::Verify
        && matches!(login.outcome, Outcome::Waiting)
        && login.seconds_left(engine.settings.login, engine.now()) > 0
}

async fn render(
    pages: &Pages,
    request: &PageRequest<'_>,
    login: &WaitingLogin,
    error: Option<ProofError>,
) -> Reply {
    let engine = &pages.engine;
    let back = page_path(pages, login.need, login.reference);
    let left = login.seconds_left(engine.settings.login, engine.now());
    let (true, Some(back)) = (still_waits(pages, login), LocalPath::parse(&back)) else {
        // Over, accepted or an activation: the acceptor says which.
        return pages.to_own(request, &back);
    };
    let account = &login.identity.account;
    let page = Lost {
        reference: login.reference.to_text(),
        csrf: pages.csrf(&bound_to(login)),
        user_id: account.user_id.as_str().to_owned(),
        seconds_left: u32::try_from(left).unwrap_or(u32::MAX),
        code: filled_code(pages, request, account).filter(|_| error.is_none()),
        by_mail: engine.mails_codes(&login.identity),
        error,
        back,
        contacts: pages.contacts_for(Some(&login.identity)),
    };
    let this = path_of(pages, paths::ACCEPTOR_RESET, login.reference);
    let frame = pages.frame_at(request, this);
    pages.answer(
        request,
        &Page::Lost(Box::new(page)),
        &frame,
        status_of(error),
    )
}
