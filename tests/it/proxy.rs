//! The way through: the public side untouched, headers for the application, bodies of any size,
//! limits and what they answer.

mod bodies;
mod limits;

use crate::support::browser::{Ask, Browser};
use crate::support::builder::Builder;
use crate::support::login::{assert_home, first, password};
use crate::support::wire::Response;
use crate::support::{World, quick};
use spse_standin::{Config, Forwarded, SessionMode, walk};

/// Headers that belong to the connection or to the moment.
const OF_THE_HOP: [&str; 3] = ["date", "connection", "keep-alive"];

/// An answer without what differs by nature: the session's value, and the hop's own headers.
fn essence(answer: &Response) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !OF_THE_HOP.contains(&name.to_ascii_lowercase().as_str()))
        .map(|(name, value)| {
            let session = value.strip_prefix("SPSE_SESSION=");
            let session = session.and_then(|rest| rest.find(';').map(|at| &rest[at..]));
            let value = session.map_or(value.clone(), |rest| format!("SPSE_SESSION=...{rest}"));
            (name.clone(), value)
        })
        .collect();
    // The order of headers with different names means nothing (RFC 9110 section 5.3).
    headers.sort_by(|one, other| one.0.cmp(&other.0));
    (answer.status, headers, answer.body.clone())
}

/// Walks the whole public side.
async fn walk_with(browser: &Browser) -> Vec<(String, Response)> {
    let mut answers = Vec::new();
    for step in walk("/eproc4") {
        let (request, answer) = browser.take(&step, None).await;
        assert!(answer.whole, "{} {} {answer:?}", step.name, request.target);
        answers.push((
            format!("{} {} {}", step.name, request.method, request.target),
            answer,
        ));
    }
    answers
}

