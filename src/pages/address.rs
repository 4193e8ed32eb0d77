//! The address that an owner registers himself: typed with a current code, confirmed by a mailed one.

use super::form::Form;
use super::status::{bound_to, error_of, owned};
use super::{PageRequest, Pages, Reply, notice};
use crate::domain::enrollment::entry_letter;
use crate::flow::address::Known;
use crate::flow::confirm_address::ConfirmOutcome;
use crate::flow::own_address::TypedOutcome;
use crate::flow::sessions::LiveSession;
use crate::primitives::EmailAddress;
use crate::render::{Address, AddressError, DisableError, Page, Registration, paths};
use http::StatusCode;

/// What a form brought, to be shown with the page.
#[derive(Default)]
struct Brought<'f> {
    email: &'f str,
    done: bool,
    error: Option<AddressError>,
}

/// GET: how it stands.
pub(super) async fn show(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    match request.carried.owner.clone() {
        Some(owner) => render(pages, request, &owner, Brought::default()).await,
        None => pages.to_page(request, paths::STATUS),
    }
}

/// POST: takes an address, with a code of the app.
pub(super) async fn typed(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let owner = match owned(pages, request, form) {
        Ok(owner) => owner,
        Err(refusal) => return *refusal,
    };
    let brought = |error| Brought {
        email: form.field("email"),
        error: Some(error),
        ..Brought::default()
    };
    // Before the code is looked at: a slip here must not cost it.
    let Ok(email) = EmailAddress::parse(form.field("email")) else {
        return render(pages, request, &owner, brought(AddressError::Email)).await;
    };
    let asker = (pages.frame_for(request).lang, request.client);
    let code = form.field("code");
    match pages.engine.type_address(&owner, email, code, asker).await {
        // The page shows where the code went.
        Ok(TypedOutcome::Sent | TypedOutcome::NotHere) => pages.to_page(request, paths::EMAIL),
        Ok(TypedOutcome::Busy) => render(pages, request, &owner, brought(AddressError::Busy)).await,
        Ok(TypedOutcome::TooMany) => {
            render(pages, request, &owner, brought(AddressError::TooMany)).await
        }
        Ok(TypedOutcome::Refused(refusal)) => {
            let error = AddressError::Code(error_of(refusal));
            render(pages, request, &owner, brought(error)).await
        }
        Err(error) => pages.refuse(request, notice::of_flow_error(&error)),
    }
}

/// POST: judges the code that was mailed there.
pub(super) async fn confirm(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let owner = match owned(pages, request, form) {
        Ok(owner) => owner,
        Err(refusal) => return *refusal,
    };
    let engine = &pages.engine;
    let judged = engine
        .confirm_address(&owner, form.field("code"), request.client)
        .await;
    let error = match judged {
        // The page shows whose address counts.
        Ok(ConfirmOutcome::NotHere) => return pages.to_page(request, paths::EMAIL),
        Ok(ConfirmOutcome::Done) => None,
        Ok(ConfirmOutcome::Wrong) => Some(AddressError::Wrong),
        Ok(ConfirmOutcome::Malformed) => Some(AddressError::Malformed),
        Ok(ConfirmOutcome::Over) => Some(AddressError::Over),
        Err(error) => return pages.refuse(request, notice::of_flow_error(&error)),
    };
    let brought = Brought {
        done: error.is_none(),
        error,
        ..Brought::default()
    };
    render(pages, request, &owner, brought).await
}

async fn render(
    pages: &Pages,
    request: &PageRequest<'_>,
    owner: &LiveSession,
    brought: Brought<'_>,
) -> Reply {
    let engine = &pages.engine;
    let Some(identity) = &owner.record().identity else {
        return pages.to_page(request, paths::STATUS);
    };
    let own = match engine.own_address(owner).await {
        Ok(Some(own)) => own,
        Ok(None) => return pages.to_page(request, paths::STATUS),
        Err(error) => {
            return pages.refuse_for(request, notice::of_flow_error(&error), Some(identity));
        }
    };
    let error = brought.error;
    let at_clock = |error| {
        matches!(
            error,
            AddressError::Code(DisableError::Wrong | DisableError::Late)
        )
    };
    let page = Address {
        csrf: pages.csrf(&bound_to(owner)),
        user_id: identity.account.user_id.as_str().to_owned(),
        entry: entry_letter(own.bound),
        registered: match own.known {
            Known::At(address) if address.source.is_proof() => {
                Registration::Lpse(address.email.masked())
            }
            Known::At(address) => Registration::Own(address.email.masked()),
            Known::Nowhere => Registration::None,
            Known::Unsure(_) => Registration::Unsure,
        },
        pending: own.pending.map(|email| email.as_str().to_owned()),
        email: brought.email.to_owned(),
        done: brought.done,
        error,
        clock: error
            .is_some_and(at_clock)
            .then(|| pages.clock_text(engine.now())),
        contacts: pages.contacts_for(Some(identity)),
    };
    let status = match error {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    // Also in answer to a form: the links of the page lead to its own address.
    let this = format!("{}{}", pages.frame.base, paths::EMAIL);
    let frame = pages.frame_at(request, this);
    pages.answer(request, &Page::Address(Box::new(page)), &frame, status)
}
