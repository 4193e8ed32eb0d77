//! The service manager that may stand behind this process: it holds the listening sockets, is told when they
//! are served, and ends a process that hangs (systemd: sd_listen_fds(3), sd_notify(3)). Without one nothing of
//! this happens.

use super::StartError;
use crate::proxy::{Background, Pulse};
use listenfd::ListenFd;
use sd_notify::NotifyState;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// Between two looks whether an own listener answers.
const LOOK: Duration = Duration::from_millis(20);

/// Listening sockets that were handed over, with their addresses.
///
/// # Errors
/// [`StartError::Handed`] when one of them is none of TCP.
pub(super) fn handed_over() -> Result<Vec<(SocketAddr, TcpListener)>, StartError> {
    let mut handed = ListenFd::from_env();
    let mut sockets = Vec::with_capacity(handed.len());
    for number in 0..handed.len() {
        let socket = handed
            .take_tcp_listener(number)
            .map_err(|why| StartError::Handed { number, why })?;
        let Some(socket) = socket else { continue };
        let address = socket.local_addr();
        let address = address.and_then(|address| {
            socket.set_nonblocking(true)?;
            Ok(address)
        });
        let address = address.map_err(|why| StartError::Handed { number, why })?;
        sockets.push((address, socket));
    }
    Ok(sockets)
}

/// Tells the service manager that the addresses are served, that the process works, and that it ends.
pub(super) fn supervised(addresses: Vec<SocketAddr>, pulse: Pulse) -> Background {
    Background {
        name: "supervisor",
        run: Box::new(|stop| Box::pin(tell(addresses, pulse, stop))),
    }
}

async fn tell(addresses: Vec<SocketAddr>, pulse: Pulse, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let told = async {
        for address in &addresses {
            while TcpStream::connect(address).await.is_err() {
                sleep(LOOK).await;
            }
        }
        while pulse.beats() == 0 {
            sleep(LOOK).await;
        }
        say(NotifyState::Ready);
        work(&pulse).await;
    };
    tokio::select! {
        () = &mut stop => {}
        () = told => {}
    }
    say(NotifyState::Stopping);
}

/// A sign of life for as long as there is one; never resolves.
async fn work(pulse: &Pulse) {
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return std::future::pending().await;
    };
    // Two may be lost before the third is missed; and never without a beat in between.
    let every = (patience / 3).max(Pulse::EVERY * 2);
    let mut seen = pulse.beats();
    say(NotifyState::Watchdog);
    loop {
        sleep(every).await;
        let beats = pulse.beats();
        if beats == seen {
            tracing::error!("the threads that serve do not move");
        } else {
            say(NotifyState::Watchdog);
        }
        seen = beats;
    }
}

fn say(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
