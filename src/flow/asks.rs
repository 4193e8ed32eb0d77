//! How often somebody may ask on the page for everybody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Forms of one address within [`ASKS_SECONDS`].
const ASKS_MAX: u32 = 30;
/// How long requests are remembered, in seconds.
const ASKS_SECONDS: u64 = 600;
/// Addresses that are remembered at most.
const ADDRESSES_MAX: usize = 10_000;

/// How often each address asked lately. Behind a web server that forgets to say who asks, everybody
/// comes from this machine: then only the outbox bounds the work.
#[derive(Debug, Default)]
pub struct Asks(Mutex<HashMap<IpAddr, (u32, u64)>>);

impl Asks {
    /// Counts one; how long to wait where it is one too many.
    pub(super) fn take(&self, address: IpAddr, now: u64) -> Option<u32> {
        if address.is_loopback() {
            return None;
        }
        let mut asks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if asks.len() >= ADDRESSES_MAX {
            asks.retain(|_, (_, since)| now.saturating_sub(*since) < ASKS_SECONDS);
            if asks.len() >= ADDRESSES_MAX {
                asks.clear();
            }
        }
        let (count, since) = asks.entry(network(address)).or_insert((0, now));
        if now.saturating_sub(*since) >= ASKS_SECONDS {
            (*count, *since) = (0, now);
        }
        *count = count.saturating_add(1);
        let left = ASKS_SECONDS.saturating_sub(now.saturating_sub(*since));
        (*count > ASKS_MAX).then(|| u32::try_from(left).unwrap_or(u32::MAX))
    }
}

/// An IPv6 subscriber has a whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => {
            let bits = u128::from(six) & (u128::MAX << 64);
            IpAddr::V6(bits.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_asks_thirty_times_in_ten_minutes_and_this_machine_as_often_as_it_likes() {
        let asks = Asks::default();
        let stranger = IpAddr::from([203, 0, 113, 9]);
        for _ in 0..ASKS_MAX {
            assert_eq!(asks.take(stranger, 1_000), None);
        }
        assert_eq!(asks.take(stranger, 1_100), Some(500));
        assert_eq!(asks.take(IpAddr::from([203, 0, 113, 8]), 1_100), None);
        assert_eq!(asks.take(stranger, 1_600), None);
        let here = IpAddr::from([127, 0, 0, 1]);
        assert!((0..100).all(|_| asks.take(here, 1_000).is_none()));
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one() {
        let asks = Asks::default();
        let of = |host: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, host]);
        assert!((0..30).all(|host| asks.take(of(host), 1_000).is_none()));
        assert!(asks.take(of(77), 1_000).is_some());
    }
}
