mod properties;

use super::*;
use crate::profile::tests::spse;
use crate::profile::{BUILTIN, Profile};

const BLOCK: &str = r#"<div class="float-right"><span title="[PPK301] - 00200301"><a href="/eproc4/user/viewuser?userid=PPK301" class="dialog">PPK KINTEK 2021</a> - Pejabat Pembuat Komitmen</span></div>"#;
const FORM_LINK: &str = r#"<a href="/eproc4/publik/lupapassword">Lupa Password?</a>"#;
const STATUS: &str = r#" | <a href="/eproc4/gerbang/">Enable TOTP</a>"#;
const RESET: &str = r#" <a href="/eproc4/gerbang/reset">Reset TOTP?</a>"#;

/// The profile with both places by selector.
fn by_selector() -> Profile {
    let text = BUILTIN[0].1;
    let text = text.replace(
        "marker = \"</span>\"\nplace",
        "selector = 'div.float-right > span[title^=\"[\"]'\nplace",
    );
    let text = text.replace(
        "marker = \"Lupa Password?</a>\"",
        "selector = 'a[href$=\"/publik/lupapassword\"]'",
    );
    Profile::parse(&text, "/eproc4").unwrap()
}

/// The profile with places before what they stand behind otherwise.
fn before(profile: &str) -> Profile {
    Profile::parse(
        &profile.replace("place = \"after\"", "place = \"before\""),
        "/eproc4",
    )
    .unwrap()
}

fn status(profile: &Profile) -> LinkWriter {
    profile.status_link(false, "/eproc4/gerbang/").unwrap()
}

fn reset(profile: &Profile) -> LinkWriter {
    profile.reset_link("/eproc4/gerbang/reset").unwrap()
}

/// What comes out of a page in pieces of these sizes, and whether the link was written.
fn written(mut writer: LinkWriter, page: &[u8], sizes: &[usize]) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let mut rest = page;
    let mut sizes = sizes.iter().copied().cycle();
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(rest.len()).clamp(1, rest.len());
        let (piece, behind) = rest.split_at(size);
        let went = writer.feed(Some(Bytes::copy_from_slice(piece)), false);
        out.extend(went.unwrap_or_default());
        rest = behind;
    }
    out.extend(writer.feed(None, true).unwrap_or_default());
    (out, writer.wrote())
}

#[track_caller]
fn gets(writer: fn(&Profile) -> LinkWriter, page: &str, wanted: &str) {
    for (profile, how) in [(spse(), "marker"), (by_selector(), "selector")] {
        for sizes in [&[page.len()][..], &[1], &[3, 1, 7], &[40]] {
            let (got, wrote) = written(writer(&profile), page.as_bytes(), sizes);
            assert_eq!(String::from_utf8_lossy(&got), wanted, "{how} {sizes:?}");
            assert_eq!(wrote, page != wanted, "{how} {sizes:?}");
        }
    }
}

fn with(page: &str, behind: &str, link: &str) -> String {
    page.replacen(behind, &format!("{behind}{link}"), 1)
}

