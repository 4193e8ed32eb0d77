//! Break glass by a file of root, for when the store is the problem: logins go on, and what cannot be
//! written down is logged. Nothing else in the house lets anybody in without the store.

use crate::config::glass::read;
use crate::domain::audit::AuditEvent;
use crate::domain::policy_file::Mode;
use crate::flow::policy::Policy;
use crate::flow::{Engine, FlowError};
use crate::store::records::Draft;
use std::path::PathBuf;
use std::sync::Arc;

/// Where the file would lie.
#[derive(Clone, Debug)]
pub struct GlassFile {
    /// Its path.
    pub path: PathBuf,
}

impl Engine {
    /// Looks for the file: at start and at every sweep.
    pub async fn look_for_glass(&self) {
        let Some(file) = &self.glass_file else { return };
        let now = self.now();
        let found = match read(&file.path, &self.settings.zone, now) {
            Ok(found) => found,
            Err(why) => {
                tracing::error!(path = %file.path.display(), %why, "the break-glass file is not believed");
                None
            }
        };
        let before = self.policy.load().file_glass.clone();
        if before == found {
            return;
        }
        self.policy
            .rcu(|old| Arc::new(Policy::with_glass(old, found.clone())));
        let Some(told) = found.as_ref().or(before.as_ref()) else {
            return;
        };
        let broken = found.is_some();
        tracing::error!(
            broken,
            ceiling = told.ceiling.as_str(),
            "break glass by a file of root: {}",
            told.signature.reason
        );
        let event = AuditEvent::GlassFile {
            broken,
            ceiling: told.ceiling,
            until: told.until,
            reason: told.signature.reason.clone(),
        };
        let record = self.audit(&self.client_of(&told.signature), None, event);
        let Ok(records) = self.records() else { return };
        if let Err(error) = records.commit(records.draft().audit(&record)).await {
            tracing::error!(%error, "break glass could not be recorded");
        }
    }

    /// Whether root has let everybody in with the password alone, also without a store.
    pub(crate) fn open_by_file(&self) -> bool {
        let policy = self.policy.load();
        let glass = policy.file_glass.as_ref();
        glass.is_some_and(|glass| self.now() < glass.until && glass.ceiling <= Mode::Observe)
    }

    /// Whether logins can be worked on: with a store, or because root says so.
    ///
    /// # Errors
    /// [`FlowError::Store`].
    pub(crate) fn usable(&self) -> Result<(), FlowError> {
        match self.records() {
            Err(_) if self.open_by_file() => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// Writes what a login changes. Without a store that works it is only logged, and only while root
    /// says that everybody is let in.
    ///
    /// # Errors
    /// [`FlowError`].
    pub(crate) async fn write_login(
        &self,
        make: impl FnOnce(Draft) -> Draft,
    ) -> Result<(), FlowError> {
        let written = match self.records() {
            Ok(records) => {
                let draft = make(records.draft());
                records.commit(draft).await.map_err(FlowError::from)
            }
            Err(error) => Err(error),
        };
        match written {
            Err(error) if self.open_by_file() => {
                tracing::error!(%error, "let in by the break-glass file, and not recorded");
                Ok(())
            }
            other => other,
        }
    }
}
