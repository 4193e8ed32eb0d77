//! Status: whether an authenticator is bound; enable, disable, log out.

use super::form::Form;
use super::{PageRequest, Pages, Reply, notice};
use crate::domain::enrollment::{Binding, entry_letter};
use crate::domain::policy_file::Mode;
use crate::flow::disable::DisableOutcome;
use crate::flow::sessions::LiveSession;
use crate::flow::verify::CodeRefusal;
use crate::primitives::Identity;
use crate::render::{
    AccountStatus, ActiveSince, DisableError, Disabled, LocalPath, Notice, Page, Rule, Status,
    paths,
};
use http::StatusCode;
use std::sync::Arc;

/// GET: shows how it stands.
pub(super) async fn show(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    let Some(owner) = &request.carried.owner else {
        return not_logged_in(pages, request);
    };
    let owner = owner.clone();
    render(pages, request, &owner, None).await
}

/// POST: to the activation page. Changes nothing; a form, because SPSE 4.5 shows a button.
pub(super) fn enable(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    match owned(pages, request, form) {
        Ok(_) => pages.to_page(request, paths::ACTIVATION),
        Err(refusal) => *refusal,
    }
}

/// POST: disables with a current code.
pub(super) async fn disable(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let owner = match owned(pages, request, form) {
        Ok(owner) => owner,
        Err(refusal) => return *refusal,
    };
    let Some(identity) = owner.record().identity.clone() else {
        return pages.refuse(request, Notice::NotFound);
    };
    match pages
        .engine
        .disable(&owner, form.field("code"), request.client)
        .await
    {
        Ok(DisableOutcome::Disabled { entry, code }) => {
            let page = Disabled {
                user_id: identity.account.user_id.as_str().to_owned(),
                entry,
                asks_again: mode_of(pages, &identity).await == Mode::Required,
                code: code.map(|code| code.grouped().into()),
            };
            finish(pages, request, &Page::Disabled(page), StatusCode::OK)
        }
        Ok(DisableOutcome::Refused(refusal)) => {
            render(pages, request, &owner, Some(error_of(refusal))).await
        }
        Ok(DisableOutcome::NotActive) => pages.to_page(request, paths::STATUS),
        Err(error) => pages.refuse_for(request, notice::of_flow_error(&error), Some(&identity)),
    }
}

/// What a session's form token is bound to.
pub(super) fn bound_to(session: &LiveSession) -> Vec<u8> {
    [b"s", &session.id().0[..]].concat()
}

/// The accepted session of a POST, whose form must belong to it.
pub(super) fn owned(
    pages: &Pages,
    request: &PageRequest<'_>,
    form: &Form,
) -> Result<Arc<LiveSession>, Box<Reply>> {
    let Some(owner) = &request.carried.owner else {
        return Err(Box::new(pages.refuse(request, Notice::SessionClosed)));
    };
    if !pages
        .engine
        .seals
        .form_token_fits(&bound_to(owner), form.field("csrf"))
    {
        return Err(Box::new(pages.refuse(request, Notice::Forbidden)));
    }
    Ok(owner.clone())
}

fn not_logged_in(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    match LocalPath::parse(&pages.frame.home) {
        Some(login) => finish(
            pages,
            request,
            &Page::Status(Status::NotLoggedIn { login }),
            StatusCode::OK,
        ),
        None => pages.refuse(request, Notice::SessionClosed),
    }
}

async fn render(
    pages: &Pages,
    request: &PageRequest<'_>,
    owner: &LiveSession,
    error: Option<DisableError>,
) -> Reply {
    // A session that was let pass unread has no account to show.
    let Some(identity) = &owner.record().identity else {
        return not_logged_in(pages, request);
    };
    let account = match pages.engine.account(identity).await {
        Ok(account) => account,
        Err(error) => {
            return pages.refuse_for(request, notice::of_flow_error(&error), Some(identity));
        }
    };
    let show_clock = matches!(error, Some(DisableError::Wrong | DisableError::Late));
    let page = AccountStatus {
        csrf: pages.csrf(&bound_to(owner)),
        user_id: identity.account.user_id.as_str().to_owned(),
        role: identity.role.as_str().to_owned(),
        active: account
            .binding
            .as_ref()
            .map(|binding| active_since(pages, binding)),
        by_mail: pages.engine.offers_address(owner),
        replace: pages.engine.may_replace(owner),
        rule: match mode_of(pages, identity).await {
            Mode::Off | Mode::Observe => Rule::Off,
            Mode::Optional => Rule::Optional,
            Mode::Encouraged => Rule::Encouraged,
            Mode::Required => Rule::Required,
        },
        error,
        clock: show_clock.then(|| pages.clock_text(pages.engine.now())),
        contacts: pages.contacts_for(Some(identity)),
    };
    let status = if error.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    finish(
        pages,
        request,
        &Page::Status(Status::LoggedIn(Box::new(page))),
        status,
    )
}

pub(super) fn finish(
    pages: &Pages,
    request: &PageRequest<'_>,
    page: &Page,
    status: StatusCode,
) -> Reply {
    pages.answer(request, page, &pages.frame_for(request), status)
}

/// The mode in force for an account. A store that fails is told by what the page is for; until then
/// the strictest sentence is the safest.
async fn mode_of(pages: &Pages, identity: &Identity) -> Mode {
    let engine = &pages.engine;
    let Ok(account) = engine.account(identity).await else {
        return Mode::Required;
    };
    let decision = engine.decide(identity, &account).await;
    decision.map_or(Mode::Required, |decision| decision.in_force.mode)
}

fn active_since(pages: &Pages, binding: &Binding) -> ActiveSince {
    ActiveSince {
        since: pages.date_text(binding.since),
        phone: binding.device.as_ref().map(|it| it.browser.told()),
        entry: entry_letter(binding.generation),
        recovery: binding
            .recovery
            .as_ref()
            .map(|set| super::recovery::count(pages, set)),
    }
}

/// What was wrong with a code that is asked for inside a session.
pub(super) fn error_of(refusal: CodeRefusal) -> DisableError {
    let seconds = |seconds: u64| u32::try_from(seconds).unwrap_or(u32::MAX);
    match refusal {
        CodeRefusal::Malformed => DisableError::Malformed,
        CodeRefusal::Wrong => DisableError::Wrong,
        CodeRefusal::Used { wait_seconds } => DisableError::Used {
            seconds: seconds(wait_seconds),
        },
        CodeRefusal::Late => DisableError::Late,
        CodeRefusal::Wait { seconds: wait } => DisableError::TooMany {
            seconds: seconds(wait),
        },
        CodeRefusal::Exhausted => DisableError::Exhausted,
    }
}
