//! Activation: a QR code, and the code that proves it arrived.

use super::acceptor::{bound_to, finished, forget, give_up, page_path, posted, release, waiting};
use super::form::{Form, query_value};
use super::{PageRequest, Pages, Reply, by_phone, notice, reply};
use crate::authenticator::totp::otpauth_url;
use crate::domain::enrollment::{self, entry_letter};
use crate::domain::login::{Need, Outcome};
use crate::flow::FlowError;
use crate::flow::activate::{ActivationState, Holder};
use crate::flow::bind::ActivateOutcome;
use crate::flow::sessions::LiveSession;
use crate::flow::verify::CodeRefusal;
use crate::primitives::{DeviceId, UnixSeconds};
use crate::render::{
    Activated, Activation, ActivationError, Leave, LocalPath, Notice, Page, SecretText, ShownQr,
    paths,
};
use http::StatusCode;

/// GET: shows the QR code of this activation, however often.
pub(super) async fn show(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    let holder = match holder(pages, request, query_value(request.query, "r")).await {
        Ok(holder) => holder,
        Err(refusal) => return *refusal,
    };
    render(pages, request, &holder, None).await
}

/// POST: "QR Code baru".
pub(super) async fn renew(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let holder = match posted_holder(pages, request, form).await {
        Ok(holder) => holder,
        Err(refusal) => return *refusal,
    };
    match pages.engine.renew_activation(&holder).await {
        Ok(_) => pages.to_own(request, &own_path(pages, &holder)),
        Err(error) => pages.refuse(request, notice::of_flow_error(&error)),
    }
}

/// POST: leaves. From a login it ends the session; from the status page it never does.
pub(super) async fn cancel(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    match posted_holder(pages, request, form).await {
        Ok(Holder::Login(login)) => give_up(pages, request, &login.value).await,
        Ok(Holder::Session(_)) => pages.to_page(request, paths::STATUS),
        Err(refusal) => *refusal,
    }
}

/// POST: judges a code.
pub(super) async fn confirm(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    if let Some(onward) = finished(pages, request, form) {
        return onward;
    }
    let holder = match posted_holder(pages, request, form).await {
        Ok(holder) => holder,
        Err(refusal) => return *refusal,
    };
    let beside = DeviceId::from_text(form.field("phone"));
    let judged = pages
        .engine
        .confirm_activation(&holder, (form.field("code"), beside), request.client)
        .await;
    bound(pages, request, &holder, judged).await
}

/// What an activation came to by a code or by its phone.
pub(super) async fn bound(
    pages: &Pages,
    request: &PageRequest<'_>,
    holder: &Holder,
    judged: Result<ActivateOutcome, FlowError>,
) -> Reply {
    match judged {
        Ok(ActivateOutcome::Accepted(accepted)) => {
            let (session, target) = (&accepted.session, &accepted.target);
            let page = activated(pages, request, session, target, None).await;
            let answer = match holder {
                Holder::Login(login) => {
                    release(pages, request, &accepted, login.value.reference, page)
                }
                Holder::Session(_) => page,
            };
            match request.cookies.reset {
                // Its code is used up.
                Some(_) => reply::with_cookie(answer, &pages.cookies.clear_reset()),
                None => answer,
            }
        }
        Ok(ActivateOutcome::Bound { replaced }) => {
            let home = pages.engine.home();
            match holder {
                Holder::Session(session) => {
                    activated(pages, request, session, &home, replaced).await
                }
                Holder::Login(_) => reply::see_other(&home),
            }
        }
        Ok(ActivateOutcome::Refused(refusal)) => {
            render(pages, request, holder, Some(error_of(refusal))).await
        }
        Ok(ActivateOutcome::ProofDue) => {
            super::proof::render(pages, request, holder, (None, None)).await
        }
        Ok(ActivateOutcome::UpstreamBusy) => {
            render(pages, request, holder, Some(ActivationError::UpstreamBusy)).await
        }
        Ok(ActivateOutcome::Closed) => match holder {
            Holder::Login(_) => pages.refuse(request, Notice::SessionClosed),
            Holder::Session(_) => pages.to_page(request, paths::STATUS),
        },
        Err(error) => pages.refuse_for(request, notice::of_flow_error(&error), holder.identity()),
    }
}

