//! Pages that wait for a phone: the acceptor shows the number that it has to name, the activation the link
//! that lets it join. What the phone says is taken up by a form of the page, never by showing it.

use super::acceptor::{answered, posted, render};
use super::activation::{bound, posted_holder};
use super::form::Form;
use super::{PageRequest, Pages, Reply, notice};
use crate::domain::approval::Confirm;
use crate::domain::enrollment::{Account, Activation};
use crate::domain::login::WaitingLogin;
use crate::flow::activate::Holder;
use crate::render::{AskedPhone, AskedStanding, JoinLink, JoinedPhone, paths};
use crate::store::records::Stored;

/// The login with its request to the phone, where its account has one and the quotas allow it.
pub(super) async fn asked(
    pages: &Pages,
    request: &PageRequest<'_>,
    login: Stored<WaitingLogin>,
    again: bool,
) -> Result<Stored<WaitingLogin>, Box<Reply>> {
    let engine = &pages.engine;
    let account = &login.value.identity.account;
    let lane = engine.lane(request.cookies.known, account);
    let asked = engine.ask_phone(login, (lane, again), request.client).await;
    asked.map_err(|error| Box::new(pages.refuse(request, notice::of_flow_error(&error))))
}

/// POST: takes up what the phone said.
pub(super) async fn take_up(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let (login, ticket) = match posted(pages, request, form).await {
        Ok(found) => found,
        Err(refusal) => return *refusal,
    };
    let reference = login.value.reference;
    let judged = pages
        .engine
        .take_up(reference, ticket, request.client)
        .await;
    match judged.transpose() {
        Some(judged) => answered(pages, request, &login.value, judged).await,
        None => render(pages, request, &login.value, None).await,
    }
}

/// POST: binds the phone that joined.
pub(super) async fn take_in(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    if let Some(onward) = super::acceptor::finished(pages, request, form) {
        return onward;
    }
    let holder = match posted_holder(pages, request, form).await {
        Ok(holder) => holder,
        Err(refusal) => return *refusal,
    };
    let judged = pages.engine.confirm_by_phone(&holder, request.client).await;
    bound(pages, request, &holder, judged).await
}

/// What the acceptor shows of the request to the phone.
pub(super) fn shown(pages: &Pages, login: &WaitingLogin, account: &Account) -> Option<AskedPhone> {
    let device = account.device()?;
    let Some(asked) = login.approval.as_deref() else {
        return Some(AskedPhone::not_asked());
    };
    if asked.device != device.id {
        return None;
    }
    let now = pages.engine.now();
    let base = &pages.frame.base;
    let reference = login.reference.to_text();
    let of = |path: &str| format!("{base}{path}?r={reference}");
    let standing = match asked.may_be_taken_up(now) {
        true => AskedStanding::Ready,
        false if asked.seconds_left(now) > 0 => AskedStanding::Open,
        false => AskedStanding::Over,
    };
    let told = [of(paths::ACCEPTOR_EVENTS), of(paths::ACCEPTOR_POLL)];
    match asked.confirm {
        Confirm::Number => AskedPhone::new(&asked.number, standing, told).ok(),
        Confirm::Tap => Some(AskedPhone::by_tap(standing, told)),
    }
}

/// The link of an activation that a phone opens to join.
pub(super) async fn join_link(
    pages: &Pages,
    request: &PageRequest<'_>,
    holder: &Holder,
    activation: &Activation,
) -> Option<JoinLink> {
    let invite = &activation.entries.last()?.invite;
    let base = &pages.frame.base;
    let reference = match holder {
        Holder::Login(login) => format!("?r={}", login.value.reference.to_text()),
        Holder::Session(_) => String::new(),
    };
    let of = |path: &str| format!("{base}{path}{reference}");
    let app = format!("{}{base}{}", pages.origin_of(request), paths::PHONE);
    let told = [of(paths::ACTIVATION_EVENTS), of(paths::ACTIVATION_POLL)];
    // A store that fails is told by what needs it.
    let joined = pages.engine.joined(activation).await.ok().flatten();
    let joined = joined.and_then(|binding| binding.device);
    let joined = joined.map(|device| JoinedPhone {
        device: device.id.to_text(),
        browser: device.browser.told(),
    });
    JoinLink::new(&app, invite, joined, told).ok()
}
