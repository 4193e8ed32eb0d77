//! Answers for people.

mod mail;
mod policy;

use super::table;
use crate::domain::audit::AuditRecord;
use crate::domain::office::Answer;
use crate::domain::office::answer::{Forecast, NumberedRecord, SessionLine, User, UserLine};
use crate::primitives::{AccountId, UnixSeconds, Zone};

/// The lines of an answer, times in the site's zone.
pub(super) fn lines(answer: &Answer, zone: &Zone) -> Vec<String> {
    match answer {
        Answer::Policy(shown) => policy::shown_lines(shown, zone),
        Answer::Site { zone, .. } => vec![zone.label.clone()],
        Answer::Exempted {
            accounts,
            until,
            never_seen,
            kept,
            dry_run,
        } => {
            let mut lines = exempted_lines(accounts, *until, never_seen, zone);
            lines.extend(kept.iter().map(|id| {
                let name = name(id);
                format!("{name} was exempted by name after a reset: the list changes nothing")
            }));
            marked(&lines, *dry_run)
        }
        Answer::Changed(changed) => policy::changed_lines(changed, zone),
        Answer::Forecast(forecast) => forecast_lines(forecast),
        Answer::Users { users, total } => {
            let mut lines = users_table(users, zone);
            lines.push(format!("{} of {total} accounts", users.len()));
            lines
        }
        Answer::User(user) => user_lines(user, zone),
        Answer::Done { lines, dry_run } => marked(lines, *dry_run),
        Answer::Code {
            account,
            code,
            until,
            lines,
        } => {
            let mut all = lines.clone();
            all.push(format!(
                "activation code for {}: {}",
                name(account),
                code.expose()
            ));
            all.push(format!(
                "good until {}; hand it to the owner in person, it is not shown again",
                zone.date(*until)
            ));
            all
        }
        Answer::Imported(imported) => mail::imported_lines(imported),
        Answer::Letters { letters, open } => mail::letter_lines(letters, *open, zone),
        Answer::Sessions { sessions } => sessions_table(sessions, zone),
        Answer::Audit { records } => records.iter().map(|r| audit_line(r, zone)).collect(),
        Answer::Verified { last, lines, wrong } => {
            let mut all = lines.clone();
            all.push(match wrong {
                Some(fault) => format!("NOT WHOLE: {fault}"),
                None => format!("whole, {last} records"),
            });
            all
        }
        Answer::Explained { lines } => lines.clone(),
    }
}

fn marked(lines: &[String], dry_run: bool) -> Vec<String> {
    let mut all = lines.to_vec();
    if dry_run {
        all.push("nothing was done (--dry-run)".to_owned());
    }
    all
}

fn name(account: &AccountId) -> String {
    format!("{} ({})", account.user_id, account.user_type)
}

/// Never-seen ids that are named one by one.
const NAMED_MAX: usize = 20;

fn exempted_lines(
    accounts: &[AccountId],
    until: Option<UnixSeconds>,
    never_seen: &[AccountId],
    zone: &Zone,
) -> Vec<String> {
    let mut lines = Vec::new();
    for id in never_seen.iter().take(NAMED_MAX) {
        lines.push(format!(
            "warning: {} was never seen here: look at its spelling",
            name(id)
        ));
    }
    if let Some(more) = never_seen.len().checked_sub(NAMED_MAX).filter(|n| *n > 0) {
        lines.push(format!("warning: {more} more were never seen here"));
    }
    let whom = match accounts {
        [id] => name(id),
        many => format!("{} accounts", many.len()),
    };
    lines.push(match until {
        Some(until) => format!("{whom}: exempt until {}", zone.date(until)),
        None => format!("{whom}: not exempt any more"),
    });
    lines.push("it holds from the next request on".to_owned());
    lines
}

fn forecast_lines(forecast: &Forecast) -> Vec<String> {
    let rows: Vec<Vec<String>> = forecast
        .roles
        .iter()
        .map(|role| {
            vec![
                role.user_type.clone(),
                role.role.clone(),
                role.mode.as_str().to_owned(),
                role.seen.to_string(),
                role.active.to_string(),
                role.exempt.to_string(),
                role.stopped.to_string(),
                format!("{} %", role.ready_percent),
            ]
        })
        .collect();
    let header = [
        "TYPE", "ROLE", "MODE", "SEEN", "ACTIVE", "EXEMPT", "STOPPED", "READY",
    ];
    let mut lines = table::lines(&header, &rows);
    lines.push(format!(
        "{} accounts would have to activate before their next login (--csv lists them)",
        forecast.stopped.len()
    ));
    lines
}