pub(super) async fn holder(
    pages: &Pages,
    request: &PageRequest<'_>,
    reference: Option<String>,
) -> Result<Holder, Box<Reply>> {
    if let Some(reference) = reference.filter(|text| !text.is_empty()) {
        return waiting(pages, request, &reference)
            .await
            .map(|(login, _)| Holder::Login(Box::new(login)));
    }
    if let Some(owner) = &request.carried.owner {
        return Ok(Holder::Session(owner.clone()));
    }
    let to = match super::acceptor::newest(pages, request).await {
        Some(to) if request.method == http::Method::GET => to,
        _ => pages.to_page(request, paths::STATUS),
    };
    Err(Box::new(to))
}

pub(super) async fn posted_holder(
    pages: &Pages,
    request: &PageRequest<'_>,
    form: &Form,
) -> Result<Holder, Box<Reply>> {
    if !form.field("r").is_empty() {
        return posted(pages, request, form)
            .await
            .map(|(login, _)| Holder::Login(Box::new(login)));
    }
    let holder = holder(pages, request, None).await?;
    if !pages
        .engine
        .seals
        .form_token_fits(&holder_bound_to(&holder), form.field("csrf"))
    {
        return Err(Box::new(pages.refuse(request, Notice::Forbidden)));
    }
    Ok(holder)
}

pub(super) fn holder_bound_to(holder: &Holder) -> Vec<u8> {
    match holder {
        Holder::Login(login) => bound_to(&login.value),
        Holder::Session(session) => super::status::bound_to(session),
    }
}

pub(super) fn own_path(pages: &Pages, holder: &Holder) -> String {
    match holder {
        Holder::Login(login) => page_path(pages, Need::Activate, login.value.reference),
        Holder::Session(_) => format!("{}/activation", pages.frame.base),
    }
}

/// The activation is over, or was finished in another browser meanwhile. Without the ticket this
/// browser may log in again at once.
pub(super) fn over(pages: &Pages, request: &PageRequest<'_>, holder: &Holder) -> Reply {
    match holder {
        Holder::Login(login) => {
            let answer = pages.refuse(request, Notice::SessionClosed);
            forget(pages, answer, login.value.reference)
        }
        Holder::Session(_) => pages.to_page(request, paths::STATUS),
    }
}

async fn render(
    pages: &Pages,
    request: &PageRequest<'_>,
    holder: &Holder,
    error: Option<ActivationError>,
) -> Reply {
    if let Some(elsewhere) = elsewhere(pages, request, holder) {
        return elsewhere;
    }
    let activation = match pages.engine.activation(holder).await {
        Ok(ActivationState::Running(activation)) => activation,
        Ok(ActivationState::ProofDue) => {
            return super::proof::render(pages, request, holder, (None, None)).await;
        }
        Ok(ActivationState::Over) => return over(pages, request, holder),
        Err(error) => {
            return pages.refuse_for(request, notice::of_flow_error(&error), holder.identity());
        }
    };
    let Some(identity) = holder.identity() else {
        return pages.refuse(request, Notice::SessionClosed);
    };
    let now = pages.engine.now();
    let user_id = identity.account.user_id.as_str();
    let newest = activation
        .entries
        .last()
        .map_or(0, |entry| entry.generation);
    let qr = shown_qr(pages, &activation, user_id, now);
    let Some(leave) = leave(pages, holder) else {
        return pages.refuse(request, Notice::Internal);
    };
    let reference = match holder {
        Holder::Login(login) => login.value.reference.to_text(),
        Holder::Session(_) => String::new(),
    };
    let show_clock = matches!(error, Some(ActivationError::Wrong | ActivationError::Late));
    let page = Activation {
        reference,
        csrf: pages.csrf(&holder_bound_to(holder)),
        user_id: user_id.to_owned(),
        entry: entry_letter(newest),
        replaces: activation.replaces.map(entry_letter),
        qr,
        phone: by_phone::join_link(pages, request, holder, &activation).await,
        error,
        clock: show_clock.then(|| pages.clock_text(now)),
        later: super::proof::later_of(pages, holder).await,
        leave,
        contacts: pages.contacts_for(Some(identity)),
        announcement: super::help::announced_to(pages, identity),
    };
    let status = if error.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let frame = pages.frame_at(request, own_path(pages, holder));
    let reply = pages.answer(request, &Page::Activation(Box::new(page)), &frame, status);
    reply::that_listens(reply)
}

