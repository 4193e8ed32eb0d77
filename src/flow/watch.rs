//! Changes of the policy that are watched: when too many do not get in, they are taken back.
//!
//! Counted by account, not by attempt: one person who fails ten times is one. In memory: a restart
//! counts from zero, and the change stays until enough have failed again.

use crate::domain::policy::act::Act;
use crate::domain::policy::{PolicyState, Signature, Watch};
use crate::domain::policy_file::PolicyFile;
use crate::flow::policy::ChangeError;
use crate::flow::{Engine, FlowError};
use crate::primitives::{AccountId, Identity, Role, UnixSeconds};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Accounts remembered at once: a whole LPSE within a day.
const ACCOUNTS_MAX: usize = 200_000;

/// How the logins of an account went.
#[derive(Clone, Debug)]
struct Went {
    role: Role,
    /// When it last got in.
    accepted: Option<UnixSeconds>,
    /// When it last did not.
    failed: Option<UnixSeconds>,
}

/// How logins went lately.
#[derive(Debug, Default)]
pub struct Results(Mutex<BTreeMap<AccountId, Went>>);

impl Results {
    fn note(&self, who: &Identity, change: impl FnOnce(&mut Went)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ACCOUNTS_MAX && !all.contains_key(&who.account) {
            return;
        }
        let went = all.entry(who.account.clone()).or_insert_with(|| Went {
            role: who.role.clone(),
            accepted: None,
            failed: None,
        });
        change(went);
    }

    /// Accounts that a watch is about, and how many of them did not get in, since it began.
    fn count(&self, watch: &Watch, rules: &PolicyFile) -> (u32, u32) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = |at: Option<UnixSeconds>| at.is_some_and(|at| at >= watch.since);
        let (mut tried, mut failed) = (0, 0);
        for (id, went) in all.iter() {
            // Those for whom the changed rule is the closest one, nobody else.
            let user_type = Some(id.user_type.as_str());
            let rule = rules.rule_for(user_type, Some(went.role.as_str()));
            let closest = rule.map(|rule| rule.subject.clone()).unwrap_or_default();
            let fits = watch.before.iter().any(|(subject, _)| *subject == closest);
            let (got_in, did_not) = (since(went.accepted), since(went.failed));
            if !fits || !(got_in || did_not) {
                continue;
            }
            tried += 1;
            failed += u32::from(!got_in);
        }
        (tried, failed)
    }

    fn forget(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// Whether so many failures of so many take a change back.
fn too_many(watch: &Watch, (tried, failed): (u32, u32)) -> bool {
    let percent = u64::from(watch.rollback.percent);
    tried >= watch.rollback.least && u64::from(failed) * 100 > percent * u64::from(tried)
}

impl Engine {
    /// A login got in.
    pub(crate) fn got_in(&self, who: &Identity) {
        if !self.policy.load().state.watches.is_empty() {
            let now = self.now();
            self.results.note(who, |went| went.accepted = Some(now));
        }
    }

    /// A login waited and did not get in.
    pub(crate) fn did_not_get_in(&self, who: &Identity) {
        if !self.policy.load().state.watches.is_empty() {
            let now = self.now();
            self.results.note(who, |went| went.failed = Some(now));
        }
    }

    /// Takes changes back that too many fail at.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails; the next sweep tries again.
    pub(crate) async fn look_at_results(&self) -> Result<(), FlowError> {
        let policy = self.policy.load_full();
        let watches = &policy.state.watches;
        if watches.is_empty() {
            self.results.forget();
            return Ok(());
        }
        for watch in watches.iter().filter(|watch| self.now() < watch.until()) {
            let counted = self.results.count(watch, &policy.state.rules);
            if !too_many(watch, counted) {
                continue;
            }
            let (tried, failed) = counted;
            let signature = Signature {
                by: vec!["the gateway itself".to_owned()],
                reason: format!("{failed} of {tried} accounts did not get in"),
            };
            let act = Act::RollBack { id: watch.id };
            let seen = Some(policy.state.revision);
            tracing::error!(failed, tried, "a change of the policy is taken back");
            match self
                .change_policy(&act, &signature, seen, &self.client_of(&signature))
                .await
            {
                // An admin was faster, or it is over: looked at again.
                Ok(PolicyState { .. })
                | Err(ChangeError::Act(_) | ChangeError::Conflict { .. }) => {}
                Err(ChangeError::Flow(error)) => return Err(error),
            }
            // The revision has moved on; the others are looked at by the next sweep.
            return Ok(());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::Rollback;
    use crate::domain::policy_file::{Mode, Rule, Subject};
    use crate::primitives::{UserId, UserType};

    fn who(n: u32, role: &str) -> Identity {
        Identity {
            account: AccountId {
                user_type: UserType::parse("t").unwrap(),
                user_id: UserId::parse(&format!("U{n}")).unwrap(),
            },
            role: Role::parse(role).unwrap(),
            display_name: String::new(),
        }
    }

    fn rules() -> PolicyFile {
        let rule = Rule {
            subject: watch().before[0].0.clone(),
            demand: Mode::Required.into(),
        };
        PolicyFile {
            rules: vec![rule],
            ..PolicyFile::default()
        }
    }

    fn watch() -> Watch {
        let subject = Subject {
            user_type: None,
            role: Some(Role::parse("R").unwrap()),
        };
        Watch {
            id: 1,
            since: UnixSeconds(100),
            rollback: Rollback {
                percent: 20,
                minutes: 10,
                least: 5,
            },
            before: vec![(subject, None)],
        }
    }

    #[test]
    fn accounts_are_counted_once_and_only_those_that_it_is_about() {
        let results = Results::default();
        let (good, bad) = (UnixSeconds(150), UnixSeconds(160));
        for n in 0..8 {
            results.note(&who(n, "R"), |went| went.accepted = Some(good));
        }
        for n in 8..10 {
            for _ in 0..10 {
                results.note(&who(n, "R"), |went| went.failed = Some(bad));
            }
        }
        // Failed and got in; before the change; in another role.
        results.note(&who(0, "R"), |went| went.failed = Some(bad));
        results.note(&who(20, "R"), |went| went.failed = Some(UnixSeconds(99)));
        results.note(&who(21, "S"), |went| went.failed = Some(bad));
        assert_eq!(results.count(&watch(), &rules()), (10, 2));
        assert!(!too_many(&watch(), (10, 2)), "exactly 20 % is not more");
        assert!(too_many(&watch(), (10, 3)));
        assert!(!too_many(&watch(), (4, 4)), "too few have tried");
        results.forget();
        assert_eq!(results.count(&watch(), &rules()), (0, 0));
    }
}
