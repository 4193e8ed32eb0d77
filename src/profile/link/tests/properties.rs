//! Pages of all kinds, in pieces of all sizes.

use super::*;
use proptest::prelude::*;

/// Pieces that odd pages are made of.
fn piece() -> impl Strategy<Value = String> {
    let fixed = [
        BLOCK,
        BLOCK,
        FORM_LINK,
        "</span>",
        "<span>",
        "text",
        " ",
        "<",
        ">",
        "/",
        "\"",
        "'",
        "=",
        "-",
        "--",
        "-->",
        "<!--",
        "<!-->",
        "<!",
        "<?",
        "</",
        "</p",
        "<p>",
        "</p>",
        "<p ",
        "title=",
        "<p title=\"",
        "<p a='",
        "<br/>",
        "<script>",
        "</script>",
        "</script",
        "<style>",
        "</style>",
        "<textarea>",
        "</textarea>",
        "<title>",
        "</title>",
        "<svg>",
        "</svg>",
        "<path/>",
        "<select>",
        "</select>",
        "<option>",
        "<input>",
        "<xmp>",
        "</xmp>",
        "&lt;",
        "\u{e9}",
        "\0",
        "\n",
        "<noscript>",
        "</noscript>",
        "<![CDATA[",
        "]]>",
    ];
    prop_oneof![
        8 => prop::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        1 => "[ -~]{0,6}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// However a page comes in pieces, the same bytes go down, and without the link they are the
    /// page's.
    #[test]
    fn pieces_do_not_matter(
        page in prop::collection::vec(piece(), 0..14).prop_map(|pieces| pieces.concat()),
        sizes in prop::collection::vec(1usize..30, 1..8),
    ) {
        for profile in [spse(), by_selector()] {
            for (writer, link) in [(status as fn(&Profile) -> LinkWriter, STATUS), (reset, RESET)] {
                let whole = written(writer(&profile), page.as_bytes(), &[page.len().max(1)]);
                let pieces = written(writer(&profile), page.as_bytes(), &sizes);
                prop_assert_eq!(&whole, &pieces);
                let text = String::from_utf8(whole.0).unwrap();
                if whole.1 {
                    prop_assert_eq!(text.replacen(link, "", 1), page.clone());
                } else {
                    prop_assert_eq!(text, page.clone());
                }
            }
        }
    }

    /// Marker and selector name the same place, unless the search by bytes says that it cannot tell.
    #[test]
    fn marker_and_selector_give_the_same_bytes(
        page in prop::collection::vec(piece(), 0..14).prop_map(|pieces| pieces.concat()),
    ) {
        // The whole element, as the selector means it.
        let spse = BUILTIN[0].1.replace("marker = \"Lupa Password?</a>\"", &format!("marker = '{FORM_LINK}'"));
        let spse = Profile::parse(&spse, "/eproc4").unwrap();
        for make in [status as fn(&Profile) -> LinkWriter, reset] {
            let mut by_bytes = make(&spse);
            let mut got = by_bytes.feed(Some(Bytes::from(page.clone())), false).unwrap_or_default().to_vec();
            let unsure = matches!(by_bytes.looking, Looking::GivenUp);
            got.extend(by_bytes.feed(None, true).unwrap_or_default());
            let selected = written(make(&by_selector()), page.as_bytes(), &[page.len().max(1)]);
            if unsure {
                prop_assert_eq!(String::from_utf8(got).unwrap(), page.clone());
            } else {
                prop_assert_eq!((got, by_bytes.wrote()), selected);
            }
        }
    }

    /// Nothing that a page can hold makes it panic.
    #[test]
    fn no_bytes_panic(page in prop::collection::vec(any::<u8>(), 0..300), size in 1usize..50) {
        for profile in [spse(), by_selector()] {
            let (got, _) = written(status(&profile), &page, &[size]);
            prop_assert_eq!(got, page.clone());
        }
    }
}
