//! Which links to own pages the application's pages get.

use crate::flow::Engine;
use crate::flow::sessions::LiveSession;

impl Engine {
    /// Whether the account of a session has a second factor bound, where the policy lets its owner
    /// bind and remove one; `None` where it does not, or where nobody knows. Read from the store once
    /// per session, and again when something was decided about the account or the policy.
    pub async fn status_link(&self, session: &LiveSession) -> Option<bool> {
        let identity = session.record().identity.as_ref()?;
        let token = self.policy_token();
        if let Some(noted) = session.noted_link(token) {
            return noted;
        }
        let round = session.policy_round();
        let bound = if self.asks(identity) {
            // A store that fails is told where it matters; the page goes without the link.
            Some(self.account(identity).await.ok()?.binding.is_some())
        } else {
            None
        };
        session.note_link(token, bound, round);
        bound
    }

    /// Address of the status page.
    pub fn status_page(&self) -> String {
        format!("{}/", self.settings.own_base)
    }

    /// Address of the page on which a reset is asked for.
    pub fn reset_page(&self) -> String {
        format!("{}/reset", self.settings.own_base)
    }
}
