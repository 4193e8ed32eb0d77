//! All pages of the stand-in: direct bytes against bytes through the gateway.

use super::{DISABLE, ENABLE, RESET, same, with_reset, with_status};
use crate::support::browser::{Ask, Browser};
use crate::support::login::{activate, assert_home, first, password, scan, to_page, type_code};
use crate::support::otp::Phone;
use crate::support::wire::Response;
use crate::support::{World, quick};
use spse_standin::{Config, HeaderBlock, LoginSteps, SessionMode};

/// What a logged-in user can open: pages, pieces, tables, files.
const OPEN: [&str; 19] = [
    "/home",
    "/beranda/nontender",
    "/beranda/darurat",
    "/paket",
    "/paketlelang",
    "/penyedia/data",
    "/inbox",
    "/user/logakses",
    "/user/gantipassword",
    "/eproc-lainnya",
    "/nontender/5301194",
    "/penawaran/unggah",
    "/user/viewuser?userid=PPK301",
    "/dt/paket-ppk?status=1",
    "/paket/unduh.csv",
    "/lelang",
    "/lelang/2301194/peserta",
    "/publik/tentangkami",
    "/tidak-ada",
];

/// A page without the tokens of its session.
fn page(answer: &Response) -> String {
    let text = answer.text();
    let mut parts = text.split("name=\"authenticityToken\" value=\"");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        out.push_str("<token>");
        out.push_str(part.split_once('"').unwrap().1);
    }
    out
}

fn frozen(mode: SessionMode) -> Config {
    Config {
        frozen: true,
        ..quick(mode)
    }
}

/// A browser that logged in at the stand-in itself, and asks for the same host.
async fn logged_in_directly(world: &World, id: &str) -> Browser {
    let mut direct = world.direct();
    direct.host = world.browser().host;
    password(&direct, id).await;
    direct
}

