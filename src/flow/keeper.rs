//! The keeper of the audit log: sends it on to its outputs, signs its head daily, lets old records
//! go. One tick does a little of each.
//!
//! An output goes on from a durable cursor, which moves after the output flushed: every record
//! arrives at least once, also over kill -9. An output that fails or hangs is tried again at the
//! next tick, blocks neither logins nor the other outputs, and keeps its place.

use crate::domain::retention::Retention;
use crate::flow::Engine;
use crate::observe::{AuditOut, OutError};
use crate::primitives::UnixSeconds;
use crate::seal::HeadSigner;
use crate::store::records::{AuditEntry, OUT_CURSORS, OutCursors, RecordError, Records};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// Between two ticks.
const TICK_SECONDS: u64 = 5;
/// Records that an output is given at once, and how often in one tick: a thousand logins a second
/// would have to come for a tick not to keep up.
const PAGE_RECORDS: usize = 200;
const PAGES_MAX: usize = 50;
/// How long a tick waits for an output with a page. It goes on by itself; until it comes back, the
/// ticks pass it by.
const OUTPUT_WAIT_MAX: Duration = Duration::from_secs(10);
/// Places of outputs that are remembered: one that is taken out of the configuration and put back goes
/// on from where it was.
const CURSORS_MAX: usize = 32;
/// Between two heads.
const HEAD_SECONDS: u64 = 86_400;
/// Between two looks for old records, and how many are looked at: seven hundred thousand a day.
const RETENTION_SECONDS: u64 = 60;
const RETENTION_ENTRIES: usize = 500;
/// How long the last tick, at the end of the process, may take.
const LAST_TICK_MAX: Duration = Duration::from_secs(3);

/// Keeps the audit log.
pub struct Keeper {
    outputs: Vec<Output>,
    clerk: Clerk,
    retention: Retention,
    retention_at: Option<UnixSeconds>,
    /// Of the head in the ordinary log, when there is no output.
    head_at: Option<UnixSeconds>,
}

/// Writes to one output after the other.
struct Clerk {
    signer: HeadSigner,
    site: String,
    wait_max: Duration,
}

/// One output and what is known of it in this process.
struct Output {
    name: String,
    /// Held while it is written to; still held at the next tick only when it hangs.
    out: Arc<Mutex<Box<dyn AuditOut>>>,
    head_at: Option<UnixSeconds>,
    failing: bool,
}

/// How far a page got.
struct Taken {
    /// The last record that is in other hands.
    last: Option<u64>,
    fate: Result<(), OutError>,
}

/// Why an output did not get on.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Out(#[from] OutError),
    #[error("the audit output does not come back")]
    Hangs,
    #[error(transparent)]
    Records(#[from] RecordError),
}

impl Keeper {
    /// For the log of `site`.
    pub fn new(
        outputs: Vec<Box<dyn AuditOut>>,
        signer: HeadSigner,
        site: &str,
        retention: Retention,
    ) -> Self {
        let outputs = outputs.into_iter().map(|out| Output {
            name: out.name().to_owned(),
            out: Arc::new(Mutex::new(out)),
            head_at: None,
            failing: false,
        });
        Self {
            outputs: outputs.collect(),
            clerk: Clerk {
                signer,
                site: site.to_owned(),
                wait_max: OUTPUT_WAIT_MAX,
            },
            retention,
            retention_at: None,
            head_at: None,
        }
    }

    /// One tick: export, heads that are due, retention.
    ///
    /// # Errors
    /// [`RecordError`] when the store fails. What is wrong with an output is logged, once.
    pub async fn tick(&mut self, records: &Records, now: UnixSeconds) -> Result<(), RecordError> {
        for output in &mut self.outputs {
            let fate = self.clerk.serve(output, records, now).await;
            output.note(fate)?;
        }
        if self.outputs.is_empty() && is_due(self.head_at, HEAD_SECONDS, now) {
            let end = records.audit_end().await?;
            let clerk = &self.clerk;
            let head = clerk.signer.sign(&clerk.site, end.sequence, end.link, now);
            // It says nothing of anybody.
            tracing::info!(head = %head.to_line(), "where the audit log stands");
            self.head_at = Some(now);
        }
        if is_due(self.retention_at, RETENTION_SECONDS, now) {
            self.retention_at = Some(now);
            let done = records.redact_old(&self.retention, now, RETENTION_ENTRIES);
            let redacted = done.await?.redacted;
            if redacted > 0 {
                tracing::info!(redacted, "audit records whose time was over were taken out");
            }
        }
        Ok(())
    }
}

fn is_due(last: Option<UnixSeconds>, seconds: u64, now: UnixSeconds) -> bool {
    last.is_none_or(|last| now.since(last) >= seconds)
}

impl Clerk {
    async fn serve(
        &self,
        output: &mut Output,
        records: &Records,
        now: UnixSeconds,
    ) -> Result<(), Trouble> {
        let end = records.audit_end().await?;
        // The records go before the head that vouches for them.
        for _ in 0..PAGES_MAX {
            if !self.export(output, records, end.sequence).await? {
                break;
            }
        }
        if is_due(output.head_at, HEAD_SECONDS, now) {
            let head = self.signer.sign(&self.site, end.sequence, end.link, now);
            let write = move |out: &mut dyn AuditOut| {
                out.write_head(&head)?;
                out.flush()
            };
            output.call(self.wait_max, write).await??;
            output.head_at = Some(now);
        }
        Ok(())
    }

