//! Two people's screens, a desktop and a phone: the phone joins an activation and approves logins, with
//! WebCrypto, camera and service worker as browsers have them.

use super::browser_axe::{axe, violations};
use super::chromium::{DESKTOP, PHONE, PLAIN_DESKTOP};
use super::person::Person;
use super::{world, world_with};
use crate::support::World;
use crate::support::app::{App, number_of, token_of};
use crate::support::login::{password, to_page};
use crate::support::otp::code_at;
use crate::support::push::PushService;
use crate::support::wire::Response;
use serde_json::{Value, json};
use spse_standin::Config;
use std::fs;

const DONE: &str = "TOTP sudah berhasil diaktifkan.";
const WAITS: &str = "Ada login yang menunggu";
const NOTHING: &str = "Belum ada akun di HP ini.";
const CONFIRM: &str = ".account.waits .logins button";

/// The app on this phone.
async fn opens_app(phone: &Person) {
    phone.open("/gerbang/authenticator/").await;
    phone.sees("Authenticator").await;
}

/// Opens the second QR code of an activation page and reads it with a camera's program.
async fn link_on(desktop: &Person) -> String {
    desktop.clicks("#join summary").await;
    let read = desktop.reads_codes("#join svg.qr").await;
    let link = read.iter().find(|text| text.contains("#add="));
    link.unwrap_or_else(|| panic!("no link: {read:?}")).clone()
}

/// Somebody at a desktop, and his phone that has just joined.
async fn joined(world: &World, id: &str) -> (Person, Person) {
    let (desktop, phone, _) = joined_with_key(world, id).await;
    (desktop, phone)
}

/// The same with the secret of the first QR code, in base32: both hold one.
async fn joined_with_key(world: &World, id: &str) -> (Person, Person, String) {
    let desktop = Person::new(world, DESKTOP).await;
    let phone = Person::new(world, PHONE).await;
    desktop.logs_in(id).await;
    let key = desktop.scans().await.key;
    let link = link_on(&desktop).await;
    phone.chromium.client.goto(&link).await.unwrap();
    phone.sees("berhasil ditambahkan").await;
    desktop.sees(DONE).await;
    (desktop, phone, key)
}

/// The number that the acceptor shows.
async fn number_at(desktop: &Person) -> String {
    let number = desktop.find(".asked .number").await.text().await.unwrap();
    number.replace(' ', "")
}

/// Logs out and in again, up to the acceptor.
async fn logs_in_again(desktop: &Person, id: &str) -> String {
    logs_out(desktop).await;
    desktop.logs_in(id).await;
    number_at(desktop).await
}

async fn logs_out(desktop: &Person) {
    desktop.open("/gerbang/logout").await;
    desktop.clicks_on("LOGOUT").await;
    desktop.sees("Anda sudah keluar dari SPSE.").await;
}

/// Taps on a button of the screen that is shown; those of the others have the same words.
async fn taps(phone: &Person, words: &str) {
    let mark = format!(
        "const all = [...document.querySelectorAll('button')];\
         all.forEach((one) => one.removeAttribute('data-tap'));\
         const found = all.find((one) => one.checkVisibility() && one.innerText.trim() === '{words}');\
         found?.setAttribute('data-tap', ''); return Boolean(found)"
    );
    phone.until_script(&mark).await;
    phone.clicks("[data-tap]").await;
}

/// Taps on a login that waits, once its list is shown: it is made anew each time.
async fn opens_login(phone: &Person, button: &str) {
    let shown = format!("return Boolean(document.querySelector('{button}')?.checkVisibility())");
    phone.until_script(&shown).await;
    phone.clicks(button).await;
}

