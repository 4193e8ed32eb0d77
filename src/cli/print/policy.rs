//! The policy, and what an act does to it.

use super::{marked, table};
use crate::domain::approval::Confirm;
use crate::domain::office::answer::{Changed, PolicyShown};
use crate::domain::policy::{Glass, PolicyState, Signature};
use crate::domain::policy_file::{Demand, Mode, Proof, Subject, Unread};
use crate::primitives::Zone;

/// The policy in force.
pub(super) fn shown_lines(shown: &PolicyShown, zone: &Zone) -> Vec<String> {
    let mut lines = policy_lines(&shown.state, zone);
    if let Some(glass) = &shown.file_glass {
        lines.push(format!(
            "{}; by the file `breakglass` in the state folder, which only root can remove",
            glass_line(glass, zone)
        ));
    }
    lines
}

fn whom(subject: &Subject) -> [String; 2] {
    let any = || "*".to_owned();
    [
        subject
            .user_type
            .as_ref()
            .map_or_else(any, ToString::to_string),
        subject.role.as_ref().map_or_else(any, ToString::to_string),
    ]
}

/// Mode and limits in one cell.
fn demand(demand: &Demand, zone: &Zone) -> String {
    let mut text = demand.mode.as_str().to_owned();
    if let Some(from) = demand.from {
        text.push_str(&format!(" from {}", zone.date(from)));
    }
    if let Some(skips) = demand.skips {
        text.push_str(&format!(", {skips} times \"nanti saja\""));
    }
    if let Some(until) = demand.until {
        text.push_str(&format!(" until {}", zone.date(until)));
    }
    if demand.proof != Proof::FirstUse {
        text.push_str(&format!(", proof {}", demand.proof.as_str()));
    }
    if demand.unread != Unread::Closed {
        text.push_str(&format!(", unread {}", demand.unread.as_str()));
    }
    if demand.approval != Confirm::Number {
        text.push_str(&format!(", approval {}", demand.approval.as_str()));
    }
    text
}

fn signed(signature: &Signature) -> String {
    format!("{}: {}", signature.by.join(", "), signature.reason)
}

fn policy_lines(policy: &PolicyState, zone: &Zone) -> Vec<String> {
    let mut lines = vec![format!(
        "policy {}, ceiling {}",
        policy.revision,
        policy.rules.ceiling.as_str()
    )];
    let mut rows: Vec<Vec<String>> = policy
        .rules
        .rules
        .iter()
        .map(|rule| [&whom(&rule.subject)[..], &[demand(&rule.demand, zone)]].concat())
        .collect();
    rows.push(vec![
        "*".to_owned(),
        "everybody else".to_owned(),
        demand(&policy.rules.default, zone),
    ]);
    lines.extend(table::lines(&["TYPE", "ROLE", "MODE"], &rows));
    for flip in &policy.flips {
        let demand = match &flip.change.demand {
            Some(asked) => demand(asked, zone),
            None => "no rule".to_owned(),
        };
        let whom: Vec<String> = flip
            .change
            .subjects
            .iter()
            .map(|s| whom(s).join("/"))
            .collect();
        lines.push(format!(
            "planned {}: {} for {} at {} ({})",
            flip.id,
            demand,
            whom.join(", "),
            zone.date(flip.at),
            signed(&flip.signature)
        ));
    }
    for freeze in &policy.freezes {
        lines.push(format!(
            "freeze {}: {} to {} ({})",
            freeze.id,
            zone.date(freeze.from),
            zone.date(freeze.until),
            signed(&freeze.signature)
        ));
    }
    for watch in &policy.watches {
        lines.push(format!(
            "watched {}: taken back when more than {} % fail until {}",
            watch.id,
            watch.rollback.percent,
            zone.date(watch.until())
        ));
    }
    if let Some(glass) = &policy.glass {
        lines.push(glass_line(glass, zone));
    }
    lines
}

fn glass_line(glass: &Glass, zone: &Zone) -> String {
    format!(
        "BREAK GLASS: {} at most until {} ({})",
        glass.ceiling.as_str(),
        zone.date(glass.until),
        signed(&glass.signature)
    )
}

/// A mode, and whether an activation needs a code of the help desk.
fn with_code(mode: Mode, code: bool) -> String {
    let mode = mode.as_str();
    if code {
        return format!("{mode}, activation with code");
    }
    mode.to_owned()
}

pub(super) fn changed_lines(changed: &Changed, zone: &Zone) -> Vec<String> {
    let mut lines: Vec<String> = changed
        .warnings
        .iter()
        .map(|warning| format!("warning: {warning}"))
        .collect();
    let rows: Vec<Vec<String>> = changed
        .roles
        .iter()
        .map(|role| {
            vec![
                role.user_type.clone(),
                role.role
                    .clone()
                    .unwrap_or_else(|| "unknown roles".to_owned()),
                with_code(role.before, role.code_before),
                with_code(role.after, role.code_after),
            ]
        })
        .collect();
    if rows.is_empty() {
        lines.push("nothing else is in force for any role".to_owned());
    } else {
        lines.extend(table::lines(&["TYPE", "ROLE", "BEFORE", "AFTER"], &rows));
    }
    lines.push(format!(
        "{} accounts would have to activate first that need not today",
        changed.newly_stopped
    ));
    if changed.dry_run {
        return marked(&lines, true);
    }
    lines.extend(policy_lines(&changed.after, zone));
    lines
}