    /// Gives an output its next page; `false` when there is none.
    async fn export(&self, output: &Output, records: &Records, end: u64) -> Result<bool, Trouble> {
        let (mut cursors, expect) = records.for_update(OUT_CURSORS, OutCursors::default).await?;
        let before = cursors.last.get(&output.name).copied().unwrap_or_default();
        if before == end {
            return Ok(false);
        }
        let taken = if before > end {
            // The cursor is sealed and grows alone, so it is the log that got shorter.
            tracing::error!(
                sent = before,
                end,
                "the audit log is shorter than what was sent of it: its end was cut off"
            );
            Taken {
                last: Some(end),
                fate: Ok(()),
            }
        } else {
            let page = records.audit_after(before, PAGE_RECORDS).await?;
            if page.is_empty() {
                return Ok(false);
            }
            let write = move |out: &mut dyn AuditOut| write_page(out, page);
            output.call(self.wait_max, write).await?
        };
        if let Some(last) = taken.last {
            while cursors.last.len() >= CURSORS_MAX && !cursors.last.contains_key(&output.name) {
                cursors.last.pop_first();
            }
            cursors.last.insert(output.name.clone(), last);
            let draft = records.draft().put(OUT_CURSORS, expect, &cursors);
            records.commit(draft).await?;
        }
        taken.fate?;
        Ok(true)
    }
}

impl Output {
    /// Calls the output where it may block, and waits for it for so long.
    async fn call<T: Send + 'static>(
        &self,
        wait_max: Duration,
        call: impl FnOnce(&mut dyn AuditOut) -> T + Send + 'static,
    ) -> Result<T, Trouble> {
        if matches!(self.out.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(Trouble::Hangs);
        }
        let out = Arc::clone(&self.out);
        let called = tokio::task::spawn_blocking(move || {
            let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
            call(&mut **out)
        });
        match tokio::time::timeout(wait_max, called).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) | Err(_) => Err(Trouble::Hangs),
        }
    }

    /// Logs when it begins to fail and when it works again. The store's failures are the caller's.
    fn note(&mut self, fate: Result<(), Trouble>) -> Result<(), RecordError> {
        match fate {
            Ok(()) if self.failing => {
                tracing::info!(output = %self.name, "the audit output works again");
                self.failing = false;
            }
            Ok(()) => {}
            Err(Trouble::Records(error)) => return Err(error),
            Err(trouble) if !self.failing => {
                tracing::error!(
                    output = %self.name,
                    error = %trouble,
                    "audit records wait in the store until this output takes them"
                );
                self.failing = true;
            }
            Err(_) => {}
        }
        Ok(())
    }
}

fn write_page(out: &mut dyn AuditOut, page: Vec<(u64, AuditEntry)>) -> Taken {
    let mut last = None;
    let mut fate = Ok(());
    for (sequence, entry) in page {
        match entry {
            AuditEntry::Record(record) => {
                if let Err(error) = out.write(sequence, &record) {
                    fate = Err(error);
                    break;
                }
            }
            AuditEntry::Redacted(_) => {
                tracing::warn!(sequence, "an audit record was taken out before it was sent");
            }
            AuditEntry::Unreadable => {
                tracing::error!(sequence, "an audit record cannot be opened and is not sent");
            }
        }
        last = Some(sequence);
    }
    match out.flush() {
        Ok(()) => Taken { last, fate },
        Err(error) => Taken {
            last: None,
            fate: fate.and(Err(error)),
        },
    }
}

/// A keeper at work.
pub(super) struct Keeping {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Keeping {
    /// Starts the engine's keeper, if it has one.
    pub(super) fn start(engine: &Arc<Engine>) -> Option<Self> {
        let mut place = engine.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let keeper = place.take()?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(keep(Arc::clone(engine), keeper, stopped));
        Some(Self { stop, task })
    }

    /// Lets it send what is still there, for a short time.
    pub(super) async fn end(self) {
        // Both fail only when it has ended already.
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

async fn keep(engine: Arc<Engine>, mut keeper: Keeper, mut stopped: oneshot::Receiver<()>) {
    let mut tick = tokio::time::interval(Duration::from_secs(TICK_SECONDS));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let ticking = async {
            tick.tick().await;
            tick_of(&engine, &mut keeper).await;
        };
        tokio::select! {
            _ = &mut stopped => break,
            () = ticking => {}
        }
    }
    let last = tokio::time::timeout(LAST_TICK_MAX, tick_of(&engine, &mut keeper));
    if last.await.is_err() {
        tracing::warn!("audit records that were not sent yet are sent after the next start");
    }
}

async fn tick_of(engine: &Engine, keeper: &mut Keeper) {
    let Ok(records) = engine.records() else {
        return;
    };
    if let Err(error) = keeper.tick(records, engine.now()).await {
        tracing::error!(%error, "the audit log could not be kept");
    }
}

#[cfg(test)]
mod tests;
