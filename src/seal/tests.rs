use super::*;
use crate::entropy::SystemEntropy;

fn seals(site: &str, epoch: u64) -> Seals {
    let entropy = Arc::new(SystemEntropy::default());
    Seals::new(&MasterKey::new([9; 32]), site, epoch, entropy).unwrap()
}

#[test]
fn a_stamp_is_good_for_its_name_value_site_and_epoch_only() {
    let ours = seals("a", 1);
    let now = UnixSeconds(1_800_000_000);
    let stamped = ours.stamp(b"S", b"v-___ID=1&x=%20", now);
    assert_eq!(
        ours.unstamp(b"S", &stamped),
        Some((&b"v-___ID=1&x=%20"[..], now))
    );
    assert_eq!(stamped.len(), b"v-___ID=1&x=%20".len() + STAMP_CHARS);
    assert!(ours.unstamp(b"T", &stamped).is_none());
    assert!(seals("b", 1).unstamp(b"S", &stamped).is_none());
    assert!(seals("a", 2).unstamp(b"S", &stamped).is_none());
    for at in 0..stamped.len() {
        let mut bent = stamped.clone();
        bent[at] ^= 1;
        assert!(ours.unstamp(b"S", &bent).is_none(), "byte {at}");
    }
    for short in [
        &b""[..],
        b".",
        b"v",
        &stamped[1..],
        &stamped[..stamped.len() - 1],
    ] {
        assert!(ours.unstamp(b"S", short).is_none());
    }
}

#[test]
fn a_seal_opens_for_its_purpose_site_and_epoch_only() {
    let ours = seals("a", 1);
    let sealed = ours.seal(Purpose::Accepted, b"jar").unwrap();
    assert_eq!(
        ours.open(Purpose::Accepted, sealed.as_bytes())
            .unwrap()
            .as_slice(),
        b"jar"
    );
    assert!(
        ours.open(Purpose::KnownBrowser, sealed.as_bytes())
            .is_none()
    );
    assert!(
        seals("b", 1)
            .open(Purpose::Accepted, sealed.as_bytes())
            .is_none()
    );
    assert!(
        seals("a", 2)
            .open(Purpose::Accepted, sealed.as_bytes())
            .is_none()
    );
    for at in 0..sealed.len() {
        let mut bent = sealed.clone().into_bytes();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        assert!(
            ours.open(Purpose::Accepted, &bent).is_none(),
            "character {at}"
        );
    }
    assert_ne!(sealed, ours.seal(Purpose::Accepted, b"jar").unwrap());
}

#[test]
fn records_do_not_change_places() {
    let entropy = Arc::new(SystemEntropy::default());
    let seal = RecordSeal::new(&MasterKey::new([9; 32]), entropy.clone()).unwrap();
    let sealed = seal.seal(b"account/a", b"secret").unwrap();
    assert_eq!(
        seal.open(b"account/a", &sealed).unwrap().as_slice(),
        b"secret"
    );
    assert!(seal.open(b"account/b", &sealed).is_none());
    let other = RecordSeal::new(&MasterKey::new([8; 32]), entropy).unwrap();
    assert!(other.open(b"account/a", &sealed).is_none());
}

#[test]
fn the_key_file_text_is_read_back_and_nothing_else_is() {
    let key = MasterKey::new([5; 32]);
    let text = key.to_file_text();
    assert_eq!(MasterKey::from_file_text(&text).unwrap().0, key.0);
    for bad in [
        "",
        "gerbang-key-1 ",
        "gerbang-key-2 AAAA",
        "gerbang-key-1 AAAA",
    ] {
        assert!(MasterKey::from_file_text(bad).is_none());
    }
    assert_eq!(format!("{key:?}"), "MasterKey(..)");
}

#[test]
fn upstream_keys_survive_the_epoch_but_not_the_site() {
    let key = seals("a", 1).upstream_key(b"id");
    assert_eq!(key, seals("a", 2).upstream_key(b"id"));
    assert_ne!(key, seals("b", 1).upstream_key(b"id"));
}
