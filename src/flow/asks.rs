//! How often somebody may ask on the page for everybody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Forms of one IPv4 address or one /64 of IPv6 within [`ASKS_SECONDS`].
const ASKS_MAX: u32 = 30;
/// Forms of one /48, which one subscriber may have alone, or share with neighbours.
const SITE_MAX: u32 = 600;
/// How long requests are remembered, in seconds.
const ASKS_SECONDS: u64 = 600;
/// Networks that are remembered at most.
const NETWORKS_MAX: usize = 10_000;

/// How often each network asked lately. Behind a web server that forgets to say who asks, everybody
/// comes from this machine: then only the outbox bounds the work.
#[derive(Debug, Default)]
pub struct Asks(Mutex<HashMap<Network, (u32, u64)>>);

/// The bits of a network, and how many they are.
type Network = (IpAddr, u8);

impl Asks {
    /// Counts one; how long to wait where it is one too many, in seconds.
    pub(super) fn take(&self, address: IpAddr, now: u64) -> Option<u32> {
        if address.is_loopback() {
            return None;
        }
        let mut asks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The wider one only hears of what the closer one let through: one host alone closes it to nobody.
        networks(address)
            .into_iter()
            .flatten()
            .find_map(|(network, most)| {
                make_room(&mut asks, network, now);
                let (count, since) = asks.entry(network).or_insert((0, now));
                if now.saturating_sub(*since) >= ASKS_SECONDS {
                    (*count, *since) = (0, now);
                }
                *count = count.saturating_add(1);
                let left = ASKS_SECONDS.saturating_sub(now.saturating_sub(*since));
                (*count > most).then(|| u32::try_from(left).unwrap_or(u32::MAX))
            })
    }
}

/// Room for one more: what is over goes, then whoever asked least.
fn make_room(asks: &mut HashMap<Network, (u32, u64)>, network: Network, now: u64) {
    if asks.len() < NETWORKS_MAX || asks.contains_key(&network) {
        return;
    }
    asks.retain(|_, (_, since)| now.saturating_sub(*since) < ASKS_SECONDS);
    if asks.len() >= NETWORKS_MAX {
        let least = asks.iter().min_by_key(|(_, asked)| **asked);
        if let Some(least) = least.map(|(network, _)| *network) {
            asks.remove(&least);
        }
    }
}

/// The networks that an address counts for, and how often each may ask.
fn networks(address: IpAddr) -> [Option<(Network, u32)>; 2] {
    match address {
        IpAddr::V4(_) => [Some(((address, 32), ASKS_MAX)), None],
        IpAddr::V6(six) => {
            let first = |bits: u8| {
                let mask = u128::MAX << (128 - u32::from(bits));
                (IpAddr::V6((u128::from(six) & mask).into()), bits)
            };
            [Some((first(64), ASKS_MAX)), Some((first(48), SITE_MAX))]
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

    #[test]
    fn a_site_of_ipv6_has_its_limit_as_well() {
        let asks = Asks::default();
        let of = |net: u16| IpAddr::from([0x2001, 0xdb8, 0, net, 0, 0, 0, 1]);
        assert!((0..600).all(|net| asks.take(of(net), 1_000).is_none()));
        assert!(asks.take(of(5_000), 1_000).is_some());
        // What one network is refused does not count for the others.
        let other = |net: u16| IpAddr::from([0x2001, 0xdb8, 2, net, 0, 0, 0, 1]);
        assert_eq!(
            (0..700)
                .filter(|_| asks.take(other(1), 1_000).is_none())
                .count(),
            30
        );
        assert!((2..500).all(|net| asks.take(other(net), 1_000).is_none()));
        assert!(
            asks.take(IpAddr::from([0x2001, 0xdb8, 1, 0, 0, 0, 0, 1]), 1_000)
                .is_none()
        );
    }

    #[test]
    fn who_asked_too_often_is_not_forgotten_for_a_crowd() {
        let asks = Asks::default();
        let stranger = IpAddr::from([203, 0, 113, 9]);
        assert!((0..=ASKS_MAX).any(|_| asks.take(stranger, 1_000).is_some()));
        for n in 0..12_000_u32 {
            let [_, a, b, c] = n.to_be_bytes();
            assert_eq!(asks.take(IpAddr::from([10, a, b, c]), 1_001), None);
        }
        assert!(asks.take(stranger, 1_002).is_some());
        assert_eq!(asks.0.lock().unwrap().len(), NETWORKS_MAX);
    }
}
