//! Recovery codes in a real browser: seen once, printed, kept as a file, typed from paper.

use super::chromium::{DESKTOP, PHONE, PLAIN_DESKTOP, PLAIN_PHONE, Screen};
use super::person::Person;
use super::{enrolled, world};
use crate::support::World;
use crate::support::otp::Phone;
use base64::Engine as _;
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;

const BUTTON: &str = "Gunakan kode pemulihan";
const FIELD: &str = "#recovery-code";
const SUBMIT: &str = "form.entry button";
const SAVE: &str = "Simpan kode ini sekarang, karena tidak ditampilkan lagi.";

/// The codes on the page.
async fn codes_on(person: &Person) -> Vec<String> {
    let codes =
        "return Array.from(document.querySelectorAll('.codes code')).map(c => c.textContent)";
    let codes = person.script(codes).await;
    let codes = codes.as_array().unwrap().iter();
    codes
        .map(|code| code.as_str().unwrap().to_owned())
        .collect()
}

/// First login, as far as the page that shows the codes.
async fn activates(world: &World, screen: Screen, id: &str) -> (Person, Phone, Vec<String>) {
    let person = Person::new(world, screen).await;
    person.logs_in(id).await;
    let mut phone = person.scans().await;
    person.types_code(&phone.code()).await;
    person.sees("TOTP sudah berhasil diaktifkan.").await;
    person.sees(SAVE).await;
    let codes = codes_on(&person).await;
    assert_eq!(codes.len(), 10, "{codes:?}");
    (person, phone, codes)
}

