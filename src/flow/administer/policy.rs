//! `policy show | set | ceiling | schedule | freeze …`

use super::Desk;
use crate::config::nearest::suggestion;
use crate::domain::office::answer::{Changed, PolicyShown, RoleChange};
use crate::domain::office::{Answer, OfficeError};
use crate::domain::policy::act::Act;
use crate::domain::policy::{Change, Facts, Glass, PolicyState, Signature};
use crate::domain::policy_file::{Mode, Proof, Subject};
use crate::domain::standing::Seen;
use crate::primitives::{Role, UnixSeconds, UserType};
use std::collections::BTreeSet;

impl Desk<'_> {
    /// The policy in force. What a store that is shut holds is not known.
    pub(super) fn policy(&self) -> Result<Answer, OfficeError> {
        self.engine.records()?;
        let policy = self.engine.policy.load();
        let now = self.engine.now();
        let file_glass = policy.file_glass.clone();
        Ok(Answer::Policy(Box::new(PolicyShown {
            state: policy.state.clone(),
            file_glass: file_glass.filter(|glass| now < glass.until),
        })))
    }

    pub(super) async fn act(
        &self,
        act: &Act,
        signature: Signature,
        seen: Option<u64>,
        dry_run: bool,
    ) -> Result<Answer, OfficeError> {
        match act {
            Act::BreakGlass { .. } => self.check_people(&signature)?,
            Act::MendGlass => self.check_glass()?,
            _ => {}
        }
        let signature = self.signed(signature)?;
        if let Act::Set { change, .. } | Act::Schedule { change, .. } = act {
            self.check_subjects(change).await?;
        }
        let engine = self.engine;
        let act = &on_time(act, engine.now());
        let before = engine.policy.load().state.clone();
        let now = engine.now();
        let planned = before
            .after(act, &signature, now)
            .map_err(|error| OfficeError::refused(error.to_string()))?;
        let at = match act {
            Act::Schedule { at, .. } => *at,
            Act::Freeze { from, .. } => *from,
            _ => now,
        };
        let roles = self.role_changes(&before, &planned, at).await?;
        let newly_stopped = self.newly_stopped(&before, &planned, at).await?;
        let mut warnings = warnings(act, &planned, now);
        if !engine.outbox.is_open() && asks_for_mail(act) {
            warnings.push(
                "no mail server is configured: only the help desk can hand out activation codes"
                    .to_owned(),
            );
        }
        if roles
            .iter()
            .any(|role| role.code_before && !role.code_after)
        {
            warnings.push(
                "an activation code is due for activations now and would not be any more: first use is \
                 trusted again (give --proof email or counter, or the date that stands there as --from)"
                    .to_owned(),
            );
        }
        let after = if dry_run {
            planned
        } else {
            let client = self.client(&signature);
            engine.change_policy(act, &signature, seen, &client).await?
        };
        Ok(Answer::Changed(Box::new(Changed {
            dry_run,
            seen: before.revision,
            after,
            roles,
            newly_stopped,
            warnings,
        })))
    }

    /// Two different admins for break glass, where two are named.
    fn check_people(&self, signature: &Signature) -> Result<(), OfficeError> {
        let people = &self.engine.settings.people;
        if people.len() < 2 {
            return Ok(());
        }
        let signs = |known: &&String| {
            let mut by = signature.by.iter();
            by.any(|by| by.trim().eq_ignore_ascii_case(known))
        };
        // The configuration names nobody twice.
        if people.iter().filter(signs).count() < 2 {
            let message = format!(
                "break glass takes two of {}: --by one and --with the other",
                people.join(", ")
            );
            return Err(OfficeError::refused(message));
        }
        Ok(())
    }

    /// Roles and types that neither the profile nor anybody who logged in has.
    async fn check_subjects(&self, change: &Change) -> Result<(), OfficeError> {
        let profile = self.engine.profile();
        let policy = self.engine.policy.load();
        let mut roles: BTreeSet<Role> = profile.roles().iter().cloned().collect();
        roles.extend(
            policy
                .state
                .rules
                .rules
                .iter()
                .filter_map(|r| r.subject.role.clone()),
        );
        let all_known = |roles: &BTreeSet<Role>| {
            let mut wanted = change.subjects.iter().filter_map(|s| s.role.as_ref());
            wanted.all(|role| roles.contains(role))
        };
        if !all_known(&roles) {
            let seen = self.engine.records()?.all::<Seen>().await?;
            roles.extend(seen.into_iter().map(|(_, stored)| stored.value.role));
        }
        for Subject { user_type, role } in &change.subjects {
            let types = profile.user_types();
            if let Some(unknown) = user_type.as_ref().filter(|t| !types.contains(t)) {
                let hint = suggestion(unknown.as_str(), types.iter().map(UserType::as_str));
                let message = format!("there is no user type {:?}; {hint}", unknown.as_str());
                return Err(OfficeError::unknown(message));
            }
            if let Some(unknown) = role.as_ref().filter(|role| !roles.contains(role)) {
                let hint = suggestion(unknown.as_str(), roles.iter().map(Role::as_str));
                let message = format!("there is no role {:?}; {hint}", unknown.as_str());
                return Err(OfficeError::unknown(message));
            }
        }
        Ok(())
    }

    /// There is glass to mend, and it is the command line's to mend.
    fn check_glass(&self) -> Result<(), OfficeError> {
        let now = self.engine.now();
        let policy = self.engine.policy.load();
        let lasts = |glass: &&Glass| now < glass.until;
        if let (Some(glass), Some(file)) = (
            policy.file_glass.as_ref().filter(lasts),
            &self.engine.glass_file,
        ) {
            let message = format!(
                "glass is broken by the file {} ({} at most): remove it, then it is mended within ten seconds",
                file.path.display(),
                glass.ceiling.as_str()
            );
            return Err(OfficeError::refused(message));
        }
        if policy.state.glass.as_ref().filter(lasts).is_none() {
            return Err(OfficeError::refused("no glass is broken"));
        }
        Ok(())
    }

    /// Every role that the profile, a rule or an account that logged in names, with its user type.
    async fn all_roles(
        &self,
        states: [&PolicyState; 2],
    ) -> Result<BTreeSet<(UserType, Role)>, OfficeError> {
        let profile = self.engine.profile();
        let with_type = |role: &Role| (profile.user_type_of(role), role.clone());
        let mut roles: BTreeSet<_> = profile.roles().iter().map(with_type).collect();
        for rule in states.iter().flat_map(|state| &state.rules.rules) {
            if let Some(role) = &rule.subject.role {
                let (usual, role) = with_type(role);
                roles.insert((rule.subject.user_type.clone().unwrap_or(usual), role));
            }
        }
        let seen = self.engine.records()?.all::<Seen>().await?;
        let seen = seen.into_iter().map(|(_, stored)| stored.value);
        roles.extend(seen.map(|seen| (seen.id.user_type, seen.role)));
        Ok(roles)
    }

    async fn role_changes(
        &self,
        before: &PolicyState,
        after: &PolicyState,
        at: UnixSeconds,
    ) -> Result<Vec<RoleChange>, OfficeError> {
        let policy = self.engine.policy.load_full();
        let glass = policy.file_glass.as_ref();
        let roles = self.all_roles([before, after]).await?;
        let named = roles
            .iter()
            .map(|(user_type, role)| Some((user_type, role)));
        let mut changes = Vec::new();
        for who in named.chain([None]) {
            let of = |state: &PolicyState| {
                let in_force = state.in_force(who, Facts::default(), glass, at);
                (in_force.mode, in_force.proof_due)
            };
            let ((before, code_before), (after, code_after)) = (of(before), of(after));
            if (before, code_before) != (after, code_after) {
                changes.push(RoleChange {
                    user_type: who
                        .map_or("*", |(user_type, _)| user_type.as_str())
                        .to_owned(),
                    role: who.map(|(_, role)| role.as_str().to_owned()),
                    before,
                    after,
                    code_before,
                    code_after,
                });
            }
        }
        Ok(changes)
    }
}

