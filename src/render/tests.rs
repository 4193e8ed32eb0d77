//! Templates, words and overrides, from inside the room. What comes out is in `tests/it/pages.rs`.

use super::*;
use std::fs;
use std::path::Path;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let found = Renderer::with_overrides(folder(files).path()).unwrap_err();
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn builtin_templates_have_no_problem() {
    let renderer = Renderer::builtin().unwrap();
    assert_eq!(renderer.check(), []);
}

#[test]
fn rendering_twice_gives_the_same() {
    let (one, two) = (Renderer::builtin().unwrap(), Renderer::builtin().unwrap());
    for (name, page) in Page::samples() {
        for frame in Frame::samples() {
            assert_eq!(one.page(&page, &frame), two.page(&page, &frame), "{name}");
        }
    }
}

#[test]
fn every_sample_has_its_own_name_and_every_page_has_one() {
    let samples = Page::samples();
    let names: std::collections::BTreeSet<_> = samples.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), samples.len());
    let pages: std::collections::BTreeSet<_> = samples.iter().map(|(_, p)| p.name()).collect();
    let templates: std::collections::BTreeSet<_> = source::BUILTIN
        .iter()
        .filter_map(|(file, _)| file.strip_prefix("pages/")?.strip_suffix(".hbs"))
        .collect();
    assert_eq!(pages, templates);
}

#[test]
fn builtin_names_every_file_of_the_folder() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(
                    path.strip_prefix(&root)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }
    let pictures = pictures::PICTURES.iter();
    let pictures = pictures.map(|picture| format!("static/{}", picture.asset));
    let known: Vec<_> = source::BUILTIN
        .iter()
        .map(|(file, _)| (*file).to_owned())
        .collect();
    assert!(known.is_sorted());
    let icons = pictures::ICONS.iter();
    let icons = icons.map(|(asset, _)| format!("static/{asset}"));
    let mut known: Vec<_> = known.into_iter().chain(pictures).chain(icons).collect();
    files.sort();
    known.sort();
    assert_eq!(files, known);
}

#[test]
fn templates_hold_no_sentence() {
    for (file, text) in source::BUILTIN
        .iter()
        .filter(|(file, _)| file.ends_with(".hbs"))
    {
        let without_calls: String = text
            .split("{{")
            .map(|part| part.split_once("}}").map_or(part, |(_, t)| t))
            .collect();
        let words: String = without_calls
            .split('<')
            .map(|part| part.split_once('>').map_or(part, |(_, text)| text))
            .collect();
        assert!(
            !words.contains(char::is_alphabetic),
            "{file}: {}",
            words.trim()
        );
        for attribute in ["aria-label=\"", "title=\"", "placeholder=\"", " alt=\""] {
            for (at, found) in text.match_indices(attribute) {
                let rest = &text[at + found.len()..];
                assert!(rest.starts_with(['"', '{']), "{file}: {attribute}");
            }
        }
    }
}

#[test]
fn every_sentence_is_used_by_some_sample() {
    let renderer = Renderer::builtin().unwrap();
    for lang in Lang::ALL {
        let mut shown = String::new();
        for (_, page) in Page::samples() {
            for frame in Frame::samples() {
                shown.push_str(&renderer.page(&page, &Frame { lang, ..frame }).unwrap());
            }
        }
        shown.push_str(&renderer.wake_words(lang).unwrap().to_string());
        for (_, content) in MailContent::samples() {
            for head in Letterhead::samples(lang) {
                let mail = renderer.mail(&content, &head).unwrap();
                shown.push_str(&mail.html);
                shown.push_str(&handlebars::html_escape(&mail.from));
                shown.push_str(&handlebars::html_escape(&mail.to));
                shown.push_str(&handlebars::html_escape(&mail.subject));
            }
        }
        let file = format!("messages/{}.toml", lang.code());
        let source = source::BUILTIN
            .iter()
            .find(|(name, _)| *name == file)
            .unwrap()
            .1;
        for (key, literals) in words::Words::parse(&file, source).unwrap().literals() {
            for literal in literals {
                let escaped = handlebars::html_escape(literal);
                assert!(
                    shown.contains(&escaped),
                    "{file}: nobody says {key:?}: {literal:?}"
                );
            }
        }
    }
}