/// The QR code that is open now, with the letter of its entry in the label.
fn shown_qr(
    pages: &Pages,
    activation: &enrollment::Activation,
    user_id: &str,
    now: UnixSeconds,
) -> Option<ShownQr> {
    let (entry, left) = activation.shown(now)?;
    let label = format!("{user_id} ({})", entry_letter(entry.generation));
    let address = otpauth_url(&entry.secret, &pages.engine.settings.site_name, &label).ok()?;
    let left = u32::try_from(left).unwrap_or(u32::MAX);
    ShownQr::new(SecretText::new(address), &entry.secret, left).ok()
}

/// A login that needs no activation (any more) goes on elsewhere.
fn elsewhere(pages: &Pages, request: &PageRequest<'_>, holder: &Holder) -> Option<Reply> {
    let Holder::Login(login) = holder else {
        return None;
    };
    if let Outcome::Accepted { .. } = login.value.outcome {
        return Some(match &request.carried.owner {
            Some(_) => reply::see_other(&login.value.target),
            None => pages.refuse(request, Notice::SessionClosed),
        });
    }
    (login.value.need == Need::Verify).then(|| {
        pages.to_own(
            request,
            &page_path(pages, Need::Verify, login.value.reference),
        )
    })
}

pub(super) fn leave(pages: &Pages, holder: &Holder) -> Option<Leave> {
    let action = LocalPath::parse(&format!("{}{}", pages.frame.base, paths::ACTIVATION_CANCEL))?;
    Some(match holder {
        Holder::Login(_) => Leave::Logout { action },
        Holder::Session(_) => Leave::Cancel { action },
    })
}

async fn activated(
    pages: &Pages,
    request: &PageRequest<'_>,
    session: &LiveSession,
    target: &str,
    replaced: Option<u32>,
) -> Reply {
    let Some(identity) = &session.record().identity else {
        return reply::see_other(target);
    };
    let account = pages.engine.account(identity).await;
    let binding = account.ok().and_then(|account| account.binding);
    let phone = binding.as_ref().and_then(|bound| bound.device.as_ref());
    let phone = phone.map(|device| device.browser.told());
    let entry = binding.map(|bound| entry_letter(bound.generation));
    let home = LocalPath::parse(target).or_else(|| LocalPath::parse(&pages.engine.home()));
    let (Some(entry), Some(continue_to)) = (entry, home) else {
        return reply::see_other(target);
    };
    let page = Activated {
        user_id: identity.account.user_id.as_str().to_owned(),
        entry,
        replaced: replaced.map(entry_letter),
        codes: session
            .codes_shown(None, pages.engine.now())
            .map(|codes| super::recovery::list(pages, session, &codes)),
        by_mail: pages.engine.offers_address(session),
        phone,
        continue_to,
    };
    match pages
        .renderer()
        .page(&Page::Activated(page), &pages.frame_for(request))
    {
        Ok(body) => reply::html(StatusCode::OK, body),
        Err(_) => reply::see_other(target),
    }
}

fn error_of(refusal: CodeRefusal) -> ActivationError {
    match refusal {
        CodeRefusal::Malformed => ActivationError::Malformed,
        CodeRefusal::Wrong | CodeRefusal::Used { .. } => ActivationError::Wrong,
        CodeRefusal::Late => ActivationError::Late,
        CodeRefusal::Wait { seconds } => ActivationError::TooMany {
            seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
        },
        CodeRefusal::Exhausted => ActivationError::Exhausted,
    }
}
