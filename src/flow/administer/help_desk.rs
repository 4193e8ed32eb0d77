//! `user reset | activation-code | unlock | exempt`: what the help desk does for people.

use super::accounts::COUNTERS;
use super::{Desk, Known};
use crate::domain::audit::AuditEvent;
use crate::domain::enforcement::Enrolled;
use crate::domain::enrollment::entry_letter;
use crate::domain::mail::AddressChange;
use crate::domain::office::{Answer, ErrorKind, LIST_MAX, OfficeError, Paper, Shown, UserRef};
use crate::domain::policy::Signature;
use crate::domain::push::Wakeable;
use crate::domain::reset::ResetCase;
use crate::domain::standing::{EXEMPTION_SECONDS_MAX, Exemption, GRANT_SECONDS, Seen, Standing};
use crate::domain::throttle::Attempts;
use crate::flow::TRIES;
use crate::primitives::{AccountId, ActivationCode, UnixSeconds};
use crate::store::Expect;
use crate::store::records::{Draft, Records};
use std::collections::BTreeSet;

/// Unknown accounts for which the nearest known ones are looked up.
const SUGGESTIONS_MAX: usize = 20;
/// Accounts in one durable step; an engine takes 64 operations.
const EXEMPT_BATCH: usize = 25;

/// The same step with every counter of wrong codes taken away.
fn without_counters(draft: Draft, records: &Records, id: &AccountId) -> Draft {
    COUNTERS.into_iter().fold(draft, |draft, (factor, lane)| {
        draft.delete::<Attempts>(&records.attempts_key(id, factor, lane), Expect::Any)
    })
}

