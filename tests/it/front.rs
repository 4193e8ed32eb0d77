//! Where the gateway stands: in front with TLS of its own, and behind the real nginx and Apache with
//! the very lines of README.

mod servers;
mod tunnel;

use crate::support::browser::{Ask, Browser};
use crate::support::builder::Builder;
use crate::support::login::{again, assert_home, assert_nobody, first};
use crate::support::ports::Port;
use crate::support::{World, assert_nothing_private, eventually, find, quick};
use servers::{Front, HOST, PUBLIC_URL, Paper, curl, curl_url};
use spse_standin::{SESSION_COOKIE, SessionMode};
use std::net::SocketAddr;
use std::process::Command;
use tunnel::Tunnel;

/// A browser that reaches `server` by TLS, trusts the papers' authority and asks for [`HOST`].
async fn browser_of(world: &World, server: SocketAddr, paper: &Paper) -> Browser {
    let tunnel = Tunnel::start(server, paper).await;
    let mut browser = Browser::new(tunnel.addr(), world.gateway.ahead());
    browser.host = HOST.to_owned();
    browser
}

/// A gateway that ends TLS itself with these papers.
async fn in_front(paper: &Paper) -> World {
    in_front_with(paper, |gateway| gateway).await
}

/// The same with more in its configuration.
async fn in_front_with(paper: &Paper, more: impl FnOnce(Builder) -> Builder) -> World {
    World::with(quick(SessionMode::ServerSide), |gateway| {
        more(gateway)
            .set("site", "public_url", &format!("\"{PUBLIC_URL}\""))
            .set("listen.tls", "certificate", &paper.certificate_toml())
            .set("listen.tls", "key", &paper.key_toml())
    })
    .await
}

