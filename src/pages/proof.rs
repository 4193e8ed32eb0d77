//! Before the QR code: the activation code, of the help desk or mailed, and "nanti saja".

use super::activation::{holder_bound_to, leave, over, own_path, posted_holder};
use super::form::Form;
use super::{PageRequest, Pages, Reply, acceptor, notice, reply};
use crate::domain::throttle::Lane;
use crate::flow::activate::Holder;
use crate::flow::proof::{MailOutcome, ProofOutcome};
use crate::flow::put_off::PutOffOutcome;
use crate::flow::verify::CodeRefusal;
use crate::primitives::AccountId;
use crate::render::{Later, Notice, Page, Proof, ProofError, ProofMail, SecretText, paths};
use http::StatusCode;

/// POST: judges an activation code.
pub(super) async fn prove(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let holder = match posted_holder(pages, request, form).await {
        Ok(holder) => holder,
        Err(refusal) => return *refusal,
    };
    let Some(identity) = holder.identity() else {
        return pages.refuse(request, Notice::SessionClosed);
    };
    let lane = lane(pages, request, &identity.account);
    let code = form.field("code");
    match pages
        .engine
        .prove(&holder, code, lane, request.client)
        .await
    {
        Ok(ProofOutcome::Allowed) => pages.to_own(request, &own_path(pages, &holder)),
        Ok(ProofOutcome::Refused(refusal)) => {
            let error = Some(error_of(refusal));
            render(pages, request, &holder, (error, None)).await
        }
        Ok(ProofOutcome::Closed) => over(pages, request, &holder),
        Err(error) => pages.refuse_for(request, notice::of_flow_error(&error), Some(identity)),
    }
}

/// POST: mails a code to the registered address.
pub(super) async fn mail(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let holder = match posted_holder(pages, request, form).await {
        Ok(holder) => holder,
        Err(refusal) => return *refusal,
    };
    let lang = pages.frame_for(request).lang;
    let sent = match pages.engine.mail_code(&holder, lang, request.client).await {
        Ok(MailOutcome::Sent(email)) => ProofMail::Sent(email.masked()),
        Ok(MailOutcome::TooMany(email)) => ProofMail::TooMany(email.masked()),
        Ok(MailOutcome::NoAddress) => ProofMail::NoAddress,
        Ok(MailOutcome::Unsure) => ProofMail::Unsure,
        // The page says what is due, or that it is over.
        Ok(MailOutcome::NotHere | MailOutcome::Closed) => {
            return pages.to_own(request, &own_path(pages, &holder));
        }
        Err(error) => {
            return pages.refuse_for(request, notice::of_flow_error(&error), holder.identity());
        }
    };
    render(pages, request, &holder, (None, Some(sent))).await
}

/// The lane of an activation code. A browser in which the reset of this very account was confirmed is
/// known: whoever wears out the other lane must not keep its owner out.
pub(super) fn lane(pages: &Pages, request: &PageRequest<'_>, account: &AccountId) -> Lane {
    let engine = &pages.engine;
    match engine.code_of_browser(request.cookies.reset, account) {
        Some(_) => Lane::KnownBrowser,
        None => engine.lane(request.cookies.known, account),
    }
}

/// POST: "nanti saja".
pub(super) async fn later(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let holder = match posted_holder(pages, request, form).await {
        Ok(holder) => holder,
        Err(refusal) => return *refusal,
    };
    let Holder::Login(login) = &holder else {
        // Nothing is due in a session: there is nothing to put off.
        return pages.to_page(request, paths::STATUS);
    };
    match pages.engine.put_off(login, request.client).await {
        Ok(PutOffOutcome::Accepted(accepted)) => {
            let answer = reply::see_other(&accepted.target);
            acceptor::release(pages, request, &accepted, login.value.reference, answer)
        }
        // The page says what is due now; the button is gone from it.
        Ok(PutOffOutcome::NotAllowed) => pages.to_own(request, &own_path(pages, &holder)),
        Ok(PutOffOutcome::Closed) => over(pages, request, &holder),
        Ok(PutOffOutcome::UpstreamBusy) => pages.refuse(request, Notice::UpstreamSlow),
        Err(error) => pages.refuse_for(request, notice::of_flow_error(&error), holder.identity()),
    }
}

/// Whether and how long the activation of this holder may be put off, for its pages.
pub(super) async fn later_of(pages: &Pages, holder: &Holder) -> Option<Later> {
    let Holder::Login(login) = holder else {
        return None;
    };
    // A store that fails is told by what the page is for.
    let offer = pages.engine.offer(&login.value).await.ok().flatten()?;
    Some(Later {
        count: offer.skips_left,
        until: offer.until.map(|date| pages.date_text(date)),
    })
}

/// The page that asks for the activation code.
pub(super) async fn render(
    pages: &Pages,
    request: &PageRequest<'_>,
    holder: &Holder,
    (error, sent): (Option<ProofError>, Option<ProofMail>),
) -> Reply {
    let (Some(identity), Some(leave)) = (holder.identity(), leave(pages, holder)) else {
        return pages.refuse(request, Notice::SessionClosed);
    };
    let reference = match holder {
        Holder::Login(login) => login.value.reference.to_text(),
        Holder::Session(_) => String::new(),
    };
    let page = Proof {
        reference,
        csrf: pages.csrf(&holder_bound_to(holder)),
        user_id: identity.account.user_id.as_str().to_owned(),
        error,
        code: filled_code(pages, request, &identity.account),
        mail: sent.or_else(|| {
            pages
                .engine
                .mails_codes(identity)
                .then_some(ProofMail::Offer)
        }),
        announcement: super::help::announced_to(pages, identity),
        later: later_of(pages, holder).await,
        leave,
        contacts: pages.contacts_for(Some(identity)),
    };
    let status = status_of(error);
    let frame = pages.frame_at(request, own_path(pages, holder));
    pages.answer(request, &Page::Proof(Box::new(page)), &frame, status)
}

/// The code that this browser holds for this account, as people read it.
pub(super) fn filled_code(
    pages: &Pages,
    request: &PageRequest<'_>,
    account: &AccountId,
) -> Option<SecretText> {
    let code = pages
        .engine
        .code_of_browser(request.cookies.reset, account)?;
    Some(code.grouped().into())
}

/// Statuses for machines; people read the sentence.
pub(super) fn status_of(error: Option<ProofError>) -> StatusCode {
    match error {
        None => StatusCode::OK,
        Some(ProofError::TooMany { .. } | ProofError::Exhausted) => StatusCode::TOO_MANY_REQUESTS,
        Some(ProofError::Wrong | ProofError::Malformed) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

pub(super) fn error_of(refusal: CodeRefusal) -> ProofError {
    match refusal {
        CodeRefusal::Malformed => ProofError::Malformed,
        CodeRefusal::Wrong | CodeRefusal::Late | CodeRefusal::Used { .. } => ProofError::Wrong,
        CodeRefusal::Wait { seconds } => ProofError::TooMany {
            seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
        },
        CodeRefusal::Exhausted => ProofError::Exhausted,
    }
}