impl Desk<'_> {
    /// The account that a paper is about: the paper checked and signed, and what is known of the
    /// account. `new` as for [`Desk::resolve`].
    pub(super) async fn papered(
        &self,
        user: &UserRef,
        mut paper: Paper,
        new: bool,
    ) -> Result<(Paper, AccountId, Known), OfficeError> {
        paper.check()?;
        paper.signature = self.signed(paper.signature)?;
        let id = self.resolve(user, new).await?;
        let known = self.known(&id).await?;
        Ok((paper, id, known))
    }

    /// Takes the second factor away and hands out an activation code: never a bare permit, since
    /// whoever asks may only know the password. All sessions and waiting logins end.
    pub(super) async fn reset(
        &self,
        user: &UserRef,
        paper: Paper,
        dry_run: bool,
    ) -> Result<Answer, OfficeError> {
        let (paper, id, known) = self.papered(user, paper, false).await?;
        let binding = known.account.as_ref().and_then(|a| a.binding.as_ref());
        let entry = binding.map(|binding| entry_letter(binding.generation));
        let mut lines = vec![match &entry {
            Some(entry) => format!(
                "the second factor (entry {entry}) is taken away, and its recovery codes with it"
            ),
            None => "there was no second factor".to_owned(),
        }];
        lines.push("all sessions and waiting logins of the account end".to_owned());
        if dry_run {
            lines.push("an activation code is handed out".to_owned());
            return Ok(Answer::Done { lines, dry_run });
        }
        let records = self.engine.records()?;
        let key = records.account_key(&id);
        let (mut account, expect) = self.engine.account_for_update(&id).await?;
        let own = account.own_address().map(|own| own.email.clone());
        account.binding = None;
        account.epoch = account.epoch.saturating_add(1);
        let event = AuditEvent::Reset {
            entry,
            number: paper.number.clone(),
            checked: paper.checked.clone(),
            reason: paper.signature.reason.clone(),
        };
        let record = self.record(Some((&id, known.role())), &paper.signature, event);
        let draft = records.draft().put(&key, expect, &account).audit(&record);
        // A link that is out did not know of this, and the phone is not woken any more.
        let draft = draft
            .delete::<ResetCase>(&key, Expect::Any)
            .delete::<Wakeable>(&key, Expect::Any);
        let (whose, change) = ((&id, known.role()), AddressChange::OwnEnded);
        let draft = self.engine.with_told(draft, whose, own, change)?;
        let draft = without_counters(draft, records, &id);
        let code = self.issue(draft, (&id, &known), &paper, true).await?;
        let ended = self.end_all_of(&id, "reset", &paper.signature).await;
        lines.push(format!("{ended} of them ended now"));
        Ok(self.code_answer(id, &code, lines))
    }

    /// Hands an activation code out, for a first activation after the start date or a lost one.
    pub(super) async fn hand_out(
        &self,
        user: &UserRef,
        paper: Paper,
        dry_run: bool,
    ) -> Result<Answer, OfficeError> {
        let (paper, id, known) = self.papered(user, paper, true).await?;
        if known.is_bound() {
            let message = "the account has a second factor. \
                           Is it lost? Then `user reset` takes it away and hands out a code";
            return Err(OfficeError::refused(message));
        }
        let mut lines = Vec::new();
        if known.seen.is_none() {
            lines.push("the account was never seen here: look at its spelling".to_owned());
        }
        let standing = known.standing.as_ref();
        if standing.is_some_and(|s| s.grant(self.engine.now()).is_some()) {
            lines.push("the code that was handed out before is no good any more".to_owned());
        }
        if dry_run {
            lines.push("an activation code is handed out".to_owned());
            return Ok(Answer::Done { lines, dry_run });
        }
        let draft = self.engine.records()?.draft();
        let draft = self.engine.with_fresh_counters(draft, &id)?;
        let code = self.issue(draft, (&id, &known), &paper, false).await?;
        Ok(self.code_answer(id, &code, lines))
    }

    /// Adds a new code to a step and commits it.
    async fn issue(
        &self,
        draft: Draft,
        (id, known): (&AccountId, &Known),
        paper: &Paper,
        reset: bool,
    ) -> Result<ActivationCode, OfficeError> {
        let records = self.engine.records()?;
        let (mut standing, expect) = self.engine.standing_for_update(id).await?;
        if reset {
            standing.must_prove = true;
            // What was mailed before did not know of this either.
            standing.mailed = None;
            // What was decided before did not know of this.
            if let Some(exemption) = &mut standing.exemption {
                exemption.excuses_reset = false;
            }
        }
        let (standing, code) = self.engine.granted(standing, paper.signature.clone())?;
        let until = standing
            .grant
            .as_ref()
            .map_or(UnixSeconds(0), |grant| grant.until);
        let event = AuditEvent::CodeIssued {
            until,
            number: paper.number.clone(),
            checked: paper.checked.clone(),
            reason: paper.signature.reason.clone(),
        };
        let record = self.record(Some((id, known.role())), &paper.signature, event);
        let draft = draft
            .put(&records.account_key(id), expect, &standing)
            .audit(&record);
        records.commit(draft).await?;
        Ok(code)
    }

    fn code_answer(&self, account: AccountId, code: &ActivationCode, lines: Vec<String>) -> Answer {
        Answer::Code {
            account,
            code: Shown::new(&code.grouped()),
            until: self.engine.now().plus(GRANT_SECONDS),
            lines,
        }
    }

    /// Clears the counters of wrong codes; what was used stays used.
    pub(super) async fn unlock(
        &self,
        user: &UserRef,
        signature: Signature,
        dry_run: bool,
    ) -> Result<Answer, OfficeError> {
        let signature = self.signed(signature)?;
        let id = self.resolve(user, false).await?;
        let attempts = self.attempts(&id).await?;
        let failures: u32 = attempts.iter().map(|line| line.failures).sum();
        let lines = vec![match failures {
            0 => "no wrong codes are counted".to_owned(),
            count => format!("{count} wrong codes are forgotten"),
        }];
        if dry_run || failures == 0 {
            return Ok(Answer::Done { lines, dry_run });
        }
        let records = self.engine.records()?;
        let known = self.known(&id).await?;
        let event = AuditEvent::Unlocked {
            failures,
            reason: signature.reason.clone(),
        };
        let record = self.record(Some((&id, known.role())), &signature, event);
        let draft = records.draft().audit(&record);
        records
            .commit(without_counters(draft, records, &id))
            .await?;
        Ok(Answer::Done { lines, dry_run })
    }

    /// Exempts accounts until a time, or ends their exemption: all or none are looked up first.
    pub(super) async fn exempt(
        &self,
        users: &[UserRef],
        until: Option<UnixSeconds>,
        signature: Signature,
        dry_run: bool,
    ) -> Result<Answer, OfficeError> {
        let signature = self.signed(signature)?;
        let now = self.engine.now();
        if let Some(until) = until {
            if until <= now {
                return Err(OfficeError::refused(
                    "the end of the exemption is in the past",
                ));
            }
            if until.since(now) > EXEMPTION_SECONDS_MAX {
                let message = "an exemption lasts a year at most";
                return Err(OfficeError::refused(message));
            }
        }
        let mut ids = self.resolve_all(users).await?;
        let by_name = matches!(users, [UserRef { line: None, .. }]);
        let kept = match by_name || until.is_none() {
            true => Vec::new(),
            // What was decided about these by name is not a list's to change.
            false => self.excused_now(&ids).await?,
        };
        ids.retain(|id| kept.binary_search(id).is_err());
        let answer = Answer::Exempted {
            kept,
            never_seen: self.never_seen(&ids).await?,
            accounts: ids.clone(),
            until,
            dry_run,
        };
        if dry_run {
            return Ok(answer);
        }
        for (done, some) in ids.chunks(EXEMPT_BATCH).enumerate() {
            let mut tries = TRIES;
            // Somebody of them may put an activation off at this moment: read and written again.
            while let Err(error) = self.exempt_some(some, until, &signature, by_name).await {
                tries -= 1;
                if error.kind == ErrorKind::Conflict && tries > 0 {
                    continue;
                }
                let message = format!(
                    "{error} for accounts {} and after; those before it are done",
                    done * EXEMPT_BATCH + 1
                );
                return Err(OfficeError::new(error.kind, message));
            }
            for id in some {
                for session in self.engine.sessions.of_account(id) {
                    session.ask_policy_again();
                }
            }
        }
        Ok(answer)
    }

    /// Those of them that never logged in here.
    async fn never_seen(&self, ids: &[AccountId]) -> Result<Vec<AccountId>, OfficeError> {
        let records = self.engine.records()?;
        let mut never = Vec::new();
        for id in ids {
            if records
                .get::<Seen>(&records.account_key(id))
                .await?
                .is_none()
            {
                never.push(id.clone());
            }
        }
        Ok(never)
    }

    /// Those of them whom an exemption by name excuses after a reset.
    async fn excused_now(&self, ids: &[AccountId]) -> Result<Vec<AccountId>, OfficeError> {
        let records = self.engine.records()?;
        let now = self.engine.now();
        let mut excused = Vec::new();
        for id in ids {
            let standing = records.get::<Standing>(&records.account_key(id)).await?;
            if standing.is_some_and(|s| s.value.enrolled(false, now) == Enrolled::Excused) {
                excused.push(id.clone());
            }
        }
        Ok(excused)
    }

    async fn resolve_all(&self, users: &[UserRef]) -> Result<Vec<AccountId>, OfficeError> {
        if users.is_empty() || users.len() > LIST_MAX {
            let message = format!("1 to {LIST_MAX} accounts at once");
            return Err(OfficeError::refused(message));
        }
        let mut ids = BTreeSet::new();
        let mut problems = Vec::new();
        for (at, user) in users.iter().enumerate() {
            if at % 100 == 0 {
                tokio::task::yield_now().await;
            }
            let suggest = problems.len() < SUGGESTIONS_MAX;
            let place = match user.line {
                Some(line) => format!("line {line}"),
                None => format!("entry {}", at + 1),
            };
            match self.resolve_with(user, true, suggest).await {
                Ok(id) if !ids.insert(id.clone()) => {
                    problems.push(format!("{place}: {:?} stands there twice", user.user_id));
                }
                Ok(_) => {}
                Err(error) => problems.push(format!("{place}: {error}")),
            }
        }
        if problems.is_empty() {
            Ok(ids.into_iter().collect())
        } else {
            Err(OfficeError::unknown(problems.join("\n")))
        }
    }

    async fn exempt_some(
        &self,
        ids: &[AccountId],
        until: Option<UnixSeconds>,
        signature: &Signature,
        by_name: bool,
    ) -> Result<(), OfficeError> {
        let records = self.engine.records()?;
        let mut draft = records.draft();
        for id in ids {
            let key = records.account_key(id);
            let (mut standing, expect) = self.engine.standing_for_update(id).await?;
            let before = standing.exemption.as_ref().map(|exemption| exemption.until);
            standing.exemption = until.map(|until| Exemption {
                since: self.engine.now(),
                until,
                excuses_reset: by_name,
                signature: signature.clone(),
            });
            let known = self.known(id).await?;
            let event = AuditEvent::Exempted {
                before,
                until,
                reason: signature.reason.clone(),
            };
            draft = draft.put(&key, expect, &standing).audit(&self.record(
                Some((id, known.role())),
                signature,
                event,
            ));
        }
        records.commit(draft).await?;
        Ok(())
    }
}
