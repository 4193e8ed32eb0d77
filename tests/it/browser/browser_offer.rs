//! "Nanti saja", and the activation code of the help desk.

use super::chromium::{DESKTOP, PHONE, PLAIN_PHONE, Screen};
use super::person::Person;
use super::world;
use crate::support::World;

fn cli(world: &World, arguments: &[&str]) -> String {
    let why = ["--reason", "SE 12/2026", "--yes"];
    world.gateway.cli(&[arguments, &why[..]].concat()).done()
}

fn set(world: &World, mode: &str, more: [&str; 2]) {
    let verb = ["policy", "set", "--everybody", "--mode", mode];
    cli(world, &[&verb[..], &more].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_is_put_off_on_a_phone() {
    puts_off(PHONE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_is_put_off_without_scripts() {
    puts_off(PLAIN_PHONE).await;
}

async fn puts_off(screen: Screen) {
    let world = world().await;
    set(&world, "encouraged", ["--skips", "1"]);
    let person = Person::new(&world, screen).await;
    person.logs_in("REKANAN1").await;
    person.is_at("/gerbang/activation?r=").await;
    person
        .sees("Belum sempat? Login dapat dilanjutkan tanpa aktivasi.")
        .await;
    person.sees("Bisa ditunda 1 kali lagi.").await;
    person.fits().await;
    person.clicks_on("Nanti saja").await;
    person.is_home_as("REKANAN1").await;
    person.clicks_on("LOGOUT").await;
    // The page for visitors: an address typed before it would overtake the logout.
    person.find("#login").await;
    person.logs_in("REKANAN1").await;
    person.is_at("/gerbang/activation?r=").await;
    person.sees("Segera daftarkan Smartphone Anda").await;
    person.sees_nothing_of("Nanti saja").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_the_help_desk_comes_before_the_qr_code() {
    proves(DESKTOP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_the_help_desk_comes_before_the_qr_code_without_scripts() {
    proves(PLAIN_PHONE).await;
}

async fn proves(screen: Screen) {
    let world = world().await;
    set(&world, "required", ["--proof", "counter"]);
    let person = Person::new(&world, screen).await;
    person.logs_in("PPK301").await;
    person.is_at("/gerbang/activation?r=").await;
    person.sees("Masukkan 8 digit kode aktivasi").await;
    person
        .sees("Kode berlaku 24 jam dan hanya untuk user Anda.")
        .await;
    person.sees_nothing_of("QR Code").await;
    person.has_focus("code").await;
    person.fits().await;
    person.types_code("1234 5678").await;
    person
        .sees("Kode aktivasi salah atau sudah tidak berlaku.")
        .await;
    let paper = ["--number", "12/LPSE/2026", "--checked", "KTP"];
    let said = cli(
        &world,
        &[&["user", "activation-code", "PPK301"][..], &paper].concat(),
    );
    let code = said.split("PPK301 (non-penyedia): ").nth(1).unwrap();
    let code: String = code.lines().next().unwrap().to_owned();
    person.types_code(&code).await;
    let mut phone = person.scans().await;
    person.types_code(&phone.code()).await;
    person.sees("TOTP sudah berhasil diaktifkan.").await;
    person.clicks_on("Beranda").await;
    person.is_home_as("PPK301").await;
    person.leaves().await;
}
