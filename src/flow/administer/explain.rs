//! `explain user | request`: what decides, in words.

use super::Desk;
use super::log::numbered;
use crate::domain::enforcement::{Enrolled, Requirement, requirement};
use crate::domain::office::answer::NumberedRecord;
use crate::domain::office::{Answer, OfficeError, UserRef};
use crate::domain::policy::Because;
use crate::domain::policy_file::Subject;
use crate::domain::throttle::{Admission, Attempts, admit};
use crate::primitives::UnixSeconds;

/// Audit records behind the newest in which a request id is looked for.
const RECORDS_BACK: u64 = 100_000;

impl Desk<'_> {
    pub(super) async fn explain_user(&self, user: &UserRef) -> Result<Answer, OfficeError> {
        let id = self.resolve(user, true).await?;
        let known = self.known(&id).await?;
        let engine = self.engine;
        let now = engine.now();
        let policy = engine.policy.load();
        let in_force = self.in_force(&policy.state, &id, &known, now);
        let mut lines = vec![match known.role() {
            Some(role) => format!("{} is {} and logged in as {role}", id.user_id, id.user_type),
            None => format!(
                "{} was never seen logging in: the role is not known, so the default holds",
                id.user_id
            ),
        }];
        lines.extend(in_force.because.iter().map(|step| sentence(step, now)));
        lines.push(format!("in force: {}", in_force.mode.as_str()));
        let enrolled = known.enrolled(now);
        let decision = requirement(in_force, enrolled);
        let proof_due = decision.in_force.proof_due;
        match enrolled {
            Enrolled::Reset => lines.push(
                "its second factor was reset: a new one is due, with an activation code".to_owned(),
            ),
            Enrolled::Excused => lines.push(
                "its second factor was reset: excused by the exemption, and due when that ends"
                    .to_owned(),
            ),
            Enrolled::No | Enrolled::Yes => {}
        }
        lines.push(match decision.requirement {
            Requirement::Nothing => "the next login needs the password alone".to_owned(),
            Requirement::Offer(_) => {
                "the next login offers an activation, which may be put off".to_owned()
            }
            Requirement::Activate => "the next login has to activate first".to_owned(),
            Requirement::Verify => "the next login needs a code".to_owned(),
        });
        if !known.is_bound() && proof_due {
            let standing = known.standing.as_ref();
            lines.push(match standing.and_then(|s| s.grant(now)) {
                Some(grant) => format!(
                    "an activation needs the code that was handed out; it is good for {}",
                    span(grant.until.since(now))
                ),
                None => "an activation needs a code of the help desk, and none is out: \
                         `user activation-code` hands one out"
                    .to_owned(),
            });
        }
        for line in self.attempts(&id).await? {
            let attempts = Attempts {
                failures: line.failures,
                last: line.last,
            };
            let what = match admit(attempts, line.factor, now) {
                Admission::Count(_) => "the next one is taken".to_owned(),
                Admission::Wait { seconds } => format!("the next one in {}", span(seconds)),
                Admission::Exhausted => "no more are taken: `user unlock` clears them".to_owned(),
            };
            lines.push(format!(
                "{} wrong codes in a row ({:?}, lane {:?}): {what}",
                line.failures, line.factor, line.lane
            ));
        }
        Ok(Answer::Explained { lines })
    }

    pub(super) async fn explain_request(&self, id: &str) -> Result<Answer, OfficeError> {
        let mut lines: Vec<String> = self
            .engine
            .traces
            .of(id)
            .into_iter()
            .map(|trace| trace.to_string())
            .collect();
        for NumberedRecord {
            sequence, record, ..
        } in self.records_of(id).await?
        {
            let Some(record) = record else { continue };
            let event = serde_json::to_string(&record.event).unwrap_or_default();
            lines.push(format!("audit record {sequence}: {event}"));
        }
        if lines.is_empty() {
            let message = format!(
                "nothing was decided about request {id:?}, or it is too long ago; ids stand on \
                 error pages and in the log"
            );
            return Err(OfficeError::unknown(message));
        }
        Ok(Answer::Explained { lines })
    }

    async fn records_of(&self, id: &str) -> Result<Vec<NumberedRecord>, OfficeError> {
        let records = self.engine.records()?;
        let newest = records.audit_end().await?.sequence;
        let mut at = newest.saturating_sub(RECORDS_BACK);
        let mut found = Vec::new();
        loop {
            let page = records.audit_after(at, 1_000).await?;
            let Some((last, _)) = page.last() else {
                return Ok(found);
            };
            at = *last;
            let page = page
                .into_iter()
                .map(|(number, entry)| numbered(number, entry));
            found.extend(page.filter(|line| {
                let record = line.record.as_ref();
                record.is_some_and(|record| record.request == id)
            }));
        }
    }
}

/// One step of how a mode came about.
fn sentence(step: &Because, now: UnixSeconds) -> String {
    match step {
        Because::Default { mode } => format!("no rule fits: the default is {}", mode.as_str()),
        Because::Rule { subject, mode } => {
            format!(
                "the closest rule, for {}, says {}",
                named(subject),
                mode.as_str()
            )
        }
        Because::BeforeStart { from } => {
            format!(
                "its start date comes in {}: encouraged until then",
                span(from.since(now))
            )
        }
        Because::TimeOver { until } => format!(
            "the time to put it off ended {} ago: required",
            span(now.since(*until))
        ),
        Because::SkipsUsed { skips } => format!("it was put off {skips} times: required"),
        Because::Exempt { until } => {
            format!("exempt for another {}: optional", span(until.since(now)))
        }
        Because::Ceiling { mode } => format!("the ceiling is {}", mode.as_str()),
        Because::Frozen { since, without } => format!(
            "a freeze since {} keeps it so; without it: {}",
            span(now.since(*since)),
            without.as_str()
        ),
        Because::Glass { mode, until } => format!(
            "break glass for another {}: {} at most",
            span(until.since(now)),
            mode.as_str()
        ),
    }
}

/// Whom a rule is for, in words.
fn named(subject: &Subject) -> String {
    match (&subject.user_type, &subject.role) {
        (None, None) => "everybody else".to_owned(),
        (Some(user_type), None) => format!("type {user_type}"),
        (None, Some(role)) => format!("role {role}"),
        (Some(user_type), Some(role)) => format!("role {role} of type {user_type}"),
    }
}

/// A length of time in the two largest units that are not zero.
fn span(seconds: u64) -> String {
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let told: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .take(2)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    if told.is_empty() {
        return "0 s".to_owned();
    }
    told.join(" ")
}
