//! The reset by mail: asking for it, confirming it behind the link, "bukan saya". Looking (GET) changes
//! nothing, however often a mail scanner looks.

use super::form::{Form, query_value};
use super::status::finish;
use super::{PageRequest, Pages, Reply, notice, reply};
use crate::entropy::random;
use crate::flow::FlowError;
use crate::flow::confirm_reset::{DenyOutcome, ResetPage};
use crate::flow::puzzle::Answer;
use crate::flow::reset::{Ask, AskOutcome};
use crate::primitives::{AccountId, EmailAddress, LinkToken, UserType};
use crate::render::{
    Denial, NOISE_BYTES, Notice, Page, ResetConfirm, ResetDeny, ResetDone, ResetError,
    ResetRequest, ResetTaken, SecretText, paths, puzzle_path,
};
use crate::seal::digest;
use http::{StatusCode, header};

/// GET: the form.
pub(super) fn show(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    if !pages.engine.outbox.is_open() {
        return pages.refuse(request, Notice::ResetAtDesk);
    }
    form_page(pages, request, None, None)
}

/// POST: takes a request.
pub(super) async fn ask(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let engine = &pages.engine;
    if !engine.outbox.is_open() {
        return pages.refuse(request, Notice::ResetAtDesk);
    }
    let puzzle = form.field("puzzle");
    if !engine
        .seals
        .form_token_fits(puzzle.as_bytes(), form.field("csrf"))
    {
        return pages.refuse(request, Notice::Forbidden);
    }
    if !form.field("refresh").is_empty() {
        return form_page(pages, request, Some(form), None);
    }
    let wait = engine.asks_too_often(request.client);
    let too_many = |seconds| {
        let error = Some(ResetError::TooMany { seconds });
        form_page(pages, request, Some(form), error)
    };
    if let Some(seconds) = wait.or_else(|| engine.asks_busy()) {
        return too_many(seconds);
    }
    let wanted = match read(pages, form) {
        Ok((account, email)) => Ask {
            account,
            email,
            lang: pages.frame_for(request).lang,
        },
        Err(error) => return form_page(pages, request, Some(form), Some(error)),
    };
    // Last, since a right answer is good once: a slip elsewhere must not cost it.
    let digest = digest(&[&wanted.account.key(), wanted.email.as_str().as_bytes()]);
    match engine.judge_puzzle(puzzle, form.field("answer"), digest) {
        Answer::Right => {}
        Answer::Again => return taken(pages, request, form),
        Answer::Wrong => return form_page(pages, request, Some(form), Some(ResetError::Puzzle)),
    }
    let asked = engine.ask_reset(wanted, request.client).await;
    if !matches!(asked, Ok(AskOutcome::Taken)) {
        engine.unanswer_puzzle(puzzle);
    }
    match asked {
        Ok(AskOutcome::Taken) => taken(pages, request, form),
        Ok(AskOutcome::Busy { seconds }) => too_many(seconds),
        Err(error) => failed(pages, request, &error),
    }
}

fn taken(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let page = ResetTaken {
        email: form.field("email").trim().to_owned(),
        contacts: pages.contacts_of_all(),
    };
    finish(pages, request, &Page::ResetTaken(page), StatusCode::OK)
}

/// What was typed, as far as it makes sense at all. Says nothing about whether there is such a user.
fn read(pages: &Pages, form: &Form) -> Result<(AccountId, EmailAddress), ResetError> {
    let profile = pages.engine.profile();
    let typed = form.field("user_id");
    let user_id = profile
        .fold_user_id(typed)
        .map_err(|_| match typed.trim().is_empty() {
            true => ResetError::UserId,
            false => ResetError::BadUserId,
        })?;
    let email = EmailAddress::parse(form.field("email")).map_err(|_| ResetError::Email)?;
    let user_type = profile
        .user_types()
        .iter()
        .find(|known| known.as_str() == form.field("type"));
    let user_type = user_type.cloned().ok_or(ResetError::UserType)?;
    Ok((AccountId { user_type, user_id }, email))
}

