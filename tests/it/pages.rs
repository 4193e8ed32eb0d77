//! Every sample of every page in both languages: as it looks, and what it may never hold.

mod hostile;

use gerbang::render::{Frame, Lang, Message, Notice, PAGE_BYTES_MAX, Page, Renderer, lint};
use std::collections::BTreeMap;

fn frame(lang: Lang) -> Frame {
    Frame {
        lang,
        site_name: "LPSE Kabupaten Contoh".to_owned(),
        base: "/eproc4/gerbang".to_owned(),
        home: "/eproc4/".to_owned(),
        loopback_banner: false,
        training: false,
        this_path: "/eproc4/gerbang/acceptor?r=AAECAwQFBgc".to_owned(),
        version: "0.1.0".to_owned(),
    }
}

fn frames(lang: Lang) -> [Frame; 3] {
    let plain = frame(lang);
    let banners = Frame {
        loopback_banner: true,
        training: true,
        this_path: format!(
            "/eproc4/gerbang/acceptor?r=AAECAwQFBgc&lang={}",
            lang.code()
        ),
        ..plain.clone()
    };
    let elsewhere = Frame {
        this_path: "/eproc4/home".to_owned(),
        ..plain.clone()
    };
    [plain, banners, elsewhere]
}

/// Asset versions change with every edit of the style sheet; snapshots do not care.
fn without_versions(renderer: &Renderer, html: &str) -> String {
    renderer.asset_names().fold(html.to_owned(), |html, name| {
        html.replace(
            renderer.asset(name).unwrap().etag.trim_matches('"'),
            "VERSION",
        )
    })
}

fn main_of(html: &str) -> &str {
    let (_, rest) = html.split_once("<main class=\"card\">").unwrap();
    rest.split_once("</main>").unwrap().0.trim()
}

#[test]
fn every_page_looks_as_before() {
    let renderer = Renderer::builtin().unwrap();
    for lang in Lang::ALL {
        let mut pages: BTreeMap<&str, String> = BTreeMap::new();
        for (name, page) in Page::samples() {
            let html = renderer.page(&page, &frame(lang)).unwrap();
            let all = pages.entry(page.name()).or_default();
            let html = without_versions(&renderer, main_of(&html));
            all.push_str(&format!("======== {name}\n{html}\n"));
        }
        for (page, html) in pages {
            insta::assert_snapshot!(format!("{page}_{}", lang.code()), html);
        }
    }
}

#[test]
fn the_frame_looks_as_before() {
    let renderer = Renderer::builtin().unwrap();
    let (_, page) = Page::samples()
        .into_iter()
        .find(|(n, _)| n == "acceptor_open")
        .unwrap();
    for lang in Lang::ALL {
        for (frame, name) in frames(lang).iter().zip(["plain", "banners", "elsewhere"]) {
            let html = without_versions(&renderer, &renderer.page(&page, frame).unwrap());
            insta::assert_snapshot!(format!("frame_{name}_{}", lang.code()), html);
        }
    }
}

#[test]
fn refusals_for_scripts_look_as_before() {
    let renderer = Renderer::builtin().unwrap();
    for lang in Lang::ALL {
        let mut all = String::new();
        for notice in Notice::all_samples() {
            let (status, retry) = (notice.status(), notice.retry_after());
            let message = Message {
                notice,
                contacts: Vec::new(),
                request_id: Some("5f3a9c01".to_owned()),
            };
            let json = renderer.json(&message, &frame(lang)).unwrap();
            all.push_str(&format!("{status} {retry:?} {json}\n"));
        }
        insta::assert_snapshot!(format!("json_{}", lang.code()), all);
    }
}

#[test]
fn every_page_is_small_closed_and_in_its_language() {
    let renderer = Renderer::builtin().unwrap();
    for lang in Lang::ALL {
        for frame in frames(lang) {
            for (name, page) in Page::samples() {
                let html = renderer.page(&page, &frame).unwrap();
                assert_eq!(lint(&html), Vec::<String>::new(), "{name}");
                assert!(html.len() < PAGE_BYTES_MAX, "{name}: {} bytes", html.len());
                assert!(
                    html.contains(&format!("<html lang=\"{}\">", lang.code())),
                    "{name}"
                );
                for meta in [
                    "name=\"viewport\"",
                    "content=\"noindex\"",
                    "content=\"no-referrer\"",
                ] {
                    assert!(html.contains(meta), "{name}: {meta}");
                }
                // An app shows one of its screens at a time.
                let screens = html.matches(" data-screen=").count().max(1);
                assert_eq!(html.matches("<h1").count(), screens, "{name}");
            }
        }
    }
    let names = renderer.asset_names();
    for name in names.filter(|name| name.ends_with(".css") || name.ends_with(".js")) {
        let asset = renderer.asset(name).unwrap();
        let text = String::from_utf8(asset.body.to_vec()).unwrap();
        // A library says in a comment where it comes from.
        let lines = text.lines().filter(|line| !line.starts_with("// "));
        let text: String = lines.collect();
        for elsewhere in ["http:", "https:", "@import", "url(", "innerHTML", "eval("] {
            assert!(!text.contains(elsewhere), "{name}: {elsewhere}");
        }
    }
}

