//! The first login: QR code from the screen into the phone, code from the phone, home.

use super::chromium::{DESKTOP, PHONE, PLAIN_DESKTOP, PLAIN_PHONE, Screen};
use super::person::{CODE, Person, SUBMIT};
use super::{world, world_with};
use crate::support::{World, eventually};
use spse_standin::Config;
use std::time::Duration;
use tokio::time::sleep;

const SCAN: &str =
    "Segera daftarkan Smartphone Anda: pindai QR Code ini dengan aplikasi authenticator.";
const CLOSED: &str = "QR Code sudah tertutup. Klik \"Tampilkan QR Code baru\".";
const NEW: &str = "Tampilkan QR Code baru";
const DONE: &str = "TOTP sudah berhasil diaktifkan.";

#[tokio::test(flavor = "multi_thread")]
async fn on_a_desktop() {
    activates(DESKTOP, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone() {
    activates(PHONE, "REKANAN1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_desktop_without_scripts() {
    activates(PLAIN_DESKTOP, "AUDITOR1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_without_scripts() {
    activates(PLAIN_PHONE, "REKANAN2").await;
}

async fn activates(screen: Screen, id: &str) {
    let world = world().await;
    let person = Person::new(&world, screen).await;
    person.logs_in(id).await;
    person.is_at("/gerbang/activation?r=").await;
    for sentence in [
        "Aktivasi",
        "Time-based One-time Password",
        id,
        "Tidak Aktif",
        SCAN,
        "QR Code akan tertutup dalam waktu",
        "Catatan: 1 user hanya bisa untuk 1 perangkat HP dan 1 HP bisa banyak user.",
        "LOGOUT",
    ] {
        person.sees(sentence).await;
    }
    person.fits().await;
    let mut phone = person.scans().await;
    let address = person.attribute("a[href^='otpauth://']", "href").await;
    let label = format!("otpauth://totp/LPSE%20Kabupaten%20Contoh:{id}%20%28A%29?");
    assert!(address.starts_with(&label), "{address}");

    person
        .clicks_on("Belum punya aplikasi authenticator?")
        .await;
    person
        .sees("Aplikasi SPSE Authenticator tidak bisa dipakai di sini.")
        .await;

    person.types_code(&phone.wrong()).await;
    person
        .sees("Kode salah. Periksa kode terbaru di aplikasi Anda.")
        .await;
    person.sees("Jam server sekarang").await;
    person.has_focus("code").await;
    let again = person.scans().await;
    assert_eq!(
        again.key, phone.key,
        "a wrong code must not change the QR code"
    );

    person.types_code(&phone.code()).await;
    person.sees(DONE).await;
    person.sees("Berhasil Aktivasi TOTP").await;
    person.clicks_on("Beranda").await;
    person.is_home_as(id).await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_qr_code_closes_by_itself_and_a_new_one_comes_on_demand() {
    qr_code_closes(DESKTOP, "POKJA1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_the_qr_code_closes_when_the_browser_loads_the_page_anew() {
    qr_code_closes(PLAIN_PHONE, "POKJA1").await;
}

async fn qr_code_closes(screen: Screen, id: &str) {
    let world = world().await;
    let person = Person::new(&world, screen).await;
    person.logs_in(id).await;
    let mut first = person.scans().await;
    let place = person.path().await;
    nearly_over(&world, &person).await;
    person.sees(CLOSED).await;
    person
        .sees("Sudah memindai QR Code yang tadi? Masukkan saja kodenya di bawah ini.")
        .await;
    assert_eq!(
        person.count("svg.qr").await,
        0,
        "the secret is still in the page"
    );
    assert_eq!(person.count("a[href^='otpauth://']").await, 0);

    person.clicks_on(NEW).await;
    person.sees(SCAN).await;
    person.sees(id).await;
    let second = person.scans().await;
    assert_ne!(first.key, second.key);
    let address = person.attribute("a[href^='otpauth://']", "href").await;
    assert!(address.contains(&format!("{id}%20%28B%29")), "{address}");
    assert_eq!(person.path().await, place);

    // Whoever scanned the one before types its code.
    person.types_code(&first.code()).await;
    person.sees(DONE).await;
    person.clicks_on("Beranda").await;
    person.is_home_as(id).await;
    person.leaves().await;
}

/// Lets the countdown of the page, 60 s, come near its end.
async fn nearly_over(world: &World, person: &Person) {
    world.gateway.advance(45).await;
    person.reloads().await;
    person.sees("0 menit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_an_activation_after_the_password_ends_the_login() {
    let world = world().await;
    let person = Person::new(&world, PHONE).await;
    person.logs_in("VERIF1").await;
    person.sees(SCAN).await;
    person.clicks_on("LOGOUT").await;
    person.sees("Anda sudah keluar dari SPSE.").await;
    person.goes_back().await;
    person
        .sees("Tidak ada login yang menunggu di browser ini.")
        .await;
    person.sees_nothing_private().await;
    assert_eq!(person.count("svg.qr").await, 0);
    person.is_nobody().await;
    eventually("the upstream's own logout", || {
        world.standin.logins().is_empty()
    })
    .await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_from_the_status_page_can_be_left_without_losing_the_session() {
    let world = world_with(Config::default(), |gateway| {
        gateway.default_mode("optional")
    })
    .await;
    let person = Person::new(&world, PLAIN_DESKTOP).await;
    person.logs_in("HELPDESK1").await;
    person.is_home_as("HELPDESK1").await;
    person.open("/gerbang/").await;
    person.sees("Tidak Aktif").await;
    person.clicks_on("ENABLE TOTP").await;
    person.sees(SCAN).await;
    person.clicks_on("Batal").await;
    person.sees("ENABLE TOTP").await;
    person.open("/home").await;
    person.is_home_as("HELPDESK1").await;

    person.open("/gerbang/").await;
    person.clicks_on("ENABLE TOTP").await;
    let mut phone = person.scans().await;
    person.types_code(&phone.code()).await;
    person.sees(DONE).await;
    person.open("/gerbang/").await;
    person.sees("Aktif sejak").await;
    person.open("/home").await;
    person.is_home_as("HELPDESK1").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_with_a_space_is_a_code_and_letters_are_not_even_sent() {
    let world = world().await;
    let person = Person::new(&world, DESKTOP).await;
    person.logs_in("ASN1").await;
    let mut phone = person.scans().await;
    let asked = person.path().await;
    for typed in ["12345", "abcdef"] {
        person.types_code(typed).await;
        // Time enough for a page that must not come.
        sleep(Duration::from_millis(300)).await;
        assert_eq!(person.count(&format!("{CODE}:invalid")).await, 1, "{typed}");
        assert_eq!(person.path().await, asked, "{typed}");
    }
    let code = phone.code();
    person
        .fills(CODE, &format!("{} {}", &code[..3], &code[3..]))
        .await;
    person.clicks(SUBMIT).await;
    person.sees(DONE).await;
    person.leaves().await;
}