/// The form with a new Kode Keamanan; what was typed stays.
fn form_page(
    pages: &Pages,
    request: &PageRequest<'_>,
    form: Option<&Form>,
    error: Option<ResetError>,
) -> Reply {
    let engine = &pages.engine;
    let noise = random::<NOISE_BYTES>(&*engine.entropy);
    let (Ok((puzzle, sealed)), Ok(noise)) = (engine.puzzle(), noise) else {
        return pages.refuse(request, Notice::Internal);
    };
    let typed = |name: &str| form.map_or("", |form| form.field(name)).to_owned();
    let chosen = typed("type");
    let profile = engine.profile();
    let types = profile.user_types().iter().map(UserType::as_str);
    let page = ResetRequest {
        csrf: pages.csrf(sealed.as_bytes()),
        picture: puzzle_path(&puzzle.signs, &noise),
        sum: puzzle.sum,
        puzzle: sealed,
        types: types.map(|t| (t.to_owned(), t == chosen)).collect(),
        user_id: typed("user_id"),
        email: typed("email"),
        error,
        contacts: pages.contacts_of_all(),
    };
    let status = match error {
        Some(ResetError::TooMany { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let answer = finish(pages, request, &Page::ResetRequest(Box::new(page)), status);
    match error {
        Some(ResetError::TooMany { seconds }) => {
            reply::with_header(answer, header::RETRY_AFTER, &seconds.to_string())
        }
        _ => answer,
    }
}

/// GET: behind the link.
pub(super) async fn look(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    let token = match token_of(pages, request, query_value(request.query, "t").as_deref()) {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    let cookie = request.cookies.reset;
    match pages.engine.look_at_reset(&token, cookie).await {
        Ok(found) => result(pages, request, found, &token),
        Err(error) => failed(pages, request, &error),
    }
}

/// POST: "YA".
pub(super) async fn confirm(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let token = match posted(pages, request, form) {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    match pages.engine.confirm_reset(&token, request.client).await {
        Ok(found) => result(pages, request, found, &token),
        Err(error) => failed(pages, request, &error),
    }
}

fn result(pages: &Pages, request: &PageRequest<'_>, found: ResetPage, token: &LinkToken) -> Reply {
    match found {
        ResetPage::Open { account } => {
            let text = token.to_text();
            let page = ResetConfirm {
                csrf: pages.csrf(text.as_bytes()),
                token: SecretText::new(text),
                user_id: account.user_id.as_str().to_owned(),
            };
            behind(
                pages,
                request,
                &Page::ResetConfirm(page),
                (paths::RESET_CONFIRM, token),
            )
        }
        ResetPage::Confirmed {
            account,
            code,
            until,
            bound,
        } => {
            let page = ResetDone {
                user_id: account.user_id.as_str().to_owned(),
                code: code.grouped().into(),
                until: pages.date_text(until),
                bound,
            };
            let answer = behind(
                pages,
                request,
                &Page::ResetDone(page),
                (paths::RESET_CONFIRM, token),
            );
            match pages.engine.sealed_reset(&account, &code, until) {
                Ok(sealed) => reply::with_cookie(answer, &pages.cookies.set_reset(&sealed)),
                // The code stands on the page: it can be typed.
                Err(_) => answer,
            }
        }
        ResetPage::Over => pages.refuse(request, Notice::ResetOver),
    }
}

/// GET: "bukan saya", the question.
pub(super) async fn question(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    let token = match token_of(pages, request, query_value(request.query, "t").as_deref()) {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    match pages.engine.may_deny(&token).await {
        Ok(true) => {
            let text = token.to_text();
            let csrf = pages.csrf(text.as_bytes());
            let secret = SecretText::new(text);
            let ask = Denial::Ask {
                csrf,
                token: secret,
            };
            deny_page(pages, request, ask, &token)
        }
        Ok(false) => pages.refuse(request, Notice::ResetOver),
        Err(error) => failed(pages, request, &error),
    }
}

/// POST: "bukan saya".
pub(super) async fn deny(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Reply {
    let token = match posted(pages, request, form) {
        Ok(token) => token,
        Err(refusal) => return *refusal,
    };
    match pages.engine.deny_reset(&token, request.client).await {
        Ok(DenyOutcome::Cancelled) => deny_page(pages, request, Denial::Done, &token),
        Ok(DenyOutcome::TooLate) => deny_page(pages, request, Denial::TooLate, &token),
        Ok(DenyOutcome::Over) => pages.refuse(request, Notice::ResetOver),
        Err(error) => failed(pages, request, &error),
    }
}

fn deny_page(pages: &Pages, request: &PageRequest<'_>, denial: Denial, token: &LinkToken) -> Reply {
    let page = ResetDeny {
        denial,
        contacts: pages.contacts_for(None),
    };
    behind(
        pages,
        request,
        &Page::ResetDeny(page),
        (paths::RESET_DENY, token),
    )
}

/// The token of a form behind a link.
fn posted(pages: &Pages, request: &PageRequest<'_>, form: &Form) -> Result<LinkToken, Box<Reply>> {
    let text = form.field("t");
    if !pages
        .engine
        .seals
        .form_token_fits(text.as_bytes(), form.field("csrf"))
    {
        return Err(Box::new(pages.refuse(request, Notice::Forbidden)));
    }
    token_of(pages, request, Some(text))
}

fn token_of(
    pages: &Pages,
    request: &PageRequest<'_>,
    text: Option<&str>,
) -> Result<LinkToken, Box<Reply>> {
    let token = text.and_then(LinkToken::from_text);
    token.ok_or_else(|| Box::new(pages.refuse(request, Notice::ResetOver)))
}

fn failed(pages: &Pages, request: &PageRequest<'_>, error: &FlowError) -> Reply {
    pages.refuse(request, notice::of_flow_error(error))
}

/// A page behind a link: its address in the other language keeps the token, also after a form.
fn behind(
    pages: &Pages,
    request: &PageRequest<'_>,
    page: &Page,
    (path, token): (&str, &LinkToken),
) -> Reply {
    let this = format!("{}{path}?t={}", pages.frame.base, token.to_text());
    let frame = pages.frame_at(request, this);
    pages.answer(request, page, &frame, StatusCode::OK)
}
