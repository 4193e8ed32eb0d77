//! Help and poster over plain sockets: who gets them, and what is announced to whom.

use crate::office::set;
use crate::support::browser::Ask;
use crate::support::login::{first, password, to_page};
use crate::support::wire::Response;
use crate::support::{World, eventually, quick};
use spse_standin::SessionMode;

const HELP: &str = "/gerbang/bantuan";
const POSTER: &str = "/gerbang/bantuan/poster";

async fn world() -> World {
    World::with(quick(SessionMode::InCookie), |gateway| gateway).await
}

/// With more in the configuration.
async fn world_saying(more: &str) -> World {
    let world = World::with(quick(SessionMode::InCookie), |gateway| gateway.public()).await;
    reads(&world, more).await;
    world
}

pub(crate) async fn reads(world: &World, more: &str) {
    let times = || world.gateway.log().matches("were read again").count();
    let before = times();
    world.gateway.reload(|text| format!("{text}\n{more}"));
    eventually("it was read again", || times() > before).await;
}

fn body(answer: &Response) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_the_same_help_and_no_cookie() {
    let world = world().await;
    let (stranger, user) = (world.browser(), world.browser());
    first(&user, "PPK301").await;
    for path in [HELP, POSTER] {
        let page = stranger.get(path).await;
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("set-cookie"), "", "{page:?}");
        assert!(
            page.header("content-security-policy")
                .contains("default-src 'none'")
        );
        assert_eq!(body(&page), body(&user.get(path).await), "{path}");
        let english = stranger.get(&format!("{path}?lang=en")).await;
        assert!(english.has("<html lang=\"en\">"), "{english:?}");
        let head = stranger.fetch(Ask::new("HEAD", path)).await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        for method in ["POST", "PUT", "DELETE"] {
            let refused = stranger.fetch(Ask::new(method, path)).await;
            assert!(
                matches!(refused.status, 400 | 403 | 404 | 405 | 415),
                "{method} {path}: {refused:?}"
            );
        }
    }
    for path in [
        "/gerbang/email/",
        "/gerbang/bantuan/x",
        "/gerbang/bantuan/poster/x",
    ] {
        let missing = stranger.get(path).await;
        assert_eq!(missing.status, 404, "{path}");
    }
    assert!(stranger.jar().is_empty(), "{:?}", stranger.jar());
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_kept_by_browsers_and_asked_for_by_their_version() {
    let world = world().await;
    let browser = world.browser();
    let page = body(&browser.get(HELP).await);
    let pictures: Vec<&str> = page
        .split("<img src=\"/eproc4")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|path| path.contains("/static/help/"))
        .collect();
    assert!(pictures.len() >= 8, "{pictures:?}");
    for picture in pictures {
        let picture = picture.replace("&#x3D;", "=");
        let answer = browser.get(&picture).await;
        assert_eq!(answer.status, 200, "{picture}");
        assert_eq!(answer.header("content-type"), "image/png");
        assert!(answer.body.starts_with(b"\x89PNG"), "{picture}");
        let tag = answer.header("etag").to_owned();
        assert!(picture.ends_with(tag.trim_matches('"')), "{picture} {tag}");
        let again = browser
            .fetch(Ask::get(&picture).with("If-None-Match", &tag))
            .await;
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    let missing = browser.get("/gerbang/static/help/nothing.png").await;
    assert_eq!(missing.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_there_when_logins_pause() {
    let mut world = world().await;
    world.gateway.stop();
    std::fs::write(world.gateway.state().join("gerbang.key"), "x").unwrap();
    world.gateway.restart().await;
    let browser = world.browser();
    let login = browser.post("/loginpass", &[("txtPassword", "x")]).await;
    assert_eq!(login.status, 503, "{login:?}");
    for path in [HELP, POSTER] {
        assert_eq!(world.browser().get(path).await.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_stand_there_with_whom_they_are_for_and_what_they_want_to_know() {
    let world = world_saying(
        "[[contact]]\nname = \"Meja Umum\"\nphone = \"0361-1\"\nhow = \"Sebut nama.\\nBawa KTP.\"\n\
         [[contact]]\nuser_type = \"penyedia\"\nname = \"Meja Penyedia\"\nemail = \"p@contoh.go.id\"\n\
         [[contact]]\nrole = \"Auditor/Aparat Penegak Hukum\"\nname = \"Meja Auditor\"\nhow = \"Datang.\"\n",
    )
    .await;
    let browser = world.browser();
    let page = body(&browser.get(HELP).await);
    for words in [
        "Semua user",
        "Meja Umum",
        "Sebut nama.\nBawa KTP.",
        "User penyedia",
        "p@contoh.go.id",
        "Auditor/Aparat Penegak Hukum",
        "Datang.",
        // The question of the guides names the contact of everybody; it has no address here.
        "permohonan reset TOTP kepada Meja Umum (0361-1) dengan menyampaikan",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    // A refusal that sends people there tells them what to bring; a page about something else leads
    // to the help page, but where that is the only way to reach them.
    let reset = browser.get("/gerbang/reset").await;
    assert!(reset.has("Sebut nama."), "{reset:?}");
    let answer = password(&browser, "PPK301").await;
    let activation = to_page(&browser, &answer, "activation").await;
    assert!(!activation.has("Sebut nama."), "{activation:?}");
    assert!(activation.has("href=\"/eproc4/gerbang/bantuan#kontak\""));
    let auditor = world.browser();
    let answer = password(&auditor, "AUDITOR1").await;
    let activation = to_page(&auditor, &answer, "activation").await;
    assert!(activation.has("Datang."), "{activation:?}");
}

const ANNOUNCED: &str = "[[announcement]]\nlegal_basis = \"SE 1/2026\"\ndate = \"2027-01-02\"\n\
    [[announcement]]\nuser_type = \"penyedia\"\ndate = \"2027-02-03\"\ntext = \"Khusus <b>penyedia</b>.\"\n\
    [[contact]]\nname = \"Meja Umum\"\nphone = \"0361-1\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn each_role_reads_its_announcement_and_the_policy_knows_the_day_best() {
    let world = world_saying(ANNOUNCED).await;
    let (officer, vendor) = (world.browser(), world.browser());
    let answer = password(&officer, "PPK301").await;
    let page = to_page(&officer, &answer, "activation").await;
    let says = "Berlaku mulai 02-01-2027 (SE 1/2026). Pertanyaan: Meja Umum (0361-1).";
    assert!(page.has(says), "{page:?}");
    let other = password(&vendor, "REKANAN1").await;
    let page = to_page(&vendor, &other, "activation").await;
    assert!(page.has("Khusus &lt;b&gt;penyedia&lt;/b&gt;."), "{page:?}");
    assert!(
        page.has("Berlaku mulai 03-02-2027. Pertanyaan:"),
        "{page:?}"
    );
    assert!(!page.has("SE 1/2026"), "{page:?}");

    // The policy has a start date of its own: the page with "nanti saja" says that one alone.
    set(&world, &["--mode", "required", "--from", "30d"]);
    let page = to_page(&officer, &answer, "activation").await;
    assert!(page.has("Nanti saja"), "{page:?}");
    let text = page.text();
    let (_, day) = text.split_once("Aktivasi wajib mulai ").unwrap();
    let (day, _) = day.split_once(" WIB.").unwrap();
    let says = format!("Berlaku mulai {day} WIB (SE 1/2026).");
    assert!(page.has(&says) && !page.has("02-01-2027"), "{page:?}");
    let poster = officer.get(POSTER).await;
    assert!(poster.has(&says) && !poster.has("Khusus"), "{poster:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn announcements_are_read_again_and_a_bad_one_keeps_the_old() {
    let world = world_saying(ANNOUNCED).await;
    let browser = world.browser();
    assert!(browser.get(POSTER).await.has("SE 1/2026"));
    let refused = || world.gateway.log().contains("must be a day like");
    world.gateway.reload(|text| {
        text.replace("2027-01-02", "2027-02-30")
            .replace("SE 1/", "SE 2/")
    });
    eventually("the bad one was refused", refused).await;
    assert!(browser.get(POSTER).await.has("SE 1/2026"));
    world
        .gateway
        .reload(|text| text.replace("2027-02-30", "2027-03-30"));
    let poster = async || browser.get(POSTER).await;
    for _ in 0..100 {
        if poster().await.has("Berlaku mulai 30-03-2027 (SE 2/2026).") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{:?}", poster().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_poster_never_believes_the_host_header() {
    let public = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway
            .public()
            .set("site", "extra_hosts", "[\"other.example.go.id\"]")
    })
    .await;
    let address = format!("http://{}/eproc4/gerbang/bantuan", public.gateway.addr());
    let mut browser = public.browser();
    browser.host = "other.example.go.id".to_owned();
    let poster = browser.get(POSTER).await;
    assert!(
        poster.has(&address) && poster.has("<svg class=\"qr\""),
        "{poster:?}"
    );
    assert!(!poster.has("other.example.go.id"), "{poster:?}");

    // Without a public address there is nothing that a phone could open.
    let poster = world().await.browser().get(POSTER).await;
    assert!(!poster.has("<svg"), "{poster:?}");
    assert!(!poster.has("http://"), "{poster:?}");
    assert!(poster.has("<strong class=\"address\">/eproc4/gerbang/bantuan</strong>"));
}