/// What a phone loads once to have the app: its page, everything that the page names, both icons.
#[test]
fn the_app_of_the_phone_is_below_a_hundred_kilobytes() {
    let renderer = Renderer::builtin().unwrap();
    let page = Page::samples()
        .into_iter()
        .find(|(name, _)| name == "phone");
    let page = renderer.page(&page.unwrap().1, &frame(Lang::Id)).unwrap();
    let names = renderer.asset_names();
    let names =
        names.filter(|name| name.starts_with("phone/") || ["style.css", "gate.svg"].contains(name));
    let files: Vec<usize> = names
        .map(|name| renderer.asset(name).unwrap().body.len())
        .collect();
    assert_eq!(files.len(), 12);
    let all = page.len() + files.iter().sum::<usize>();
    assert!(all < 100_000, "{all} bytes");
}

#[test]
fn fields_have_labels_and_errors_are_tied_to_them() {
    let renderer = Renderer::builtin().unwrap();
    for (name, page) in Page::samples() {
        let html = renderer.page(&page, &frame(Lang::Id)).unwrap();
        let fields = html.matches(" id=\"code\"").count();
        assert_eq!(
            html.matches("<label for=\"code\">").count(),
            fields,
            "{name}"
        );
        assert_eq!(
            html.matches("autocomplete=\"one-time-code\"").count(),
            fields,
            "{name}"
        );
        if fields == 1 && html.contains("id=\"code-error\"") {
            assert!(
                html.contains("aria-describedby=\"code-error code-hint\""),
                "{name}"
            );
            assert!(html.contains(" autofocus>"), "{name}");
        }
        let counts = html.contains("id=\"countdown\"");
        assert_eq!(
            html.contains("aria-live=\"polite\""),
            counts || page.name() == "activation"
        );
        assert_eq!(
            html.contains("<noscript><meta http-equiv=\"refresh\""),
            counts,
            "{name}"
        );
        assert_eq!(html.contains("countdown.js"), counts, "{name}");
    }
}

#[test]
fn the_language_goes_along_once_it_was_chosen() {
    let renderer = Renderer::builtin().unwrap();
    let (_, page) = Page::samples()
        .into_iter()
        .find(|(n, _)| n == "acceptor_open")
        .unwrap();
    let [plain, chosen, _] = frames(Lang::En);
    let html = renderer.page(&page, &plain).unwrap();
    assert!(html.contains("action=\"/eproc4/gerbang/acceptor\""));
    assert!(html.contains("href=\"/eproc4/gerbang/acceptor?r&#x3D;AAECAwQFBgc&amp;lang&#x3D;id\""));
    let html = renderer.page(&page, &chosen).unwrap();
    assert!(html.contains("action=\"/eproc4/gerbang/acceptor?lang&#x3D;en\""));
}

/// `PAGES_TO=/some/folder cargo nextest run --run-ignored only write_samples`: files to look at.
#[test]
#[ignore = "writes files to look at in a browser"]
fn write_samples() {
    let folder = std::path::PathBuf::from(std::env::var("PAGES_TO").unwrap());
    let renderer = Renderer::builtin().unwrap();
    let assets = folder.join("eproc4/gerbang/static");
    std::fs::create_dir_all(&assets).unwrap();
    std::fs::create_dir_all(assets.join("help")).unwrap();
    for name in renderer.asset_names() {
        std::fs::write(assets.join(name), &renderer.asset(name).unwrap().body).unwrap();
    }
    for lang in Lang::ALL {
        for (name, page) in Page::samples() {
            let [plain, banners, _] = frames(lang);
            let frame = if name.ends_with("_open") {
                banners
            } else {
                plain
            };
            let file = folder.join(format!("{name}_{}.html", lang.code()));
            std::fs::write(file, renderer.page(&page, &frame).unwrap()).unwrap();
        }
    }
}