/// Without a link of ours, and without what the link does to a header (`links.rs` has the rest).
fn bare(mut answer: Response) -> Response {
    const RESET: &str = " <a href=\"/eproc4/gerbang/reset\">Reset TOTP?</a>";
    let text = answer.text();
    if text.contains(RESET) {
        answer.body = text.replacen(RESET, "", 1).into_bytes();
        answer
            .headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case("transfer-encoding"));
        let length = answer.body.len().to_string();
        answer.headers.push(("Content-Length".to_owned(), length));
    }
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_public_side_is_byte_for_byte_what_the_application_says() {
    for (mode, ceiling) in [
        (SessionMode::ServerSide, "required"),
        (SessionMode::ServerSide, "observe"),
        (SessionMode::InCookie, "required"),
        (SessionMode::NewId, "required"),
    ] {
        let config = Config {
            frozen: true,
            ..quick(mode)
        };
        let world = World::with(config, |gateway| {
            gateway.set("policy", "ceiling", &format!("\"{ceiling}\""))
        })
        .await;
        let mut direct = world.direct();
        let through = world.browser();
        direct.host.clone_from(&through.host);
        let expected = walk_with(&direct).await;
        let got = walk_with(&through).await;
        assert_eq!(expected.len(), got.len());
        let mut linked = 0;
        for ((what, expected), (_, got)) in expected.iter().zip(got) {
            let bytes = got.body.len();
            let got = bare(got);
            linked += usize::from(bytes != got.body.len());
            let (expected, got) = (essence(expected), essence(&got));
            assert_eq!(expected.0, got.0, "{mode:?} {what}");
            assert_eq!(expected.1, got.1, "{mode:?} {what}");
            assert!(expected.2 == got.2, "{mode:?} {what}: the bodies differ");
        }
        // The forms of the login, where anybody may be asked for anything.
        assert_eq!(linked, if ceiling == "observe" { 0 } else { 3 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_forwarding_header_of_the_client_is_replaced_by_ours() {
    let world = World::start(SessionMode::ServerSide).await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    let mut spoofed = Ask::get("/lelang");
    for name in [
        "X-Forwarded-For",
        "x-forwarded-for",
        "X_Forwarded_For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Ssl",
        "X-Forwarded-Port",
        "X-Forwarded-Server",
        "Forwarded",
        "X-Real-IP",
        "X-Client-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "Front-End-Https",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Host",
        "Proxy",
    ] {
        spoofed = spoofed.with(name, "6.6.6.6");
    }
    for path in [
        "/lelang",
        "/paket",
        "/public/css/application.css",
        "/lt17?access_token=x",
        "/user/viewuser?userid=PPK301",
    ] {
        for signed_in in [true, false] {
            world.standin.clear_records();
            let mut ask = Ask {
                path: path.to_owned(),
                ..spoofed.clone()
            };
            if !signed_in {
                ask = ask.cookies(&Default::default());
            }
            browser.fetch(ask).await;
            for record in world.standin.records() {
                assert_eq!(
                    record.header_values("x-forwarded-for"),
                    ["127.0.0.1"],
                    "{record:?}"
                );
                assert_eq!(
                    record.header_values("x-forwarded-proto"),
                    ["http"],
                    "{record:?}"
                );
                assert_eq!(
                    record.header_values("host"),
                    [browser.host.as_str()],
                    "{record:?}"
                );
                let spoofed = record
                    .header_lines
                    .iter()
                    .any(|line| line.ends_with(b"6.6.6.6"));
                assert!(!spoofed, "{path}: {record:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_are_sent_with_the_same_headers_as_everything_else() {
    let world = World::start(SessionMode::ServerSide).await;
    let mut browser = world.browser();
    browser
        .always
        .push(("X-Forwarded-For".to_owned(), "6.6.6.6".to_owned()));
    browser
        .always
        .push(("X-Forwarded-Host".to_owned(), "jahat.example".to_owned()));
    password(&browser, "PPK301").await;
    assert_eq!(world.standin.access_log("PPK301"), ["127.0.0.1"]);
    let posts = world.sent("/login");
    assert!(posts.iter().any(|r| r.method == "POST"), "{posts:?}");
    for record in posts {
        assert_eq!(record.header_values("x-forwarded-host"), [] as [String; 0]);
        assert_eq!(record.header_values("host"), [browser.host.as_str()]);
        assert_eq!(
            record.header_values("user-agent"),
            ["Mozilla/5.0 (uji)"],
            "{record:?}"
        );
        assert_eq!(
            record.header_values("content-length").len().min(1),
            record.header_values("content-length").len()
        );
        assert!(record.header_values("cookie").len() <= 1, "{record:?}");
    }
}

fn behind_a_web_server(gateway: Builder) -> Builder {
    gateway
        .set("", "trusted_proxies", "[\"127.0.0.1\", \"10.0.0.0/8\"]")
        .set("site", "public_url", "\"https://spse.contoh.go.id/eproc4\"")
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_web_server_the_rightmost_untrusted_address_is_the_client() {
    let world = World::with(quick(SessionMode::ServerSide), behind_a_web_server).await;
    let mut browser = world.browser();
    browser.host = "spse.contoh.go.id".to_owned();
    for (sent, address) in [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        ("203.0.113.9, ngawur", "127.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
    ] {
        world.standin.clear_records();
        let answer = browser
            .fetch(Ask::get("/lelang").with("X-Forwarded-For", sent))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let record = world.standin.records().pop().unwrap();
        assert_eq!(record.header_values("x-forwarded-for"), [address], "{sent}");
        assert_eq!(
            record.header_values("x-forwarded-proto"),
            ["https"],
            "{sent}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_of_the_application_lead_to_the_public_address() {
    let config = Config {
        forwarded: Forwarded::Off,
        ..quick(SessionMode::ServerSide)
    };
    let world = World::with(config, behind_a_web_server).await;
    let mut browser = world.browser();
    browser.host = "spse.contoh.go.id".to_owned();
    // The application does not know that TLS ends in front of it.
    let answer = browser.get("/loginpass").await;
    assert_eq!(answer.status, 302, "{answer:?}");
    assert_eq!(
        answer.header("location"),
        "https://spse.contoh.go.id/eproc4/",
        "{answer:?}"
    );
    let answer = password(&browser, "PPK301").await;
    assert!(
        answer
            .location()
            .starts_with("/eproc4/gerbang/activation?r="),
        "{answer:?}"
    );
    let own: Vec<String> = browser
        .jar()
        .into_keys()
        .filter(|name| name.contains("gerbang"))
        .collect();
    assert!(
        own.iter().all(|name| name.starts_with("__Host-")),
        "{own:?}"
    );
    for line in answer
        .all("set-cookie")
        .iter()
        .filter(|line| line.contains("gerbang"))
    {
        assert!(
            line.contains("; Secure") && line.contains("HttpOnly") && line.contains("SameSite=Lax"),
            "{line}"
        );
    }
    browser.host = "localhost".to_owned();
    assert_eq!(browser.get("/").await.status, 421);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_made_for_one_user_are_kept_by_no_cache() {
    let world = World::start(SessionMode::ServerSide).await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    for path in [
        "/paket",
        "/dt/paket-ppk",
        "/paket/unduh.csv",
        "/dokumen/unduh/1",
        "/user/viewuser?userid=PPK301",
    ] {
        let answer = browser.get(path).await;
        let control = answer.header("cache-control");
        assert!(
            control.contains("no-store") || control.contains("no-cache"),
            "{path} {answer:?}"
        );
        let fresh = world.browser().get(path).await;
        assert!(!fresh.has("RAHASIA"), "{path} {fresh:?}");
    }
    assert_home(&browser, "PPK301").await;
}
