//! `user email`, `directory import`: registered addresses.

use super::Desk;
use crate::domain::audit::AuditEvent;
use crate::domain::directory::{Address, Entry, Registered, Source};
use crate::domain::mail::AddressChange;
use crate::domain::office::answer::Imported;
use crate::domain::office::{Answer, DirectoryImport, DirectoryLine, OfficeError, Paper, UserRef};
use crate::flow::TRIES;
use crate::flow::address::with_kept;
use crate::primitives::{AccountId, EmailAddress, Role};
use crate::store::records::{Draft, RecordError};
use std::collections::BTreeMap;

/// Accounts written in one step, of up to five records each; an engine takes 64 writes.
const STEP: usize = 12;

impl Desk<'_> {
    /// The registered address of an account, without the database.
    pub(super) async fn registered(
        &self,
        id: &AccountId,
    ) -> Result<Option<(EmailAddress, String)>, OfficeError> {
        let (kept, _) = self.engine.kept_addresses(id).await?;
        let (account, _) = self.engine.account_for_update(id).await?;
        let best = kept.best(None, account.own_address());
        Ok(best.map(|best| (best.email, best.source.word().to_owned())))
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
        let (mut kept, expect) = self.engine.kept_addresses(&id).await?;
        let (mut account, account_expect) = self.engine.account_for_update(&id).await?;
        let before = kept.best(None, account.own_address());
        // With none of the help desk's it is the owner's own that is taken away.
        let takes_own = email.is_none() && kept.help_desk.is_none();
        if takes_own && account.own_address().is_none() {
            let message = "neither the help desk nor the owner has set an address for this account";
            return Err(OfficeError::refused(message));
        }
        // Where the LPSE has registered one, the owner's own ends, and does not come back.
        let ends_own = (takes_own || email.is_some()) && account.end_own_address();
        let now = self.engine.now();
        kept.help_desk = email.map(|email| {
            let entry = Entry { email, since: now };
            (entry, paper.signature.clone())
        });
        let after = kept.best(None, account.own_address());
        let mut lines = vec![format!(
            "was {}, is {}",
            shown(before.as_ref()),
            shown(after.as_ref())
        )];
        if ends_own {
            lines.push("the address that the owner registered himself is taken away".to_owned());
        }
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
        let key = records.account_key(&id);
        let mut draft = with_kept(records.draft(), &key, expect, &kept).audit(&record);
        if ends_own {
            draft = draft.put(&key, account_expect, &account);
        }
        let changed = is_another(before.as_ref(), after.as_ref());
        if changed {
            let both = (before, after);
            draft = self.with_both_told(draft, &id, known.role(), both).await?;
        }
        records.commit(draft).await?;
        self.engine.outbox.ring();
        if changed && self.engine.outbox.is_open() {
            lines.push("the old and the new address are told".to_owned());
        }
        Ok(Answer::Done { lines, dry_run })
    }

    /// Another address: what was mailed ends, and the old and the new one are told.
    async fn with_both_told(
        &self,
        draft: Draft,
        id: &AccountId,
        role: Option<&Role>,
        (old, new): (Option<Address>, Option<Address>),
    ) -> Result<Draft, OfficeError> {
        let engine = self.engine;
        let [old, new] = [old, new].map(|address| address.map(|address| address.email));
        let draft = engine.without_mailed(draft, id).await?;
        let draft = engine.with_told(draft, (id, role), old, AddressChange::Replaced)?;
        Ok(engine.with_told(draft, (id, role), new, AddressChange::Registered)?)
    }

    /// Takes a list over: every line is looked at before any is written.
    pub(super) async fn import_directory(
        &self,
        import: DirectoryImport,
    ) -> Result<Answer, OfficeError> {
        let signature = self.signed(import.signature)?;
        let (wanted, wrong) = self.checked_lines(&import.lines);
        let bad = [import.unreadable, wrong].concat();
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
        // Cut short, the same list finishes it: what is there already stays as it is.
        for step in writes.chunks(STEP) {
            self.import_step(step).await?;
        }
        self.engine.outbox.ring();
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

    /// Writes what a list says of some accounts, whose owners may be at it at the same moment.
    async fn import_step(&self, step: &[(AccountId, Option<Entry>)]) -> Result<(), OfficeError> {
        let records = self.engine.records()?;
        for _ in 0..TRIES {
            let mut draft = records.draft();
            for (id, list) in step {
                let (mut kept, expect) = self.engine.kept_addresses(id).await?;
                let (mut account, account_expect) = self.engine.account_for_update(id).await?;
                let before = kept.best(None, account.own_address());
                kept.list.clone_from(list);
                let key = records.account_key(id);
                draft = with_kept(draft, &key, expect, &kept);
                // As where the help desk sets one.
                if list.is_some() && account.end_own_address() {
                    draft = draft.put(&key, account_expect, &account);
                }
                let after = kept.best(None, account.own_address());
                if !is_another(before.as_ref(), after.as_ref()) {
                    continue;
                }
                draft = self.engine.without_mailed(draft, id).await?;
                // Whoever registered an address himself reads there that it does not count any more.
                let own = before.filter(|old| old.source == Source::Own);
                let (to, change) = (own.map(|own| own.email), AddressChange::Replaced);
                draft = self.engine.with_told(draft, (id, None), to, change)?;
            }
            match records.commit(draft).await {
                Err(RecordError::Conflict) => {}
                done => return Ok(done?),
            }
        }
        Err(RecordError::Conflict.into())
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
    ) -> Result<Vec<(AccountId, Option<Entry>)>, OfficeError> {
        let now = self.engine.now();
        let mut writes = Vec::new();
        for (id, email) in wanted {
            let (kept, _) = self.engine.kept_addresses(id).await?;
            told.outranked += usize::from(kept.help_desk.is_some());
            match &kept.list {
                Some(entry) if entry.email == *email => {
                    told.same += 1;
                    continue;
                }
                Some(_) => told.changed += 1,
                None => told.new += 1,
            }
            let entry = Entry {
                email: email.clone(),
                since: now,
            };
            writes.push((id.clone(), Some(entry)));
        }
        if replace {
            let records = self.engine.records()?;
            for (_, stored) in records.all::<Registered>().await? {
                let kept = stored.value;
                if kept.list.is_some() && !wanted.contains_key(&kept.id) {
                    told.removed += 1;
                    writes.push((kept.id, None));
                }
            }
        }
        Ok(writes)
    }
}

fn shown(address: Option<&Address>) -> String {
    match address {
        Some(address) => format!("{} ({})", address.email.as_str(), address.source.word()),
        None => "none".to_owned(),
    }
}

/// Whether mail goes elsewhere than before: capitals do not matter.
fn is_another(old: Option<&Address>, new: Option<&Address>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => !old.email.is_same(&new.email),
        (old, new) => old.is_some() || new.is_some(),
    }
}