fn users_table(users: &[UserLine], zone: &Zone) -> Vec<String> {
    let date = |at: Option<UnixSeconds>| at.map_or_else(|| "-".to_owned(), |at| zone.date(at));
    let rows: Vec<Vec<String>> = users
        .iter()
        .map(|user| {
            vec![
                user.account.user_id.to_string(),
                user.account.user_type.to_string(),
                user.role.clone().unwrap_or_else(|| "-".to_owned()),
                user.entry.clone().unwrap_or_else(|| "-".to_owned()),
                user.mode.as_str().to_owned(),
                date(user.last),
                date(user.exempt_until),
                if user.stopped { "yes" } else { "" }.to_owned(),
            ]
        })
        .collect();
    let header = [
        "USER",
        "TYPE",
        "ROLE",
        "ENTRY",
        "MODE",
        "LAST LOGIN",
        "EXEMPT UNTIL",
        "STOPPED",
    ];
    table::lines(&header, &rows)
}

fn user_lines(user: &User, zone: &Zone) -> Vec<String> {
    let date = |at: Option<UnixSeconds>| at.map_or_else(|| "-".to_owned(), |at| zone.date(at));
    let line = &user.line;
    let mut lines = vec![
        format!("user          {}", name(&line.account)),
        format!(
            "role          {}",
            line.role.as_deref().unwrap_or("never seen")
        ),
        format!(
            "second factor {}",
            match &line.entry {
                Some(entry) => format!("entry {entry}, since {}", date(user.bound)),
                None => "none".to_owned(),
            }
        ),
        format!(
            "logins        {}, first {}, last {}",
            user.logins,
            date(user.first),
            date(line.last)
        ),
        format!("in force      {}", line.mode.as_str()),
        format!(
            "sessions      {} and {} waiting logins",
            user.sessions, user.waiting
        ),
        format!(
            "e-mail        {}",
            match &user.email {
                Some((email, source)) => format!("{} ({source})", email.as_str()),
                None => "none registered here".to_owned(),
            }
        ),
    ];
    let phone = user.phone.iter();
    lines.extend(phone.map(|phone| format!("phone         {phone}, may approve logins")));
    if let Some(codes) = &user.recovery {
        lines.push(format!(
            "recovery      {} of {} codes left, made {}",
            codes.left,
            codes.size,
            zone.date(codes.made)
        ));
    }
    if let Some(until) = line.exempt_until {
        let reason = user.exempt_reason.as_deref().unwrap_or_default();
        lines.push(format!(
            "exempt        until {} ({reason})",
            zone.date(until)
        ));
    }
    if user.skips > 0 {
        lines.push(format!("nanti saja    {} times", user.skips));
    }
    if let Some(until) = user.code_until {
        lines.push(format!(
            "code          handed out, good until {}",
            zone.date(until)
        ));
    }
    for attempt in &user.attempts {
        lines.push(format!(
            "wrong codes   {} in a row ({:?}, lane {:?}), last {}",
            attempt.failures,
            attempt.factor,
            attempt.lane,
            zone.date(attempt.last)
        ));
    }
    lines
}

fn sessions_table(sessions: &[SessionLine], zone: &Zone) -> Vec<String> {
    let rows: Vec<Vec<String>> = sessions
        .iter()
        .map(|session| {
            let state = serde_json::to_value(session.state).ok();
            let state = state.as_ref().and_then(|word| word.as_str());
            vec![
                session.id.clone(),
                session
                    .account
                    .as_ref()
                    .map_or_else(|| "-".to_owned(), name),
                session.role.clone().unwrap_or_else(|| "-".to_owned()),
                state.unwrap_or_default().to_owned(),
                zone.date(session.since),
                zone.date(session.last),
                session.under_way.to_string(),
            ]
        })
        .collect();
    let header = [
        "ID",
        "USER",
        "ROLE",
        "STATE",
        "SINCE",
        "LAST REQUEST",
        "UNDER WAY",
    ];
    table::lines(&header, &rows)
}

fn audit_line(line: &NumberedRecord, zone: &Zone) -> String {
    match &line.record {
        Some(record) => format!("{} {}", line.sequence, record_text(record, zone)),
        None if line.unreadable => format!("{} CANNOT BE READ", line.sequence),
        None => format!("{} taken out, its time was over", line.sequence),
    }
}

fn record_text(record: &AuditRecord, zone: &Zone) -> String {
    // What happened, as JSON: every field has its name, and control characters are escaped.
    let event = serde_json::to_string(&record.event).unwrap_or_default();
    let account = record.account.as_ref().map_or_else(|| "-".to_owned(), name);
    let actor = record
        .actor
        .as_ref()
        .map(|by| format!(" by {by}"))
        .unwrap_or_default();
    format!(
        "{} {account} from {} request {}{actor} {event}",
        zone.stamp(record.at),
        record.client,
        record.request
    )
}
