//! An upstream that misbehaves at each step of a login: the status fits, the page is the gateway's
//! own, the session is never free when it should not be, and the same browser gets in afterwards.

use crate::support::browser::Browser;
use crate::support::login::{activate, again, assert_home, first, to_page, type_code, user};
use crate::support::wire::Response;
use crate::support::{World, assert_nothing_private};
use spse_standin::{Config, Fault, FaultKind, SessionMode, Standin};
use std::path::PathBuf;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

const WHO: &str = "PPK301";
/// Pages that the profile's probe asks.
const PROBED: [&str; 4] = ["/home", "/paket", "/beranda", "/user/logakses"];
/// Longest time of an answer in the profile that is used here, in seconds.
const LONGEST: &str = "longest_answer_seconds = 2";

/// The built-in profile with a shorter patience, so that a test need not wait ten minutes.
fn impatient_profile() -> (tempfile::TempDir, PathBuf) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("config/profiles/spse-4.4.toml")).unwrap();
    assert!(text.contains("longest_answer_seconds = 600"));
    let text = text.replace("longest_answer_seconds = 600", LONGEST);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("impatient.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

async fn world(mode: SessionMode) -> (World, tempfile::TempDir) {
    let (folder, path) = impatient_profile();
    let config = Config {
        session_mode: mode,
        ..Config::default()
    };
    let world = World::with(config, |gateway| {
        gateway
            .set("", "profile", &format!("\"{}\"", path.display()))
            .set("limits", "waiting_post_seconds", "1")
            .set("upstream", "read_timeout_seconds", "3")
    })
    .await;
    (world, folder)
}

/// The steps of a login that reach the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    UserId,
    Password,
    Probe,
}

/// A login as far as it goes, whatever comes back; `spoil` is called before its step.
async fn log_in(browser: &Browser, spoilt: Option<Step>, spoil: impl Fn()) -> Response {
    let kind = user(WHO).kind.word();
    let form = browser.get(&format!("/login?tipe={kind}")).await;
    if form.status != 200 || !form.has("authenticityToken") {
        return form;
    }
    let token = form.hidden("authenticityToken");
    if spoilt == Some(Step::UserId) {
        spoil();
    }
    let fields = [
        ("authenticityToken", token.as_str()),
        ("tipe", kind),
        ("txtUserId", WHO),
    ];
    let answer = browser.post("/login", &fields).await;
    if answer.status != 302 {
        return answer;
    }
    let form = browser.follow(answer).await;
    if form.status != 200 || !form.has("txtPassword") {
        return form;
    }
    if matches!(spoilt, Some(Step::Password | Step::Probe)) {
        spoil();
    }
    let token = form.hidden("authenticityToken");
    let password = user(WHO).password;
    let fields = [
        ("authenticityToken", token.as_str()),
        ("txtPassword", password.as_str()),
    ];
    browser.post("/loginpass", &fields).await
}

fn faults(step: Step, kind: &FaultKind) -> Vec<Fault> {
    let fault = |path: &str, times| Fault {
        path: path.to_owned(),
        kind: kind.clone(),
        times,
    };
    match step {
        Step::UserId => vec![fault("/login", Some(1))],
        Step::Password => vec![fault("/loginpass", Some(1))],
        Step::Probe => PROBED.iter().map(|path| fault(path, None)).collect(),
    }
}

/// What fails, and the statuses that fit where the browser asked.
fn cases(step: Step) -> Vec<(FaultKind, &'static [u16])> {
    use FaultKind::{
        ActThen500, ActThenClose, ActThenHang, AnswerLate, CutAfter, EndlessBody, Garbage, Gzip,
        Hang, SlowBody, Status500,
    };
    let late = AnswerLate(Duration::from_millis(700));
    let slow = SlowBody {
        bytes: 400,
        every: Duration::from_millis(10),
    };
    match step {
        // Nobody is logged in yet: an error page of the upstream may pass, a redirect too.
        Step::UserId => vec![
            (Status500, &[500]),
            (Garbage, &[502]),
            (ActThenClose, &[502]),
            (Hang, &[504]),
            (EndlessBody, &[502, 504]),
        ],
        Step::Password => vec![
            (Status500, &[500]),
            // Logged in all the same, and recognised where the cookie of before is enough for it.
            (ActThen500, &[303, 500]),
            (Garbage, &[502]),
            (CutAfter(0), &[502, 303]),
            (ActThenClose, &[502]),
            (Hang, &[504]),
            (ActThenHang, &[504]),
            (EndlessBody, &[502, 504]),
            (late, &[303]),
            (slow, &[303]),
        ],
        Step::Probe => vec![
            (Status500, &[503]),
            (Garbage, &[503]),
            (CutAfter(50), &[503]),
            (ActThenClose, &[503]),
            (EndlessBody, &[503]),
            (Hang, &[503]),
            (Gzip, &[503]),
            (FaultKind::Utf16, &[503]),
            (AnswerLate(Duration::from_millis(700)), &[303]),
        ],
    }
}

