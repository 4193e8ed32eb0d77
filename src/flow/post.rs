//! The post: letters go out of the outbox, in the background, and nobody waits for one.
//!
//! What is told comes from the audit log ([`super::notices`]) or from a flow that put a letter into its
//! own commit. A letter leaves the outbox when the mail server has answered for it, so it arrives at least
//! once, also over kill -9; its id stays the same, and a mailbox can tell doubles apart. A server that is
//! down counts against no letter.

use crate::domain::mail::{AfterFailure, Letter, Outbound, WAITING_MAX};
use crate::entropy;
use crate::flow::address::Known;
use crate::flow::{Engine, FlowError};
use crate::mail::{Carrier, Failure, Mail, Round};
use crate::observe::Mailed;
use crate::primitives::{EmailAddress, UnixSeconds};
use crate::store::Expect;
use crate::store::records::{Draft, RecordError, Stored};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::MissedTickBehavior;

/// Between two looks at the outbox, in seconds; a letter that was just written is taken at once.
const TICK_SECONDS: u64 = 5;
/// Waits after a mail server that was down, in seconds; the last one is repeated.
const DOWN_SECONDS: [u64; 5] = [10, 20, 60, 120, 300];
/// Bytes of the id of a letter.
const ID_BYTES: usize = 12;

/// Where letters are put.
#[derive(Debug)]
pub struct Outbox {
    /// Whether there is a mail server at all; without one no letter is written.
    open: bool,
    /// Rung when a letter was written that somebody waits for.
    bell: Notify,
    /// Letters that wait, as far as this process knows.
    waiting: AtomicUsize,
}

impl Outbox {
    /// Empty; `open` where a mail server is configured.
    pub fn new(open: bool) -> Self {
        Self {
            open,
            bell: Notify::new(),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Whether letters can be sent at all.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether it takes another letter.
    pub fn has_room(&self) -> bool {
        self.open && self.waiting.load(Ordering::Relaxed) < WAITING_MAX
    }

    /// Somebody waits for a letter that was just committed.
    pub fn ring(&self) {
        self.bell.notify_one();
    }
}

/// What a letter says and where it goes, as it is now.
enum Composed {
    /// It can go.
    Ready(Box<Mail>),
    /// It is not to be sent (any more): nobody to send it to, or nothing to say.
    Moot(&'static str),
    /// It could not be found out; later.
    Later(String),
}

/// Puts letters into words. Neither words nor templates are known to the flows.
pub trait Composer: Send + Sync {
    /// The mail for a letter to this address, with this id.
    ///
    /// # Errors
    /// What is wrong with the templates, for the log.
    fn compose(&self, letter: &Letter, to: &EmailAddress, id: &str) -> Result<Mail, String>;

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
                    () = self.outbox.bell.notified() => {}
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
        self.outbox
            .waiting
            .store(all.len() - dead, Ordering::Relaxed);
        self.metrics.set_outbox(all.len() - dead, dead);
        let mut round: Option<Box<dyn Round>> = None;
        for (key, stored) in all {
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
                self.letter_done(gone(records.draft())).await?;
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
            Letter::Trial { to } | Letter::AddressChanged { to, .. } => Some(to.clone()),
            Letter::Operator { .. } => post.composer.operator(),
            Letter::Notice { account, .. } => match self.address_of(account).await? {
                Known::At(address) => Some(address.email),
                Known::Nowhere => None,
                Known::Unsure(why) => return Ok(Composed::Later(why)),
            },
        };
        let Some(to) = to else {
            return Ok(Composed::Moot("no address is known"));
        };
        let id = format!("gerbang.{}", data_encoding::HEXLOWER.encode(key));
        Ok(match post.composer.compose(letter, &to, &id) {
            Ok(mail) => Composed::Ready(Box::new(mail)),
            Err(why) => {
                tracing::error!(%why, kind = letter.kind(), "a letter could not be put into words");
                Composed::Later("it could not be put into words; see the log".to_owned())
            }
        })
    }

    async fn letter_failed(
        &self,
        key: &[u8],
        stored: Stored<Outbound>,
        final_word: bool,
        why: &str,
    ) -> Result<(), FlowError> {
        let kind = stored.value.letter.kind();
        let expect = Expect::Version(stored.version);
        let letter = match stored.value.after_failure(final_word, why, self.now()) {
            AfterFailure::Again(letter) => {
                self.metrics.mailed(Mailed::Later);
                letter
            }
            AfterFailure::Dead(letter) => {
                // What the server says names the address: it stands in the store alone.
                tracing::error!(kind, "a letter is given up; see `gerbang mail list`");
                self.metrics.mailed(Mailed::Dead);
                letter
            }
        };
        let draft = self.records()?.draft().put(key, expect, &letter);
        self.letter_done(draft).await
    }

    /// An admin may have revived or removed it meanwhile: then his word stands.
    async fn letter_done(&self, draft: Draft) -> Result<(), FlowError> {
        match self.records()?.commit(draft).await {
            Ok(()) | Err(RecordError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Adds a letter to a commit, if letters are sent at all and the outbox takes it.
    ///
    /// # Errors
    /// [`FlowError::Seal`] without randomness.
    pub(crate) fn with_letter(&self, draft: Draft, letter: Letter) -> Result<Draft, FlowError> {
        if !self.outbox.has_room() {
            if self.outbox.is_open() {
                tracing::error!(
                    kind = letter.kind(),
                    "the outbox is full; a letter is not written"
                );
                self.metrics.mailed(Mailed::Moot);
            }
            return Ok(draft);
        }
        self.outbox.waiting.fetch_add(1, Ordering::Relaxed);
        let now = self.now();
        let random: [u8; ID_BYTES - 4] = entropy::random(&*self.entropy)?;
        // In the order of writing: seconds fit 32 bits until 2106.
        let seconds = u32::try_from(now.0).unwrap_or(u32::MAX).to_be_bytes();
        let key = [&seconds[..], &random[..]].concat();
        Ok(draft.put(&key, Expect::Absent, &Outbound::new(letter, now)))
    }
}
