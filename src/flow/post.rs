//! The post: letters go out of the outbox, in the background, and nobody waits for one.
//!
//! What is told comes from the audit log ([`super::notices`]) or from a flow that put a letter into its
//! own commit. A letter leaves the outbox when the mail server has answered for it, so it arrives at least
//! once, also over kill -9; its id stays the same, and a mailbox can tell doubles apart. A server that is
//! down counts against no letter.

use crate::domain::mail::{AddressChange, AfterFailure, Letter, Outbound};
use crate::flow::address::Known;
use crate::flow::{Engine, FlowError};
use crate::mail::{Carrier, Failure, Mail, Round};
use crate::observe::Mailed;
use crate::primitives::{ActivationCode, EmailAddress, LinkToken, UnixSeconds};
use crate::store::Expect;
use crate::store::records::{Draft, RecordError, Stored};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// Between two looks at the outbox, in seconds; a letter that was just written is taken at once.
const TICK_SECONDS: u64 = 5;
/// What requests for resets get of a round: a directory that is slow must not hold letters up.
const ASKS_TIME: Duration = Duration::from_secs(5);
/// Waits after a mail server that was down, in seconds; the last one is repeated.
const DOWN_SECONDS: [u64; 5] = [10, 20, 60, 120, 300];

/// What a letter says and where it goes, as it is now.
enum Composed {
    /// It can go.
    Ready(Box<Mail>),
    /// It is not to be sent (any more): nobody to send it to, or nothing to say.
    Moot(&'static str),
    /// It could not be found out; later.
    Later(String),
}

/// What a letter opens: made when it is sent, never stored.
#[derive(Debug)]
pub enum Secret {
    /// Nothing.
    None,
    /// A reset.
    Link {
        /// Confirms it.
        confirm: LinkToken,
        /// Says "bukan saya".
        deny: LinkToken,
    },
    /// An activation.
    Code(ActivationCode),
}

/// Puts letters into words. Neither words nor templates are known to the flows.
pub trait Composer: Send + Sync {
    /// The mail for a letter to this address, with this id.
    ///
    /// # Errors
    /// What is wrong with the templates, for the log.
    fn compose(
        &self,
        letter: &Letter,
        secret: &Secret,
        to: &EmailAddress,
        id: &str,
    ) -> Result<Mail, String>;

    /// Where news about the gateway itself go.
    fn operator(&self) -> Option<EmailAddress>;
}

/// The post at work.
pub struct Post {
    composer: Arc<dyn Composer>,
    carrier: Arc<dyn Carrier>,
    /// Nothing is tried before.
    rest_until: Option<UnixSeconds>,
    /// How often in a row the server was down.
    downs: usize,
}

impl Post {
    /// With its words and its way out.
    pub fn new(composer: Arc<dyn Composer>, carrier: Arc<dyn Carrier>) -> Self {
        Self {
            composer,
            carrier,
            rest_until: None,
            downs: 0,
        }
    }

    fn server_is_down(&mut self, why: &str, now: UnixSeconds) {
        let wait = DOWN_SECONDS.get(self.downs).or(DOWN_SECONDS.last());
        self.rest_until = Some(now.plus(wait.copied().unwrap_or_default()));
        if self.downs == 0 {
            tracing::error!(%why, "the mail server does not take letters; they wait");
        }
        self.downs = self.downs.saturating_add(1);
    }

    fn server_works(&mut self) {
        if self.downs > 0 {
            tracing::info!("the mail server takes letters again");
        }
        self.downs = 0;
        self.rest_until = None;
    }

    fn rests(&self, now: UnixSeconds) -> bool {
        // A clock that went back must not stretch a rest.
        let longest = DOWN_SECONDS.iter().max().copied().unwrap_or_default();
        self.rest_until
            .is_some_and(|until| now < until && until.since(now) <= longest)
    }
}

impl Engine {
    /// Sends letters until `stop` resolves.
    pub async fn run_post(self: Arc<Self>, mut post: Post, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut tick = tokio::time::interval(Duration::from_secs(TICK_SECONDS));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let round = async {
                tokio::select! {
                    _ = tick.tick() => {}
                    () = self.outbox.rung() => {}
                }
                if self.records().is_err() {
                    return;
                }
                if let Err(error) = self.post_round(&mut post).await {
                    tracing::error!(%error, "letters could not be sent; they wait");
                }
            };
            // Cut at any point: a letter that is not acknowledged goes again.
            tokio::select! {
                () = &mut stop => break,
                () = round => {}
            }
        }
    }

