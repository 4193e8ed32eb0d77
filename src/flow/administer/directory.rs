//! `user email`, `directory import`: registered addresses.

use super::Desk;
use crate::domain::audit::AuditEvent;
use crate::domain::directory::{Entry, Registered};
use crate::domain::mail::Letter;
use crate::domain::office::answer::Imported;
use crate::domain::office::{Answer, DirectoryImport, DirectoryLine, OfficeError, Paper, UserRef};
use crate::primitives::{AccountId, EmailAddress};
use crate::store::Expect;
use crate::store::records::Draft;
use std::collections::BTreeMap;

/// Accounts written in one step, of up to three records each; an engine takes 64 writes.
const STEP: usize = 20;

impl Desk<'_> {
    /// The registered address of an account, without the database.
    pub(super) async fn registered(
        &self,
        id: &AccountId,
    ) -> Result<Option<(EmailAddress, String)>, OfficeError> {
        let (kept, _) = self.kept(id).await?;
        let best = kept.best(None);
        Ok(best.map(|best| (best.email, best.source.word().to_owned())))
    }

    async fn kept(&self, id: &AccountId) -> Result<(Registered, Expect), OfficeError> {
        let records = self.engine.records()?;
        let key = records.account_key(id);
        let fresh = || Registered::new(id.clone());
        Ok(records.for_update(&key, fresh).await?)
    }

    /// Sets the address of an account, or takes the help desk's back. Both owners are told.
    pub(super) async fn set_email(
        &self,
        user: &UserRef,
        email: Option<EmailAddress>,
        paper: Paper,
        dry_run: bool,
    ) -> Result<Answer, OfficeError> {
        let (paper, id, known) = self.papered(user, paper, true).await?;
        let (mut kept, expect) = self.kept(&id).await?;
        let before = kept.best(None);
        if email.is_none() && kept.help_desk.is_none() {
            let message = "the help desk has set no address for this account";
            return Err(OfficeError::refused(message));
        }
        let now = self.engine.now();
        kept.help_desk = email.map(|email| {
            let entry = Entry { email, since: now };
            (entry, paper.signature.clone())
        });
        let after = kept.best(None);
        let shown = |address: &Option<crate::domain::directory::Address>| match address {
            Some(address) => format!("{} ({})", address.email.as_str(), address.source.word()),
            None => "none".to_owned(),
        };
        let mut lines = vec![format!("was {}, is {}", shown(&before), shown(&after))];
        if known.seen.is_none() {
            lines.push("the account was never seen here: look at its spelling".to_owned());
        }
        if dry_run {
            return Ok(Answer::Done { lines, dry_run });
        }
        let event = AuditEvent::EmailSet {
            set: kept.help_desk.is_some(),
            number: paper.number.clone(),
            checked: paper.checked.clone(),
            reason: paper.signature.reason.clone(),
        };
        let records = self.engine.records()?;
        let record = self.record(Some((&id, known.role())), &paper.signature, event);
        let mut draft = written(records.draft(), &records.account_key(&id), expect, &kept);
        draft = draft.audit(&record);
        let told = |to: EmailAddress, is_new| Letter::AddressChanged {
            account: id.clone(),
            role: known.role().cloned(),
            to,
            is_new,
            at: now,
        };
        let (old, new) = (before.map(|a| a.email), after.map(|a| a.email));
        if old != new {
            draft = self.engine.without_mailed(draft, &id).await?;
            for (address, is_new) in [(old, false), (new, true)] {
                if let Some(address) = address {
                    draft = self.engine.with_letter(draft, told(address, is_new))?;
                }
            }
        }
        records.commit(draft).await?;
        self.engine.outbox.ring();
        if self.engine.outbox.is_open() {
            lines.push("the old and the new address are told".to_owned());
        }
        Ok(Answer::Done { lines, dry_run })
    }

    /// Takes a list over: every line is looked at before any is written.
    pub(super) async fn import_directory(
        &self,
        import: DirectoryImport,
    ) -> Result<Answer, OfficeError> {
        let signature = self.signed(import.signature)?;
        let (wanted, bad) = self.checked_lines(&import.lines);
        if !bad.is_empty() && !import.skip_bad {
            let mut message = bad.join("\n");
            message.push_str("\nnothing was imported; --skip-bad imports the other lines");
            return Err(OfficeError::refused(message));
        }
        if wanted.is_empty() {
            return Err(OfficeError::refused("no line of the list is good"));
        }
        let mut imported = Imported {
            bad,
            dry_run: import.dry_run,
            ..Imported::default()
        };
        let writes = self.changes(&wanted, import.replace, &mut imported).await?;
        if import.dry_run {
            return Ok(Answer::Imported(imported));
        }
        let records = self.engine.records()?;
        for step in writes.chunks(STEP) {
            let mut draft = records.draft();
            for (kept, expect) in step {
                draft = written(draft, &records.account_key(&kept.id), *expect, kept);
                draft = self.engine.without_mailed(draft, &kept.id).await?;
            }
            // Cut short, the same list finishes it: what is there already stays as it is.
            records.commit(draft).await?;
        }
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let event = AuditEvent::DirectoryImported {
            accounts: count(wanted.len()),
            removed: count(imported.removed),
            reason: signature.reason.clone(),
        };
        let record = self.record(None, &signature, event);
        records.commit(records.draft().audit(&record)).await?;
        Ok(Answer::Imported(imported))
    }

    /// Accounts with their addresses, and a sentence for each line that is wrong.
    fn checked_lines(
        &self,
        lines: &[DirectoryLine],
    ) -> (BTreeMap<AccountId, EmailAddress>, Vec<String>) {
        let mut wanted = BTreeMap::new();
        let mut bad = Vec::new();
        for line in lines {
            let at = line.user.line.unwrap_or_default();
            let id = match self.id_of(&line.user) {
                Ok(id) => id,
                Err(why) => {
                    bad.push(format!("line {at}: {why}"));
                    continue;
                }
            };
            let Ok(email) = EmailAddress::parse(&line.email) else {
                bad.push(format!("line {at}: {:?} is no e-mail address", line.email));
                continue;
            };
            match wanted.get(&id) {
                Some(other) if *other != email => {
                    bad.push(format!("line {at}: {id} has another address further up"));
                }
                Some(_) | None => {
                    wanted.insert(id, email);
                }
            }
        }
        (wanted, bad)
    }

    /// The account of a line; it need not have been seen.
    fn id_of(&self, user: &UserRef) -> Result<AccountId, String> {
        let profile = self.engine.profile();
        let user_id = profile
            .fold_user_id(&user.user_id)
            .map_err(|why| format!("the user id is {why}"))?;
        let wanted = user.user_type.as_deref().unwrap_or_default();
        let user_type = self.user_type(wanted).map_err(|error| error.message)?;
        Ok(AccountId { user_type, user_id })
    }

    /// What has to be written.
    async fn changes(
        &self,
        wanted: &BTreeMap<AccountId, EmailAddress>,
        replace: bool,
        told: &mut Imported,
    ) -> Result<Vec<(Registered, Expect)>, OfficeError> {
        let now = self.engine.now();
        let mut writes = Vec::new();
        for (id, email) in wanted {
            let (mut kept, expect) = self.kept(id).await?;
            told.outranked += usize::from(kept.help_desk.is_some());
            match &kept.list {
                Some(entry) if entry.email == *email => {
                    told.same += 1;
                    continue;
                }
                Some(_) => told.changed += 1,
                None => told.new += 1,
            }
            kept.list = Some(Entry {
                email: email.clone(),
                since: now,
            });
            writes.push((kept, expect));
        }
        if replace {
            let records = self.engine.records()?;
            for (_, stored) in records.all::<Registered>().await? {
                let mut kept = stored.value;
                if kept.list.is_some() && !wanted.contains_key(&kept.id) {
                    told.removed += 1;
                    kept.list = None;
                    writes.push((kept, Expect::Version(stored.version)));
                }
            }
        }
        Ok(writes)
    }
}

/// Nothing is kept of an account without an address.
fn written(draft: Draft, key: &[u8], expect: Expect, kept: &Registered) -> Draft {
    match kept.is_empty() {
        true => draft.delete::<Registered>(key, expect),
        false => draft.put(key, expect, kept),
    }
}
