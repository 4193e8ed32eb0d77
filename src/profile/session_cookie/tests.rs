use super::*;
use proptest::prelude::*;

fn signed() -> SessionCookie {
    SessionCookie {
        name: "SPSE_SESSION".into(),
        kind: CookieKind::SignedPairs(SignedPairs {
            separator: b'-',
            id_key: "___ID".into(),
            noise_keys: vec!["___TS".into()],
            anonymous_keys: vec!["___AT".into(), "___TS".into(), "___ID".into()],
        }),
    }
}

fn opaque() -> SessionCookie {
    SessionCookie {
        name: "SID".into(),
        kind: CookieKind::Opaque,
    }
}

/// A value with 40 hex digits before the pairs.
fn value(pairs: &str) -> Vec<u8> {
    format!("{}-{pairs}", "0a".repeat(20)).into_bytes()
}

const ANONYMOUS: &str = "___AT=abc&___TS=1700000000000&___ID=1b4e28ba-2fa1-11d2-883f-0016d3cca427";

#[test]
fn the_id_is_the_value_of_its_key_exactly_once() {
    let cookie = signed();
    let id = b"1b4e28ba-2fa1-11d2-883f-0016d3cca427".as_slice();
    assert_eq!(cookie.id(&value(ANONYMOUS)), Some(id));
    let moved = value("___ID=x-y%3D&user=a");
    assert_eq!(cookie.id(&moved), Some(b"x-y%3D".as_slice()));
    let quoted = [b"\"".as_slice(), &value(ANONYMOUS), b"\""].concat();
    assert_eq!(cookie.id(&quoted), Some(id));
    for pairs in [
        "___AT=a",
        "___ID=",
        "___ID=a&___ID=b",
        "___ID=a&___ID=a",
        "___id=a",
        "___ID=a&%5F__ID=b",
        "",
        "___ID",
    ] {
        assert_eq!(cookie.id(&value(pairs)), None, "{pairs}");
    }
    for bad in ["", "x", "___ID=a", "-___ID=a", "a b-___ID=a", "\"", "\"\""] {
        assert_eq!(cookie.id(bad.as_bytes()), None, "{bad}");
    }
    assert_eq!(opaque().id(b"abc"), Some(b"abc".as_slice()));
    assert_eq!(opaque().id(b""), None);
}

#[test]
fn the_substance_leaves_signature_noise_and_order_out() {
    let cookie = signed();
    let one = value("___TS=1&b=2&___ID=i");
    let other = [b"ffff-".as_slice(), b"___ID=i&___TS=999&b=2"].concat();
    assert_eq!(cookie.substance(&one), b"___ID=i&b=2");
    assert_eq!(cookie.substance(&one), cookie.substance(&other));
    assert_ne!(
        cookie.substance(&one),
        cookie.substance(&value("___ID=i&b=3"))
    );
    assert_eq!(cookie.substance(b"no pairs"), b"no pairs");
    assert_eq!(cookie.substance(&value("a=1&a=2")), value("a=1&a=2"));
    assert_eq!(opaque().substance(b"abc"), b"abc");
}

#[test]
fn what_is_no_evidence() {
    let cookie = signed();
    let sent = value(ANONYMOUS);
    for (sent, answered) in [
        (None, value(ANONYMOUS)),
        (None, Vec::new()),
        (None, value("")),
        (Some(&sent), sent.clone()),
        (
            Some(&sent),
            value(&ANONYMOUS.replace("1700000000000", "1700000001000")),
        ),
        (
            Some(&sent),
            value("___ID=1b4e28ba-2fa1-11d2-883f-0016d3cca427&___TS=9&___AT=abc"),
        ),
        // A further anonymous key, when a first form was shown.
        (
            Some(&value("___ID=i&___TS=1")),
            value("___ID=i&___TS=2&___AT=new"),
        ),
        // Equally in both: known since the login.
        (
            Some(&value("___ID=i&userid=PPK2")),
            value("___ID=i&userid=PPK2&___TS=3"),
        ),
    ] {
        assert!(
            !cookie.differs(sent.map(Vec::as_slice), &answered),
            "{sent:?} {answered:?}"
        );
    }
    assert!(!opaque().differs(Some(b"a"), b"a"));
    assert!(!opaque().differs(None, b""));
}

#[test]
fn what_is_evidence() {
    let cookie = signed();
    let sent = value(ANONYMOUS);
    let cases: Vec<(Option<&Vec<u8>>, Vec<u8>)> = vec![
        // A foreign key: mode "in the cookie".
        (None, value("___ID=i&userid=PPK2")),
        (Some(&sent), value(&format!("{ANONYMOUS}&userid=PPK2"))),
        (Some(&sent), value(&format!("{ANONYMOUS}&%5F_x=1"))),
        (None, value("___id=i")),
        // Another id: mode "new id at login".
        (Some(&sent), value("___AT=abc&___TS=1&___ID=another")),
        (
            Some(&sent),
            value("___AT=other&___ID=1b4e28ba-2fa1-11d2-883f-0016d3cca427"),
        ),
        // An id where there was none.
        (Some(&sent), value("___AT=abc")),
        // Keys that are gone.
        (Some(&sent), Vec::new()),
        // Another user under the same key.
        (None, b"garbage".to_vec()),
        (Some(&sent), b"garbage".to_vec()),
        (Some(&sent), value("___ID=a&___ID=b")),
        (None, value("___ID=a&___ID=a")),
        (None, value("novalue")),
    ];
    for (sent, answered) in cases {
        assert!(
            cookie.differs(sent.map(Vec::as_slice), &answered),
            "{sent:?} {answered:?}"
        );
    }
    let old = value("___ID=i&userid=A");
    assert!(cookie.differs(Some(&old), &value("___ID=i&userid=B")));
    assert!(cookie.differs(Some(&value("___AT=a")), &value("___AT=a&___ID=new")));
    assert!(cookie.differs(Some(b"garbage"), &value(ANONYMOUS)));
    assert!(opaque().differs(Some(b"a"), b"b"));
    assert!(opaque().differs(None, b"b"));
    assert!(opaque().differs(Some(b"a"), b""));
}

proptest! {
    #[test]
    fn equal_substance_is_never_evidence(a in "[0-9]{1,13}", b in "[0-9]{1,13}", extra in "(&[a-z]{1,4}=[a-z%0-9]{0,4})?") {
        let cookie = signed();
        let old = value(&format!("___ID=i&___TS={a}{extra}"));
        let new = value(&format!("___TS={b}{extra}&___ID=i"));
        prop_assert_eq!(cookie.substance(&old), cookie.substance(&new));
        prop_assert!(!cookie.differs(Some(&old), &new));
    }

    #[test]
    fn another_substance_is_evidence(old in "([a-c_]{1,3}=[xy]?&?){0,4}", new in "([a-c_]{1,3}=[xy]?&?){0,4}") {
        let cookie = signed();
        let (old, new) = (value(&old), value(&new));
        if cookie.substance(&old) != cookie.substance(&new) {
            prop_assert!(cookie.differs(Some(&old), &new));
        }
    }

    #[test]
    fn any_bytes_are_read(sent in prop::collection::vec(any::<u8>(), 0..40), new in prop::collection::vec(any::<u8>(), 0..40)) {
        for cookie in [signed(), opaque()] {
            let _ = (cookie.id(&new), cookie.substance(&new), cookie.differs(None, &new));
            let _ = cookie.differs(Some(&sent), &new);
        }
    }
}
