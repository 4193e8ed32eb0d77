//! A reset by mail: asked for on a page for everybody, answered in the background, confirmed behind a
//! mailed link, worth something only after the password (design.md section 5).
//!
//! Whoever asks learns nothing: the page writes one sealed letter, whoever it is about, and whether
//! account, type and address fit is looked at later by the post, which nobody waits for.

use crate::domain::audit::AuditEvent;
use crate::domain::mail::{Letter, Outbound};
use crate::domain::reset::{Link, ResetCase, Share};
use crate::domain::standing::{Seen, Standing};
use crate::entropy;
use crate::flow::address::Known;
use crate::flow::{Client, Engine, FlowError};
use crate::observe::Mailed;
use crate::primitives::{AccountId, EmailAddress, Identity, Lang, LinkToken};
use crate::store::Expect;
use crate::store::records::{Draft, LinkPurpose, Stored};

/// How long to wait while too many requests wait: the post looks every few seconds.
const BUSY_SECONDS: u32 = 60;

/// What somebody typed on the page for everybody.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Of this account, which need not exist.
    pub account: AccountId,
    /// With this address.
    pub email: EmailAddress,
    /// Language of the page.
    pub lang: Lang,
}

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AskOutcome {
    /// It was written down. Says nothing about the account.
    Taken,
    /// Too many wait, from everybody.
    Busy {
        /// When to try again, in seconds.
        seconds: u32,
    },
}

impl Engine {
    /// Counts a form of this client's; how long he has to wait, in seconds, where it is one too many.
    pub fn asks_too_often(&self, client: &Client) -> Option<u32> {
        self.asks.take(client.address, self.now().0)
    }

    /// How long to wait, in seconds, while too many requests of everybody wait: asked before anything that
    /// a form brings is used up.
    pub fn asks_busy(&self) -> Option<u32> {
        (!self.outbox.takes_asks()).then_some(BUSY_SECONDS)
    }

    /// Takes a request for a reset. The same work for every account, whether there is one or not.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn ask_reset(&self, ask: Ask, client: &Client) -> Result<AskOutcome, FlowError> {
        let records = self.records()?;
        if let Some(seconds) = self.asks_busy() {
            return Ok(AskOutcome::Busy { seconds });
        }
        let letter = Letter::ResetAsked {
            account: ask.account,
            email: ask.email,
            lang: ask.lang,
            client: client.address.to_string(),
            request: client.request_id.clone(),
        };
        // Not rung for: the post looks after a while, whoever it is about.
        records
            .commit(self.with_letter(records.draft(), letter)?)
            .await?;
        Ok(AskOutcome::Taken)
    }

    /// Answers a request in the background: mails the link, or does nothing.
    pub(super) async fn answer_ask(
        &self,
        key: &[u8],
        stored: Stored<Outbound>,
    ) -> Result<(), FlowError> {
        let Letter::ResetAsked {
            account,
            email,
            lang,
            client,
            request,
        } = &stored.value.letter
        else {
            return Ok(());
        };
        let expect = Expect::Version(stored.version);
        let records = self.records()?;
        let done = |draft: Draft| draft.delete::<Outbound>(key, expect);
        let Some(identity) = self.known_by_mail(account).await? else {
            self.metrics.mailed(Mailed::Moot);
            return self.letter_done(done(records.draft())).await;
        };
        let source = match self.address_of(account).await? {
            Known::At(address) => Some(address).filter(|at| at.email.is_same(email)),
            Known::Nowhere => None,
            Known::Unsure(why) => return self.letter_failed(key, stored, false, &why).await,
        };
        let Some(source) = source.map(|address| address.source) else {
            self.metrics.mailed(Mailed::Moot);
            return self.letter_done(done(records.draft())).await;
        };
        let own = match source.is_proof() {
            true => None,
            false => self.account(&identity).await?.bound(),
        };
        if !self.outbox.has_room() {
            // What is made anew must not be lost.
            return self
                .letter_failed(key, stored, false, "the outbox is full")
                .await;
        }
        let (mut case, case_expect) = self.case_for_update(account).await?;
        let (standing, _) = self.standing_for_update(account).await?;
        let lives = self.code_lives(&case, &standing);
        // Without a letter as well: the link that the owner has in his mailbox lives again.
        let made_of = (entropy::random(&*self.entropy)?, own);
        let share = case.ask(made_of, client, lives, self.now());
        let draft = done(records.draft()).put(&records.account_key(account), case_expect, &case);
        if share != Share::Sent {
            self.metrics.mailed(Mailed::Moot);
            return self.letter_done(draft).await;
        }
        let asker = Client {
            address: client.parse().unwrap_or(self.own_client().address),
            request_id: request.clone(),
            ..self.own_client()
        };
        let who = Some((account, identity.role.as_str()));
        let link = Letter::ResetLink {
            account: account.clone(),
            role: identity.role.clone(),
            lang: *lang,
        };
        let draft = draft.audit(&self.audit(&asker, who, AuditEvent::ResetMailed));
        let draft = self.with_letter(draft, link)?;
        self.outbox.ring();
        // Somebody wrote first: the request is answered at the next look.
        self.letter_done(draft).await
    }

    /// Who it is, where a reset by mail serves the role. Whoever never logged in here has nothing to
    /// reset.
    pub(super) async fn known_by_mail(
        &self,
        account: &AccountId,
    ) -> Result<Option<Identity>, FlowError> {
        let records = self.records()?;
        let seen = records.get::<Seen>(&records.account_key(account)).await?;
        let identity = seen.map(|seen| Identity {
            account: account.clone(),
            role: seen.value.role,
            display_name: String::new(),
        });
        Ok(identity.filter(|who| self.mail_is_proof(who)))
    }

    /// Whether the code that a case led to is good.
    pub(super) fn code_lives(&self, case: &ResetCase, standing: &Standing) -> bool {
        let mailed = standing.mailed(self.now());
        mailed.is_some_and(|mailed| mailed.nonce == case.nonce)
    }

    /// What the link of a case leads to.
    pub(super) async fn link_of(
        &self,
        case: &ResetCase,
        standing: &Standing,
    ) -> Result<Link, FlowError> {
        let (account, _) = self.account_for_update(&case.id).await?;
        let lives = self.code_lives(case, standing);
        Ok(case.link(lives, account.bound(), self.now()))
    }

    pub(super) async fn case_for_update(
        &self,
        account: &AccountId,
    ) -> Result<(ResetCase, Expect), FlowError> {
        let records = self.records()?;
        let fresh = || ResetCase::new(account.clone());
        Ok(records
            .for_update(&records.account_key(account), fresh)
            .await?)
    }

    /// Both links of a case that is open.
    pub(super) async fn reset_links(
        &self,
        account: &AccountId,
    ) -> Result<Option<(LinkToken, LinkToken)>, FlowError> {
        let records = self.records()?;
        let (case, _) = self.case_for_update(account).await?;
        let (standing, _) = self.standing_for_update(account).await?;
        if self.link_of(&case, &standing).await? != Link::Open {
            return Ok(None);
        }
        let token = |purpose| records.link_token(account, &case.nonce, purpose);
        Ok(Some((
            token(LinkPurpose::Confirm),
            token(LinkPurpose::Deny),
        )))
    }
}
