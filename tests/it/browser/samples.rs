//! Every sample of every page in both languages, served to a real browser with the headers of the gateway.

use gerbang::pages::reply::CONTENT_SECURITY_POLICY;
use gerbang::render::{Frame, Lang, Page, Renderer};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Path to content type and body.
type Files = BTreeMap<String, (String, Vec<u8>)>;

/// Names of all samples, their language behind them, and where they are served.
pub(super) async fn served() -> (Vec<String>, String) {
    let (names, files) = files();
    (names, serve(files).await)
}

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
            // Under the policy of other pages, and with nobody to ask for it.
            let lines = html
                .lines()
                .filter(|line| !line.starts_with("<link rel=\"manifest\""));
            let html: String = lines.flat_map(|line| [line, "\n"]).collect();
            let name = name_of(&name, lang);
            let kind = "text/html; charset=utf-8".to_owned();
            files.insert(format!("/eproc4/{name}"), (kind, html.into_bytes()));
            names.push(name);
        }
    }
    for name in renderer.asset_names() {
        let asset = renderer.asset(name).unwrap();
        let path = format!("/eproc4/gerbang/static/{name}");
        // There is nobody to ask.
        let body = match ["wait.js", "phone/app.js"].contains(&name) {
            true => &[],
            false => &asset.body[..],
        };
        files.insert(path, (asset.content_type.to_owned(), body.to_vec()));
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