    /// One round: what the audit log tells is written down as letters, and what is due goes out.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn post_round(&self, post: &mut Post) -> Result<(), FlowError> {
        self.write_notices(post.composer.operator().is_some())
            .await?;
        self.send_due(post).await
    }

    async fn send_due(&self, post: &mut Post) -> Result<(), FlowError> {
        let records = self.records()?;
        let now = self.now();
        let all = records.all::<Outbound>().await?;
        let dead = all.iter().filter(|(_, it)| it.value.dead.is_some());
        let dead = dead.count();
        // Letters that owners wait for go before what anybody may write.
        let (asks, letters): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|(_, it)| it.value.letter.is_ask());
        self.outbox
            .counted(letters.len() + asks.len() - dead, asks.len());
        self.metrics
            .set_outbox(letters.len() + asks.len() - dead, dead);
        let mut round: Option<Box<dyn Round>> = None;
        for (key, stored) in letters {
            if stored.value.is_forgotten(now) {
                let draft = records.draft();
                let draft = draft.delete::<Outbound>(&key, Expect::Version(stored.version));
                self.letter_done(draft).await?;
                continue;
            }
            if post.rests(self.now()) {
                break;
            }
            if stored.value.is_due(self.now()) {
                round = self.send(post, round, &key, stored).await?;
            }
        }
        if let Some(round) = round {
            round.close().await;
        }
        // Cut at any point: a request that was not answered waits for the next round.
        tokio::time::timeout(ASKS_TIME, self.answer_asks(asks))
            .await
            .unwrap_or(Ok(()))
    }

    async fn answer_asks(&self, asks: Vec<(Vec<u8>, Stored<Outbound>)>) -> Result<(), FlowError> {
        for (key, stored) in asks {
            if stored.value.is_due(self.now()) {
                self.answer_ask(&key, stored).await?;
            }
        }
        Ok(())
    }

    /// Tries one letter, in a conversation that is open or in a new one, which is given back.
    async fn send(
        &self,
        post: &mut Post,
        round: Option<Box<dyn Round>>,
        key: &[u8],
        stored: Stored<Outbound>,
    ) -> Result<Option<Box<dyn Round>>, FlowError> {
        let records = self.records()?;
        let expect = Expect::Version(stored.version);
        let gone = |draft: Draft| draft.delete::<Outbound>(key, expect);
        let mail = match self.composed(post, &stored.value.letter, key).await? {
            Composed::Ready(mail) => mail,
            Composed::Moot(why) => {
                tracing::debug!(kind = stored.value.letter.kind(), why, "a letter is moot");
                self.metrics.mailed(Mailed::Moot);
                let draft = self.given_back(records.draft(), &stored.value).await?;
                self.letter_done(gone(draft)).await?;
                return Ok(round);
            }
            Composed::Later(why) => {
                self.letter_failed(key, stored, false, &why).await?;
                return Ok(round);
            }
        };
        let mut open = match round {
            Some(open) => open,
            None => match post.carrier.open().await {
                Ok(open) => open,
                Err(down) => {
                    self.metrics.mailed(Mailed::Down);
                    post.server_is_down(&down.0, self.now());
                    return Ok(None);
                }
            },
        };
        match open.deliver(&mail).await {
            Ok(()) => {
                post.server_works();
                self.metrics.mailed(Mailed::Sent);
                self.letter_done(gone(records.draft())).await?;
                Ok(Some(open))
            }
            Err(Failure::Refused { final_word, why }) => {
                post.server_works();
                self.letter_failed(key, stored, final_word, &why).await?;
                Ok(Some(open))
            }
            Err(Failure::Broken(why)) => {
                // It may be this letter that breaks the conversation: it waits longer each time, and
                // the others get their turn.
                self.metrics.mailed(Mailed::Down);
                self.letter_failed(key, stored, false, &why).await?;
                post.server_is_down(&why, self.now());
                Ok(None)
            }
        }
    }

    async fn composed(
        &self,
        post: &Post,
        letter: &Letter,
        key: &[u8],
    ) -> Result<Composed, FlowError> {
        let to = match letter {
            // Not where the LPSE has registered the very same meanwhile: that one goes on.
            Letter::AddressChanged {
                account,
                to,
                change: AddressChange::OwnEnded,
                ..
            } => match self.address_of(account).await? {
                Known::At(address) if address.email.is_same(to) => None,
                Known::At(_) | Known::Nowhere | Known::Unsure(_) => Some(to.clone()),
            },
            Letter::Trial { to } | Letter::AddressChanged { to, .. } => Some(to.clone()),
            Letter::Operator { .. } => post.composer.operator(),
            Letter::ResetAsked { .. } => None,
            Letter::Confirm { account, nonce, .. } => {
                let typed = self.typed_address(account).await?;
                typed
                    .filter(|typed| typed.nonce == *nonce)
                    .map(|typed| typed.email)
            }
            Letter::Notice { account, .. }
            | Letter::ResetLink { account, .. }
            | Letter::Code { account, .. } => match self.address_of(account).await? {
                // A code proves nothing where the password alone chose the address.
                Known::At(address) if letter.needs_proof() && !address.source.is_proof() => None,
                Known::At(address) => Some(address.email),
                Known::Nowhere => None,
                Known::Unsure(why) => return Ok(Composed::Later(why)),
            },
        };
        let Some(to) = to else {
            return Ok(Composed::Moot("no address is known"));
        };
        let Some(secret) = self.secret_of(letter).await? else {
            return Ok(Composed::Moot("what it would open is over"));
        };
        let id = format!("gerbang.{}", data_encoding::HEXLOWER.encode(key));
        Ok(match post.composer.compose(letter, &secret, &to, &id) {
            Ok(mail) => Composed::Ready(Box::new(mail)),
            Err(why) => {
                tracing::error!(%why, kind = letter.kind(), "a letter could not be put into words");
                Composed::Later("it could not be put into words; see the log".to_owned())
            }
        })
    }

    /// What a letter opens; `None` where that is over.
    async fn secret_of(&self, letter: &Letter) -> Result<Option<Secret>, FlowError> {
        Ok(match letter {
            Letter::ResetLink { account, .. } => {
                let links = self.reset_links(account).await?;
                links.map(|(confirm, deny)| Secret::Link { confirm, deny })
            }
            Letter::Code { account, .. } => {
                let (standing, _) = self.standing_for_update(account).await?;
                let records = self.records()?;
                let mailed = standing.mailed(self.now());
                mailed.map(|mailed| Secret::Code(records.mailed_code(account, &mailed.nonce)))
            }
            Letter::Confirm { account, nonce, .. } => {
                Some(Secret::Code(self.records()?.address_code(account, nonce)))
            }
            Letter::Notice { .. }
            | Letter::ResetAsked { .. }
            | Letter::Operator { .. }
            | Letter::AddressChanged { .. }
            | Letter::Trial { .. } => Some(Secret::None),
        })
    }

    pub(super) async fn letter_failed(
        &self,
        key: &[u8],
        stored: Stored<Outbound>,
        final_word: bool,
        why: &str,
    ) -> Result<(), FlowError> {
        let kind = stored.value.letter.kind();
        let expect = Expect::Version(stored.version);
        let draft = self.records()?.draft();
        let draft = match stored.value.after_failure(final_word, why, self.now()) {
            AfterFailure::Again(letter) => {
                self.metrics.mailed(Mailed::Later);
                draft.put(key, expect, &letter)
            }
            AfterFailure::Dead(letter) => {
                self.metrics.mailed(Mailed::Dead);
                if letter.letter.is_ask() {
                    // Nobody looks for it: whoever asked has long been answered.
                    tracing::error!(kind, "a request for a reset is given up");
                    draft.delete::<Outbound>(key, expect)
                } else {
                    // What the server says names the address: it stands in the store alone.
                    tracing::error!(kind, "a letter is given up; see `gerbang mail list`");
                    let draft = draft.put(key, expect, &letter);
                    // What a server refuses for good was one of the day's: it would be refused again.
                    match final_word {
                        true => draft,
                        false => self.given_back(draft, &letter).await?,
                    }
                }
            }
        };
        self.letter_done(draft).await
    }

    /// An admin may have revived or removed it meanwhile: then his word stands.
    pub(super) async fn letter_done(&self, draft: Draft) -> Result<(), FlowError> {
        match self.records()?.commit(draft).await {
            Ok(()) | Err(RecordError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
