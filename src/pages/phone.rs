//! The phone's app as files: its page, what makes it installable, and what keeps it without a network.

use super::{PageRequest, Pages, Reply, reply};
use crate::render::{Frame, Lang, Page, Phone, paths, with_lang};
use crate::seal::digest;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderName, StatusCode};
use serde_json::{Value, json};

/// What the app may do beyond other pages: ask its own server, keep itself, be installed.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none'; \
    frame-ancestors 'none'";
/// The camera, for the QR code of a number, and nothing else.
const PERMISSIONS: &str = "camera=(self), microphone=(), geolocation=(), payment=()";
/// Modules of the app, in `templates/static/`.
const MODULES: [&str; 7] = [
    "phone/app.js",
    "phone/accounts.js",
    "phone/api.js",
    "phone/keys.js",
    "phone/push.js",
    "phone/qr.js",
    "phone/scan.js",
];

/// What the app needs to know before it asks for anything.
fn app(pages: &Pages) -> Phone {
    let waker = pages.engine.waker.as_ref();
    Phone {
        push: waker
            .map(|waker| waker.key().to_owned())
            .unwrap_or_default(),
    }
}

/// The app's page. It keeps no secret, and is asked for anew each time a network is there.
pub(super) fn show(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    let frame = pages.frame_for(request);
    let reply = pages.answer(request, &Page::Phone(app(pages)), &frame, StatusCode::OK);
    let reply = reply::with_header(reply, CONTENT_SECURITY_POLICY, POLICY);
    let name = HeaderName::from_static("permissions-policy");
    let reply = reply::with_header(reply, name, PERMISSIONS);
    reply::with_header(reply, CACHE_CONTROL, "no-cache")
}

/// The service worker: its version is that of the files which it keeps, so that an update of any of them
/// is an update of it.
pub(super) fn worker(pages: &Pages) -> Option<Reply> {
    let renderer = pages.renderer();
    let base = &pages.frame.base;
    let page = format!("{base}{}", paths::PHONE);
    let mut files = vec![page.clone()];
    files.extend(Lang::ALL.iter().map(|lang| with_lang(&page, *lang)));
    let names = MODULES.iter().copied().chain(["style.css", "gate.svg"]);
    let mut kept = Vec::new();
    let mut words = serde_json::Map::new();
    for lang in Lang::ALL {
        let frame = Frame {
            lang,
            ..pages.frame.clone()
        };
        let html = renderer.page(&Page::Phone(app(pages)), &frame).ok()?;
        kept.extend_from_slice(html.as_bytes());
        let said = renderer.wake_words(lang).ok()?;
        kept.extend_from_slice(said.to_string().as_bytes());
        words.insert(lang.code().to_owned(), said);
    }
    for name in names {
        kept.extend_from_slice(&renderer.asset(name)?.body);
        files.push(format!("{base}{}{name}", paths::STATIC));
    }
    let version = data_encoding::HEXLOWER.encode(&digest(&[&kept])[..8]);
    let worker = renderer.asset("phone/worker.js")?;
    let text = std::str::from_utf8(&worker.body).ok()?;
    let files = files.iter().map(|file| json!(file).to_string());
    let files: Vec<String> = files.collect();
    let text = text
        .replace("{version}", &version)
        .replace("{files}", &files.join(", "))
        .replace("{words}", &Value::Object(words).to_string())
        .replace(
            "{icon}",
            &format!("{base}{}phone/icon-192.png", paths::STATIC),
        );
    let reply = reply::html(StatusCode::OK, text);
    let reply = reply::with_header(reply, CONTENT_TYPE, "text/javascript; charset=utf-8");
    // A worker asks under the policy of its own file.
    let reply = reply::with_header(reply, CONTENT_SECURITY_POLICY, POLICY);
    Some(reply::with_header(reply, CACHE_CONTROL, "no-cache"))
}

/// What a browser needs to put the app among the others of the phone (W3C Web Application Manifest).
pub(super) fn manifest(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    let frame = pages.frame_for(request);
    let start = with_lang(&format!("{}{}", frame.base, paths::PHONE), frame.lang);
    let icon = |name: &str, sizes: &str, kind: &str| {
        json!({ "src": format!("{}{}{name}", frame.base, paths::STATIC), "sizes": sizes, "type": kind,
            "purpose": "any maskable" })
    };
    let manifest = json!({
        "name": format!("Authenticator {}", frame.site_name),
        "short_name": "Authenticator",
        "lang": frame.lang.code(),
        "id": format!("{}{}", frame.base, paths::PHONE),
        "start_url": start,
        "scope": format!("{}{}", frame.base, paths::PHONE),
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#0f766e",
        "icons": [
            icon("phone/icon-192.png", "192x192", "image/png"),
            icon("phone/icon-512.png", "512x512", "image/png"),
        ],
    });
    let reply = reply::json(StatusCode::OK, manifest.to_string());
    let reply = reply::with_header(reply, CONTENT_TYPE, "application/manifest+json");
    reply::with_header(reply, CACHE_CONTROL, "no-cache")
}