/// The whole story, with what only https has.
async fn story(world: &World, browser: &Browser) {
    let mut phone = first(browser, "REKANAN1").await;
    assert!(browser.jar().contains_key("__Host-gerbang-eproc4"));
    assert!(!browser.jar().contains_key(SESSION_COOKIE));
    let file = format!(
        "--b\r\nContent-Disposition: form-data; name=\"berkas\"; filename=\"a.bin\"\r\n\r\n{}\r\n--b--\r\n",
        "x".repeat(3_000_000)
    );
    let upload = Ask::new("POST", "/penawaran/unggah")
        .with("Content-Type", "multipart/form-data; boundary=b")
        .body(file.as_bytes());
    let sent = browser.fetch(upload).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    assert_eq!(world.sent("/penawaran/unggah").len(), 1);
    for record in world.sent("/penawaran/unggah") {
        assert_eq!(record.body_length, file.len() as u64);
        assert_eq!(record.header("host").as_deref(), Some(HOST));
        assert_eq!(record.header("x-forwarded-proto").as_deref(), Some("https"));
        // One address, whatever stood before it.
        assert_eq!(
            record.header("x-forwarded-for").as_deref(),
            Some("127.0.0.1")
        );
    }
    let list = browser
        .fetch(Ask::get("/lelang").with("X-Forwarded-Host", "evil.example"))
        .await;
    assert!(!list.has("evil.example"), "{list:?}");
    let thief = browser.thief();
    let out = browser.post("/logout", &[]).await;
    assert!(
        out.header("location").starts_with(PUBLIC_URL) || out.header("location").starts_with('/'),
        "{out:?}"
    );
    assert_nobody(browser).await;
    assert_nobody(&thief).await;
    again(browser, "REKANAN1", &mut phone).await;
    assert_home(browser, "REKANAN1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_front_the_gateway_ends_tls_itself() {
    let paper = Paper::new();
    let world = in_front(&paper).await;
    let addr = world.gateway.addr();
    let browser = browser_of(&world, addr, &paper).await;
    story(&world, &browser).await;

    // Every cookie of ours is for https alone.
    let front = curl(
        addr,
        &paper,
        &["--http2", "-i", "-w", "\nversion %{http_version}"],
        "/",
    );
    assert!(front.contains("SPSE_SESSION="), "{front}");
    assert!(front.ends_with("version 1.1"), "{front}");
    let other = curl(addr, &paper, &["-i", "-H", "Host: evil.example"], "/");
    assert!(other.starts_with("HTTP/1.1 421"), "{other}");

    // Plain http on that port, and TLS older than 1.2, get nothing.
    let plain = Browser::new(addr, world.gateway.ahead());
    let answer = plain.raw(&plain.bytes(&Ask::get("/"))).await;
    assert!(find(&answer, b"HTTP/1.1 200").is_none());
    assert_nothing_private(&answer);
    for (version, taken) in [("-tls1_1", false), ("-tls1_2", true), ("-tls1_3", true)] {
        let out = Command::new("openssl")
            .args([
                "s_client",
                "-connect",
                &addr.to_string(),
                "-servername",
                HOST,
            ])
            .args([version, "-cipher", "ALL:@SECLEVEL=0", "-brief"])
            .stdin(std::process::Stdio::null())
            .output()
            .expect("openssl is missing: apt-get install openssl");
        assert_eq!(out.status.success(), taken, "{version} {out:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_name_over_plain_http_is_refused() {
    let world = World::start(SessionMode::ServerSide).await;
    let mut browser = world.browser();
    browser.host = HOST.to_owned();
    let answer = browser.get("/").await;
    assert_eq!(answer.status, 421, "{answer:?}");
    assert!(browser.jar().is_empty());
}

/// Behind a front server with the lines of README, in the three ways of keeping a user.
async fn behind(start: impl Fn(&Paper, SocketAddr) -> Front) {
    for mode in SessionMode::ALL {
        let paper = Paper::new();
        let world = World::with(quick(mode), |gateway| {
            gateway
                .set("site", "public_url", &format!("\"{PUBLIC_URL}\""))
                .set("", "trusted_proxies", "[\"127.0.0.0/8\"]")
        })
        .await;
        let front = start(&paper, world.gateway.addr());
        front.answers().await;
        let browser = browser_of(&world, front.addr(), &paper).await;
        story(&world, &browser).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_nginx_with_the_lines_of_readme() {
    behind(Front::nginx).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_apache_with_the_lines_of_readme() {
    behind(Front::apache).await;
}

/// A renewed certificate is shown from the next connection on; a bad one changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_needs_no_restart() {
    let paper = Paper::new();
    let world = in_front(&paper).await;
    let addr = world.gateway.addr();
    let first = Paper::new();
    first.renew_from(&paper);
    let browser = browser_of(&world, addr, &first).await;
    let mut phone = crate::support::login::first(&browser, "REKANAN1").await;
    let next = Paper::new();
    paper.spoil_with(&next);
    world.gateway.reload(|text| text);
    eventually("the bad one was refused", || {
        world
            .gateway
            .log()
            .contains("what was there before goes on")
    })
    .await;
    assert!(curl(addr, &first, &["-i"], "/").starts_with("HTTP/1.1 200"));
    paper.renew_from(&next);
    world.gateway.reload(|text| text);
    eventually("the new one was taken", || {
        world.gateway.log().contains("were read again")
    })
    .await;
    assert!(curl(addr, &next, &["-i"], "/").starts_with("HTTP/1.1 200"));
    let old = Command::new("curl")
        .args(["-sS", "--noproxy", "*", "--cacert"])
        .arg(first.certificate())
        .args([
            "--connect-to",
            &format!("{HOST}:443:{addr}"),
            &format!("{PUBLIC_URL}/"),
        ])
        .output()
        .unwrap();
    assert!(!old.status.success(), "{old:?}");
    // Sessions go on.
    let browser = browser_of(&world, addr, &next).await;
    again(&browser, "REKANAN1", &mut phone).await;
}

/// What curl prints for plain HTTP at `server`.
fn plain(server: SocketAddr, options: &[&str], host: &str, path: &str) -> String {
    let options = [&["-i"], options].concat();
    curl_url(server, &options, &format!("http://{host}{path}")).to_ascii_lowercase()
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_leads_to_https_and_browsers_are_told_to_stay_there() {
    let paper = Paper::new();
    let port = Port::lend();
    let from = format!("[\"{}\"]", port.addr());
    let world = in_front_with(&paper, |gateway| {
        gateway
            .set("listen.tls", "hsts_seconds", "300")
            .set("listen.tls", "redirect_from", &from)
    })
    .await;
    let there = plain(port.addr(), &[], HOST, "/eproc4/lelang?q=a%20b");
    assert!(there.starts_with("http/1.1 302"), "{there}");
    assert!(
        there.contains(&format!("location: {PUBLIC_URL}/lelang?q=a%20b\r\n")),
        "{there}"
    );
    // Over plain HTTP the header says nothing (RFC 6797 section 7.2).
    assert!(!there.contains("strict-transport-security"), "{there}");
    let form = plain(
        port.addr(),
        &["-d", "txtPassword=x"],
        HOST,
        "/eproc4/loginpass",
    );
    assert!(form.starts_with("http/1.1 303"), "{form}");
    assert!(
        form.contains(&format!("location: {PUBLIC_URL}/\r\n")),
        "{form}"
    );
    let foreign = plain(port.addr(), &[], "evil.example", "/eproc4/");
    assert!(foreign.starts_with("http/1.1 421"), "{foreign}");
    assert!(!foreign.contains("location"), "{foreign}");
    // None of them was the application's business.
    assert!(world.sent("/").is_empty());

    let refused = ["-H", "Host: evil.example"];
    let addr = world.gateway.addr();
    let pages: [(&str, &[&str]); 5] = [
        ("/", &[]),
        ("/gerbang/", &[]),
        ("/gerbang/acceptor", &[]),
        ("/lelang", &["-I"]),
        ("/", &refused),
    ];
    for (path, options) in pages {
        let options = [&["-i"], options].concat();
        let answer = curl(addr, &paper, &options, path).to_ascii_lowercase();
        let told = answer
            .matches("strict-transport-security: max-age=300\r\n")
            .count();
        assert_eq!(told, 1, "{path}: {answer}");
    }
}

/// Nobody is bound to https who did not ask for it.
#[tokio::test(flavor = "multi_thread")]
async fn browsers_are_told_nothing_by_default() {
    let paper = Paper::new();
    let world = in_front(&paper).await;
    let answer = curl(world.gateway.addr(), &paper, &["-i"], "/").to_ascii_lowercase();
    assert!(!answer.contains("strict-transport-security"), "{answer}");
}