/// Every page of `OPEN` is the direct one with this link.
async fn all_pages_differ_by(world: &World, browser: &Browser, id: &str, link: &str) {
    let direct = logged_in_directly(world, id).await;
    let mut linked = 0;
    for path in OPEN {
        let (expected, got) = (direct.get(path).await, browser.get(path).await);
        let what = format!("{id} {path}");
        assert_eq!(expected.status, got.status, "{what} {got:?}");
        assert!(got.whole, "{what} {got:?}");
        let wanted = if got.status == 200 {
            with_status(&page(&expected), link)
        } else {
            page(&expected)
        };
        same(&what, &page(&got), &wanted);
        linked += usize::from(wanted != page(&expected));
        let expected = expected.header("content-type").to_owned();
        assert_eq!(got.header("content-type"), expected, "{what}");
    }
    assert_eq!(linked, if link.is_empty() { 0 } else { 12 });
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_a_user_gets_his_link_and_nothing_else() {
    for mode in SessionMode::ALL {
        let world = World::with(frozen(mode), |gateway| gateway).await;
        for id in ["REKANAN1", "PPK301"] {
            let browser = world.browser();
            first(&browser, id).await;
            all_pages_differ_by(&world, &browser, id, DISABLE).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_asked_not_a_byte_changes() {
    for (default, ceiling) in [
        ("off", None),
        ("observe", None),
        ("required", Some("\"observe\"")),
    ] {
        let world = World::with(frozen(SessionMode::ServerSide), |gateway| {
            let gateway = gateway.default_mode(default);
            match ceiling {
                Some(ceiling) => gateway.set("policy", "ceiling", ceiling),
                None => gateway,
            }
        })
        .await;
        let browser = world.browser();
        password(&browser, "PPK301").await;
        assert_home(&browser, "PPK301").await;
        all_pages_differ_by(&world, &browser, "PPK301", "").await;
        let got = browser.get("/paket").await;
        assert!(!got.header("content-length").is_empty(), "{got:?}");
        let visitor = world.browser();
        visitor.get("/").await;
        for path in ["/login?tipe=penyedia", "/publik/formlogin"] {
            let form = visitor.get(path).await;
            assert!(form.has("Lupa Password?") && !form.has("Reset"), "{form:?}");
            assert!(!form.header("content-length").is_empty(), "{form:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_is_there_for_those_of_whom_something_may_be_asked() {
    for mode in ["optional", "encouraged"] {
        let world = World::with(frozen(SessionMode::InCookie), |gateway| {
            gateway
                .default_mode(mode)
                .rule("Auditor/Aparat Penegak Hukum", "off")
        })
        .await;
        let auditor = world.browser();
        password(&auditor, "AUDITOR1").await;
        all_pages_differ_by(&world, &auditor, "AUDITOR1", "").await;
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        if mode == "encouraged" {
            let page = to_page(&browser, &answer, "activation").await;
            let (reference, csrf) = (page.hidden("r"), page.hidden("csrf"));
            let fields = [("r", reference.as_str()), ("csrf", csrf.as_str())];
            let later = browser.post("/gerbang/activation/later", &fields).await;
            assert_eq!(later.status, 303, "{later:?}");
        }
        all_pages_differ_by(&world, &browser, "PPK301", ENABLE).await;
        // Bodies that the application sends in answer to a form are its own.
        let sent = browser.post("/pesan", &[("isi", "halo")]).await;
        assert!(!sent.has("TOTP"), "{sent:?}");
    }
}

/// Types a code on the status page's form.
async fn disable(browser: &Browser, phone: &mut Phone) -> Response {
    let page = browser.get("/gerbang/").await;
    let csrf = page.hidden("csrf");
    let code = phone.code();
    browser
        .post("/gerbang/disable", &[("csrf", &csrf), ("code", &code)])
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_follows_activation_disable_and_policy_at_the_next_page() {
    let world = World::with(frozen(SessionMode::ServerSide), |gateway| {
        gateway.default_mode("optional").moving_clock()
    })
    .await;
    world.gateway.to_next_step().await;
    let browser = world.browser();
    password(&browser, "PPK2").await;
    let seen = async |wanted: &str| {
        for path in ["/paket", "/inbox", "/paket"] {
            let page = browser.get(path).await;
            let links = [ENABLE, DISABLE].map(|link| page.text().matches(link).count());
            let expected = [ENABLE, DISABLE].map(|link| usize::from(link == wanted));
            assert_eq!(links, expected, "{path} {page:?}");
        }
    };
    seen(ENABLE).await;
    let page = browser.get("/gerbang/activation").await;
    let mut phone = scan(&browser, &page);
    seen(ENABLE).await;
    type_code(&browser, &page, &phone.code()).await;
    seen(DISABLE).await;
    // Another login of the same account sees the same.
    world.gateway.advance(30).await;
    let other = world.browser();
    crate::support::login::again(&other, "PPK2", &mut phone).await;
    assert!(other.get("/paket").await.has(DISABLE));
    world.gateway.advance(30).await;
    let done = disable(&browser, &mut phone).await;
    assert_eq!(done.status, 200, "{done:?}");
    seen(ENABLE).await;
    let say = |arguments: &[&str]| {
        let why = ["--reason", "SE 12/2026", "--yes"];
        world.gateway.cli(&[arguments, &why[..]].concat()).done();
    };
    say(&["policy", "set", "--everybody", "--mode", "observe"]);
    seen("").await;
    let form = world.browser().get("/login?tipe=penyedia").await;
    assert!(!form.has("Reset TOTP?"), "{form:?}");
    say(&["policy", "set", "--everybody", "--mode", "optional"]);
    seen(ENABLE).await;
    let form = world.browser().get("/login?tipe=penyedia").await;
    assert!(form.has(RESET), "{form:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_form_offers_the_reset_as_page_and_as_fragment() {
    for mode in SessionMode::ALL {
        let world = World::with(frozen(mode), |gateway| gateway).await;
        let mut direct = world.direct();
        let browser = world.browser();
        direct.host.clone_from(&browser.host);
        for who in [&direct, &browser] {
            who.get("/").await;
            crate::support::login::user_id(who, "PPK301").await;
        }
        for (path, script) in [
            ("/login?tipe=penyedia", false),
            ("/login", true),
            ("/loginpass", false),
            ("/publik/formlogin", true),
            ("/publik/formlogin", false),
            ("/publik/formlogin?page=1", false),
        ] {
            let ask = || {
                let ask = Ask::get(path);
                if script { ask.xhr() } else { ask }
            };
            let (expected, got) = (direct.fetch(ask()).await, browser.fetch(ask()).await);
            let what = format!("{mode:?} {path} {script}");
            assert_eq!((expected.status, got.status), (200, 200), "{what} {got:?}");
            let wanted = with_reset(&page(&expected));
            assert!(wanted.contains(RESET), "{what} {expected:?}");
            same(&what, &page(&got), &wanted);
        }
        // Nowhere else, where the same words stand.
        for path in ["/publik/lupapassword", "/publik/selecttype", "/"] {
            let (expected, got) = (direct.get(path).await, browser.get(path).await);
            same(path, &page(&got), &page(&expected));
        }
        let lost = browser.get("/publik/lupapassword").await;
        assert!(
            lost.has("Lupa Password?") && !lost.has("Reset TOTP?"),
            "{lost:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_one_step_gets_it_as_well() {
    let config = Config {
        login_steps: LoginSteps::One,
        ..frozen(SessionMode::ServerSide)
    };
    let world = World::with(config, |gateway| gateway).await;
    let form = world.browser().xhr("/publik/formlogin").await;
    assert_eq!(form.text().matches(RESET).count(), 1, "{form:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_name_moves_nothing() {
    let world = World::with(frozen(SessionMode::ServerSide), |gateway| gateway).await;
    let browser = world.browser();
    first(&browser, "JAHAT1").await;
    all_pages_differ_by(&world, &browser, "JAHAT1", DISABLE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_without_the_place_pass_as_they_are() {
    let world = World::with(frozen(SessionMode::ServerSide), |gateway| gateway).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    activate(&browser, &answer).await;
    let direct = logged_in_directly(&world, "PPK301").await;
    world
        .standin
        .set(|config| config.header_block = HeaderBlock::Missing);
    for path in ["/paket", "/inbox"] {
        let (expected, got) = (direct.get(path).await, browser.get(path).await);
        assert_eq!(got.status, 200, "{got:?}");
        same(path, &page(&got), &page(&expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_section_nobody_gets_a_link() {
    let world = World::with(frozen(SessionMode::ServerSide), |gateway| {
        gateway
            .profile_line(
                "link = \"status\"",
                "link = \"reset\"\npaths = [\"/login\"]\nlabel = \"X\"",
            )
            .profile_line("enable = \"Enable TOTP\"\ndisable = \"Disable TOTP\"\n", "")
            .profile_line(
                "link = \"reset\"\npaths = [\"/login\", ",
                "link = \"status\"\nenable = \"Nyalakan\"\ndisable = \"Matikan\"\n#",
            )
            .profile_line("label = \"Reset TOTP?\"\n", "")
    })
    .await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    // The place of the one is not on the pages of the other.
    all_pages_differ_by(&world, &browser, "PPK301", "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selector_does_what_the_marker_does() {
    let world = World::with(frozen(SessionMode::ServerSide), |gateway| {
        gateway
            .profile_line(
                "marker = \"</span>\"",
                "selector = 'div.submenu div.float-right > span[title^=\"[\"]'",
            )
            .profile_line(
                "marker = \"Lupa Password?</a>\"",
                "selector = 'a[href$=\"/publik/lupapassword\"]'",
            )
    })
    .await;
    let visitor = world.browser();
    let form = visitor.get("/login?tipe=penyedia").await;
    let bare = form.text().replace(RESET, "");
    same("the form", &form.text(), &with_reset(&bare));
    assert!(form.has(RESET), "{form:?}");
    let browser = world.browser();
    first(&browser, "PPK301").await;
    all_pages_differ_by(&world, &browser, "PPK301", DISABLE).await;
}
