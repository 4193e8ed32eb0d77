//! Recovery codes of an account: how many are left, new ones, the list as a file; and the new phone.

use super::form::Form;
use super::status::{bound_to, error_of, finish, owned};
use super::{PageRequest, Pages, Reply, notice, reply};
use crate::domain::enrollment::entry_letter;
use crate::domain::recovery::{FEW_LEFT, RecoverySet};
use crate::flow::recovery::{RecoveryCodes, RenewOutcome};
use crate::flow::sessions::LiveSession;
use crate::render::{
    DisableError, Notice, Page, Recovery, RecoveryCodes as NewCodes, RecoveryCount, RecoveryList,
    paths,
};
use http::StatusCode;

/// Name of the file; it tells nobody whose codes are in it.
const FILE_NAME: &str = "kode-pemulihan.txt";

/// GET: how many are left.
pub(super) async fn show(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    match request.carried.owner.clone() {
        Some(owner) => render(pages, request, &owner, None).await,
        None => pages.to_page(request, paths::STATUS),
    }
}

/// POST: makes new ones, with a code of the app.
pub(super) async fn renew(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let owner = match owned(pages, request, form) {
        Ok(owner) => owner,
        Err(refusal) => return *refusal,
    };
    let Some(identity) = owner.record().identity.clone() else {
        return pages.refuse(request, Notice::NotFound);
    };
    let typed = form.field("code");
    match pages
        .engine
        .renew_recovery(&owner, typed, request.client)
        .await
    {
        Ok(RenewOutcome::Made(codes)) => {
            let page = NewCodes {
                user_id: identity.account.user_id.as_str().to_owned(),
                list: list(pages, &owner, &codes),
            };
            let page = Page::RecoveryCodes(page);
            finish(pages, request, &page, StatusCode::OK)
        }
        Ok(RenewOutcome::Refused(refusal)) => {
            render(pages, request, &owner, Some(error_of(refusal))).await
        }
        Ok(RenewOutcome::NotActive) => pages.to_page(request, paths::STATUS),
        Err(error) => pages.refuse_for(request, notice::of_flow_error(&error), Some(&identity)),
    }
}

/// POST: the codes of the page that sent them, as a file. Only hashes are kept, so the page has to send
/// them back; nothing goes into the file but codes of the account's own set.
pub(super) async fn file(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let owner = match owned(pages, request, form) {
        Ok(owner) => owner,
        Err(refusal) => return *refusal,
    };
    let (Some(identity), engine) = (&owner.record().identity, &pages.engine) else {
        return pages.refuse(request, Notice::NotFound);
    };
    let codes = match engine.own_codes(&owner, form.field("codes")).await {
        Ok(Some(codes)) => codes,
        Ok(None) => return pages.refuse(request, Notice::Forbidden),
        Err(error) => return pages.refuse(request, notice::of_flow_error(&error)),
    };
    let list = list(pages, &owner, &codes);
    let user_id = identity.account.user_id.as_str();
    let frame = pages.frame_for(request);
    match pages.renderer().recovery_file(&list, user_id, &frame) {
        Ok(text) => reply::attachment(FILE_NAME, &text),
        Err(error) => {
            tracing::error!(%error, "the file of recovery codes could not be made");
            pages.refuse(request, Notice::Internal)
        }
    }
}

/// POST: on to the activation of another phone, from a session that a recovery code opened.
pub(super) async fn replace(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let owner = match owned(pages, request, form) {
        Ok(owner) => owner,
        Err(refusal) => return *refusal,
    };
    match pages.engine.replace(&owner).await {
        Ok(true) => pages.to_page(request, paths::ACTIVATION),
        // The hour is over; the status page says what can be done.
        Ok(false) => pages.to_page(request, paths::STATUS),
        Err(error) => pages.refuse(request, notice::of_flow_error(&error)),
    }
}

/// The codes as a page of this session shows them.
pub(super) fn list(pages: &Pages, owner: &LiveSession, codes: &RecoveryCodes) -> RecoveryList {
    RecoveryList {
        csrf: pages.csrf(&bound_to(owner)),
        codes: codes
            .expose()
            .iter()
            .map(|code| code.grouped().into())
            .collect(),
        made: pages.date_text(pages.engine.now()),
    }
}

/// How many there are.
pub(super) fn count(pages: &Pages, set: &RecoverySet) -> RecoveryCount {
    RecoveryCount {
        left: set.left(),
        size: set.size(),
        few: set.left() <= FEW_LEFT,
        made: pages.date_text(set.made),
    }
}

async fn render(
    pages: &Pages,
    request: &PageRequest<'_>,
    owner: &LiveSession,
    error: Option<DisableError>,
) -> Reply {
    let Some(identity) = &owner.record().identity else {
        return pages.to_page(request, paths::STATUS);
    };
    let account = match pages.engine.account(identity).await {
        Ok(account) => account,
        Err(error) => {
            return pages.refuse_for(request, notice::of_flow_error(&error), Some(identity));
        }
    };
    // Without a second factor there is nothing that a code could stand in for.
    let Some(bound) = account.bound() else {
        return pages.to_page(request, paths::STATUS);
    };
    let show_clock = matches!(error, Some(DisableError::Wrong | DisableError::Late));
    let page = Recovery {
        csrf: pages.csrf(&bound_to(owner)),
        user_id: identity.account.user_id.as_str().to_owned(),
        entry: entry_letter(bound),
        count: account.recovery().map(|set| count(pages, set)),
        error,
        clock: show_clock.then(|| pages.clock_text(pages.engine.now())),
        contacts: pages.contacts_for(Some(identity)),
    };
    let status = match error {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    finish(pages, request, &Page::Recovery(Box::new(page)), status)
}
