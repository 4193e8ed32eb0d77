//! `audit tail | export | verify`.

use super::Desk;
use crate::domain::office::answer::NumberedRecord;
use crate::domain::office::{Answer, OfficeError, UserRef};
use crate::seal::Head;
use crate::store::LogEnd;
use crate::store::records::AuditEntry;

/// Records read at a time.
const PAGE: usize = 1_000;
/// Records in one answer; whoever wants more asks again behind the last.
const ANSWER_MAX: usize = 10_000;

pub(super) fn numbered(sequence: u64, entry: AuditEntry) -> NumberedRecord {
    let (record, lost) = match entry {
        AuditEntry::Record(record) => (Some(*record), false),
        AuditEntry::Redacted(_) => (None, false),
        AuditEntry::Unreadable => (None, true),
    };
    NumberedRecord {
        sequence,
        record,
        unreadable: lost,
    }
}

impl Desk<'_> {
    pub(super) async fn audit(
        &self,
        after: Option<u64>,
        user: Option<&UserRef>,
        last: usize,
    ) -> Result<Answer, OfficeError> {
        let only = match user {
            Some(user) => Some(self.resolve(user, false).await?),
            None => None,
        };
        let records = self.engine.records()?;
        let mut found: Vec<NumberedRecord> = Vec::new();
        let mut at = after.unwrap_or(0);
        loop {
            let page = records.audit_after(at, PAGE).await?;
            let Some((newest, _)) = page.last() else {
                break;
            };
            at = *newest;
            let fits = |record: &NumberedRecord| {
                only.is_none()
                    || record.record.as_ref().and_then(|r| r.account.as_ref()) == only.as_ref()
            };
            let page = page
                .into_iter()
                .map(|(sequence, entry)| numbered(sequence, entry));
            found.extend(page.filter(fits));
            if after.is_none() {
                let surplus = found.len().saturating_sub(last.min(ANSWER_MAX));
                found.drain(..surplus);
            } else if found.len() >= ANSWER_MAX {
                found.truncate(ANSWER_MAX);
                break;
            }
        }
        Ok(Answer::Audit { records: found })
    }

    /// A head that this site signed.
    fn own_head(&self, line: &str) -> Result<Head, &'static str> {
        let settings = &self.engine.settings;
        let head = Head::find_in(line).ok_or("this is no head")?;
        if head.site != settings.site_id {
            return Err("it is of another site");
        }
        if !head.is_signed_by(self.engine.head_key) {
            return Err("its signature is not this gateway's");
        }
        Ok(head)
    }

    /// Walks the whole chain; heads that were kept elsewhere show an end that was cut off.
    pub(super) async fn verify(&self, heads: &[String]) -> Result<Answer, OfficeError> {
        // A shut vault has keys of its own: every head would seem forged.
        let records = self.engine.records()?;
        let mut ends = Vec::with_capacity(heads.len());
        for (at, line) in heads.iter().enumerate() {
            let refused = |why| OfficeError::refused(format!("head {}: {why}", at + 1));
            ends.push(LogEnd::from(&self.own_head(line).map_err(refused)?));
        }
        let report = records
            .audit_verify(&ends, &self.engine.settings.retention)
            .await?;
        let mut lines = vec![
            format!("records 1 to {} are in their place", report.sound.sequence),
            format!(
                "{} of them were taken out when their time was over",
                report.redacted
            ),
        ];
        if ends.is_empty() {
            lines.push(
                "no head was compared: without one, an end that was cut off does not show".into(),
            );
        } else {
            lines.push(format!("{} heads compared", ends.len()));
        }
        Ok(Answer::Verified {
            last: report.end.sequence,
            lines,
            wrong: report.fault.map(|fault| fault.to_string()),
        })
    }
}
