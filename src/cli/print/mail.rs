//! Letters and registered addresses for people.

use crate::cli::table;
use crate::domain::office::answer::{Imported, LetterLine};
use crate::primitives::Zone;

/// Lines of a list that are told one by one.
const NAMED_MAX: usize = 100;

pub(super) fn imported_lines(imported: &Imported) -> Vec<String> {
    let mut lines: Vec<String> = imported.bad.iter().take(NAMED_MAX).cloned().collect();
    if let Some(more) = imported.bad.len().checked_sub(NAMED_MAX).filter(|n| *n > 0) {
        lines.push(format!("{more} more lines are wrong"));
    }
    if !imported.bad.is_empty() {
        lines.push(format!("{} lines were left out", imported.bad.len()));
    }
    lines.push(format!(
        "{} new, {} changed, {} as before, {} removed",
        imported.new, imported.changed, imported.same, imported.removed
    ));
    if imported.outranked > 0 {
        lines.push(format!(
            "{} of them have an address from the help desk, which goes before the list",
            imported.outranked
        ));
    }
    if imported.dry_run {
        lines.push("nothing was done (--dry-run)".to_owned());
    }
    lines
}

pub(super) fn letter_lines(letters: &[LetterLine], open: bool, zone: &Zone) -> Vec<String> {
    let rows: Vec<Vec<String>> = letters
        .iter()
        .map(|letter| {
            let account = letter.account.as_ref();
            vec![
                letter.id.clone(),
                letter.kind.clone(),
                account.map_or_else(|| "-".to_owned(), |id| id.user_id.to_string()),
                zone.date(letter.made),
                letter.tries.to_string(),
                letter
                    .due
                    .map_or_else(|| "given up".to_owned(), |due| zone.date(due)),
                letter.why.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let header = ["ID", "LETTER", "USER", "WRITTEN", "TRIES", "NEXT", "WHY"];
    let mut lines = match rows.is_empty() {
        true => vec!["the outbox is empty".to_owned()],
        false => table::lines(&header, &rows),
    };
    if !open {
        lines.push("no mail server is configured ([mail] host): nothing is sent".to_owned());
    }
    lines
}