#[test]
fn forms_post_to_the_paths_of_the_module() {
    let mut used: Vec<&str> = source::BUILTIN
        .iter()
        .flat_map(|(_, text)| text.split("{{own \"").skip(1))
        .filter_map(|rest| rest.split_once('"').map(|(path, _)| path))
        .collect();
    used.sort_unstable();
    used.dedup();
    use paths::*;
    let mut known = [
        ACTIVATION,
        ACTIVATION_QR,
        ACTIVATION_LATER,
        ACTIVATION_PROOF,
        ACTIVATION_MAIL,
        ACCEPTOR,
        ACCEPTOR_EXTEND,
        ACCEPTOR_CANCEL,
        ACCEPTOR_SWITCH,
        ACCEPTOR_RECOVERY,
        ACCEPTOR_RESET,
        RESET,
        RESET_CONFIRM,
        RESET_DENY,
        EMAIL,
        EMAIL_CONFIRM,
        RECOVERY,
        RECOVERY_FILE,
        REPLACE,
        HELP,
        POSTER,
        STATUS,
        ENABLE,
        DISABLE,
        LOGOUT,
        PHONE,
        PHONE_API,
        PHONE_MANIFEST,
        PHONE_WORKER,
        ACCEPTOR_PHONE,
        ACTIVATION_PHONE,
    ];
    known.sort_unstable();
    assert_eq!(used, known);
}

#[test]
fn an_override_replaces_one_file_or_one_sentence() {
    let dir = folder(&[
        (
            "messages/id.toml",
            "[activated]\ndone = \"TOTP <b>aktif</b>.\"\n",
        ),
        ("static/style.css", "body { color: red }"),
        (
            "pages/confirm_logout.hbs",
            "{{#> layout}}<p>{{page.user_id}}</p>{{/layout}}",
        ),
        (".gitignore", "*"),
    ]);
    let renderer = Renderer::with_overrides(dir.path()).unwrap();
    let builtin = Renderer::builtin().unwrap();
    let [frame, _] = Frame::samples();
    let sample = |name: &str| {
        Page::samples()
            .into_iter()
            .find(|(n, _)| n == name)
            .unwrap()
            .1
    };
    let html = renderer.page(&sample("activated_first"), &frame).unwrap();
    assert!(html.contains("TOTP &lt;b&gt;aktif&lt;/b&gt;."));
    let html = renderer.page(&sample("confirm_logout"), &frame).unwrap();
    assert!(html.contains("<p>PPK2</p>"));
    let (ours, theirs) = (
        renderer.asset("style.css").unwrap(),
        builtin.asset("style.css").unwrap(),
    );
    assert_ne!(ours.etag, theirs.etag);
    assert!(html.contains(ours.etag.trim_matches('"')));
    let english = Frame {
        lang: Lang::En,
        ..frame
    };
    assert_eq!(
        renderer
            .page(&sample("disabled_required"), &english)
            .map(|html| html.len()),
        builtin
            .page(&sample("disabled_required"), &english)
            .map(|html| html.len()),
    );
}

#[test]
fn all_problems_of_a_folder_are_told_at_once() {
    let found = problems(&[
        ("messages/id.toml", "[acceptor]\n\nsubmitt = \"Masuk\"\n"),
        (
            "messages/en.toml",
            "[acceptor]\nextend_left = \"No slot\"\n",
        ),
        (
            "pages/acceptor.hbs",
            "{{#> layout}}\n{{#if page.open}}\n{{/layout}}\n",
        ),
        (
            "pages/disabled.hbs",
            "{{#> layout}}\n{{{page.user_id}}}\n{{/layout}}\n",
        ),
        (
            "pages/status.hbs",
            "\n\n{{~& page.login}}{{~{page.login}~}}",
        ),
    ]);
    let has = |start: &str| found.iter().any(|line| line.starts_with(start));
    assert!(
        has(
            "messages/id.toml: unknown message \"acceptor.submitt\" (did you mean \"acceptor.submit\"?)"
        ),
        "{found:#?}"
    );
    assert!(
        has("messages/en.toml: message \"acceptor.extend_left\" needs the slots of"),
        "{found:#?}"
    );
    assert!(has("pages/acceptor.hbs:"), "{found:#?}");
    assert!(
        has("pages/disabled.hbs:2: text is never written unescaped"),
        "{found:#?}"
    );
    assert!(
        has("pages/status.hbs:3: text is never written unescaped"),
        "{found:#?}"
    );
}

