//! The status page: how it stands, disable, and the ways out.

use super::chromium::{DESKTOP, PHONE, PLAIN_DESKTOP, PLAIN_PHONE, Screen};
use super::person::Person;
use super::{enrolled, world, world_with};
use crate::support::otp::Phone;
use crate::support::{World, eventually};
use spse_standin::{Config, LoginSteps};

const DISABLED: &str = "TOTP di Aplikasi SPSE sudah Disable.";
const OUT: &str = "Anda sudah keluar dari SPSE.";

/// Somebody who is logged in, at home.
async fn at_home(world: &World, screen: Screen, id: &str) -> (Person, Phone) {
    let mut phone = enrolled(world, id).await;
    let person = Person::new(world, screen).await;
    person.logs_in(id).await;
    person.types_code(&phone.code()).await;
    person.is_home_as(id).await;
    (person, phone)
}

#[tokio::test(flavor = "multi_thread")]
async fn disable_asks_for_a_code_and_the_next_login_asks_for_an_activation() {
    disables(DESKTOP, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disable_asks_for_a_code_and_the_next_login_asks_for_an_activation_without_scripts() {
    disables(PLAIN_PHONE, "REKANAN1").await;
}

async fn disables(screen: Screen, id: &str) {
    let world = world().await;
    let (person, mut phone) = at_home(&world, screen, id).await;
    world.gateway.to_next_step().await;
    person.open("/gerbang/").await;
    for sentence in [
        id,
        "Status",
        "Aktif",
        "Aktif sejak",
        "Entri di aplikasi",
        "DISABLE TOTP",
    ] {
        person.sees(sentence).await;
    }
    person.fits().await;
    person.types_code(&phone.wrong()).await;
    person
        .sees("Kode salah. Periksa kode terbaru di aplikasi Anda.")
        .await;
    person.has_focus("code").await;
    person.types_code(&phone.last()).await;
    person.sees("Kode ini sudah dipakai.").await;
    world.gateway.advance(30).await;
    person.types_code(&phone.code()).await;
    for sentence in [
        DISABLED,
        "Berhasil Disable TOTP",
        "Hapus nama user ini di aplikasi authenticator Anda.",
        "Ketika login ulang di SPSE Anda akan diminta untuk melakukan aktivasi TOTP ulang.",
        "Jika ingin mengaktifkan Enable TOTP kembali ikuti langkah Enable TOTP.",
    ] {
        person.sees(sentence).await;
    }
    person.fits().await;
    // This session goes on.
    person.clicks_on("Beranda").await;
    person.sees("CARI PAKET").await;
    person.open("/home").await;
    person.is_home_as(id).await;
    person.clicks_on("LOGOUT").await;
    person.find("#login").await;
    person.logs_in(id).await;
    person.is_at("/gerbang/activation?r=").await;
    let mut next = person.scans().await;
    assert_ne!(next.key, phone.key);
    person.types_code(&next.code()).await;
    person.sees("TOTP sudah berhasil diaktifkan.").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_behind_name_and_role_leads_to_the_status_page() {
    follows_the_link(DESKTOP, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_behind_name_and_role_leads_to_the_status_page_without_scripts() {
    follows_the_link(PLAIN_PHONE, "REKANAN1").await;
}

async fn follows_the_link(screen: Screen, id: &str) {
    let world = world_with(Config::default(), |gateway| {
        gateway.default_mode("optional")
    })
    .await;
    let role = crate::support::login::user(id).role;
    let person = Person::new(&world, screen).await;
    person.logs_in(id).await;
    person.is_home_as(id).await;
    person.sees(&format!(" - {role} | Enable TOTP")).await;
    person.clicks_on("Enable TOTP").await;
    person.is_at("/gerbang/").await;
    person.sees("Tidak Aktif").await;
    person.clicks_on("ENABLE TOTP").await;
    person.is_at("/gerbang/activation").await;
    let mut phone = person.scans().await;
    person.types_code(&phone.code()).await;
    person.sees("TOTP sudah berhasil diaktifkan.").await;
    person.open("/inbox").await;
    person.sees(&format!(" - {role} | Disable TOTP")).await;
    person.clicks_on("Disable TOTP").await;
    person.is_at("/gerbang/").await;
    world.gateway.advance(30).await;
    person.types_code(&phone.code()).await;
    person.sees(DISABLED).await;
    person.open("/paket").await;
    person.sees(&format!(" - {role} | Enable TOTP")).await;
    person.leaves().await;
}

/// As page, and as a piece of one that a script puts into a dialog.
#[tokio::test(flavor = "multi_thread")]
async fn the_login_form_offers_the_reset() {
    const LINK: &str = "a[href='/eproc4/gerbang/reset']";
    for (steps, screen) in [
        (LoginSteps::Two, PLAIN_PHONE),
        (LoginSteps::Two, DESKTOP),
        (LoginSteps::One, DESKTOP),
    ] {
        let config = Config {
            login_steps: steps,
            ..Config::default()
        };
        let world = world_with(config, |gateway| gateway).await;
        let person = Person::new(&world, screen).await;
        match steps {
            LoginSteps::Two => person.open("/login?tipe=penyedia").await,
            LoginSteps::One => {
                person.open("/").await;
                person.clicks_on("LOGIN").await;
            }
        }
        person.sees("Reset TOTP?").await;
        assert_eq!(person.count(LINK).await, 1);
        person.leaves().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn disable_ends_the_sessions_in_other_browsers() {
    let world = world().await;
    let mut phone = enrolled(&world, "PP1").await;
    let other = world.browser();
    crate::support::login::again(&other, "PP1", &mut phone).await;
    let person = Person::new(&world, PHONE).await;
    world.gateway.advance(60).await;
    person.logs_in("PP1").await;
    person.types_code(&phone.code()).await;
    person.is_home_as("PP1").await;
    person.open("/gerbang/").await;
    world.gateway.advance(30).await;
    person.types_code(&phone.code()).await;
    person
        .sees("Sesi login Anda di browser lain sudah diakhiri.")
        .await;
    crate::support::login::assert_nobody(&other).await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_on_the_applications_own_page() {
    let world = world().await;
    let (person, _) = at_home(&world, PHONE, "PPK2").await;
    person.clicks_on("LOGOUT").await;
    person.is_at("/").await;
    person.sees("LOGIN").await;
    out(&world, &person).await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_on_the_status_page() {
    let world = world().await;
    let (person, _) = at_home(&world, PLAIN_DESKTOP, "PPK2").await;
    person.open("/gerbang/").await;
    person.clicks_on("LOGOUT").await;
    person.sees(OUT).await;
    out(&world, &person).await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_by_its_address_asks_before() {
    let world = world().await;
    let (person, _) = at_home(&world, DESKTOP, "PPK2").await;
    person.open("/gerbang/logout").await;
    person.sees("Anda yakin akan keluar dari SPSE?").await;
    person.fits().await;
    person.clicks_on("Batal").await;
    person.sees("DISABLE TOTP").await;
    person.open("/home").await;
    person.is_home_as("PPK2").await;
    person.open("/gerbang/logout").await;
    person.clicks_on("LOGOUT").await;
    person.sees(OUT).await;
    out(&world, &person).await;
    person.leaves().await;
}

/// After a logout no page of before is shown again, neither by the back button nor by its address.
async fn out(world: &World, person: &Person) {
    for _ in 0..4 {
        person.goes_back().await;
        person.sees_nothing_private().await;
        assert_eq!(person.count("form[action$='/gerbang/disable']").await, 0);
    }
    person.is_nobody().await;
    person.open("/gerbang/").await;
    person
        .sees("Anda belum login. Silakan login untuk melihat status TOTP.")
        .await;
    // Only the session of the other browser, in which the activation was made, is left.
    eventually("the upstream's own logout", || {
        world.standin.logins().len() <= 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_needs_no_second_factor_reads_so() {
    let world = world_with(Config::default(), |gateway| {
        gateway.rule("Auditor/Aparat Penegak Hukum", "off")
    })
    .await;
    let person = Person::new(&world, PHONE).await;
    person.logs_in("AUDITOR1").await;
    person.is_home_as("AUDITOR1").await;
    person.open("/gerbang/").await;
    person
        .sees("TOTP tidak dipakai untuk peran Anda: login cukup dengan password.")
        .await;
    person.sees_nothing_of("ENABLE TOTP").await;
    person.fits().await;
    person.leaves().await;
}