async fn no_barrier(phone: &Person, screen: &str) {
    let found = violations(phone, &axe()).await;
    assert!(found.is_empty(), "{screen}: {found:#?}");
    phone.fits().await;
    if let Some(folder) = std::env::var_os("GERBANG_PICTURES") {
        super::browser_look::shoot(phone, &format!("app_{screen}"), folder.as_ref()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_joins_by_its_camera_and_approves_by_typing() {
    let world = world().await;
    let phone = Person::new(&world, PHONE).await;
    opens_app(&phone).await;
    phone.sees(NOTHING).await;
    no_barrier(&phone, "empty").await;
    drop(phone);
    let (desktop, phone) = joined(&world, "PPK2").await;
    let origin = format!("http://{}", world.gateway.addr());
    phone
        .sees(&format!("Akun pada {origin}, berhasil ditambahkan"))
        .await;
    no_barrier(&phone, "added").await;
    assert_eq!(phone.script("return location.hash").await, "");
    taps(&phone, "OK").await;
    phone.sees("PPK2").await;
    phone.sees_nothing_of(WAITS).await;
    no_barrier(&phone, "list").await;
    desktop.clicks_on("Beranda").await;
    desktop.is_home_as("PPK2").await;

    let number = logs_in_again(&desktop, "PPK2").await;
    phone.sees(WAITS).await;
    no_barrier(&phone, "waiting").await;
    opens_login(&phone, CONFIRM).await;
    for sentence in [
        "Authorize login?",
        "PPK2",
        "Pejabat Pembuat Komitmen",
        &origin,
        "127.0.0.1",
    ] {
        phone.sees(sentence).await;
    }
    no_barrier(&phone, "confirm").await;
    taps(&phone, "Ya").await;
    phone
        .sees("Ketik keenam angka yang tampil di halaman Acceptor.")
        .await;
    let wrong = if number == "111111" {
        "222222"
    } else {
        "111111"
    };
    phone.fills("#number", wrong).await;
    taps(&phone, "Ya").await;
    phone.sees("Tersisa 2 kali percobaan.").await;
    world.gateway.advance(5).await;
    phone.fills("#number", &number).await;
    taps(&phone, "Ya").await;
    phone.sees("Login PPK2 diterima.").await;
    no_barrier(&phone, "accepted").await;
    desktop.is_home_as("PPK2").await;
    desktop.leaves().await;
    keys_stay(&phone).await;
    taps(&phone, "OK").await;
    taps(&phone, "Hapus").await;
    phone.sees("Hapus hanya setelah Disable TOTP.").await;
    no_barrier(&phone, "remove").await;
    taps(&phone, "Hapus Akun").await;
    phone.sees(NOTHING).await;
    drop(phone);
}

/// Neither key can be read out of the storage, not even by a script of this very page.
async fn keys_stay(phone: &Person) {
    let script = "return new Promise((resolve) => {\
        const asked = indexedDB.open('gerbang-authenticator', 1);\
        asked.onsuccess = () => {\
            const all = asked.result.transaction('accounts').objectStore('accounts').getAll();\
            all.onsuccess = async () => {\
                const told = [];\
                for (const key of [all.result[0].signing, all.result[0].secret]) {\
                    told.push(key.extractable);\
                    for (const format of ['raw', 'jwk', 'pkcs8']) {\
                        told.push(await crypto.subtle.exportKey(format, key)\
                            .then(() => 'given', () => 'kept'));\
                    }\
                }\
                resolve(told);\
            };\
        };\
    })";
    let told = phone.script(script).await;
    let kept = json!([false, "kept", "kept", "kept", false, "kept", "kept", "kept"]);
    assert_eq!(told, kept);
}

/// A reader of the browser's own that reads what the test says, for as long as it is there.
const READS: &str = "window.BarcodeDetector = class {\
        static async getSupportedFormats() { return ['qr_code']; }\
        async detect() { window.looks += 1; return [{ rawValue: window.reads }]; }\
    }; window.reads = ''; window.looks = 0";

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_scanned_with_the_camera() {
    let world = world().await;
    let folder = tempfile::tempdir().unwrap();
    let film = folder.path().join("film.y4m");
    let switches = [
        "--use-fake-ui-for-media-stream".to_owned(),
        "--use-fake-device-for-media-stream".to_owned(),
        format!("--use-file-for-fake-video-capture={}", film.display()),
    ];
    let switches: Vec<&str> = switches.iter().map(String::as_str).collect();
    let desktop = Person::new(&world, DESKTOP).await;
    let phone = Person::with_switches(&world, PHONE, &switches).await;
    let shows = async |css: &str| {
        let code = desktop.find(css).await;
        let picture = code.screenshot().await.unwrap();
        fs::write(&film, super::png::film(&picture)).unwrap();
    };
    desktop.logs_in("PPK301").await;
    desktop.clicks("#join summary").await;
    opens_app(&phone).await;
    taps(&phone, "Tambah Akun").await;
    no_barrier(&phone, "add").await;
    // What is no link of this very page: it goes on looking.
    shows("#qr-open > svg.qr").await;
    phone.script(READS).await;
    taps(&phone, "Pindai QR Code dengan kamera").await;
    let origin = format!("http://{}", world.gateway.addr());
    let token = "#add=7KQ2M4XT9B1CH6WZ";
    for read in [
        "otpauth://totp/LPSE:PPK301?secret=GEZDGNBVGY3TQOJQ".to_owned(),
        "https://[".to_owned(),
        format!("{origin}/eproc4/gerbang/help/{token}"),
        format!("{origin}/eproc4/gerbang/authenticator/#other"),
        format!("https://lpse.example.go.id/eproc4/gerbang/authenticator/{token}"),
    ] {
        let script = format!("window.reads = {}; window.looks = 0", json!(read));
        phone.script(&script).await;
        phone.until_script("return window.looks > 2").await;
        let open = "return Boolean(document.querySelector('[data-screen=add] video').srcObject)";
        assert_eq!(phone.script(open).await, true, "{read}");
    }
    phone.sees("QR Code itu bukan dari LPSE ini.").await;
    taps(&phone, "Tutup kamera").await;
    phone.script("delete window.BarcodeDetector").await;
    shows("#join svg.qr").await;
    taps(&phone, "Pindai QR Code dengan kamera").await;
    phone.sees("berhasil ditambahkan").await;
    desktop.sees(DONE).await;
    let number = logs_in_again(&desktop, "PPK301").await;
    shows(".asked svg").await;
    taps(&phone, "OK").await;
    opens_login(&phone, CONFIRM).await;
    taps(&phone, "Pindai QR Code angka").await;
    let script = format!("return document.getElementById('number').value === '{number}'");
    phone.until_script(&script).await;
    taps(&phone, "Ya").await;
    phone.sees("Login PPK301 diterima.").await;
    desktop.is_home_as("PPK301").await;
    phone.leaves().await;
    desktop.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_ends_the_login_and_says_what_to_do() {
    let world = world().await;
    let (desktop, phone) = joined(&world, "PPK2").await;
    logs_out(&desktop).await;
    for (button, said) in [
        (
            "Salah tekan",
            "Login PPK2 ditutup. Silakan login kembali di komputer.",
        ),
        (
            "Bukan saya",
            "segera ganti password dan hubungi petugas LPSE.",
        ),
    ] {
        desktop.logs_in("PPK2").await;
        number_at(&desktop).await;
        taps(&phone, "OK").await;
        opens_login(&phone, CONFIRM).await;
        taps(&phone, "Tidak").await;
        phone.sees("Apakah Anda sendiri yang sedang login?").await;
        no_barrier(&phone, "why").await;
        taps(&phone, button).await;
        phone.sees(said).await;
        desktop.sees("Sesi sudah tertutup").await;
        desktop.is_nobody().await;
    }
    phone.leaves().await;
    drop(desktop);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_timed_out_is_said_on_both_sides_and_the_next_is_another() {
    let world = world().await;
    let (desktop, phone) = joined(&world, "PPK2").await;
    let number = logs_in_again(&desktop, "PPK2").await;
    taps(&phone, "OK").await;
    opens_login(&phone, CONFIRM).await;
    world.gateway.advance(118).await;
    phone.fills("#number", &number).await;
    // Its owner was two seconds too slow, and then some.
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    taps(&phone, "Ya").await;
    phone
        .sees("Login ini sudah selesai atau tidak menunggu lagi.")
        .await;
    no_barrier(&phone, "over").await;
    desktop.reloads().await;
    desktop.sees("Sesi sudah tertutup").await;
    desktop.logs_in("PPK2").await;
    let another = number_at(&desktop).await;
    assert_ne!(another, number);
    taps(&phone, "OK").await;
    opens_login(&phone, CONFIRM).await;
    phone.fills("#number", &another).await;
    taps(&phone, "Ya").await;
    phone.sees("Login PPK2 diterima.").await;
    desktop.is_home_as("PPK2").await;
    // Screens that only another browser shows.
    for screen in ["unsupported", "trouble"] {
        let script = format!(
            "for (const one of document.querySelectorAll('[data-screen]'))\
             one.hidden = one.dataset.screen !== '{screen}'"
        );
        phone.script(&script).await;
        no_barrier(&phone, screen).await;
    }
    desktop.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_logins_wait_and_each_has_its_button() {
    let world = world().await;
    let (desktop, phone) = joined(&world, "PPK2").await;
    let number = logs_in_again(&desktop, "PPK2").await;
    world.gateway.advance(1).await;
    let stranger = world.browser();
    let page = stranger_asks(&stranger, "PPK2").await;
    taps(&phone, "OK").await;
    phone
        .until_script("return document.querySelectorAll('.logins button').length === 2")
        .await;
    // The newest first: the stranger's. The number on the owner's screen is no answer to it.
    assert_ne!(number_of(&page), number);
    opens_login(&phone, ".logins button:first-child").await;
    phone.fills("#number", &number).await;
    taps(&phone, "Ya").await;
    phone.sees("Tersisa 2 kali percobaan.").await;
    world.gateway.advance(5).await;
    taps(&phone, "Daftar akun").await;
    opens_login(&phone, ".logins button:last-child").await;
    phone.fills("#number", &number).await;
    taps(&phone, "Ya").await;
    phone.sees("Login PPK2 diterima.").await;
    desktop.is_home_as("PPK2").await;
    crate::support::login::assert_nobody(&stranger).await;
    desktop.leaves().await;
}

async fn stranger_asks(browser: &crate::support::browser::Browser, id: &str) -> Response {
    let answer = password(browser, id).await;
    to_page(browser, &answer, "acceptor").await
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_there_without_a_network_and_an_update_with_it() {
    let words = tempfile::tempdir().unwrap();
    let folder = format!("\"{}\"", words.path().display());
    let mut world = world_with(Config::default(), |gateway| {
        gateway.set("", "templates", &folder)
    })
    .await;
    let (desktop, phone, key) = joined_with_key(&world, "PPK2").await;
    drop(desktop);
    taps(&phone, "OK").await;
    phone
        .until_script("return navigator.serviceWorker.ready.then(() => true)")
        .await;
    world.gateway.stop();
    phone.reloads().await;
    phone.sees("Tidak ada jaringan.").await;
    phone.sees("PPK2").await;
    let shown = phone.find(".account .code").await.text().await.unwrap();
    let shown = shown.replace(' ', "");
    let now = crate::support::otp::Phone::new(&key, world.gateway.ahead()).now();
    let near = [now - 30, now, now + 30].map(|at| code_at(&key, at));
    assert!(near.contains(&shown), "{shown}: {near:?}");
    let before = kept(&phone).await;
    assert_eq!(before.len(), 1, "{before:?}");
    world.gateway.restart().await;
    phone.sees_no_more("Tidak ada jaringan.").await;
    // Another version of any of its files is another version of the worker.
    fs::create_dir(words.path().join("messages")).unwrap();
    let other = "[phone]\nempty = \"Kosong.\"\n";
    fs::write(words.path().join("messages/id.toml"), other).unwrap();
    world.gateway.reload(|text| text);
    phone.reloads().await;
    for _ in 0..100 {
        let now = kept(&phone).await;
        if now.len() == 1 && now != before {
            return;
        }
        phone
            .script("return navigator.serviceWorker.ready.then((it) => it.update()).then(() => 1)")
            .await;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the worker is the same as before");
}

/// Names of what the worker keeps.
async fn kept(phone: &Person) -> Vec<Value> {
    let names = phone.script("return caches.keys()").await;
    names.as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_by_ten_minutes_is_measured_and_said() {
    let mut world = world().await;
    let desktop = Person::new(&world, DESKTOP).await;
    let phone = Person::new(&world, PHONE).await;
    let wrong = "const now = Date.now.bind(Date); Date.now = () => now() - 600000;";
    phone
        .chromium
        .devtools(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": wrong }),
        )
        .await;
    desktop.logs_in("PPK2").await;
    let key = desktop.scans().await.key;
    let link = link_on(&desktop).await;
    phone.chromium.client.goto(&link).await.unwrap();
    phone.sees("berhasil ditambahkan").await;
    desktop.sees(DONE).await;
    let number = logs_in_again(&desktop, "PPK2").await;
    taps(&phone, "OK").await;
    phone
        .sees("Jam HP ini berbeda sekitar 10 menit dari jam LPSE.")
        .await;
    opens_login(&phone, CONFIRM).await;
    phone.fills("#number", &number).await;
    taps(&phone, "Ya").await;
    phone.sees("Login PPK2 diterima.").await;
    desktop.is_home_as("PPK2").await;
    desktop.leaves().await;
    // Without a network nobody knows whether the clock was set right since.
    phone.sees_nothing_of("kode menurut jam HP ini").await;
    let now = crate::support::otp::Phone::new(&key, world.gateway.ahead()).now();
    world.gateway.stop();
    taps(&phone, "OK").await;
    phone.sees("Jika ditolak, kode menurut jam HP ini:").await;
    no_barrier(&phone, "offline").await;
    let own = phone
        .find("[data-fill=own-code]")
        .await
        .text()
        .await
        .unwrap();
    let own = own.replace(' ', "");
    let near = [-30, 0, 30].map(|more| code_at(&key, now.saturating_add_signed(more - 600)));
    assert!(near.contains(&own), "{own}: {near:?}");
}

/// What the network took is done again: the phone that was lost half-way is no lost account.
#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_broke_off_goes_on_when_the_app_is_opened_again() {
    let world = world().await;
    let desktop = Person::new(&world, DESKTOP).await;
    let phone = Person::new(&world, PHONE).await;
    desktop.logs_in("PPK2").await;
    let link = link_on(&desktop).await;
    opens_app(&phone).await;
    let (_, token) = link.split_once('#').unwrap();
    let script = format!(
        "const real = window.fetch; window.fetch = (path, ...rest) => path.endsWith('/confirm') \
         ? Promise.reject(new TypeError('offline')) : real(path, ...rest); location.hash = '{token}'"
    );
    phone.script(&script).await;
    phone.sees("Tidak ada jaringan.").await;
    no_barrier(&phone, "adding").await;
    desktop.is_at("/gerbang/activation?r=").await;
    // As somebody does who closes the app and opens it by its icon.
    phone.open("/gerbang/authenticator/").await;
    phone.sees("berhasil ditambahkan").await;
    desktop.sees(DONE).await;
    taps(&phone, "OK").await;
    phone.sees("PPK2").await;
    assert_eq!(phone.count("#accounts > li").await, 1);
    drop(desktop);
}

/// The login went on by a code meanwhile: the phone must not say that it was closed.
#[tokio::test(flavor = "multi_thread")]
async fn a_no_that_comes_too_late_says_so() {
    let world = world().await;
    let (desktop, phone, key) = joined_with_key(&world, "PPK2").await;
    logs_in_again(&desktop, "PPK2").await;
    taps(&phone, "OK").await;
    opens_login(&phone, CONFIRM).await;
    taps(&phone, "Tidak").await;
    world.gateway.advance(60).await;
    let code = crate::support::otp::Phone::new(&key, world.gateway.ahead()).code();
    desktop.types_code(&code).await;
    desktop.is_home_as("PPK2").await;
    taps(&phone, "Bukan saya").await;
    // It had gone on by a code: the session ends.
    phone.sees("ditolak dan sesinya ditutup").await;
    desktop.is_nobody().await;
    // Nothing is there any more that could be ended.
    taps(&phone, "OK").await;
    desktop.logs_in("PPK2").await;
    desktop.is_at("/gerbang/acceptor?r=").await;
    phone.leaves().await;
    desktop.leaves().await;
}

/// A phone that looks at its list before the computer has taken it in.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_being_added_is_not_called_ended() {
    let world = world().await;
    let desktop = Person::new(&world, DESKTOP).await;
    let phone = Person::new(&world, PHONE).await;
    desktop.logs_in("PPK2").await;
    let link = link_on(&desktop).await;
    // Nothing on the computer hears of it.
    desktop.chromium.client.goto("about:blank").await.unwrap();
    phone.chromium.client.goto(&link).await.unwrap();
    phone.sees("Lanjutkan di komputer").await;
    taps(&phone, "Daftar akun").await;
    phone.sees("Akun ini sedang ditambahkan.").await;
    phone.sees_nothing_of("tidak berlaku lagi").await;
    phone.sees_nothing_of("Hapus").await;
    no_barrier(&phone, "joins").await;
    desktop.open("/gerbang/activation").await;
    desktop.clicks_on("Lanjutkan").await;
    desktop.sees(DONE).await;
    phone.sees("berhasil ditambahkan").await;
    drop(desktop);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_without_a_network_is_said_again_with_it() {
    let mut world = world().await;
    let (desktop, phone) = joined(&world, "PPK2").await;
    logs_in_again(&desktop, "PPK2").await;
    taps(&phone, "OK").await;
    opens_login(&phone, CONFIRM).await;
    taps(&phone, "Tidak").await;
    world.gateway.stop();
    taps(&phone, "Bukan saya").await;
    phone.sees("Tidak ada jaringan.").await;
    no_barrier(&phone, "why_offline").await;
    world.gateway.restart().await;
    taps(&phone, "Bukan saya").await;
    phone.sees("segera ganti password").await;
    desktop.sees("Silakan login kembali").await;
    desktop.is_nobody().await;
    drop(desktop);
}

/// The push service of Chromium is out of reach: the browser's part of the subscription is the test
/// service's, and the message is delivered by DevTools. The rest is the browser's own.
const SUBSCRIBES: &str = "const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))\
        .replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '');\
    const made = { ...SUBSCRIPTION };\
    window.pushed = null;\
    PushManager.prototype.getSubscription = async () => window.pushed;\
    PushManager.prototype.subscribe = async (options) => {\
        window.subscribedWith = text(options.applicationServerKey);\
        window.visibly = options.userVisibleOnly;\
        window.subscriptions = (window.subscriptions || 0) + 1;\
        window.pushed = {\
            toJSON: () => ({ endpoint: made.endpoint, keys: { p256dh: made.key, auth: made.auth } }),\
            options,\
            unsubscribe: async () => { window.pushed = null; return true; },\
        };\
        return window.pushed;\
    }";
const NOTIFIES: &str = "HP ini memberi tahu saat ada login yang menunggu.";

/// Something about the notifications that this phone shows.
fn about_notifications(what: &str) -> String {
    format!(
        "return navigator.serviceWorker.ready.then((worker) => worker.getNotifications())\
         .then((all) => {what})"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_woken_by_a_notification() {
    let service = PushService::start();
    let world = world_with(Config::default(), |gateway| service.used_by(gateway)).await;
    let (desktop, phone) = joined(&world, "PPK2").await;
    taps(&phone, "OK").await;
    let subscription = service.subscription("/a");
    phone
        .script(&SUBSCRIBES.replace("SUBSCRIPTION", &subscription.to_string()))
        .await;
    // Whoever said no once is told where to change it.
    let origin = format!("http://{}", world.gateway.addr());
    permits(&phone, &origin, "denied").await;
    taps(&phone, "Beri tahu saat ada login").await;
    phone.sees("Pemberitahuan diblokir.").await;
    no_barrier(&phone, "push_denied").await;
    permits(&phone, &origin, "granted").await;
    taps(&phone, "Beri tahu saat ada login").await;
    phone.sees(NOTIFIES).await;
    no_barrier(&phone, "push").await;
    let told = phone
        .script("return [window.subscribedWith, window.visibly]")
        .await;
    assert_eq!(told, json!([service.public_key(), true]));

    logs_in_again(&desktop, "PPK2").await;
    let message = service.nth(1).await["message"].to_string();
    phone
        .chromium
        .devtools("ServiceWorker.enable", json!({}))
        .await;
    // Numbers of registrations are Chromium's own; one that is none is passed over.
    for id in 0..20 {
        let parameters =
            json!({ "origin": origin, "registrationId": id.to_string(), "data": message });
        phone
            .chromium
            .devtools("ServiceWorker.deliverPushMessage", parameters)
            .await;
    }
    phone
        .until_script(&about_notifications("all.length === 1"))
        .await;
    let shown = about_notifications("[all[0].title, all[0].body, all[0].tag]");
    let shown = phone.script(&shown).await;
    let wanted = "Buka Authenticator untuk melihat dan menjawabnya.";
    assert_eq!(shown, json!(["Ada login yang menunggu", wanted, "login"]));
    // It has done its work once its owner looks.
    opens_login(&phone, CONFIRM).await;
    taps(&phone, "Daftar akun").await;
    phone
        .until_script(&about_notifications("all.length === 0"))
        .await;

    world.gateway.advance(2).await;
    taps(&phone, "Matikan pemberitahuan").await;
    phone.sees_no_more(NOTIFIES).await;
    stranger_asks(&world.browser(), "PPK2").await;
    world.gateway.advance(2).await;
    taps(&phone, "Beri tahu saat ada login").await;
    phone.sees(NOTIFIES).await;
    stranger_asks(&world.browser(), "PPK2").await;
    service.nth(2).await;
    phone
        .until_script("return document.querySelectorAll('.logins button').length === 3")
        .await;
    assert_eq!(service.taken().len(), 2);
    another_key_and_the_last_account(&phone).await;
    drop(desktop);
}

async fn another_key_and_the_last_account(phone: &Person) {
    // Another key of the operator: the subscription is made anew, without asking.
    phone
        .script("window.pushed.options = { applicationServerKey: new Uint8Array(65).buffer }")
        .await;
    taps(phone, "Tambah Akun").await;
    taps(phone, "Batal").await;
    phone.sees(NOTIFIES).await;
    let told = phone.script("return window.subscriptions").await;
    assert_eq!(told, json!(3));
    // An account that is forgotten wakes nobody, and with the last one the browser's subscription ends.
    taps(phone, "Hapus").await;
    taps(phone, "Hapus Akun").await;
    phone.sees(NOTHING).await;
    assert_eq!(phone.script("return window.pushed").await, Value::Null);
}

/// It leads to the list: what stands there may be about an earlier login.
#[tokio::test(flavor = "multi_thread")]
async fn a_tap_on_a_notification_leads_to_the_list() {
    let world = world().await;
    let (desktop, phone) = joined(&world, "PPK2").await;
    logs_in_again(&desktop, "PPK2").await;
    taps(&phone, "OK").await;
    opens_login(&phone, CONFIRM).await;
    let told =
        "navigator.serviceWorker.dispatchEvent(new MessageEvent('message', { data: 'login' }))";
    phone.script(told).await;
    opens_login(&phone, CONFIRM).await;
    taps(&phone, "Tidak").await;
    taps(&phone, "Salah tekan").await;
    phone.sees("Login PPK2 ditutup.").await;
    // Looked at again, as after another app.
    phone
        .script("document.dispatchEvent(new Event('visibilitychange'))")
        .await;
    phone.sees_no_more("Login PPK2 ditutup.").await;
    phone.sees("entri A").await;

    // The worker itself, where nothing keeps it from being looked at.
    let worker = world
        .browser()
        .get("/gerbang/authenticator/worker.js")
        .await;
    phone.chromium.client.goto("about:blank").await.unwrap();
    for (open, done) in [
        (
            "[{ postMessage: (it) => done.push(it), focus: () => done.push('focus') }]",
            json!(["close", "login", "focus"]),
        ),
        (
            "[]",
            json!(["close", "/eproc4/gerbang/authenticator/?lang=en"]),
        ),
    ] {
        let script = format!(
            "const done = []; const on = {{}};\
             const clients = {{ matchAll: async () => {open}, openWindow: (it) => done.push(it) }};\
             const self = {{ clients, addEventListener: (name, act) => {{ on[name] = act; }} }};\
             new Function('self', {})(self);\
             let work; on.notificationclick({{\
                notification: {{ lang: 'en', close: () => done.push('close') }},\
                waitUntil: (it) => {{ work = it; }},\
             }});\
             return work.then(() => done)",
            json!(worker.text())
        );
        assert_eq!(phone.script(&script).await, done, "{open}");
    }
    drop(desktop);
}

/// What the browser answers when a page asks for notifications.
async fn permits(phone: &Person, origin: &str, setting: &str) {
    let parameters = json!({
        "permission": { "name": "notifications" },
        "setting": setting,
        "origin": origin,
    });
    phone
        .chromium
        .devtools("Browser.setPermission", parameters)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_without_scripts_goes_on_by_its_button() {
    let world = world().await;
    let desktop = Person::new(&world, PLAIN_DESKTOP).await;
    let mut app = App::beside(&world.browser());
    desktop.logs_in("PPK2").await;
    desktop.is_at("/gerbang/activation?r=").await;
    let page = page_of(&desktop).await;
    assert!(!token_of(&page).is_empty());
    app.open_link(&page).await.good();
    app.confirm(&page).await.good();
    desktop.clicks_on("Lanjutkan").await;
    desktop.sees(DONE).await;
    desktop.open("/gerbang/logout").await;
    desktop.clicks_on("LOGOUT").await;
    desktop.logs_in("PPK2").await;
    let number = number_at(&desktop).await;
    desktop.clicks_on("Lanjutkan").await;
    assert_eq!(
        number_at(&desktop).await,
        number,
        "too early: nothing is lost"
    );
    let challenge = app.call_of().await;
    app.approve(&challenge, &number).await.good();
    // Or by being loaded anew, as it is from time to time.
    desktop.open("/gerbang/acceptor").await;
    desktop.sees("Login diterima di HP.").await;
    desktop.clicks_on("Lanjutkan").await;
    desktop.is_home_as("PPK2").await;
    desktop.leaves().await;
}

/// The page as it came, for those who read pages without a browser.
async fn page_of(person: &Person) -> Response {
    Response {
        status: 200,
        body: person.source().await.into_bytes(),
        ..Response::default()
    }
}

/// Where the confirmation stands, as the phone's own Back and the clock have it.
#[tokio::test(flavor = "multi_thread")]
async fn the_confirmation_tells_its_time_and_back_leads_to_the_list() {
    let world = world().await;
    let (desktop, phone) = joined(&world, "PPK2").await;
    phone.sees("layar utama").await;
    phone.sees_nothing_of("Halaman ini sedang dibuka").await;
    logs_in_again(&desktop, "PPK2").await;
    desktop.sees("/gerbang/authenticator/").await;
    taps(&phone, "OK").await;
    opens_login(&phone, CONFIRM).await;
    phone.sees("LPSE Kabupaten Contoh").await;
    phone.sees("Sisa waktu untuk menjawab: 1").await;
    phone.script("history.back()").await;
    phone.sees(WAITS).await;
    opens_login(&phone, CONFIRM).await;
    phone.sees("Authorize login?").await;
    // Its time passes, its page asks for more, and the phone hears of it by itself.
    let hurry = "const now = Date.now; Date.now = () => now() + 115000";
    world.gateway.advance(115).await;
    desktop.clicks_on("Perpanjang waktu").await;
    desktop.sees("1 kali lagi").await;
    phone.script(hurry).await;
    phone.sees("Sisa waktu untuk menjawab: 11").await;
    // Without that it is told that nothing waits any more.
    world.gateway.advance(125).await;
    phone.script(hurry).await;
    phone
        .sees("Login ini sudah selesai atau tidak menunggu lagi.")
        .await;
    no_barrier(&phone, "too_late").await;
    let gone = phone.script("return document.getElementById('yes').hidden");
    assert_eq!(gone.await, true);
    // Whoever did not log in himself says so all the same.
    taps(&phone, "Tidak").await;
    taps(&phone, "Bukan saya").await;
    phone.sees("tidak bisa ditolak dari sini").await;
    no_barrier(&phone, "no_late").await;
    phone.script("history.back()").await;
    phone.sees("Tambah Akun").await;
    phone.leaves().await;
    desktop.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_cut_off_is_said() {
    let world = world().await;
    let phone = Person::new(&world, PHONE).await;
    phone.open("/gerbang/authenticator/#add=7KQ2M4").await;
    phone.sees("Periksa kembali.").await;
    phone.sees("Kode penambahan").await;
    assert_eq!(phone.script("return location.hash").await, "");
    phone.leaves().await;
}

/// A second account is taken in while its owner answers a login of the first.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_torn_away_from_a_login_that_waits() {
    let world = world().await;
    let (desktop, phone) = joined(&world, "PPK2").await;
    let plain = Person::new(&world, PLAIN_DESKTOP).await;
    plain.logs_in("PPK301").await;
    let link = link_on(&plain).await;
    phone.chromium.client.goto(&link).await.unwrap();
    phone.sees("Lanjutkan di komputer").await;
    let number = logs_in_again(&desktop, "PPK2").await;
    taps(&phone, "Daftar akun").await;
    opens_login(&phone, CONFIRM).await;
    phone.fills("#number", &number).await;
    plain.reloads().await;
    plain.clicks_on("Lanjutkan").await;
    plain.sees(DONE).await;
    // Twice as long as it asks.
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    phone.sees("Authorize login?").await;
    taps(&phone, "Ya").await;
    phone.sees("Login PPK2 diterima.").await;
    taps(&phone, "OK").await;
    phone.sees("PPK301").await;
    desktop.is_home_as("PPK2").await;
    phone.leaves().await;
    plain.leaves().await;
    desktop.leaves().await;
}
