//! What admins do: one entry, one file per noun. Every act is checked, written down with who and why,
//! and can be asked for as a dry run first.

mod accounts;
mod directory;
mod explain;
mod forecast;
mod help_desk;
mod log;
mod mail;
mod policy;
mod sessions;
mod time;

use crate::config::nearest::suggestion;
use crate::domain::audit::{AuditEvent, AuditRecord};
use crate::domain::enforcement::Enrolled;
use crate::domain::enrollment::Account;
use crate::domain::office::{Answer, ErrorKind, OfficeError, Request, UserRef, check_text};
use crate::domain::policy::Signature;
use crate::domain::standing::{Seen, Standing};
use crate::flow::policy::ChangeError;
use crate::flow::{Client, Engine, FlowError, Vault};
use crate::primitives::{AccountId, Role, UnixSeconds, UserType};
use crate::store::StoreError;
use crate::store::records::RecordError;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// Known ids that are looked at for a suggestion; beyond that nobody is near by chance only.
const SUGGESTED_FROM_MAX: usize = 100_000;

/// Everything that is known of one account.
#[derive(Default)]
pub(super) struct Known {
    pub(super) seen: Option<Seen>,
    pub(super) account: Option<Account>,
    pub(super) standing: Option<Standing>,
}

impl Known {
    fn role(&self) -> Option<&Role> {
        self.seen.as_ref().map(|seen| &seen.role)
    }

    fn is_bound(&self) -> bool {
        self.bound().is_some()
    }

    fn bound(&self) -> Option<u32> {
        self.account.as_ref().and_then(Account::bound)
    }

    fn enrolled(&self, now: UnixSeconds) -> Enrolled {
        match &self.standing {
            Some(standing) => standing.enrolled(self.is_bound(), now),
            None if self.is_bound() => Enrolled::Yes,
            None => Enrolled::No,
        }
    }
}

impl From<FlowError> for OfficeError {
    fn from(error: FlowError) -> Self {
        let kind = match &error {
            FlowError::Store(Some(RecordError::Conflict)) => ErrorKind::Conflict,
            FlowError::Store(_) | FlowError::Clock | FlowError::Seal => ErrorKind::Store,
        };
        let done = match &error {
            // What the disk did not answer to may still come to it.
            FlowError::Store(Some(RecordError::Store(
                StoreError::Io { .. } | StoreError::Stalled | StoreError::Stopped,
            ))) => "whether it was done is not known: look before you repeat it",
            _ => "nothing was changed",
        };
        Self::new(kind, format!("{error}; {done}"))
    }
}

impl From<RecordError> for OfficeError {
    fn from(error: RecordError) -> Self {
        FlowError::from(error).into()
    }
}

impl From<ChangeError> for OfficeError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Act(error) => Self::refused(error.to_string()),
            ChangeError::Conflict { .. } => Self::new(
                ErrorKind::Conflict,
                format!("{error}; look at it again (policy show) and repeat what is still wanted"),
            ),
            ChangeError::Flow(error) => error.into(),
        }
    }
}

impl Engine {
    /// Carries a request of an admin out. `peer` is who the system says asks, and who he says to be.
    ///
    /// # Errors
    /// [`OfficeError`]; nothing was changed then.
    pub async fn administer(&self, request: Request, peer: &Peer) -> Result<Answer, OfficeError> {
        let answer = self.answered(request, peer).await;
        answer.map_err(|error| match &self.vault {
            // Whoever is at the console reads what the log said at the start.
            Vault::Shut(why) if error.kind == ErrorKind::Store => {
                OfficeError::new(ErrorKind::Store, format!("{error}: {why}"))
            }
            _ => error,
        })
    }

