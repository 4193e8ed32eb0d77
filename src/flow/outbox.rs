//! Where letters are put: into the commit of whatever they tell of.

use crate::domain::mail::{Letter, Outbound, WAITING_MAX};
use crate::entropy;
use crate::flow::address::with_kept;
use crate::flow::{Engine, FlowError};
use crate::observe::Mailed;
use crate::store::Expect;
use crate::store::records::Draft;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Requests for resets that wait at most.
const ASKED_MAX: usize = 1_000;
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
    /// Requests for resets among them: anybody can write those.
    asked: AtomicUsize,
}

impl Outbox {
    /// Empty; `open` where a mail server is configured.
    pub fn new(open: bool) -> Self {
        Self {
            open,
            bell: Notify::new(),
            waiting: AtomicUsize::new(0),
            asked: AtomicUsize::new(0),
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

    /// Whether it takes another request for a reset: those leave room for what owners must be told.
    pub(super) fn takes_asks(&self) -> bool {
        self.has_room() && self.asked.load(Ordering::Relaxed) < ASKED_MAX
    }

    /// Takes over what was counted in the store.
    pub(super) fn counted(&self, waiting: usize, asked: usize) {
        self.waiting.store(waiting, Ordering::Relaxed);
        self.asked.store(asked, Ordering::Relaxed);
    }

    /// Until it is rung for.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Somebody waits for a letter that was just committed.
    pub fn ring(&self) {
        self.bell.notify_one();
    }
}

impl Engine {
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
        if letter.is_ask() {
            self.outbox.asked.fetch_add(1, Ordering::Relaxed);
        }
        let now = self.now();
        let random: [u8; ID_BYTES - 4] = entropy::random(&*self.entropy)?;
        // In the order of writing: seconds fit 32 bits until 2106.
        let seconds = u32::try_from(now.0).unwrap_or(u32::MAX).to_be_bytes();
        let key = [&seconds[..], &random[..]].concat();
        Ok(draft.put(&key, Expect::Absent, &Outbound::new(letter, now)))
    }

    /// A letter that never left is not one of those that an account gets in a day.
    pub(super) async fn given_back(
        &self,
        draft: Draft,
        Outbound { letter, made, .. }: &Outbound,
    ) -> Result<Draft, FlowError> {
        let records = self.records()?;
        match letter {
            Letter::ResetLink { account, .. } | Letter::Code { account, .. } => {
                let (mut case, expect) = self.case_for_update(account).await?;
                let counted = match letter {
                    Letter::Code { .. } => &mut case.codes,
                    _ => &mut case.links,
                };
                Ok(match counted.give_back(*made) {
                    true => draft.put(&records.account_key(account), expect, &case),
                    false => draft,
                })
            }
            Letter::Confirm { account, .. } => {
                let (mut kept, expect) = self.kept_addresses(account).await?;
                Ok(match kept.mails.give_back(*made) {
                    true => with_kept(draft, &records.account_key(account), expect, &kept),
                    false => draft,
                })
            }
            Letter::Notice { .. }
            | Letter::ResetAsked { .. }
            | Letter::Operator { .. }
            | Letter::AddressChanged { .. }
            | Letter::Trial { .. } => Ok(draft),
        }
    }
}