#[test]
fn each_link_stands_behind_its_place_in_its_own_words() {
    let page = format!("<html><body><div>x</span></div>{BLOCK}<p>{BLOCK}</p></body></html>");
    gets(
        status,
        &page,
        &with(&page, "Pejabat Pembuat Komitmen</span>", STATUS),
    );
    let page = format!("<p class=\"links\"><a href=\"/\">Beranda</a> {FORM_LINK}</p>{FORM_LINK}");
    gets(reset, &page, &with(&page, FORM_LINK, RESET));
    let bound = spse().status_link(true, "/g/").unwrap();
    let (got, _) = written(bound, BLOCK.as_bytes(), &[9]);
    let got = String::from_utf8(got).unwrap();
    assert!(
        got.contains(r#"</span> | <a href="/g/">Disable TOTP</a></div>"#),
        "{got}"
    );
}

#[test]
fn the_link_may_stand_before_its_place() {
    for text in [
        BUILTIN[0].1.to_owned(),
        BUILTIN[0].1.replace(
            "marker = \"</span>\"\nplace",
            "selector = 'div.float-right > span[title^=\"[\"] > a'\nplace",
        ),
    ] {
        let profile = before(&text);
        let at = if text.contains("> span[title^=\"[\"] > a'") {
            "<a href"
        } else {
            "</span>"
        };
        let wanted = BLOCK.replacen(at, &format!("{STATUS}{at}"), 1);
        for size in 1..BLOCK.len() {
            let (got, wrote) = written(status(&profile), BLOCK.as_bytes(), &[size]);
            assert_eq!(String::from_utf8_lossy(&got), wanted, "{size}");
            assert!(wrote);
        }
    }
}

/// Where the bytes of a place stand and mean something else.
const NO_CONTENT: [(&str, &str); 19] = [
    ("<!-- ", " -->"),
    ("<!--", "--!>"),
    ("<!-- a -- b ->", "-->"),
    ("<!doctype x ", ">"),
    ("<?php ", "?>"),
    ("</ ", ">"),
    ("<script>var x = 1; ", "</script>"),
    ("<script><!-- ", " --></script>"),
    ("<script type=\"a\"/>", "</script >"),
    ("<style>", "</style\n>"),
    ("<textarea rows=2>", "</textarea>"),
    ("<TITLE>", "</Title>"),
    ("<iframe>", "</iframe>"),
    ("<noscript>", "</noscript>"),
    ("<xmp>", "</xmp>"),
    ("<p title='", "'>"),
    ("<p a=b title = '", "'>"),
    ("<p\ttitle='a>", "'/>"),
    ("<noembed></noembedx>", "</noembed x='>'>"),
];

#[test]
fn bytes_of_a_place_in_a_comment_a_script_or_an_attribute_are_none() {
    for (begin, end) in NO_CONTENT {
        let hidden = format!("{begin}{BLOCK}{end}");
        // A doctype or a broken tag ends with the first `>` of what stands in it.
        let odd = matches!(begin, "<!doctype x " | "<?php " | "</ ");
        if !odd {
            gets(status, &hidden, &hidden);
            let hidden = format!("{begin}{FORM_LINK}{end}");
            gets(reset, &hidden, &hidden);
        }
        let both = format!("{hidden}<i>{BLOCK}</i>");
        let wanted = format!("{hidden}<i>{}</i>", with(BLOCK, "</span>", STATUS));
        let whole = if odd {
            with(&both, "</span>", STATUS)
        } else {
            wanted
        };
        let (got, _) = written(status(&spse()), both.as_bytes(), &[5]);
        if odd {
            // The marker's first byte is swallowed with the broken tag, so the second block counts.
            let second = format!("{hidden}<i>{}</i>", with(BLOCK, "</span>", STATUS));
            assert_eq!(String::from_utf8_lossy(&got), second, "{begin}");
        } else {
            assert_eq!(String::from_utf8_lossy(&got), whole, "{begin}");
            gets(status, &both, &whole);
        }
    }
}

#[test]
fn what_only_a_whole_parser_could_tell_passes_as_it_is() {
    for begin in [
        "<plaintext>",
        "<frameset>",
        "<math><mi>x</mi></math>",
        "<svg><style>a</style></svg>",
        "<svg><![CDATA[ ]]></svg>",
        "<svg><foreignObject><p>x</p></foreignObject></svg>",
        "<select><xmp></select>",
        "<select><template>",
        "<script><!-- <script> </script>",
    ] {
        let page = format!("{begin}{BLOCK}");
        let (got, wrote) = written(status(&spse()), page.as_bytes(), &[7]);
        assert_eq!(String::from_utf8_lossy(&got), page, "{begin}");
        assert!(!wrote);
    }
    // The selector's parser gives these up as well.
    let page = format!("<select><xmp></select></xmp>{BLOCK}");
    let (got, wrote) = written(status(&by_selector()), page.as_bytes(), &[7]);
    assert_eq!(
        (String::from_utf8_lossy(&got).into_owned(), wrote),
        (page, false)
    );
    // A tag that may fit and does not end.
    let huge = format!("<div title=\"{}\">{BLOCK}", "x".repeat(200_000));
    let (got, wrote) = written(status(&by_selector()), huge.as_bytes(), &[9_000]);
    assert_eq!((got == huge.as_bytes(), wrote), (true, false));
}

#[test]
fn drawings_and_lists_before_the_place_do_no_harm() {
    for begin in [
        r#"<svg viewBox="0 0 1 1"><path d="M0 0"/><g><circle r=1></circle></g></svg>"#,
        "<svg/><svg><svg></svg></svg>",
        "<select name=x><option>1</option><script>a</script></select>",
        "<select><input><title>x</title>",
        "<!----><!---><!-->",
        "<p =\"x>y\">",
        "a < b <3 <",
        "\u{feff}",
    ] {
        let page = format!("{begin}{BLOCK}");
        gets(status, &page, &with(&page, "Komitmen</span>", STATUS));
    }
}

#[test]
fn no_place_no_link_and_not_another_byte() {
    for page in [
        "",
        "<html></html>",
        &BLOCK[..60],
        &BLOCK[..BLOCK.len() - 8],
        &BLOCK.replace("float-right", "FLOAT-RIGHT"),
        &BLOCK.replace("</span>", ""),
    ] {
        gets(status, page, page);
        gets(reset, page, page);
    }
    // Of UTF-16 not a byte means what it seems to.
    let wide: Vec<u8> = BLOCK.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for profile in [spse(), by_selector()] {
        assert_eq!(
            written(status(&profile), &wide, &[11]),
            (wide.clone(), false)
        );
        // Bytes that are no UTF-8 pass as they are.
        let latin = [b"<p>\xe9\xff</p>".as_slice(), BLOCK.as_bytes()].concat();
        let (got, wrote) = written(status(&profile), &latin, &[2]);
        assert!(wrote && got.starts_with(b"<p>\xe9\xff</p><div"));
    }
}

#[test]
fn the_search_ends_somewhere_and_nothing_is_withheld_then() {
    for profile in [spse(), by_selector()] {
        let mut writer = status(&profile);
        let filler = Bytes::from("<p>x</p>\n".repeat(2_000));
        let mut sent = 0;
        while sent <= SEARCHED_BYTES_MAX {
            sent += filler.len();
            assert_eq!(
                writer.feed(Some(filler.clone()), false),
                Some(filler.clone())
            );
        }
        let late = Bytes::from(BLOCK);
        assert_eq!(writer.feed(Some(late.clone()), false), Some(late));
        assert!(!writer.wrote());
    }
}

#[test]
fn behind_the_link_pieces_pass_untouched() {
    for profile in [spse(), by_selector()] {
        let mut writer = status(&profile);
        assert!(writer.feed(Some(Bytes::from(BLOCK)), false).is_some());
        assert!(writer.wrote());
        for piece in [BLOCK, "<", "<div class=\"float-right\"><span title=\"["] {
            let piece = Bytes::from(piece);
            let went = writer.feed(Some(piece.clone()), false).unwrap();
            // The very same memory.
            assert_eq!(went.as_ptr(), piece.as_ptr());
        }
        assert_eq!(writer.feed(None, true), None);
    }
}

#[test]
fn only_forms_of_the_login_get_the_link_to_the_reset() {
    let profile = spse();
    for path in [
        "/eproc4/login",
        "/eproc4/loginpass",
        "/eproc4/publik/formlogin",
    ] {
        assert!(profile.has_reset_link(path.as_bytes()), "{path}");
    }
    for path in [
        "/login",
        "/eproc4/Login",
        "/eproc4/login/",
        "/eproc4/home",
        "/eproc4/publik/selecttype",
    ] {
        assert!(!profile.has_reset_link(path.as_bytes()), "{path}");
    }
    let none = BUILTIN[0].1.split("[[links]]").next().unwrap().to_owned()
        + &BUILTIN[0].1[BUILTIN[0].1.find("[probe]").unwrap()..];
    let none = Profile::parse(&none, "/eproc4").unwrap();
    assert!(!none.has_status_link() && none.status_link(true, "/").is_none());
    assert!(!none.has_reset_link(b"/eproc4/login") && none.reset_link("/").is_none());
}
