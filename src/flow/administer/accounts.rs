//! `user list`, `user show`.

use super::{Desk, Known};
use crate::authenticator::Factor;
use crate::config::nearest::suggestion;
use crate::domain::enrollment::{Account, entry_letter};
use crate::domain::login::{Outcome, WaitingLogin};
use crate::domain::office::answer::{AttemptLine, RecoveryLine, User, UserLine};
use crate::domain::office::{Answer, OfficeError, UserFilter, UserRef};
use crate::domain::policy::PolicyState;
use crate::domain::throttle::{Attempts, Lane};
use crate::primitives::{AccountId, Role, UnixSeconds, UserType};
use std::collections::BTreeSet;

/// Every counter that an account may have.
pub(super) const COUNTERS: [(Factor, Lane); 8] = [
    (Factor::Totp, Lane::KnownBrowser),
    (Factor::Totp, Lane::Unknown),
    (Factor::ActivationCode, Lane::KnownBrowser),
    (Factor::ActivationCode, Lane::Unknown),
    (Factor::Recovery, Lane::KnownBrowser),
    (Factor::Recovery, Lane::Unknown),
    (Factor::Device, Lane::KnownBrowser),
    (Factor::Device, Lane::Unknown),
];

impl Desk<'_> {
    pub(super) async fn list(&self, filter: &UserFilter) -> Result<Answer, OfficeError> {
        let engine = self.engine;
        let begins = match &filter.begins {
            Some(text) => {
                let folded = engine.profile().fold_user_id(text);
                let why = |why| OfficeError::refused(format!("the user id is {why}"));
                Some(folded.map_err(why)?.to_string())
            }
            None => None,
        };
        let census = self.census().await?;
        self.check_filter(filter, census.values())?;
        let state = engine.policy.load().state.clone();
        let now = engine.now();
        let mut users = Vec::new();
        let mut total = 0;
        for (id, known) in &census {
            let of_type = filter.user_type.as_ref();
            let fits = begins
                .as_ref()
                .is_none_or(|text| id.user_id.as_str().starts_with(text))
                && of_type.is_none_or(|wanted| id.user_type.as_str() == wanted)
                && filter
                    .active
                    .is_none_or(|wanted| known.is_bound() == wanted)
                && filter
                    .role
                    .as_ref()
                    .is_none_or(|wanted| known.role().is_some_and(|role| role.as_str() == wanted))
                && filter
                    .seen_since
                    .is_none_or(|since| known.seen.as_ref().is_some_and(|seen| seen.last >= since));
            if !fits {
                continue;
            }
            let line = self.line(&state, id, known, now);
            let exempt = line.exempt_until.is_some_and(|until| now < until);
            if filter.exempt && !exempt || filter.stopped && !line.stopped {
                continue;
            }
            total += 1;
            if filter.limit == 0 || users.len() < filter.limit {
                users.push(line);
            }
        }
        Ok(Answer::Users { users, total })
    }

    /// A filter that names what nobody is would only seem to find nobody.
    fn check_filter<'k>(
        &self,
        filter: &UserFilter,
        known: impl Iterator<Item = &'k Known>,
    ) -> Result<(), OfficeError> {
        let profile = self.engine.profile();
        let types = profile.user_types().iter().map(UserType::as_str);
        if let Some(wanted) = &filter.user_type
            && !types.clone().any(|known| known == wanted)
        {
            let hint = suggestion(wanted, types);
            let message = format!("there is no user type {wanted:?}; {hint}");
            return Err(OfficeError::unknown(message));
        }
        if let Some(wanted) = &filter.role {
            let mut roles: BTreeSet<Role> = profile.roles().iter().cloned().collect();
            roles.extend(known.filter_map(Known::role).cloned());
            if !roles.iter().any(|role| role.as_str() == wanted) {
                let hint = suggestion(wanted, roles.iter().map(Role::as_str));
                let message = format!("there is no role {wanted:?}; {hint}");
                return Err(OfficeError::unknown(message));
            }
        }
        Ok(())
    }

    pub(super) fn line(
        &self,
        state: &PolicyState,
        id: &AccountId,
        known: &Known,
        at: UnixSeconds,
    ) -> UserLine {
        let in_force = self.in_force(state, id, known, at);
        let binding = known.account.as_ref().and_then(|a| a.binding.as_ref());
        let exemption = known.standing.as_ref().and_then(|s| s.exemption.as_ref());
        UserLine {
            account: id.clone(),
            role: known.role().map(|role| role.as_str().to_owned()),
            entry: binding.map(|binding| entry_letter(binding.generation)),
            last: known.seen.as_ref().map(|seen| seen.last),
            exempt_until: exemption.map(|exemption| exemption.until),
            mode: in_force.mode,
            stopped: Self::is_stopped(in_force, known.enrolled(at)),
        }
    }

    pub(super) async fn show(&self, user: &UserRef) -> Result<Answer, OfficeError> {
        let id = self.resolve(user, false).await?;
        let known = self.known(&id).await?;
        let engine = self.engine;
        let now = engine.now();
        let state = engine.policy.load().state.clone();
        let binding = known.account.as_ref().and_then(|a| a.binding.as_ref());
        let standing = known.standing.as_ref();
        let user = User {
            line: self.line(&state, &id, &known, now),
            bound: binding.map(|binding| binding.since),
            phone: binding
                .and_then(|binding| binding.device.as_deref())
                .map(|device| device.browser.told()),
            recovery: known.account.as_ref().and_then(recovery_line),
            first: known.seen.as_ref().map(|seen| seen.first),
            logins: known.seen.as_ref().map_or(0, |seen| seen.logins),
            exempt_reason: standing
                .and_then(|s| s.exemption.as_ref())
                .map(|exemption| exemption.signature.reason.clone()),
            skips: standing.map_or(0, |s| s.skips),
            code_until: standing.and_then(|s| s.grant(now)).map(|grant| grant.until),
            attempts: self.attempts(&id).await?,
            sessions: engine.sessions.of_account(&id).len(),
            waiting: self.waiting_of(&id).await?.len(),
            email: self.registered(&id).await?,
            because: self.in_force(&state, &id, &known, now).because,
        };
        Ok(Answer::User(Box::new(user)))
    }

    /// Counters of wrong codes that are not at zero.
    pub(super) async fn attempts(&self, id: &AccountId) -> Result<Vec<AttemptLine>, OfficeError> {
        let records = self.engine.records()?;
        let mut lines = Vec::new();
        for (factor, lane) in COUNTERS {
            let key = records.attempts_key(id, factor, lane);
            if let Some(stored) = records.get::<Attempts>(&key).await? {
                lines.push(AttemptLine {
                    factor,
                    lane,
                    failures: stored.value.failures,
                    last: stored.value.last,
                });
            }
        }
        Ok(lines)
    }

    /// Logins of an account that wait.
    pub(super) async fn waiting_of(
        &self,
        id: &AccountId,
    ) -> Result<Vec<WaitingLogin>, OfficeError> {
        let records = self.engine.records()?;
        let all = records.all::<WaitingLogin>().await?;
        let waiting = all.into_iter().map(|(_, stored)| stored.value);
        let of_account = |login: &WaitingLogin| {
            login.identity.account == *id && login.outcome == Outcome::Waiting
        };
        Ok(waiting.filter(of_account).collect())
    }
}

fn recovery_line(account: &Account) -> Option<RecoveryLine> {
    account.recovery().map(|set| RecoveryLine {
        left: set.left(),
        size: set.size(),
        made: set.made,
    })
}
