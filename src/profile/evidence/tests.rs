use super::*;
use crate::profile::tests::spse;
use proptest::prelude::*;

const FORM: Option<&[u8]> = Some(b"application/x-www-form-urlencoded");
const PARTS: Option<&[u8]> = Some(b"multipart/form-data; boundary=x");

fn scan(content_type: Option<&[u8]>, chunks: &[&[u8]]) -> bool {
    let mut scan = BodyScan::new(&spse(), content_type, None).unwrap();
    let mut found = false;
    for chunk in chunks {
        found = scan.feed(chunk);
    }
    assert_eq!(scan.feed(b""), found, "an empty chunk changes nothing");
    found
}

/// Whole, byte by byte, and in two pieces cut everywhere: always the same verdict.
fn judged(content_type: Option<&[u8]>, body: &[u8]) -> bool {
    let whole = scan(content_type, &[body]);
    let bytes: Vec<&[u8]> = body.chunks(1).collect();
    assert_eq!(scan(content_type, &bytes), whole, "byte by byte");
    for cut in 0..=body.len() {
        let (one, other) = body.split_at(cut);
        assert_eq!(scan(content_type, &[one, other]), whole, "cut at {cut}");
    }
    whole
}

#[test]
fn bodies_that_hand_in_a_password() {
    for body in [
        "txtUserId=PPK2&txtPassword=x",
        "txt%50assword=x",
        "txt%2550assword=x",
        "%74%78%74%50%61%73%73%77%6F%72%64",
        r#"{"txtUserId":"a","txtPassword":"b"}"#,
        r#"{"txt\u0050assword":"b"}"#,
        "_charset_=UTF-16BE&%00t=1",
        "--x\r\nContent-Disposition: form-data; name=\"txtPassword\"\r\n\r\nx\r\n--x--",
        "--x\r\nContent-Disposition: form-data; name=txt\\Password\r\n\r\nx\r\n--x--",
    ] {
        assert!(judged(FORM, body.as_bytes()), "{body}");
        assert!(scan(None, &[body.as_bytes()]), "without a type: {body}");
        assert!(scan(PARTS, &[body.as_bytes()]), "as parts: {body}");
    }
}

#[test]
fn parts_named_in_ways_of_mail() {
    for header in [
        "Content-Disposition: form-data; name=\"=?UTF-8?B?dHh0UGFzc3dvcmQ=?=\"",
        "content-disposition: FORM-DATA; name=\"=?utf-8?q?txt=50assword?=\"",
        "Content-Disposition: form-data;\r\n\tname==?us-ascii?Q?txt=50assword?=",
        "Content-Disposition: form-data; name*=utf-8''txt%50",
        "Content-Disposition: form-data; NAME*0=\"txt\"; name*1=\"Pass\"",
        "Content-Disposition: fform-data; name*=x",
        "Content-Disposition: form-data;                                       x=y; name*=x",
    ] {
        let body = format!("--x\r\n{header}\r\n\r\nvalue\r\n--x--\r\n");
        assert!(judged(PARTS, body.as_bytes()), "{header}");
        assert!(
            !scan(FORM, &[body.as_bytes()]),
            "only where parts are read: {header}"
        );
    }
    let far = format!(
        "form-data;{}name*=x",
        " ".repeat(PART_HEADER_BYTES_MAX - 100)
    );
    assert!(scan(PARTS, &[far.as_bytes()]));
}

#[test]
fn bodies_that_hand_in_nothing() {
    for body in [
        "",
        "authenticityToken=abc&draw=1&search%5Bvalue%5D=password",
        r#"{"a":"b\"\\\u00e9"}"#,
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename*=utf-8''a.pdf\r\n\r\n\x25PDF \\ % =?x\r\n--x--",
        "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nname*= and =?utf-8?B?eA==?= in a value\r\n--x--",
        "--x\r\nContent-Disposition: attachment; name=\"=?utf-8?B?eA==?=\"\r\n\r\nmail within\r\n--x--",
        "--x\r\nContent-Disposition: form-data; name=\"a=?b=?c\"\r\n\r\n\r\n--x--",
    ] {
        assert!(!judged(PARTS, body.as_bytes()), "{body}");
    }
}

#[test]
fn bodies_that_cannot_be_read_are_told() {
    let new = |content_type: &str, encoding: Option<&str>| {
        BodyScan::new(
            &spse(),
            Some(content_type.as_bytes()),
            encoding.map(str::as_bytes),
        )
        .map(|_| ())
    };
    for fine in [
        "",
        "text/plain",
        "application/json; charset=UTF-8",
        "a/b; charset=\"iso-8859-1\"",
        "a/b; charset=windows-1252",
        "a/b;charset=us-ascii",
    ] {
        assert_eq!(new(fine, None), Ok(()), "{fine}");
        assert_eq!(new(fine, Some("identity")), Ok(()), "{fine}");
    }
    for charset in [
        "utf-16",
        "utf-16le",
        "utf-7",
        "ibm037",
        "x-mac-roman",
        "utf-32",
        "shift_jis",
    ] {
        let found = new(
            &format!("application/x-www-form-urlencoded; charset={charset}"),
            None,
        );
        assert_eq!(found, Err(UnreadableBody::Charset(charset.into())));
    }
    for encoding in ["gzip", "br", "deflate", "identity, gzip", "zstd"] {
        assert_eq!(
            new("a/b", Some(encoding)),
            Err(UnreadableBody::Encoding(encoding.into()))
        );
    }
}

#[test]
fn what_is_kept_of_a_stream_is_bounded() {
    let mut scan = BodyScan::new(&spse(), PARTS, None).unwrap();
    let reach = scan.names.reach();
    for size in [1, 100, 3000, 65_536, 7] {
        assert!(!scan.feed(&vec![b'%'; size]));
        assert!(scan.tail.len() < reach);
    }
}

fn spelled() -> impl Strategy<Value = String> {
    prop::collection::vec(0..6u8, 11).prop_map(|choices| {
        let sign = |(sign, choice): (char, &u8)| match choice {
            0 => sign.to_string(),
            1 => sign.to_ascii_uppercase().to_string(),
            2 => format!("%{:02X}", u32::from(sign)),
            3 => format!("%25{:02x}", u32::from(sign)),
            4 => format!("\\u{:04x}", u32::from(sign)),
            _ => format!("\\{sign}"),
        };
        "txtPassword".chars().zip(&choices).map(sign).collect()
    })
}

/// Cuts a body at random places.
fn chunks<'b>(body: &'b [u8], cuts: &[prop::sample::Index]) -> Vec<&'b [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
    at.push(0);
    at.push(body.len());
    at.sort_unstable();
    at.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn a_field_is_found_wherever_it_stands_and_however_it_is_cut(
        before in prop::collection::vec(any::<u8>(), 0..5000), field in spelled(),
        behind in prop::collection::vec(any::<u8>(), 0..3000),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let body = [before.as_slice(), b"&", field.as_bytes(), behind.as_slice()].concat();
        prop_assert!(scan(PARTS, &chunks(&body, &cuts)), "{}", field);
    }

    #[test]
    fn every_chunking_has_the_same_verdict(
        body in "(txt|%50|Pass|word|%|25|\\\\u00|50|form-data|name|\\*|=\\?|utf-8|\\?|B|\r|\n|x){0,24}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let whole = scan(PARTS, &[body.as_bytes()]);
        prop_assert_eq!(scan(PARTS, &chunks(body.as_bytes(), &cuts)), whole);
        let bytes: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
        prop_assert_eq!(scan(PARTS, &bytes), whole);
    }
}