/// One world in which one thing fails once; then the same browser and a fresh one get in.
async fn one(mode: SessionMode, step: Step, kind: FaultKind, fits: &'static [u16]) {
    let what = format!("{mode:?} {step:?} {kind:?}");
    let (world, _folder) = world(mode).await;
    let browser = world.browser();
    browser.get("/").await;
    let spoil = || {
        let list = faults(step, &kind);
        world
            .standin
            .set(|config: &mut Config| config.faults = list);
    };
    let answer = log_in(&browser, Some(step), spoil).await;
    assert!(fits.contains(&answer.status), "{what}: {answer:?}");
    if step == Step::Password && kind == FaultKind::ActThen500 {
        assert_eq!(
            answer.status == 303,
            mode == SessionMode::ServerSide,
            "{what}: {answer:?}"
        );
    }
    if answer.status > 500 {
        assert!(
            answer.has("/eproc4/gerbang/static/"),
            "{what}: not an own page: {answer:?}"
        );
    }
    // The application works again: whatever the browser holds now, nothing private opens with it.
    world
        .standin
        .set(|config: &mut Config| config.faults.clear());
    for path in ["/paket", "/home", "/berita"] {
        browser.thief().get(path).await;
        browser.get(path).await;
    }
    assert_nothing_private(&browser.seen());
    let fresh = world.browser();
    let answer = log_in(&fresh, None, || ()).await;
    let mut phone = activate(&fresh, &answer).await;
    assert_home(&fresh, WHO).await;

    // The same browser: at once, or when its session is no longer in doubt.
    for tries in 0.. {
        assert!(
            tries < 60,
            "{what}: the same browser never gets in\n{}",
            world.gateway.log()
        );
        let answer = log_in(&browser, None, || ()).await;
        let path = answer.location();
        if answer.status == 303 && path.contains("/gerbang/") {
            // It may wait for the activation that another browser has finished meanwhile: that
            // page says so, and lets go of it.
            let page = browser.follow(answer).await;
            if page.has("action=\"/eproc4/gerbang/acceptor\"") {
                let done = type_code(&browser, &page, &phone.code()).await;
                assert_eq!(done.status, 303, "{what}: {done:?}");
                break;
            }
        }
        sleep(Duration::from_millis(500)).await;
    }
    assert_home(&browser, WHO).await;
    for record in world.private_requests() {
        let bare = record.session_cookie.is_none();
        assert!(!bare, "{what}: {record:?}");
    }
}

async fn all(mode: SessionMode, step: Step) {
    let mut running = JoinSet::new();
    for (kind, fits) in cases(step) {
        running.spawn(one(mode, step, kind, fits));
    }
    while let Some(done) = running.join_next().await {
        if let Err(failed) = done {
            std::panic::resume_unwind(failed.into_panic());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_fails_at_the_user_id() {
    all(SessionMode::ServerSide, Step::UserId).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_fails_at_the_password_with_the_user_kept_server_side() {
    all(SessionMode::ServerSide, Step::Password).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_fails_at_the_password_with_the_user_kept_in_the_cookie() {
    all(SessionMode::InCookie, Step::Password).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_fails_at_the_password_and_makes_new_ids() {
    all(SessionMode::NewId, Step::Password).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_fails_when_asked_who_is_logged_in() {
    all(SessionMode::ServerSide, Step::Probe).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_fails_when_asked_who_is_logged_in_and_makes_new_ids() {
    all(SessionMode::NewId, Step::Probe).await;
}

/// The second look before an acceptance: without it nothing is accepted, and the code stays good.
#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_fails_at_the_second_look_costs_no_code() {
    let (world, _folder) = world(SessionMode::ServerSide).await;
    let mut phone = first(&world.browser(), WHO).await;
    let browser = world.browser();
    let answer = log_in(&browser, None, || ()).await;
    let page = to_page(&browser, &answer, "acceptor").await;
    let list = faults(Step::Probe, &FaultKind::Status500);
    world
        .standin
        .set(|config: &mut Config| config.faults = list);
    let code = phone.code();
    let busy = type_code(&browser, &page, &code).await;
    assert_eq!(busy.status, 503, "{busy:?}");
    assert_nothing_private(&browser.seen());
    world
        .standin
        .set(|config: &mut Config| config.faults.clear());
    let done = type_code(&browser, &page, &code).await;
    assert_eq!(done.status, 303, "the same code again: {done:?}");
    assert_home(&browser, WHO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_is_down_gets_an_own_page_and_is_found_again() {
    let (mut world, _folder) = world(SessionMode::InCookie).await;
    let browser = world.browser();
    let mut phone = first(&browser, WHO).await;
    let config = Config {
        listen: world.standin.addr(),
        ..world.standin.config()
    };
    let elsewhere = Standin::start(Config::default()).await.unwrap();
    std::mem::replace(&mut world.standin, elsewhere)
        .stop()
        .await;
    for asks in [world.browser(), browser.thief()] {
        for path in ["/", "/lelang", "/paket", "/login?tipe=nonpenyedia"] {
            let page = asks.get(path).await;
            assert_eq!(page.status, 502, "{path}: {page:?}");
            assert!(page.has("SPSE tidak dapat dihubungi"), "{path}: {page:?}");
        }
        let fields = [("txtUserId", WHO), ("txtPassword", "x")];
        let refused = asks.post("/login", &fields).await;
        assert!(matches!(refused.status, 502 | 503), "{refused:?}");
        assert_nothing_private(&asks.seen());
    }
    world.standin = Standin::start(config).await.unwrap();
    again(&world.browser(), WHO, &mut phone).await;
}