/// Types a recovery code and sends it.
async fn types_recovery(person: &Person, code: &str) {
    person.fills(FIELD, code).await;
    person.clicks(SUBMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_phone_is_no_lost_day() {
    loses_the_phone(DESKTOP, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_phone_is_no_lost_day_on_a_phone_without_scripts() {
    loses_the_phone(PLAIN_PHONE, "REKANAN1").await;
}

async fn loses_the_phone(screen: Screen, id: &str) {
    let world = world().await;
    let (first, mut old, codes) = activates(&world, screen, id).await;
    first.fits().await;
    assert_eq!(
        first.count("#print:not([hidden])").await > 0,
        screen.scripts
    );
    first.clicks_on("Beranda").await;
    first.is_home_as(id).await;
    // Back: the codes are not on the page any more, whatever the browser kept of it.
    first.goes_back().await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(codes_on(&first).await, Vec::<String>::new());
    first.leaves().await;

    let person = Person::new(&world, screen).await;
    person.logs_in(id).await;
    person.is_at("/gerbang/acceptor?r=").await;
    person.fits().await;
    person.clicks_on(BUTTON).await;
    person.is_at("/gerbang/acceptor/recovery?r=").await;
    person.sees("Login dengan kode pemulihan").await;
    let left = person.attribute("#countdown", "data-seconds").await;
    assert!(left.parse::<u32>().unwrap() > 540, "{left}");
    person.fits().await;
    person.has_focus("recovery-code").await;
    let slip = format!("{}*", &codes[0][..33]);
    types_recovery(&person, &slip).await;
    person
        .sees("Ada yang salah ketik pada kode pemulihan.")
        .await;
    person.has_focus("recovery-code").await;
    person.fits().await;
    types_recovery(&person, &codes[0].to_lowercase().replace('-', " ")).await;
    person.sees("Kode pemulihan diterima").await;
    person.sees("Sisa kode").await;
    person.fits().await;

    person.clicks_on("Ganti HP").await;
    person.is_at("/gerbang/activation").await;
    person
        .sees("Entri lama (A) tetap berlaku sampai aktivasi ini selesai.")
        .await;
    let mut new = person.scans().await;
    assert_ne!(new.key, old.key);
    person.types_code(&new.code()).await;
    person.sees("Entri lama (A) tidak berlaku lagi.").await;
    person.sees(SAVE).await;
    assert!(!codes_on(&person).await.contains(&codes[1]));
    person.clicks_on("Beranda").await;
    person.is_home_as(id).await;
    person.leaves().await;

    let other = Person::new(&world, screen).await;
    world.gateway.advance(60).await;
    other.logs_in(id).await;
    other.types_code(&old.code()).await;
    other.sees("Kode salah.").await;
    other.types_code(&new.code()).await;
    other.is_home_as(id).await;
    other.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_acceptor_leads_there_and_back_and_on_to_where_the_user_was_going() {
    let world = world().await;
    let (first, mut phone, codes) = activates(&world, PLAIN_DESKTOP, "PPK2").await;
    first.leaves().await;
    let person = Person::new(&world, PHONE).await;
    person.logs_in("PPK2").await;
    person.clicks_on(BUTTON).await;
    person.sees("Login dengan kode pemulihan").await;
    person.clicks_on("Kembali ke kode dari aplikasi").await;
    person.sees("Masukkan 6 digit kode dari aplikasi").await;
    person.clicks_on(BUTTON).await;
    types_recovery(&person, &codes[5]).await;
    person.sees("Kode pemulihan diterima").await;
    // A reload sends the form again: neither codes nor the login are lost.
    person.reloads().await;
    person.sees("9 dari 10").await;
    person.open("/home").await;
    person.is_home_as("PPK2").await;
    person.clicks_on("LOGOUT").await;
    person.find("#login").await;
    person.logs_in("PPK2").await;
    person.clicks_on(BUTTON).await;
    types_recovery(&person, &codes[5]).await;
    person.sees("Kode pemulihan ini sudah dipakai.").await;
    types_recovery(&person, &codes[6]).await;
    person.clicks_on("Lanjutkan").await;
    person.is_home_as("PPK2").await;
    world.gateway.advance(60).await;
    person.clicks_on("LOGOUT").await;
    person.find("#login").await;
    person.logs_in("PPK2").await;
    person.types_code(&phone.code()).await;
    person.is_home_as("PPK2").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_set_is_kept_as_a_file_and_on_paper() {
    let world = world().await;
    let id = "POKJA1";
    let mut phone = enrolled(&world, id).await;
    let person = Person::new(&world, DESKTOP).await;
    person.logs_in(id).await;
    person.types_code(&phone.code()).await;
    person.is_home_as(id).await;
    person.open("/gerbang/").await;
    person.sees("10 dari 10").await;
    person.clicks_on("Buat kode pemulihan baru").await;
    person.is_at("/gerbang/recovery").await;
    person.fits().await;
    person.types_code(&phone.wrong()).await;
    person.sees("Kode salah.").await;
    world.gateway.advance(30).await;
    person.types_code(&phone.code()).await;
    person.sees(SAVE).await;
    person.fits().await;
    let codes = codes_on(&person).await;

    keeps_the_file(&person, &codes).await;
    // The page stands as before.
    assert_eq!(codes_on(&person).await, codes);
    prints(&person, id, &codes).await;

    person.clicks_on("Sudah saya simpan").await;
    person.is_at("/gerbang/").await;
    person.sees("10 dari 10").await;
    person.goes_back().await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(codes_on(&person).await, Vec::<String>::new());
    person.leaves().await;
}

/// The file, by the browser's own download.
async fn keeps_the_file(person: &Person, codes: &[String]) {
    let folder = person.chromium.folder().join("downloads");
    std::fs::create_dir(&folder).unwrap();
    let to = json!({"behavior": "allow", "downloadPath": folder});
    person
        .chromium
        .devtools("Browser.setDownloadBehavior", to)
        .await;
    person.clicks_on("Unduh").await;
    let file = folder.join("kode-pemulihan.txt");
    for _ in 0..100 {
        if file.exists() {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(codes.iter().all(|code| text.contains(code)), "{text}");
    assert!(text.contains("User ID: POKJA1"), "{text}");
}

/// What the printer gets: whose codes, the codes, no buttons.
async fn prints(person: &Person, id: &str, codes: &[String]) {
    let media = json!({"media": "print"});
    person
        .chromium
        .devtools("Emulation.setEmulatedMedia", media)
        .await;
    let seen = person.text().await;
    assert!(codes.iter().all(|code| seen.contains(code)), "{seen}");
    for there in [
        "LPSE Kabupaten Contoh",
        id,
        "Setiap kode hanya bisa dipakai sekali.",
    ] {
        assert!(seen.contains(there), "{there}: {seen}");
    }
    for gone in ["Cetak", "Unduh", "Sudah saya simpan", "English"] {
        assert!(!seen.contains(gone), "{gone}: {seen}");
    }
    let printed = person.chromium.devtools("Page.printToPDF", json!({})).await;
    let pdf = printed["data"].as_str().unwrap();
    let pdf = base64::engine::general_purpose::STANDARD
        .decode(pdf)
        .unwrap();
    let pages = pdf
        .windows(11)
        .filter(|piece| piece == b"/Type /Page")
        .count()
        - pdf
            .windows(12)
            .filter(|piece| piece == b"/Type /Pages")
            .count();
    assert_eq!(pages, 1, "all of it on one sheet");
    let media = json!({"media": ""});
    person
        .chromium
        .devtools("Emulation.setEmulatedMedia", media)
        .await;
    person
        .script("window.print = () => { window.printed = true }")
        .await;
    person.clicks_on("Cetak").await;
    person.until_script("return window.printed === true").await;
}