    async fn answered(&self, request: Request, peer: &Peer) -> Result<Answer, OfficeError> {
        let desk = Desk { engine: self, peer };
        match request {
            Request::Site => Ok(Answer::Site {
                zone: self.settings.zone.clone(),
                running: true,
            }),
            Request::PolicyShow => desk.policy(),
            Request::PolicyAct {
                act,
                signature,
                seen,
                dry_run,
            } => desk.act(&act, signature, seen, dry_run).await,
            Request::Forecast { act } => desk.forecast(act.as_ref()).await,
            Request::UserList(filter) => desk.list(&filter).await,
            Request::UserShow { user } => desk.show(&user).await,
            Request::UserReset {
                user,
                paper,
                dry_run,
            } => desk.reset(&user, paper, dry_run).await,
            Request::UserCode {
                user,
                paper,
                dry_run,
            } => desk.hand_out(&user, paper, dry_run).await,
            Request::UserUnlock {
                user,
                signature,
                dry_run,
            } => desk.unlock(&user, signature, dry_run).await,
            Request::UserExempt {
                users,
                until,
                signature,
                dry_run,
            } => desk.exempt(&users, until, signature, dry_run).await,
            Request::UserEmail {
                user,
                email,
                paper,
                dry_run,
            } => desk.set_email(&user, email, paper, dry_run).await,
            Request::DirectoryImport(import) => desk.import_directory(import).await,
            Request::MailList { dead } => desk.letters(dead).await,
            Request::MailRetry { id } => desk.retry_letters(id.as_deref()).await,
            Request::MailTrial { to } => desk.try_mail(to).await,
            Request::SessionList { user } => desk.sessions(user.as_ref()).await,
            Request::SessionEnd {
                which,
                signature,
                dry_run,
            } => desk.end(&which, signature, dry_run).await,
            Request::Audit { after, user, last } => desk.audit(after, user.as_ref(), last).await,
            Request::AuditVerify { heads } => desk.verify(&heads).await,
            Request::ClockAccept { signature, dry_run } => {
                desk.accept_clock(signature, dry_run).await
            }
            Request::ExplainUser { user } => desk.explain_user(&user).await,
            Request::ExplainRequest { id } => desk.explain_request(&id).await,
        }
    }
}

/// Between two looks at how ready the roles are, in seconds: it reads every account.
const READINESS_SECONDS: u64 = 3_600;

impl Engine {
    /// Tells the metrics how ready each role is, once an hour.
    pub(crate) async fn look_at_readiness(&self) {
        let now = self.now();
        let last = self.readiness_told.load(Ordering::Relaxed);
        if last != 0 && now.since(UnixSeconds(last)) < READINESS_SECONDS {
            return;
        }
        self.readiness_told.store(now.0, Ordering::Relaxed);
        let peer = Peer::default();
        let desk = Desk {
            engine: self,
            peer: &peer,
        };
        if let Err(error) = desk.tell_readiness().await {
            tracing::warn!(%error, "how ready the roles are is not known");
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// As whom his process runs, which the system says.
    pub uid: u32,
    /// Who called sudo, as that process says: no proof, but a name that `--by` does not hide.
    pub caller: Option<String>,
}

impl Peer {
    /// A name as given, with what else is known of whoever gave it.
    fn vouch_for(&self, name: &str) -> String {
        let caller = self
            .caller
            .as_deref()
            .filter(|caller| *caller != name && check_text("the caller", caller).is_ok());
        match caller {
            Some(caller) => format!("{name} (uid {}, sudo by {caller})", self.uid),
            None => format!("{name} (uid {})", self.uid),
        }
    }
}

/// Where an admin's request is worked on.
struct Desk<'a> {
    engine: &'a Engine,
    peer: &'a Peer,
}

impl Desk<'_> {
    /// The same signature with what the system says about who asks.
    fn signed(&self, mut signature: Signature) -> Result<Signature, OfficeError> {
        signature.check()?;
        for name in &mut signature.by {
            *name = self.peer.vouch_for(name.trim());
        }
        Ok(signature)
    }

    /// An audit record of an admin's act.
    fn record(
        &self,
        who: Option<(&AccountId, Option<&Role>)>,
        by: &Signature,
        event: AuditEvent,
    ) -> AuditRecord {
        let account = who.map(|(id, role)| (id, role.map_or("", Role::as_str)));
        self.engine.audit(&self.client(by), account, event)
    }

    /// Who asks, for what is written down of it.
    fn client(&self, by: &Signature) -> Client {
        Client {
            request_id: "control".to_owned(),
            ..self.engine.client_of(by)
        }
    }

    /// Everything that is known of one account.
    async fn known(&self, id: &AccountId) -> Result<Known, OfficeError> {
        let records = self.engine.records()?;
        let key = records.account_key(id);
        Ok(Known {
            seen: records.get::<Seen>(&key).await?.map(|s| s.value),
            account: records.get::<Account>(&key).await?.map(|s| s.value),
            standing: records.get::<Standing>(&key).await?.map(|s| s.value),
        })
    }

