//! The reset by mail in a real browser: from the login form over the mailbox to a new phone.

use super::chromium::{DESKTOP, PLAIN_PHONE, Screen};
use super::person::Person;
use super::{enrolled, world_with};
use crate::reset::{links_in, sum_in};
use crate::support::World;
use crate::support::smtp::MailServer;
use spse_standin::Config;

pub(super) const EMAIL: &str = "budi@example.id";

/// A world with mail in which somebody activated, and has an address.
pub(super) async fn with_mail(server: &MailServer, id: &str, kind: &str) -> World {
    let world = world_with(Config::default(), |gateway| gateway.mail(server)).await;
    crate::post::register(&world, &[(id, kind, EMAIL)]).done();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_phone_is_replaced_by_mail() {
    loses_the_phone(DESKTOP, "PPK301", "non-penyedia", "Non-Penyedia").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_phone_is_replaced_by_mail_on_a_phone_without_scripts() {
    loses_the_phone(PLAIN_PHONE, "REKANAN1", "penyedia", "Penyedia").await;
}

async fn loses_the_phone(screen: Screen, id: &str, kind: &str, label: &str) {
    let server = MailServer::start();
    let world = with_mail(&server, id, kind).await;
    let old = enrolled(&world, id).await;
    server.nth(1).await;
    let person = Person::new(&world, screen).await;
    person.open("/user/resettotp").await;
    person.is_at("/gerbang/reset").await;
    person.sees("Permintaan Reset TOTP").await;
    person.fits().await;
    // A slip loses nothing but the picture.
    person.fills("#user-id", id).await;
    person.fills("#email", EMAIL).await;
    person.clicks(&format!("input[value='{kind}']")).await;
    person.sees(label).await;
    person.fills("#answer", "?").await;
    person.clicks("form.entry > button.button").await;
    person.sees("Kode Keamanan salah").await;
    assert_eq!(person.attribute("#email", "value").await, EMAIL);
    person.fits().await;
    // "Klik di sini untuk mengganti Kode baru": also without an answer.
    let picture = person.attribute(".puzzle path", "d").await;
    person.clicks("button[name=refresh]").await;
    person.sees_no_more("Kode Keamanan salah").await;
    assert_ne!(person.attribute(".puzzle path", "d").await, picture);
    let sum = sum_in(&person.text().await);
    person.fills("#answer", &sum).await;
    person.clicks("form.entry > button.button").await;
    person.sees("Permintaan diterima.").await;
    person.sees(EMAIL).await;
    person.fits().await;

    person.open(&links_in(&server.nth(2).await).0).await;
    person.sees("Anda yakin akan mereset TOTP?").await;
    person.fits().await;
    person.clicks("form.entry button").await;
    person
        .sees("TOTP yang lama tetap berlaku sampai aktivasi baru selesai.")
        .await;
    person.fits().await;
    let code = person.text().await;
    let code: Vec<&str> = code
        .lines()
        .filter(|line| line.contains("Kode aktivasi"))
        .collect();
    assert!(!code.is_empty());

    person.logs_in(id).await;
    person.is_at("/gerbang/acceptor?r=").await;
    person
        .sees("Anda sudah mengonfirmasi Reset TOTP di browser ini.")
        .await;
    person.fits().await;
    person.clicks_on("Lanjutkan Aktivasi TOTP ulang").await;
    person.is_at("/gerbang/acceptor/reset?r=").await;
    person.sees("sudah terisi").await;
    person.fits().await;
    person.clicks("form.entry button").await;
    person.is_at("/gerbang/activation?r=").await;
    person
        .sees("tetap berlaku sampai aktivasi ini selesai.")
        .await;
    let mut new = person.scans().await;
    assert_ne!(new.key, old.key);
    person.types_code(&new.code()).await;
    person.sees("TOTP sudah berhasil diaktifkan.").await;
    person.clicks_on("Beranda").await;
    person.is_home_as(id).await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bukan_saya_is_two_clicks_from_the_mail() {
    let server = MailServer::start();
    let world = with_mail(&server, "PPK301", "non-penyedia").await;
    enrolled(&world, "PPK301").await;
    server.nth(1).await;
    crate::reset::ask(&world.browser(), "PPK301", EMAIL).await;
    let person = Person::new(&world, PLAIN_PHONE).await;
    person.open(&links_in(&server.nth(2).await).1).await;
    person
        .sees("Seseorang meminta reset TOTP untuk user Anda.")
        .await;
    person.fits().await;
    person.clicks("form.entry button").await;
    person.sees("Permintaan reset TOTP dibatalkan.").await;
    person.fits().await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_registers_an_address_of_his_own() {
    let server = MailServer::start();
    let world = world_with(Config::default(), |gateway| gateway.mail(&server)).await;
    let person = Person::new(&world, PLAIN_PHONE).await;
    person.logs_in("REKANAN1").await;
    let mut phone = person.scans().await;
    person.types_code(&phone.code()).await;
    person.sees("TOTP sudah berhasil diaktifkan.").await;
    person.clicks_on("Email untuk Reset TOTP").await;
    person.is_at("/gerbang/email").await;
    person.sees("Belum ada").await;
    person.fits().await;
    // A code that was just used: said, and the address stays.
    person.fills("#email", EMAIL).await;
    person.types_code(&phone.last()).await;
    person.sees("sudah dipakai").await;
    assert_eq!(person.attribute("#email", "value").await, EMAIL);
    person.fits().await;
    world.gateway.advance(60).await;
    person.types_code(&phone.code()).await;
    person
        .sees(&format!("Kode konfirmasi dikirim ke {EMAIL}."))
        .await;
    person.fits().await;
    person.fills("#confirm", "1234 5678").await;
    person.clicks("form.entry button").await;
    person.sees("Periksa kembali angkanya").await;
    person.fits().await;
    person.fills("#confirm", &server.nth(1).await.code()).await;
    person.clicks("form.entry button").await;
    person.sees("Email sudah dikonfirmasi.").await;
    person.sees("b***@example.id").await;
    person.fits().await;
    person.clicks_on("Ubah email").await;
    person.fills("#email", "lain@").await;
    person.clicks_on("Kembali ke status TOTP").await;
    person.sees("Aktif sejak").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_code_comes_by_mail() {
    let server = MailServer::start();
    let world = with_mail(&server, "PPK301", "non-penyedia").await;
    crate::office::set(&world, &["--mode", "required", "--proof", "email"]);
    let person = Person::new(&world, DESKTOP).await;
    person.logs_in("PPK301").await;
    person.sees("memerlukan kode aktivasi").await;
    person.fits().await;
    person.clicks_on("Kirim kode ke email terdaftar").await;
    person
        .sees("Kode aktivasi dikirim ke b***@example.id.")
        .await;
    person.fits().await;
    let code = server.nth(1).await.code();
    person.fills("#code", &code).await;
    person.clicks("form.entry button").await;
    let mut phone = person.scans().await;
    person.types_code(&phone.code()).await;
    person.sees("TOTP sudah berhasil diaktifkan.").await;
    person.leaves().await;
}
