use super::*;
use crate::profile::tests::spse;
use proptest::prelude::*;

const NEEDLE: &str = r#"<div class="float-right"><span title="["#;

fn ids(hit: MarkerHit) -> Vec<String> {
    match hit {
        MarkerHit::Users(users) => users.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// All ids of a stream in these chunks, and whether something was unreadable.
fn read(chunks: &[&[u8]]) -> (Vec<String>, bool) {
    let mut scan = MarkerScan::new(&spse());
    let mut found = Vec::new();
    let mut unreadable = false;
    for chunk in chunks {
        let hit = scan.feed(chunk);
        unreadable |= hit == MarkerHit::Unreadable;
        found.extend(ids(hit));
    }
    (found, unreadable)
}

#[test]
fn a_block_names_its_user() {
    let page = format!("<html><body>{NEEDLE}ppk301] - 002\"><a href=x>PPK</a>");
    let mut scan = MarkerScan::new(&spse());
    assert_eq!(ids(scan.feed(page.as_bytes())), ["PPK301"]);
    assert_eq!(scan.feed(b"and so on"), MarkerHit::Nothing);
}

#[test]
fn a_block_is_told_before_its_id_is_complete() {
    let mut scan = MarkerScan::new(&spse());
    assert_eq!(scan.feed(b"<body>"), MarkerHit::Nothing);
    assert_eq!(scan.feed(NEEDLE.as_bytes()), MarkerHit::LoggedIn);
    assert_eq!(scan.feed(b"PP"), MarkerHit::LoggedIn);
    assert_eq!(scan.feed(b""), MarkerHit::LoggedIn);
    assert_eq!(ids(scan.feed(b"K] x")), ["PPK"]);
}

#[test]
fn every_block_is_told() {
    let page = format!("{NEEDLE}A]..{NEEDLE}b]{NEEDLE}A]");
    assert_eq!(read(&[page.as_bytes()]).0, ["A", "B", "A"]);
    let many = format!("{NEEDLE}A]").repeat(IDS_PER_FEED_MAX + 1);
    assert_eq!(
        MarkerScan::new(&spse()).feed(many.as_bytes()),
        MarkerHit::Unreadable
    );
}

#[test]
fn entities_are_decoded() {
    for (written, id) in [
        ("A&amp;B", "A&B"),
        ("&quot;x&quot;", "\"X\""),
        ("a&#39;b&#x41;", "A'BA"),
        ("&lt;b&gt;", "<B>"),
        ("a&b", "A&B"),
        ("a&unknown;b", "A&UNKNOWN;B"),
        ("a&#xzz;b", "A&#XZZ;B"),
        ("&", "&"),
        (" a ", "A"),
    ] {
        assert_eq!(
            read(&[format!("{NEEDLE}{written}]").as_bytes()]).0,
            [id],
            "{written}"
        );
    }
}

#[test]
fn what_is_no_id_is_unreadable() {
    for bad in [
        "",
        "  ",
        "a\nb",
        "a&#0;b",
        &"x".repeat(201),
        &"y".repeat(ID_BYTES_MAX + 1),
    ] {
        let page = format!("{NEEDLE}{bad}]");
        assert_eq!(read(&[page.as_bytes()]), (Vec::new(), true), "{bad}");
        let bytes: Vec<&[u8]> = page.as_bytes().chunks(1).collect();
        assert_eq!(read(&bytes), (Vec::new(), true), "byte by byte: {bad}");
    }
    assert!(read(&[format!("{NEEDLE}a").as_bytes(), b"\xff]"]).1);
    // As many bytes as are taken at most, written with entities: still one name.
    let longest = format!("{NEEDLE}{}]", "&#65;".repeat(ID_BYTES_MAX / 5));
    assert_eq!(
        read(&[longest.as_bytes()]),
        (vec!["A".repeat(ID_BYTES_MAX / 5)], false)
    );
}

#[test]
fn what_is_no_block_is_nothing() {
    for other in [
        "",
        "<div class=\"float-right\"><span title=\"x",
        "<div class='float-right'><span title='[A]",
        "&lt;div class=\"float-right\"&gt;&lt;span title=\"[A]",
        "<DIV class=\"float-right\"><span title=\"[A]",
    ] {
        assert_eq!(
            MarkerScan::new(&spse()).feed(other.as_bytes()),
            MarkerHit::Nothing,
            "{other}"
        );
    }
}

#[test]
fn what_may_begin_a_block_is_told() {
    let mut scan = MarkerScan::new(&spse());
    let half = &NEEDLE.as_bytes()[..20];
    assert_eq!(scan.may_end_inside(), 0);
    scan.feed(b"text");
    assert_eq!(scan.may_end_inside(), 0);
    scan.feed(half);
    assert_eq!(scan.may_end_inside(), 20);
    scan.feed(b"x");
    assert_eq!(scan.may_end_inside(), 0);
    scan.feed(b"text<");
    assert_eq!(scan.may_end_inside(), 1);
    scan.feed(b"<div");
    assert_eq!(scan.may_end_inside(), 4);
    scan.feed(&NEEDLE.as_bytes()[4..]);
    assert_eq!(scan.may_end_inside(), 0);
}

proptest! {
    /// Whoever withholds what may begin a block lets no byte of a block out before it is told.
    #[test]
    fn nothing_of_a_block_gets_out(before in "(<div class=\"|<|x|float-right\"><span ){0,8}", size in 1..60usize) {
        let page = format!("{before}{NEEDLE}A] - 1");
        let at = page.find(NEEDLE).unwrap();
        let mut scan = MarkerScan::new(&spse());
        let mut fed = 0;
        let mut released = 0;
        for chunk in page.as_bytes().chunks(size) {
            if scan.feed(chunk) != MarkerHit::Nothing {
                break;
            }
            fed += chunk.len();
            released = fed - scan.may_end_inside();
        }
        prop_assert!(released <= at, "{} of {}", released, at);
        prop_assert!(fed < page.len());
    }

    #[test]
    fn every_chunking_finds_the_same(
        page in "(<div class=\"float-right\"><span title=\"\\[|<div class=\"float-|right\"><span title=\"|\\[|A|b|\\]|&amp;|<|x){0,24}",
        size in 1..50usize, cut in any::<prop::sample::Index>(),
    ) {
        let whole = read(&[page.as_bytes()]);
        let pieces: Vec<&[u8]> = page.as_bytes().chunks(size).collect();
        let (mut found, mut unreadable) = read(&pieces);
        // Where a chunk holds something unreadable its ids are not reported.
        if whole.1 || unreadable {
            (found, unreadable) = (Vec::new(), true);
            prop_assert!(whole.1 && unreadable);
        } else {
            prop_assert_eq!(&found, &whole.0);
        }
        let (one, other) = page.as_bytes().split_at(cut.index(page.len() + 1));
        prop_assert_eq!(read(&[one, other]).1, whole.1);
        let _ = (found, unreadable);
    }

    #[test]
    fn any_bytes_are_read(page in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(MarkerScan::new(&spse()).feed(&page), MarkerHit::Nothing);
    }
}
