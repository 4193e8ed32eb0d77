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
use crate::render::{Addresses, AskedPhone, AskedStanding, JoinLink, JoinedPhone, paths};
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
pub(super) async fn shown(
    pages: &Pages,
    request: &PageRequest<'_>,
    login: &WaitingLogin,
    account: &Account,
) -> Option<AskedPhone> {
    let device = account.device()?;
    let now = pages.engine.now();
    let Some(asked) = login.approval.as_deref() else {
        return Some(AskedPhone::over(rest(pages, request, account).await));
    };
    if asked.device != device.id {
        return None;
    }
    if asked.seconds_left(now) == 0 && !asked.may_be_taken_up(now) {
        return Some(AskedPhone::over(rest(pages, request, account).await));
    }
    let reference = format!("?r={}", login.reference.to_text());
    let standing = match asked.may_be_taken_up(now) {
        true => AskedStanding::Ready,
        false => AskedStanding::Open,
    };
    let listened = [paths::ACCEPTOR_EVENTS, paths::ACCEPTOR_POLL];
    let addresses = addresses(pages, request, listened, &reference);
    match asked.confirm {
        Confirm::Number => AskedPhone::new(&asked.number, standing, addresses).ok(),
        Confirm::Tap => Some(AskedPhone::by_tap(standing, addresses)),
    }
}

/// Until when the phone is not asked from this browser, for people.
async fn rest(pages: &Pages, request: &PageRequest<'_>, account: &Account) -> Option<String> {
    let engine = &pages.engine;
    let lane = engine.lane(request.cookies.known, &account.id);
    // A store that fails is told by what needs it.
    let rest = engine.phone_rests(&account.id, lane).await.ok().flatten();
    rest.map(|rest| pages.date_text(rest.until))
}

/// The link of an activation that a phone opens to join.
pub(super) async fn join_link(
    pages: &Pages,
    request: &PageRequest<'_>,
    holder: &Holder,
    activation: &Activation,
) -> Option<JoinLink> {
    let invite = &activation.entries.last()?.invite;
    let reference = match holder {
        Holder::Login(login) => format!("?r={}", login.value.reference.to_text()),
        Holder::Session(_) => String::new(),
    };
    let listened = [paths::ACTIVATION_EVENTS, paths::ACTIVATION_POLL];
    let addresses = addresses(pages, request, listened, &reference);
    // A store that fails is told by what needs it.
    let joined = pages.engine.joined(activation).await.ok().flatten();
    let joined = joined.and_then(|binding| binding.device);
    let joined = joined.map(|device| JoinedPhone {
        device: device.id.to_text(),
        browser: device.browser.told(),
    });
    JoinLink::new(invite, joined, addresses).ok()
}

fn addresses(
    pages: &Pages,
    request: &PageRequest<'_>,
    [events, poll]: [&str; 2],
    reference: &str,
) -> Addresses {
    let base = &pages.frame.base;
    Addresses {
        app: format!("{}{base}{}", pages.origin_of(request), paths::PHONE),
        events: format!("{base}{events}{reference}"),
        poll: format!("{base}{poll}{reference}"),
    }
}
