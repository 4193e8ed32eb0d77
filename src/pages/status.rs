//! Status: whether an authenticator is bound; enable, disable, log out.

use super::form::Form;
use super::{PageRequest, Pages, Reply, notice, reply};
use crate::domain::enrollment::{Binding, entry_letter};
use crate::domain::policy_file::Mode;
use crate::flow::disable::DisableOutcome;
use crate::flow::sessions::LiveSession;
use crate::flow::verify::CodeRefusal;
use crate::primitives::{Identity, UnixSeconds};
use crate::render::{
    AccountStatus, ActiveSince, DisableError, Disabled, LocalPath, Notice, Page, Rule, Status,
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
        Ok(_) => pages.to_own(request, &format!("{}/activation", pages.frame.base)),
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
    let entry = match pages.engine.account(&identity).await {
        Ok(account) => account.binding.map(|b| entry_letter(b.generation)),
        Err(error) => return pages.refuse(request, notice::of_flow_error(&error)),
    };
    match pages
        .engine
        .disable(&owner, form.field("code"), request.client)
        .await
    {
        Ok(DisableOutcome::Disabled) => {
            let page = Disabled {
                user_id: identity.account.user_id.as_str().to_owned(),
                entry: entry.unwrap_or_default(),
                asks_again: mode_of(pages, &identity) == Mode::Required,
            };
            finish(pages, request, &Page::Disabled(page), StatusCode::OK)
        }
        Ok(DisableOutcome::Refused(refusal)) => {
            render(pages, request, &owner, Some(error_of(refusal))).await
        }
        Ok(DisableOutcome::NotActive) => pages.to_own(request, &format!("{}/", pages.frame.base)),
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
        rule: match mode_of(pages, identity) {
            Mode::Off | Mode::Observe => Rule::Off,
            Mode::Optional => Rule::Optional,
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

fn finish(pages: &Pages, request: &PageRequest<'_>, page: &Page, status: StatusCode) -> Reply {
    match pages.renderer.page(page, &pages.frame_for(request)) {
        Ok(body) => reply::html(status, body),
        Err(error) => {
            tracing::error!(%error, page = page.name(), "a page could not be rendered");
            pages.refuse(request, Notice::Internal)
        }
    }
}

fn mode_of(pages: &Pages, identity: &Identity) -> Mode {
    let policy = pages.engine.policy.load();
    let user_type = Some(identity.account.user_type.as_str());
    policy
        .file
        .mode_for(user_type, Some(identity.role.as_str()))
}

fn active_since(pages: &Pages, binding: &Binding) -> ActiveSince {
    ActiveSince {
        since: date_text(pages, binding.since),
        entry: entry_letter(binding.generation),
    }
}

/// `02-01-2027 10.32 WIB`: digits only, so that it reads the same in both languages.
fn date_text(pages: &Pages, at: UnixSeconds) -> String {
    let (offset, zone) = pages.time_zone;
    let local = at.0.saturating_add(offset);
    let (year, month, day) = civil_date(local / 86_400);
    let of_day = local % 86_400;
    format!(
        "{day:02}-{month:02}-{year} {:02}.{:02} {zone}",
        of_day / 3_600,
        of_day / 60 % 60
    )
}

/// Year, month and day of a day since 1970-01-01 in the Gregorian calendar, by whole eras of 400
/// years (146,097 days) counted from 1 March of year 0.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era_day = shifted % 146_097;
    let era_year = (era_day - era_day / 1_460 + era_day / 36_524 - era_day / 146_096) / 365;
    let year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
    let from_march = (5 * year_day + 2) / 153;
    let day = year_day - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era_year + shifted / 146_097 * 400 + u64::from(month <= 2);
    (year, month, day)
}

fn error_of(refusal: CodeRefusal) -> DisableError {
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

#[cfg(test)]
mod tests {
    use super::civil_date;

    #[test]
    fn dates_are_gregorian() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (58, (1970, 2, 28)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (20_779, (2026, 11, 22)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil_date(days), date, "{days}");
        }
    }
}
