//! Every further login: password, code, home; and what happens with other codes and other clocks.

use super::chromium::{DESKTOP, PHONE, PLAIN_DESKTOP, PLAIN_PHONE, Screen};
use super::person::{CODE, Person};
use super::{enrolled, world, world_with};
use crate::support::World;
use fantoccini::key::Key;
use spse_standin::{Config, LoginSteps, UserType};

const ASKS: &str = "Masukkan 6 digit kode dari aplikasi authenticator Anda (entri A).";
const WRONG: &str = "Kode salah. Periksa kode terbaru di aplikasi Anda.";
const CLOSED: &str = "Sesi sudah tertutup. Silakan login kembali.";

#[tokio::test(flavor = "multi_thread")]
async fn on_a_desktop() {
    logs_in_again(DESKTOP, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone() {
    logs_in_again(PHONE, "REKANAN1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_desktop_without_scripts() {
    logs_in_again(PLAIN_DESKTOP, "REKANAN3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_without_scripts() {
    logs_in_again(PLAIN_PHONE, "JAHAT1").await;
}

async fn logs_in_again(screen: Screen, id: &str) {
    let world = world().await;
    let mut phone = enrolled(&world, id).await;
    let person = Person::new(&world, screen).await;
    person.logs_in(id).await;
    person.is_at("/gerbang/acceptor?r=").await;
    let place = person.path().await;
    for sentence in [
        "Acceptor",
        "Time-based One-time Password",
        id,
        "Status TOTP",
        "Aktif",
        "Sesi akan tertutup dalam waktu",
        ASKS,
    ] {
        person.sees(sentence).await;
    }
    person.fits().await;
    let numeric = ["inputmode", "autocomplete"];
    let mut found = Vec::new();
    for name in numeric {
        found.push(person.attribute(CODE, name).await);
    }
    assert_eq!(found, ["numeric", "one-time-code"]);

    for (code, sentence) in [
        (phone.wrong(), WRONG),
        (
            phone.last(),
            "Kode ini sudah dipakai. Tunggu kode berikutnya (",
        ),
    ] {
        person.types_code(&code).await;
        person.sees(sentence).await;
        person.has_focus("code").await;
        assert_eq!(person.attribute(CODE, "aria-invalid").await, "true");
        assert_eq!(
            person.attribute(CODE, "value").await,
            "",
            "a code is not shown again"
        );
        assert!(
            place.starts_with(&person.path().await),
            "{}",
            person.path().await
        );
        person.sees_nothing_private().await;
    }
    person.types_code(&phone.code()).await;
    person.is_home_as(id).await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_wrong_codes_have_to_wait_and_then_the_right_one_works() {
    let world = world_with(Config::default(), |gateway| {
        gateway.set("login", "acceptor_window_seconds", "150")
    })
    .await;
    let mut phone = enrolled(&world, "KUPBJ1").await;
    let person = Person::new(&world, PHONE).await;
    person.logs_in("KUPBJ1").await;
    for which in 0..3 {
        person.types_code(&phone.wrong_nth(which)).await;
        // On the new page: the one before said the same from the second time on.
        person
            .until_script(&format!(
                "const c = document.querySelector('{CODE}');\
                 return !!c && c.value === '' && c.getAttribute('aria-invalid') === 'true'"
            ))
            .await;
        person.sees(WRONG).await;
    }
    person.types_code(&phone.code()).await;
    person
        .sees("Terlalu banyak percobaan. Coba lagi dalam")
        .await;
    person.fits().await;
    world.gateway.advance(31).await;
    person.types_code(&phone.code()).await;
    person.is_home_as("KUPBJ1").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_code_is_late() {
    let world = world().await;
    let mut phone = enrolled(&world, "PP1").await;
    let person = Person::new(&world, DESKTOP).await;
    person.logs_in("PP1").await;
    person.types_code(&phone.old(150)).await;
    person.sees("Kode sudah lewat waktunya.").await;
    person.sees("Jam server sekarang").await;
    person.types_code(&phone.code()).await;
    person.is_home_as("PP1").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_turns_to_closed_by_itself() {
    expires(PHONE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_the_page_turns_to_closed_by_itself_too() {
    expires(PLAIN_DESKTOP).await;
}

async fn expires(screen: Screen) {
    let world = world_with(Config::default(), |gateway| {
        gateway.set("login", "acceptor_window_seconds", "30")
    })
    .await;
    let mut phone = enrolled(&world, "PPK2").await;
    let person = Person::new(&world, screen).await;
    person.logs_in("PPK2").await;
    person.sees(ASKS).await;
    world.gateway.advance(20).await;
    person.reloads().await;
    person.sees(ASKS).await;
    // Nothing is pressed here.
    person.sees(CLOSED).await;
    assert_eq!(person.count(CODE).await, 0);
    person.fits().await;
    person.is_nobody().await;

    person.open("/").await;
    person.logs_in("PPK2").await;
    person.types_code(&phone.code()).await;
    person.is_home_as("PPK2").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_for_a_page_that_was_forgotten_is_not_taken() {
    let world = world().await;
    let mut phone = enrolled(&world, "PPHP1").await;
    let person = Person::new(&world, DESKTOP).await;
    person.logs_in("PPHP1").await;
    person.sees(ASKS).await;
    world.gateway.advance(61).await;
    person.types_code(&phone.code()).await;
    person.sees(CLOSED).await;
    person.clicks_on("Login kembali").await;
    person.is_at("/").await;
    person.logs_in("PPHP1").await;
    person.types_code(&phone.code()).await;
    person.is_home_as("PPHP1").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_extended_twice_and_then_no_more() {
    extends(DESKTOP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_extended_twice_and_then_no_more_without_scripts() {
    extends(PLAIN_PHONE).await;
}

async fn extends(screen: Screen) {
    let world = world().await;
    let mut phone = enrolled(&world, "BARU1").await;
    let person = Person::new(&world, screen).await;
    person.logs_in("BARU1").await;
    person.is_at("/gerbang/acceptor?r=").await;
    let place = person.path().await;
    for left in [2, 1] {
        world.gateway.advance(40).await;
        person
            .sees(&format!("Bisa diperpanjang {left} kali lagi."))
            .await;
        person.clicks_on("Perpanjang waktu").await;
        person
            .sees_no_more(&format!("Bisa diperpanjang {left} kali lagi."))
            .await;
        person.until_seconds_left(50).await;
        assert_eq!(person.path().await, place);
    }
    person.sees(ASKS).await;
    person.sees_nothing_of("Perpanjang waktu").await;
    person.types_code(&phone.code()).await;
    person.is_home_as("BARU1").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_ends_the_login_on_both_sides() {
    let world = world().await;
    let mut phone = enrolled(&world, "AGENCY1").await;
    let person = Person::new(&world, PLAIN_PHONE).await;
    person.logs_in("AGENCY1").await;
    person.is_at("/gerbang/acceptor?r=").await;
    let place = person.path().await;
    person.clicks_on("Batal dan keluar").await;
    person.sees("Anda sudah keluar dari SPSE.").await;
    person.open(place.trim_start_matches("/eproc4")).await;
    person
        .sees("Tidak ada login yang menunggu di browser ini.")
        .await;
    person.is_nobody().await;
    ends(&world, "AGENCY1").await;
    person.logs_in("AGENCY1").await;
    person.types_code(&phone.code()).await;
    person.is_home_as("AGENCY1").await;
    person.leaves().await;
}

/// Waits until the stand-in has no session of this user but that of the other browser.
async fn ends(world: &World, id: &str) {
    let open = || {
        world
            .standin
            .logins()
            .iter()
            .filter(|(_, user)| user == id)
            .count()
    };
    crate::support::eventually("the upstream's own logout", || open() <= 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_is_enough() {
    let world = world().await;
    let mut phone = enrolled(&world, "PPK301").await;
    let person = Person::new(&world, DESKTOP).await;
    person.open("/").await;
    for _ in 0..40 {
        person.presses_key(Key::Tab).await;
        if person.focus().await == "login" {
            break;
        }
    }
    person.presses_key(Key::Enter).await;
    person.find(".modal.show").await;
    for _ in 0..10 {
        if person.focus().await == "btn-primary" {
            break;
        }
        person.presses_key(Key::Tab).await;
    }
    person.presses_key(Key::Enter).await;
    person.is_at("/login?tipe=nonpenyedia").await;
    person.has_focus("txtUserId").await;
    person.presses("PPK301").await;
    person.presses_key(Key::Enter).await;
    person.is_at("/loginpass").await;
    person.has_focus("txtPassword").await;
    person.presses("Rahasia-PPK301").await;
    person.presses_key(Key::Enter).await;
    person.sees(ASKS).await;
    person.has_focus("code").await;

    // Everything on the page is reached, in its order, and the focus can be seen.
    let mut reached = Vec::new();
    for _ in 0..12 {
        person.presses_key(Key::Tab).await;
        let focus = person.script(
            "const e = document.activeElement;\
             if (e === document.body) { return null; }\
             return [e.textContent.trim(), getComputedStyle(e).outlineStyle];",
        );
        let focus = focus.await;
        let (Some(words), Some(outline)) = (focus[0].as_str(), focus[1].as_str()) else {
            break;
        };
        assert_ne!(outline, "none", "{words}");
        reached.push(words.to_owned());
    }
    let wanted = [
        "Login",
        "Perpanjang waktu",
        "Reset TOTP?",
        "Batal dan keluar",
    ];
    let order: Vec<_> = reached
        .iter()
        .filter(|words| wanted.contains(&words.as_str()))
        .collect();
    assert!(order.iter().take(4).eq(wanted.iter()), "{reached:?}");

    person.reloads().await;
    person.sees(ASKS).await;
    person.has_focus("code").await;
    person.presses(&phone.wrong()).await;
    person.presses_key(Key::Enter).await;
    person.sees(WRONG).await;
    person.has_focus("code").await;
    person.presses(&phone.code()).await;
    person.presses_key(Key::Tab).await;
    person.presses_key(Key::Space).await;
    person.is_home_as("PPK301").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_can_be_changed_and_the_login_goes_on() {
    let world = world().await;
    let mut phone = enrolled(&world, "PANITIA1").await;
    let person = Person::new(&world, PLAIN_PHONE).await;
    person.logs_in("PANITIA1").await;
    person.sees(ASKS).await;
    person.clicks_on("English").await;
    person.sees("Enter the 6-digit code").await;
    person.sees_nothing_of("Masukkan").await;
    person.types_code(&phone.wrong()).await;
    // The answer to a form speaks the language of the page it came from.
    person
        .sees("Wrong code. Check the latest code in your app.")
        .await;
    person.sees_nothing_of("Kode salah").await;
    person.clicks_on("Bahasa Indonesia").await;
    person.sees(ASKS).await;
    person.types_code(&phone.code()).await;
    person.is_home_as("PANITIA1").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_knows_no_indonesian_gets_english() {
    let world = world().await;
    let mut phone = enrolled(&world, "PPK403").await;
    let person = Person::speaking(&world, DESKTOP, "en-GB,en").await;
    person.logs_in("PPK403").await;
    person.sees("Enter the 6-digit code").await;
    person.types_code(&phone.code()).await;
    // Home is forbidden to this user by the application itself; the other pages are not.
    person.is_at("/home").await;
    person.open("/paket").await;
    person.sees("Eko Wibowo").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_one_form_of_older_versions_in_its_dialog() {
    let config = Config {
        login_steps: LoginSteps::One,
        ..Config::default()
    };
    let world = world_with(config, |gateway| gateway).await;
    let person = Person::new(&world, DESKTOP).await;
    person.open("/").await;
    person.clicks("#login").await;
    person.find(".modal.show").await;
    person.fills("#txtUserId", "rekanan1").await;
    person.fills("#txtPassword", "Rahasia-REKANAN1").await;
    person.clicks(".login-form button").await;
    person.is_at("/gerbang/activation?r=").await;
    let mut phone = person.scans().await;
    person.types_code(&phone.code()).await;
    person.clicks_on("Beranda").await;
    person.is_home_as("REKANAN1").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_the_captcha_stay_the_applications_own() {
    let world = world_with(
        Config {
            captcha: true,
            ..Config::default()
        },
        |gateway| gateway,
    )
    .await;
    let person = Person::new(&world, DESKTOP).await;
    person.takes_login(UserType::NonPenyedia).await;
    person.fills("#txtUserId", "POKJA1").await;
    person.clicks(".login-form button").await;
    for password in ["salah", "Rahasia-POKJA1"] {
        person.find("#imgCaptcha").await;
        let loaded = "return document.getElementById('imgCaptcha').naturalWidth";
        person.until_script(&format!("{loaded} > 0")).await;
        let code = world.standin.captcha().unwrap();
        person.fills("#txtPassword", password).await;
        person.fills("#txtCode", &code).await;
        person.clicks(".login-form button").await;
        if password == "salah" {
            person.sees("User ID dan Password Salah").await;
        }
    }
    person.is_at("/gerbang/activation?r=").await;
    person.leaves().await;
}
