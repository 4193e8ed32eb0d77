//! Listening sockets that a service manager holds and hands over (systemd's socket units): they outlive the
//! process, so that nobody is refused while one ends and the next begins. And the pulse of the threads that
//! serve.

use async_trait::async_trait;
use pingora::server::{ListenFds, ShutdownWatch};
use pingora::services::Service;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::IntoRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Beats while the threads that serve can run what is due: a process that hangs has none.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// Between two beats.
    pub const EVERY: Duration = Duration::from_secs(1);

    /// Beats so far.
    pub fn beats(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    async fn beat(self) {
        loop {
            self.0.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Self::EVERY).await;
        }
    }
}

/// A listening service that gets its sockets before it looks for them.
pub(super) struct HandedOver<S> {
    pub(super) service: S,
    /// With their addresses.
    pub(super) sockets: Vec<(SocketAddr, TcpListener)>,
    /// Of its threads.
    pub(super) pulse: Pulse,
}

#[async_trait]
impl<S: Service + Sync> Service for HandedOver<S> {
    async fn start_service(
        &mut self,
        fds: Option<ListenFds>,
        shutdown: ShutdownWatch,
        listeners_per_fd: usize,
    ) {
        if let Some(fds) = &fds {
            let mut table = fds.lock();
            for (address, socket) in self.sockets.drain(..) {
                // Under the name by which the service looks for it.
                table.add(address.to_string(), socket.into_raw_fd());
            }
        }
        // It ends with the runtime.
        tokio::spawn(self.pulse.clone().beat());
        self.service
            .start_service(fds, shutdown, listeners_per_fd)
            .await;
    }

    fn name(&self) -> &str {
        self.service.name()
    }

    fn threads(&self) -> Option<usize> {
        self.service.threads()
    }

    fn listen_addresses(&self) -> Option<Vec<String>> {
        self.service.listen_addresses()
    }
}
