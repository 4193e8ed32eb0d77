//! Two people's screens, a desktop and a phone: the phone joins an activation and approves logins, with
//! WebCrypto, camera and service worker as browsers have them.

mod notified;
mod offline;
mod screens;

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
