//! `policy forecast`: whom the policy would stop, before it does.

use super::{Desk, Known};
use crate::domain::enforcement::{Enrolled, Requirement, requirement};
use crate::domain::office::answer::{Forecast, RoleForecast};
use crate::domain::office::{Answer, OfficeError};
use crate::domain::policy::act::Act;
use crate::domain::policy::{InForce, PolicyState, Signature};
use crate::domain::standing::Standing;
use crate::primitives::{AccountId, UnixSeconds};
use std::collections::BTreeMap;

impl Desk<'_> {
    /// Whom a policy would stop today; under `observe`, whom it would stop if it were required.
    pub(super) async fn forecast(&self, act: Option<&Act>) -> Result<Answer, OfficeError> {
        let now = self.engine.now();
        let mut state = self.engine.policy.load().state.clone();
        let mut at = now;
        if let Some(act) = act {
            let signature = Signature {
                by: vec!["forecast".to_owned()],
                reason: "forecast".to_owned(),
            };
            state = state
                .after(act, &signature, now)
                .map_err(|error| OfficeError::refused(error.to_string()))?;
            if let Act::Schedule { at: planned, .. } = act {
                at = *planned;
            }
        }
        let mut roles: BTreeMap<(String, String), RoleForecast> = BTreeMap::new();
        let mut stopped = Vec::new();
        for (id, known) in self.census().await? {
            let Some(seen) = &known.seen else { continue };
            let in_force = self.in_force(&state, &id, &known, at);
            let line = self.line(&state, &id, &known, at);
            let name = (id.user_type.to_string(), seen.role.to_string());
            let role = roles.entry(name).or_insert_with(|| RoleForecast {
                user_type: id.user_type.to_string(),
                role: seen.role.to_string(),
                mode: in_force.mode,
                seen: 0,
                active: 0,
                exempt: 0,
                stopped: 0,
                ready_percent: 0,
            });
            // One exempt account must not speak for its role.
            role.mode = role.mode.max(in_force.mode);
            role.seen += 1;
            role.active += usize::from(known.is_bound());
            role.exempt += usize::from(line.exempt_until.is_some_and(|until| at < until));
            if line.stopped {
                role.stopped += 1;
                stopped.push(line);
            }
        }
        let mut roles: Vec<RoleForecast> = roles.into_values().collect();
        for role in &mut roles {
            let percent = role.active * 100 / role.seen.max(1);
            role.ready_percent = u8::try_from(percent).unwrap_or(100);
        }
        Ok(Answer::Forecast(Forecast { roles, stopped }))
    }

    /// Tells the metrics how ready each role is.
    pub(super) async fn tell_readiness(&self) -> Result<(), OfficeError> {
        let Answer::Forecast(forecast) = self.forecast(None).await? else {
            return Ok(());
        };
        let roles = forecast.roles.iter();
        let roles = roles.map(|role| (role.role.as_str(), role.active, role.seen));
        self.engine.metrics.set_roles_ready(roles);
        Ok(())
    }

    /// Accounts that an act stops and that were not stopped before it.
    pub(super) async fn newly_stopped(
        &self,
        before: &PolicyState,
        after: &PolicyState,
        at: UnixSeconds,
    ) -> Result<usize, OfficeError> {
        let census = self.census().await?;
        let stops = |state: &PolicyState, id: &AccountId, known: &Known| {
            let in_force = self.in_force(state, id, known, at);
            requirement(in_force, known.enrolled(at)).requirement == Requirement::Activate
        };
        let newly = census
            .iter()
            .filter(|(id, known)| stops(after, id, known) && !stops(before, id, known));
        Ok(newly.count())
    }

    /// What a policy has in force for an account.
    pub(super) fn in_force(
        &self,
        state: &PolicyState,
        id: &AccountId,
        known: &Known,
        at: UnixSeconds,
    ) -> InForce {
        let standing = known.standing.as_ref();
        let facts = standing.map_or_else(Default::default, Standing::facts);
        let who = known.role().map(|role| (&id.user_type, role));
        let policy = self.engine.policy.load();
        state.in_force(who, facts, policy.file_glass.as_ref(), at)
    }

    /// Whether an account would be stopped, or under `observe` would have been.
    pub(super) fn is_stopped(in_force: InForce, enrolled: Enrolled) -> bool {
        let decision = requirement(in_force, enrolled);
        decision.requirement == Requirement::Activate
            || decision.would_require == Some(Requirement::Activate)
    }
}
