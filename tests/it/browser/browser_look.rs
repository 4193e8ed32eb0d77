//! Every sample of every page at 320 px: nothing wider than the screen. With GERBANG_PICTURES=DIR
//! pictures of some pages are written there, at three widths, light and dark.

use super::chromium::DESKTOP;
use super::person::Person;
use gerbang::pages::reply::CONTENT_SECURITY_POLICY;
use gerbang::render::{Frame, Lang, Page, Renderer};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Path to content type and body.
type Files = BTreeMap<String, (String, Vec<u8>)>;

/// Beginnings of the names of pages that pictures are taken of.
const PICTURED: [&str; 13] = [
    "proof_wrong",
    "activation_later",
    "activation_open",
    "acceptor_wrong",
    "acceptor_recovery",
    "recover_used",
    "recovered_few",
    "recovery_",
    "status_replace",
    "status_active_required",
    "disabled",
    "activated",
    "message_identity_unreadable",
];

fn name_of(name: &str, lang: Lang) -> String {
    format!("{name}-{}", lang.code())
}

fn files() -> (Vec<String>, Files) {
    let renderer = Renderer::builtin().unwrap();
    let (mut names, mut files) = (Vec::new(), Files::new());
    for lang in Lang::ALL {
        for (name, page) in Page::samples() {
            let frame = Frame {
                lang,
                site_name: "LPSE Kabupaten Contoh".to_owned(),
                base: "/eproc4/gerbang".to_owned(),
                home: "/eproc4/".to_owned(),
                loopback_banner: true,
                training: true,
                this_path: "/eproc4/gerbang/acceptor?r=AAECAwQFBgc".to_owned(),
                version: "0.1.0".to_owned(),
            };
            let html = renderer.page(&page, &frame).unwrap();
            let name = name_of(&name, lang);
            let kind = "text/html; charset=utf-8".to_owned();
            files.insert(format!("/eproc4/{name}"), (kind, html.into_bytes()));
            names.push(name);
        }
    }
    for name in ["style.css", "countdown.js", "print.js", "gate.svg"] {
        let asset = renderer.asset(name).unwrap();
        let path = format!("/eproc4/gerbang/static/{name}");
        files.insert(path, (asset.content_type.to_owned(), asset.body.to_vec()));
    }
    (names, files)
}

async fn answer(mut stream: TcpStream, files: &Files) -> Option<()> {
    let mut head = vec![0; 16 * 1024];
    let count = stream.read(&mut head).await.ok()?;
    let head = String::from_utf8_lossy(&head[..count]).into_owned();
    let path = head.split(' ').nth(1)?.split('?').next()?.to_owned();
    let empty = ("text/plain".to_owned(), Vec::new());
    let (status, (kind, body)) = match files.get(&path) {
        Some(file) => ("200 OK", file),
        None => ("404 Not Found", &empty),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Content-Security-Policy: {CONTENT_SECURITY_POLICY}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream
        .write_all(&[head.as_bytes(), body].concat())
        .await
        .ok()
}

/// Serves the pages; its address.
async fn serve(files: Files) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let files = Arc::new(files);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let files = files.clone();
            tokio::spawn(async move { answer(stream, &files).await });
        }
    });
    origin
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_a_small_screen() {
    let (names, files) = files();
    let origin = serve(files).await;
    let person = Person::elsewhere(origin, DESKTOP).await;
    person.resizes(320, 640).await;
    let mut wide = Vec::new();
    for name in &names {
        person.open(&format!("/{name}")).await;
        let widths = "return [document.documentElement.scrollWidth, window.innerWidth]";
        let widths = person.script(widths).await;
        assert_eq!(widths[1], 320, "{name}");
        if widths[0].as_u64() > Some(320) {
            wide.push(format!("{name}: {}", widths[0]));
        }
    }
    assert_eq!(wide, Vec::<String>::new());
    if let Some(folder) = std::env::var_os("GERBANG_PICTURES") {
        let shown = |name: &&String| PICTURED.iter().any(|begin| name.starts_with(begin));
        let names = names.iter().filter(shown);
        pictures(
            &person,
            names.filter(|n| n.ends_with("-id")),
            PathBuf::from(folder),
        )
        .await;
    }
    person.leaves().await;
}

async fn pictures<'n>(person: &Person, names: impl Iterator<Item = &'n String>, folder: PathBuf) {
    for name in names {
        for scheme in ["light", "dark"] {
            let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
            person
                .chromium
                .devtools("Emulation.setEmulatedMedia", media)
                .await;
            for width in [320, 768, 1280] {
                person.resizes(width, 900).await;
                person.open(&format!("/{name}")).await;
                let height = person
                    .script("return document.documentElement.scrollHeight")
                    .await;
                let height = u32::try_from(height.as_u64().unwrap()).unwrap();
                person.resizes(width, height.max(600)).await;
                let picture = person.chromium.client.screenshot().await.unwrap();
                std::fs::write(folder.join(format!("{name}-{scheme}-{width}.png")), picture)
                    .unwrap();
            }
        }
    }
}
