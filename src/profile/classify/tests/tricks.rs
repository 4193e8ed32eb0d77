//! What an attacker writes to make two readers of a path disagree.

use super::super::*;
use super::{get, post};
use crate::profile::tests::spse;
use proptest::prelude::*;

/// Tricks that make two readers of a path disagree: around each of these words.
fn tricks(word: &str) -> Vec<String> {
    let mut tricks = Vec::new();
    for context in ["/eproc4", ""] {
        for trick in [
            "//{}",
            "/./{}",
            "/../{}",
            "/x/../{}",
            "/{}/..",
            "/{}/../home",
            "/{}/.",
            "/{}//",
            "/{};",
            "/{};x=y",
            "/;/{}",
            "/x;/../{}",
            "/{}%00",
            "/{}%2e%2e/",
            "/{}/%2e%2e/home",
            "/{}/%2e%2e%2fhome",
            "/{}/..%2fhome",
            "/{}/..%5chome",
            "/{}\\..\\home",
            "/\\{}",
            "/%2f{}",
            "/{}%2f",
            "/{}%2fx",
            "/{}%5cx",
            "/{}/%252e%252e/home",
            "/{}/%252e%252e%252fhome",
            "/{}/..;/home",
            "/{}/..%3b/home",
            "/{}/.%2e/home",
            "/{}/%2e./home",
            "/{}%",
            "/{}%2",
            "/{}%zz",
            "/{}%u002e",
            "/{}\0",
            "/{}\n",
            "/{}\r\nX: y",
            "/{} ",
            "/ {}",
            "/{}\t",
            "/{}#x",
            "/{}?x",
            "/{}\u{ff0f}x",
            "/{}\u{2215}home",
            "/\u{c0}\u{af}{}",
            "/{}/%c0%ae%c0%ae/home%00",
            "/{}/....//home",
            "/%2e/{}",
            "/{}/%25%32%65%25%32%65/home",
        ] {
            tricks.push(format!("{context}{}", trick.replace("{}", word)));
        }
    }
    tricks
}

#[test]
fn no_trick_reaches_an_allowance() {
    let profile = spse();
    let mut tried = 0;
    for word in [
        "public",
        "lt17",
        "lelang",
        "dt/lelang",
        "lt17/download",
        "public/css/a.css",
        "login",
    ] {
        for trick in tricks(word) {
            tried += 1;
            for method in ["GET", "POST"] {
                let found = profile.classify(method, trick.as_bytes(), None);
                assert_eq!(found.lane, Lane::Other, "{method} {trick:?}");
            }
            assert!(!path::is_canonical(trick.as_bytes()), "{trick:?}");
        }
    }
    assert!(tried >= 100);
    // Spelled in another way, not refused, and no allowance either.
    for spelled in [
        "/eproc4/%70ublic/a.css",
        "/eproc4/Public/a.css",
        "/eproc4/publi%63/a.css",
        "/eproc4/LT17",
        "/eproc4/l%747",
        "/eproc4/%6ct17/x",
        "/eproc4/lelang/",
        "/eproc4/Lelang",
        "/eproc4/lelang%20",
        "/%65proc4/lelang",
        "/EPROC4/lelang",
        "/eproc4/lt17x",
        "/eproc4/publicx/a",
        "/eproc4x/public/a",
        "/x/eproc4/public/a",
        "/eproc4/lelang/1/jadwal/",
        "/eproc4/lelang/a/jadwal",
        "/eproc4/lelang/%31/jadwal",
        "/eproc4/public/%61.css",
        "/eproc4/lt17/<",
        "/eproc4/%7e",
        "/eproc4/dt/lelang%3bx",
        "/eproc4/dl/xyz",
        "/eproc4/dl/",
        "/eproc4/lt17/%c3%a9",
        "/eproc4/lelang.json",
    ] {
        assert_eq!(get(spelled).lane, Lane::Other, "{spelled}");
    }
}

proptest! {
    /// What is exempt or static lies literally below its prefix, in bytes.
    #[test]
    fn allowances_are_literal(path in "(/eproc4|/EPROC4|)(/(lt17|public|%6ct17|LT17|lelang|\\.\\.|[a-z%.;/]{0,6})){0,4}",
                              method in "(GET|POST|HEAD)") {
        let found = spse().classify(&method, path.as_bytes(), None);
        match found.lane {
            Lane::Exempt => prop_assert!(path == "/eproc4/lt17" || path.starts_with("/eproc4/lt17/")),
            Lane::Static => prop_assert!(path.starts_with("/eproc4/public/") && method != "POST"),
            Lane::Public => prop_assert!(path.starts_with("/eproc4")),
            Lane::Other => {}
        }
        if found.lane != Lane::Other {
            prop_assert!(path::is_canonical(path.as_bytes()));
            for trick in ["//", ";", "\\"] {
                prop_assert!(!path.contains(trick), "{}", path);
            }
            prop_assert!(path.split('/').all(|segment| segment != "." && segment != ".."));
        }
    }

    /// However the path of a login is spelled, it is recognised.
    #[test]
    fn a_login_path_is_never_missed(choices in prop::collection::vec(0..4u8, 9)) {
        let spelled: String = "loginpass".chars().zip(&choices).map(|(sign, choice)| match choice {
            0 => sign.to_string(),
            1 => sign.to_ascii_uppercase().to_string(),
            2 => format!("%{:02X}", u32::from(sign)),
            _ => format!("%25{:02x}", u32::from(sign.to_ascii_uppercase())),
        }).collect();
        prop_assert!(post(&format!("/eproc4/{spelled}")).login, "{}", spelled);
    }
}
