//! Whoever starts a gateway while the one before is still ending waits for it, and not for ever.

use super::StartError;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::thread::sleep;
use std::time::Duration;

/// Longer than a gateway takes to end when nothing is under way.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// Tries until it works, fails for another reason than `busy`, or patience is at its end.
#[expect(
    clippy::disallowed_methods,
    reason = "nothing is served yet, and no runtime runs"
)]
pub(super) fn patiently<T, E>(
    patience: Duration,
    what: &str,
    busy: impl Fn(&E) -> bool,
    mut attempt: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    let mut left = patience;
    loop {
        match attempt() {
            Err(error) if busy(&error) && !left.is_zero() => {
                if left == patience {
                    tracing::warn!(
                        seconds = patience.as_secs(),
                        "waiting for {what} to be free"
                    );
                }
                sleep(PAUSE);
                left = left.saturating_sub(PAUSE);
            }
            other => return other,
        }
    }
}

/// Looks whether the addresses are free, before anything is touched; they are bound later.
pub(super) fn look_at_addresses(addresses: &[SocketAddr]) -> Result<(), StartError> {
    for address in addresses {
        let busy = |error: &std::io::Error| error.kind() == ErrorKind::AddrInUse;
        let what = address.to_string();
        patiently(PATIENCE, &what, busy, || {
            TcpListener::bind(address).map(drop)
        })
        .map_err(|why| StartError::Listen {
            address: *address,
            why,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_for_what_passes_and_has_an_end() {
        let mut tries = 0;
        let found = patiently(
            PATIENCE,
            "it",
            |busy| *busy,
            || {
                tries += 1;
                if tries < 3 { Err(true) } else { Ok(tries) }
            },
        );
        assert_eq!(found, Ok(3));
        let refused: Result<(), bool> = patiently(PATIENCE, "it", |busy| *busy, || Err(false));
        assert_eq!(refused, Err(false));
        let never: Result<(), bool> = patiently(Duration::ZERO, "it", |busy| *busy, || Err(true));
        assert_eq!(never, Err(true));
    }

    #[test]
    fn an_address_that_the_system_refuses_is_told_at_once() {
        // Of documentation (RFC 5737): no machine has it.
        let foreign = SocketAddr::from(([192, 0, 2, 1], 0));
        let refused = look_at_addresses(&[foreign]).unwrap_err().to_string();
        assert!(
            refused.starts_with("[listen] cannot listen on 192.0.2.1:0: "),
            "{refused}"
        );
    }
}
