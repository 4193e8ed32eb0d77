//! Barriers: a test lets requests arrive, holds them at a known point, does something else, and lets them go.

use std::sync::{Arc, Mutex};

use tokio::sync::{Semaphore, watch};

use crate::app::lock;

/// Where a request is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Read, not yet acted upon.
    Act,
    /// Acted upon, not yet answered.
    Answer,
}

/// One barrier.
#[derive(Debug)]
pub(crate) struct Gate {
    path: String,
    stage: Stage,
    arrived: watch::Sender<usize>,
    /// Closed when everybody may pass.
    passes: Semaphore,
}

/// All barriers of a server.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<Vec<Arc<Gate>>>);

impl Gates {
    pub(crate) fn add(self: &Arc<Self>, path: &str, stage: Stage) -> Hold {
        let gate = Arc::new(Gate {
            path: path.to_owned(),
            stage,
            arrived: watch::Sender::new(0),
            passes: Semaphore::new(0),
        });
        lock(&self.0).push(Arc::clone(&gate));
        Hold {
            gate,
            gates: Arc::clone(self),
        }
    }

    /// Waits at every barrier for `path` (below the context) and `stage`.
    pub(crate) async fn pass(&self, path: &str, stage: Stage) {
        let matching: Vec<_> = lock(&self.0)
            .iter()
            .filter(|gate| gate.stage == stage && path.starts_with(&gate.path))
            .cloned()
            .collect();
        for gate in matching {
            gate.arrived.send_modify(|count| *count += 1);
            // An error says that the barrier was lifted for good.
            if let Ok(pass) = gate.passes.acquire().await {
                pass.forget();
            }
        }
    }
}

/// A barrier in force. Dropping it lets everybody go.
#[derive(Debug)]
pub struct Hold {
    gate: Arc<Gate>,
    gates: Arc<Gates>,
}

impl Hold {
    /// Waits until a request has arrived at the barrier.
    pub async fn wait_for_arrival(&self) {
        self.wait_for_arrivals(1).await;
    }

    /// Waits until so many requests have arrived since the barrier was set, those let go included.
    pub async fn wait_for_arrivals(&self, count: usize) {
        // An error needs the sender gone, and this handle keeps it.
        let _ = self
            .gate
            .arrived
            .subscribe()
            .wait_for(|arrived| *arrived >= count)
            .await;
    }

    /// How many requests have arrived.
    #[must_use]
    pub fn arrived(&self) -> usize {
        *self.gate.arrived.borrow()
    }

    /// Lets one request go and goes on holding the others.
    pub fn release_one(&self) {
        self.gate.passes.add_permits(1);
    }

    /// Lets everybody go and removes the barrier.
    pub fn release(self) {}
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.gate.passes.close();
        lock(&self.gates.0).retain(|gate| !Arc::ptr_eq(gate, &self.gate));
    }
}
