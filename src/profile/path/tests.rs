use super::*;
use proptest::prelude::*;

#[test]
fn what_is_refused_and_why() {
    use PathProblem::*;
    let cases: &[(&[u8], PathProblem)] = &[
        (b"", NotAbsolute),
        (b"*", NotAbsolute),
        (b"eproc4", NotAbsolute),
        (b"http://host/eproc4", NotAbsolute),
        (b"/a\0", Control),
        (b"/a\r\n", Control),
        (b"/\x7f", Control),
        (b"/\xc0\xaf", NonAscii),
        ("/é".as_bytes(), NonAscii),
        (b"/a b", Delimiter),
        (b"/a?b", Delimiter),
        (b"/a#b", Delimiter),
        (b"/a\\b", Backslash),
        (b"/a;b", Semicolon),
        (b"//", DoubleSlash),
        (b"/a//b", DoubleSlash),
        (b"/.", DotSegment),
        (b"/a/..", DotSegment),
        (b"/a/./b", DotSegment),
        (b"/%2e/a", DotSegment),
        (b"/a/%2E%2e/b", DotSegment),
        (b"/a/.%2e", DotSegment),
        (b"/a/%252e%252e/b", DotSegment),
        (b"/a/..%3bx/b", DotSegment),
        (b"/a%2fb", EncodedSeparator),
        (b"/a%2Fb", EncodedSeparator),
        (b"/a%5cb", EncodedSeparator),
        (b"/a%252fb", EncodedSeparator),
        (b"/a%25252fb", EncodedSeparator),
        (b"/a%25%32%66b", EncodedSeparator),
        (b"/a%00", EncodedNul),
        (b"/a%2500", EncodedNul),
        (b"/a%", BadPercent),
        (b"/a%2", BadPercent),
        (b"/a%2/", BadPercent),
        (b"/a%zz", BadPercent),
        (b"/a%u0041", BadPercent),
        (b"/a%2525252525252541", BadPercent),
    ];
    for (path, problem) in cases {
        assert_eq!(
            refuse(path),
            Some(*problem),
            "{}",
            String::from_utf8_lossy(path)
        );
    }
}

#[test]
fn ordinary_paths_are_not_refused() {
    for path in [
        "/",
        "/eproc4",
        "/eproc4/lelang/123/jadwal",
        "/a/",
        "/a.b/.c/d..",
        "/...",
        "/a%20b",
        "/50%25",
        "/a%c3%a9",
        "/%41",
        "/a%3bb",
        "/~x/!$&'()*+,=:@",
        "/a<b>",
        "/a%25zz",
    ] {
        assert_eq!(refuse(path.as_bytes()), None, "{path}");
    }
}

#[test]
fn canonical_spelling() {
    for path in [
        "/",
        "/eproc4/lelang",
        "/a%20b",
        "/a%C3%A9",
        "/a%3B",
        "/~x/a,b=c@d",
    ] {
        assert!(is_canonical(path.as_bytes()), "{path}");
    }
    for (path, spelled) in [
        ("/%41", "/A"),
        ("/a%c3", "/a%C3"),
        ("/%7e", "/~"),
        ("/a%2Db", "/a-b"),
    ] {
        assert!(!is_canonical(path.as_bytes()), "{path}");
        assert_eq!(canonical(path.as_bytes()).unwrap(), spelled.as_bytes());
    }
    for path in [
        "/a<b", "/a\"b", "/a^b", "/a{b}", "/a|b", "/a`b", "//", "/a;b", "", "/a/../b",
    ] {
        assert!(!is_canonical(path.as_bytes()), "{path}");
        assert_eq!(canonical(path.as_bytes()), None, "{path}");
    }
}

#[test]
fn folding_sees_through_encoding_and_case() {
    for spelled in [
        "/login",
        "/LOGIN",
        "/Login/",
        "/%6cogin",
        "/%4Cogin",
        "/%256cogin",
        "/%25%36%63ogin",
        "/log%C4%B1n",
        "/LOG%C4%B0N",
        "/login//",
    ] {
        assert_eq!(&*folded(spelled.as_bytes()), b"/login", "{spelled}");
    }
    assert_eq!(&*folded("/\u{212a}e\u{17f}".as_bytes()), b"/kes");
    assert_eq!(&*folded(b"/"), b"");
    assert_ne!(&*folded(b"/login2"), b"/login");
}

proptest! {
    #[test]
    fn the_canonical_spelling_is_canonical(path in "/([a-z.~/%2541]|%[0-9a-fA-F]{2}|[ -~]){0,30}") {
        if let Some(spelled) = canonical(path.as_bytes()) {
            prop_assert_eq!(canonical(&spelled), Some(spelled.clone()));
            prop_assert!(is_canonical(&spelled));
            prop_assert_eq!(folded(&spelled), folded(path.as_bytes()));
        }
    }

    #[test]
    fn canonical_and_is_canonical_agree(path in "/(%[0-9a-f]{2}|[ -~]){0,20}") {
        let same = canonical(path.as_bytes()).is_some_and(|spelled| spelled == path.as_bytes());
        prop_assert_eq!(is_canonical(path.as_bytes()), same);
    }

    #[test]
    fn folding_is_idempotent(path in "/([a-zA-Z/]|%[2-7][0-9a-fA-F]){0,20}") {
        let once = folded(path.as_bytes()).into_owned();
        // Deeper encodings than are seen through are refused before anything is decided.
        prop_assume!(refuse(path.as_bytes()) != Some(PathProblem::BadPercent));
        prop_assert_eq!(&*folded(&once), &*once);
    }

    #[test]
    fn any_bytes_are_judged(path in prop::collection::vec(any::<u8>(), 0..60)) {
        let canonical = is_canonical(&path);
        prop_assert!(!(canonical && refuse(&path).is_some()));
        let _ = folded(&path);
    }
}
