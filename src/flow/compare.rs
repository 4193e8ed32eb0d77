//! One typed code against one account: counted durably, then compared (invariant I6). What a good one
//! changes is marked in the account that is handed back; whoever asked writes it (I5).

use crate::authenticator::Factor;
use crate::authenticator::recovery::RecoveryCode;
use crate::authenticator::totp::{self, Verdict};
use crate::domain::audit::AuditEvent;
use crate::domain::enrollment::Account;
use crate::domain::recovery::Worth;
use crate::domain::throttle::{Admission, Lane};
use crate::flow::{Client, Engine, FlowError};
use crate::primitives::{AccountId, Identity, OtpCode};
use crate::store::Expect;

/// What somebody typed, and as what.
#[derive(Clone, Copy)]
pub enum Typed<'t> {
    /// The six digits of the app.
    Otp(&'t str),
    /// A recovery code.
    Recovery(&'t str),
}

/// A code that could be read.
#[derive(Clone)]
pub(crate) enum Code {
    Otp(OtpCode),
    Recovery(RecoveryCode),
}

/// Why a code was refused; each has its own sentence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeRefusal {
    /// No code at all; not counted.
    Malformed,
    /// Fits nothing.
    Wrong,
    /// Accepted before.
    Used {
        /// Seconds until the app shows the next one; 0 for a recovery code.
        wait_seconds: u64,
    },
    /// Was good some minutes ago.
    Late,
    /// Too many failures: not yet.
    Wait {
        /// Seconds until the next attempt.
        seconds: u64,
    },
    /// This lane takes no more codes.
    Exhausted,
}

/// An attempt that was counted and compared.
pub(crate) enum Compared {
    Good {
        account: Box<Account>,
        expect: Expect,
    },
    Refused(CodeRefusal),
    /// The account has no binding any more.
    Unbound,
}

impl Compared {
    fn good(account: Account, expect: Expect) -> Self {
        Self::Good {
            account: Box::new(account),
            expect,
        }
    }
}

impl Typed<'_> {
    pub(crate) fn parse(self) -> Option<Code> {
        match self {
            Self::Otp(text) => OtpCode::parse(text).map(Code::Otp),
            Self::Recovery(text) => RecoveryCode::parse(text).map(Code::Recovery),
        }
    }
}

impl Code {
    pub(crate) fn factor(&self) -> Factor {
        match self {
            Self::Otp(_) => Factor::Totp,
            Self::Recovery(_) => Factor::Recovery,
        }
    }

    /// The code itself, for digests only.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Otp(code) => code.expose().as_bytes(),
            Self::Recovery(code) => code.expose(),
        }
    }
}

impl CodeRefusal {
    /// One word, for the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Wrong => "wrong",
            Self::Used { .. } => "used",
            Self::Late => "late",
            Self::Wait { .. } => "wait",
            Self::Exhausted => "exhausted",
        }
    }
}

impl Engine {
    /// Counts one attempt durably, then compares. On success the account is returned with the
    /// accepted step, or without the used recovery code, still to be written; the counter is cleared
    /// in the same write.
    pub(crate) async fn compare(
        &self,
        identity: &Identity,
        code: &Code,
        lane: Lane,
        client: &Client,
    ) -> Result<Compared, FlowError> {
        let id = &identity.account;
        let pause = self.slowdown.pause(client.address, self.now().0);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let (_, expect) = self.account_for_update(id).await?;
        if expect == Expect::Absent {
            return Ok(Compared::Unbound);
        }
        let failures = match self.count_attempt(id, code.factor(), lane).await? {
            Admission::Count(attempts) => attempts.failures,
            Admission::Wait { seconds } => {
                return Ok(Compared::Refused(CodeRefusal::Wait { seconds }));
            }
            Admission::Exhausted => return Ok(Compared::Refused(CodeRefusal::Exhausted)),
        };
        // Read after counting: whatever was accepted meanwhile is known to the comparison.
        let compared = self.judged(id, code).await?;
        if let Compared::Refused(refusal) = &compared {
            self.slowdown.note_failure(client.address, self.now().0);
            let event = AuditEvent::CodeRefused {
                factor: code.factor(),
                lane,
                reason: refusal.as_str().to_owned(),
                failures,
            };
            self.note_refusal((id, identity.role.as_str()), event, client)
                .await?;
        }
        Ok(compared)
    }

    /// What a code is worth for an account as it stands. Nothing is counted: for a code that was, and
    /// is looked at again because somebody else wrote meanwhile.
    pub(crate) async fn judged(&self, id: &AccountId, code: &Code) -> Result<Compared, FlowError> {
        let (mut account, expect) = self.account_for_update(id).await?;
        let Some(binding) = account.binding.as_mut() else {
            return Ok(Compared::Unbound);
        };
        let refusal = match code {
            Code::Otp(code) => match totp::verify(&binding.credential, code, self.now()) {
                Verdict::Accepted { step, drift_steps } => {
                    self.metrics.code_fits(drift_steps);
                    binding.credential.last_step = Some(step);
                    binding.credential.drift_steps = drift_steps;
                    return Ok(Compared::good(account, expect));
                }
                Verdict::Used { wait_seconds } => CodeRefusal::Used { wait_seconds },
                Verdict::Late => CodeRefusal::Late,
                Verdict::Wrong => CodeRefusal::Wrong,
            },
            Code::Recovery(code) => {
                let digest = self.records()?.recovery_digest(id, code);
                let set = binding.recovery.as_mut();
                match set.map_or(Worth::Nothing, |set| set.spend(&digest)) {
                    Worth::Good => return Ok(Compared::good(account, expect)),
                    Worth::Used => CodeRefusal::Used { wait_seconds: 0 },
                    Worth::Nothing => CodeRefusal::Wrong,
                }
            }
        };
        Ok(Compared::Refused(refusal))
    }

    /// Writes down that a code was refused.
    pub(super) async fn note_refusal(
        &self,
        who: (&AccountId, &str),
        event: AuditEvent,
        client: &Client,
    ) -> Result<(), FlowError> {
        let records = self.records()?;
        let record = self.audit(client, Some(who), event);
        records.commit(records.draft().audit(&record)).await?;
        Ok(())
    }
}
