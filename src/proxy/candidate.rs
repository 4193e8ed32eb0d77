//! Before a candidate goes up: an unsafe request of a visitor for something that is not on the public
//! list. It may log somebody in, and it would be carried out as whoever is logged in already.

use super::context::Context;
use super::gateway::Gateway;
use super::release::RETRY_SECONDS;
use crate::domain::gate::{Bind, Evidence, Permit};
use crate::flow::admit::Carried;
use crate::flow::judge::{Case, Conclusion};
use crate::flow::mark::MarkError;
use crate::pages::{Reply, notice};
use crate::render::Notice;

impl Gateway {
    /// Asks whose the session is and marks it. `Err(None)` asks for another round.
    ///
    /// A whole page that names nobody may have logged somebody in all the same, so what is not on
    /// the public list may have left the session anybody's; nothing is carried out in his name.
    pub(super) async fn mark_for(
        &self,
        ctx: &mut Context,
        permit: &Permit,
        carried: &Carried,
    ) -> Result<(), Option<Box<Reply>>> {
        let refused = |notice| Some(Box::new(self.refusal(ctx, notice)));
        if let Err(error) = self.engine.records() {
            return Err(refused(notice::of_flow_error(&error)));
        }
        let Bind::Anonymous { key, generation } = *permit.bind() else {
            return Ok(());
        };
        let Some(_turn) = self.engine.turn(key).await else {
            let retry_seconds = RETRY_SECONDS;
            return Err(refused(Notice::LoginBusy { retry_seconds }));
        };
        let Some(asked) = &ctx.asked else {
            return Err(None);
        };
        let case = Case {
            evidence: Evidence::Candidate,
            client: &asked.client,
            sent: Some(key),
            sent_jar: carried.jar.clone(),
            jar: carried.jar.clone(),
            owner: None,
            marked: false,
            began: Some(generation),
            target: self.engine.home(),
            request: None,
        };
        match self.engine.conclude(case).await {
            Ok(Conclusion::Anonymous { .. }) => {}
            Ok(Conclusion::SecondFactor(due)) => {
                return Err(Some(Box::new(self.second_factor(&due, ctx))));
            }
            Ok(Conclusion::InDoubt) => return Err(refused(Notice::IdentityUnreadable)),
            // Moved on meanwhile, or a user of whom nothing is asked: not as a visitor any more.
            Ok(
                Conclusion::Refused | Conclusion::SameOwner { .. } | Conclusion::Released { .. },
            ) => return Err(None),
            Err(error) => return Err(refused(notice::of_flow_error(&error))),
        }
        match self.engine.mark(key, &carried.jar).await {
            Ok(()) => {
                ctx.open_mark = Some(key);
                Ok(())
            }
            Err(MarkError::Busy | MarkError::Refused | MarkError::Stale) => Err(None),
            Err(MarkError::Store(error)) => Err(refused(notice::of_flow_error(&error))),
        }
    }
}