    /// Everybody of whom anything is known.
    async fn census(&self) -> Result<BTreeMap<AccountId, Known>, OfficeError> {
        let records = self.engine.records()?;
        let mut all: BTreeMap<AccountId, Known> = BTreeMap::new();
        for (_, stored) in records.all::<Seen>().await? {
            let id = stored.value.id.clone();
            all.entry(id).or_default().seen = Some(stored.value);
        }
        for (_, stored) in records.all::<Account>().await? {
            let id = stored.value.id.clone();
            all.entry(id).or_default().account = Some(stored.value);
        }
        for (_, stored) in records.all::<Standing>().await? {
            let id = stored.value.id.clone();
            all.entry(id).or_default().standing = Some(stored.value);
        }
        Ok(all)
    }

    /// The account that an admin wrote. One that was never seen is only good where `new` says so and
    /// its type is named.
    async fn resolve(&self, user: &UserRef, new: bool) -> Result<AccountId, OfficeError> {
        self.resolve_with(user, new, true).await
    }

    /// The same; to look for the nearest names reads every account.
    async fn resolve_with(
        &self,
        user: &UserRef,
        new: bool,
        suggest: bool,
    ) -> Result<AccountId, OfficeError> {
        let profile = self.engine.profile();
        let user_id = profile
            .fold_user_id(&user.user_id)
            .map_err(|why| OfficeError::refused(format!("the user id is {why}")))?;
        let types = match &user.user_type {
            Some(wanted) => vec![self.user_type(wanted)?],
            None => profile.user_types().to_vec(),
        };
        let mut found = Vec::new();
        for user_type in &types {
            let id = AccountId {
                user_type: user_type.clone(),
                user_id: user_id.clone(),
            };
            let known = self.known(&id).await?;
            if known.seen.is_some() || known.account.is_some() || known.standing.is_some() {
                found.push(id);
            }
        }
        match (found.len(), types.as_slice()) {
            (1, _) => Ok(found.remove(0)),
            (0, [user_type]) if new && user.user_type.is_some() => Ok(AccountId {
                user_type: user_type.clone(),
                user_id,
            }),
            (0, _) => Err(self.nobody(user_id.as_str(), new, suggest).await?),
            _ => {
                let types: Vec<&str> = found.iter().map(|id| id.user_type.as_str()).collect();
                let message = format!(
                    "{user_id} exists as {}: say which with --type",
                    types.join(" and as ")
                );
                Err(OfficeError::refused(message))
            }
        }
    }

    /// The user type that somebody wrote.
    fn user_type(&self, wanted: &str) -> Result<UserType, OfficeError> {
        let profile = self.engine.profile();
        // NON PENYEDIA, as the application writes it, is good too.
        let folded = wanted.trim().to_lowercase().replace(' ', "-");
        let mut known = profile.user_types().iter();
        let found = known.find(|known| known.as_str() == wanted || known.as_str() == folded);
        found.cloned().ok_or_else(|| {
            let known = profile.user_types().iter().map(|t| t.as_str());
            let hint = suggestion(wanted, known);
            OfficeError::unknown(format!("there is no user type {wanted:?}; {hint}"))
        })
    }

    /// The refusal for an account that nobody knows, with the nearest that are known.
    async fn nobody(
        &self,
        user_id: &str,
        new: bool,
        suggest: bool,
    ) -> Result<OfficeError, OfficeError> {
        let records = self.engine.records()?;
        let seen = match suggest {
            true => records.all::<Seen>().await?,
            false => Vec::new(),
        };
        let ids: Vec<&str> = seen
            .iter()
            .take(SUGGESTED_FROM_MAX)
            .map(|(_, stored)| stored.value.id.user_id.as_str())
            .collect();
        let near = crate::config::nearest::nearest(user_id, ids);
        let hint = match near.as_slice() {
            [] => String::new(),
            names => format!("; did you mean {}?", names.join(" or ")),
        };
        let never = if new {
            " (whoever never logged in needs --type)"
        } else {
            ""
        };
        let message = format!("no account {user_id:?} was ever seen here{hint}{never}");
        Ok(OfficeError::unknown(message))
    }
}