/// How long ago "now" may have been when a request arrives, in seconds: an admin reads the question
/// before he answers it.
const NOW_SECONDS: u64 = 300;

/// A freeze that began "now" a moment ago begins now.
fn on_time(act: &Act, now: UnixSeconds) -> Act {
    match act {
        Act::Freeze { from, until } if *from < now && now.since(*from) <= NOW_SECONDS => {
            Act::Freeze {
                from: now,
                until: *until,
            }
        }
        other => other.clone(),
    }
}

/// Whether an activation is to need a mailed code.
fn asks_for_mail(act: &Act) -> bool {
    let (Act::Set { change, .. } | Act::Schedule { change, .. }) = act else {
        return false;
    };
    let demand = change.demand.as_ref();
    demand.is_some_and(|demand| demand.proof == Proof::Email)
}

/// What an admin should know before he does it.
fn warnings(act: &Act, after: &PolicyState, now: UnixSeconds) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Act::Set { change, .. } = act
        && let Some(demand) = &change.demand
        && demand.mode == Mode::Required
        && demand.from.is_none()
        && demand.proof == Proof::FirstUse
    {
        warnings.push(
            "without a start date whoever knows a password first may activate: \
             give --from, or --proof email or counter"
                .to_owned(),
        );
    }
    if let (Act::Set { .. } | Act::Ceiling { .. }, Some(_)) = (act, after.frozen_since(now)) {
        let types: Vec<&str> = after.freeze_types.iter().map(UserType::as_str).collect();
        warnings.push(format!(
            "a freeze is under way: for {} nothing becomes stricter before it ends",
            types.join(", ")
        ));
    }
    if let Act::Set {
        rollback: Some(_), ..
    }
    | Act::Schedule {
        rollback: Some(_), ..
    } = act
    {
        warnings.push(
            "a roll-back lets accounts that never activated in with the password alone again; \
             whoever has many stolen passwords can bring it about"
                .to_owned(),
        );
    }
    warnings
}
