//! Asking again who is logged in inside an accepted session, when nobody could say at once.

use crate::flow::Engine;
use crate::flow::judge::Case;
use crate::flow::probe::{Budget, Verdict};
use crate::flow::sessions::LiveSession;
use crate::primitives::UpstreamKey;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Pauses before the upstream is asked again about an accepted session, in seconds.
const ASK_AGAIN_SECONDS: [u64; 6] = [1, 2, 5, 10, 20, 30];

impl Engine {
    /// Asks the upstream again, in the background, who is logged in inside an accepted session. While
    /// it is not known the session is held; in the end it is ended.
    pub(crate) fn ask_again(&self, case: &Case<'_>, owner: Arc<LiveSession>, key: UpstreamKey) {
        let Some(engine) = self.me.get().and_then(Weak::upgrade) else {
            return self.lose_all(case, key);
        };
        let (jar, client) = (case.sent_jar.clone(), case.client.clone());
        tokio::spawn(async move {
            for pause in ASK_AGAIN_SECONDS {
                tokio::time::sleep(Duration::from_secs(pause)).await;
                if owner.is_ended() {
                    return;
                }
                match engine.probe(&jar, &client, None, Budget::Known).await {
                    Verdict::Somebody(who)
                        if owner.account().is_none_or(|known| *known == who.account) =>
                    {
                        if engine.settle_same(key).await.is_ok() {
                            return;
                        }
                    }
                    Verdict::Unknown(_) => {}
                    Verdict::Somebody(_) | Verdict::Nobody => break,
                }
            }
            engine.end_session(&owner, "in-doubt", &client).await;
        });
    }
}