#[test]
fn unknown_files_are_told_with_the_nearest_name() {
    let found = problems(&[("pages/acceptr.hbs", "x"), ("notes.txt", "x")]);
    assert_eq!(
        found,
        [
            "notes.txt: no page uses this file",
            "pages/acceptr.hbs: no page uses this file (did you mean \"pages/acceptor.hbs\"?)",
        ]
    );
    let huge = "x".repeat(300 * 1024);
    assert_eq!(
        problems(&[("layout.hbs", &huge)]),
        ["layout.hbs: larger than 262144 bytes"]
    );
    let missing = Path::new("/nonexistent/templates");
    assert_eq!(Renderer::with_overrides(missing).unwrap_err().len(), 1);
    let dir = folder(&[]);
    fs::write(dir.path().join("layout.hbs"), b"\xff\xfe").unwrap();
    assert_eq!(Renderer::with_overrides(dir.path()).unwrap_err().len(), 1);
}

#[test]
fn strict_mode_refuses_whatever_is_missing() {
    for (call, reason) in [
        ("{{page.nobody}}", "page.nobody"),
        ("{{#if page.nobody}}x{{/if}}", "page.nobody"),
        ("{{#unless page.nobody}}x{{/unless}}", "page.nobody"),
        ("{{#each page.nobody}}x{{/each}}", "page.nobody"),
        ("{{t \"activated.nothing\"}}", "activated.nothing"),
        ("{{t page.user_id}}", "no message"),
        ("{{t \"activated.next\"}}", "entry"),
        ("{{t \"activated.next\" entry=page.nobody}}", "page.nobody"),
        ("{{t \"activated.done\" extra=\"x\"}}", "extra"),
        ("{{say page.user_id}}", "say wants"),
        ("{{pattern \"no.such\"}}", "no.such"),
        ("{{asset \"no.css\"}}", "no.css"),
        ("{{nobody \"x\"}}", "nobody"),
        ("{{> partials/nobody}}", "partials/nobody"),
        ("<p style=\"color:red\">x</p>", "the attribute style"),
        ("<img src=\"https://elsewhere/x.png\">", "leads elsewhere"),
    ] {
        let page = format!("{{{{#> layout}}}}\n\n{call}\n{{{{/layout}}}}\n");
        let found = problems(&[("pages/disabled.hbs", &page)]);
        assert!(
            found
                .iter()
                .any(|line| line.starts_with("pages/disabled.hbs") && line.contains(reason)),
            "{call}: {found:#?}"
        );
    }
}

#[test]
fn render_errors_name_the_line_and_no_value() {
    let found = problems(&[(
        "pages/disabled.hbs",
        "{{#> layout}}\n{{page.nobody}}\n{{/layout}}",
    )]);
    assert!(
        found
            .iter()
            .all(|line| line.starts_with("pages/disabled.hbs:2: ")),
        "{found:#?}"
    );
    assert!(
        found.iter().all(|line| !line.contains("PPK2")),
        "{found:#?}"
    );
}

#[test]
fn assets_have_types_and_tags() {
    let renderer = Renderer::builtin().unwrap();
    for (name, content_type) in [
        ("style.css", "text/css; charset=utf-8"),
        ("countdown.js", "text/javascript; charset=utf-8"),
        ("print.js", "text/javascript; charset=utf-8"),
        ("gate.svg", "image/svg+xml"),
        ("help/activation.png", "image/png"),
    ] {
        let asset = renderer.asset(name).unwrap();
        assert_eq!(asset.content_type, content_type);
        assert_eq!(asset.etag.len(), 18);
        assert!(!asset.body.is_empty());
    }
    for name in [
        "",
        "style.css?v=1",
        "../style.css",
        "static/style.css",
        "layout.hbs",
    ] {
        assert_eq!(renderer.asset(name), None, "{name}");
    }
}

#[test]
fn secrets_of_an_activation_do_not_print() {
    let (_, page) = Page::samples().into_iter().next().unwrap();
    let printed = format!("{page:?}");
    for secret in ["GEZD", "otpauth://", "M4 4", "c3JmL"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    let secret = crate::primitives::SharedSecret::new([7; 20]);
    let other = SecretText::new("https://elsewhere/".to_owned());
    assert_eq!(ShownQr::new(other, &secret, 60), Err(QrError::Encoding));
}
