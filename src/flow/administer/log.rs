//! `audit tail | export | verify`.

use super::Desk;
use crate::domain::office::answer::NumberedRecord;
use crate::domain::office::{Answer, OfficeError, UserRef};

/// Records read at a time.
const PAGE: usize = 1_000;
/// Records in one answer; whoever wants more asks again behind the last.
const ANSWER_MAX: usize = 10_000;

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
            let Some((newest, _)) = page.last() else { break };
            at = *newest;
            let fits = |record: &NumberedRecord| {
                only.is_none()
                    || record.record.as_ref().and_then(|r| r.account.as_ref()) == only.as_ref()
            };
            let page = page
                .into_iter()
                .map(|(sequence, record)| NumberedRecord { sequence, record });
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
}
