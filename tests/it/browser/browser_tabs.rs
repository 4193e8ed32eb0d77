//! Two tabs, reload, back: nothing is lost, and after the end nothing is shown.

use super::chromium::{DESKTOP, PLAIN_DESKTOP, PLAIN_PHONE, Screen};
use super::person::Person;
use super::{enrolled, world};

const ASKS: &str = "Masukkan 6 digit kode dari aplikasi authenticator Anda (entri A).";

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_wait_for_two_accounts() {
    let world = world().await;
    let mut ppk = enrolled(&world, "PPK301").await;
    let mut pokja = enrolled(&world, "POKJA1").await;
    let person = Person::new(&world, PLAIN_DESKTOP).await;
    let left = person.window().await;
    person.logs_in("PPK301").await;
    person.sees(ASKS).await;
    let right = person.opens_tab().await;
    person.logs_in("POKJA1").await;
    person.sees(ASKS).await;
    person.sees("POKJA1").await;

    person.turns_to(&left).await;
    person.reloads().await;
    person.sees("PPK301").await;
    person.sees_nothing_of("POKJA1").await;
    // A code of the other account is a wrong one here.
    person.types_code(&pokja.code()).await;
    person.sees("Kode salah.").await;
    person.types_code(&ppk.code()).await;
    person.is_home_as("PPK301").await;

    person.turns_to(&right).await;
    person.reloads().await;
    person.sees(ASKS).await;
    person.sees("POKJA1").await;
    world.gateway.advance(30).await;
    person.types_code(&pokja.code()).await;
    person.is_home_as("POKJA1").await;
    // One browser has one session: from now on both tabs are the second user.
    person.turns_to(&left).await;
    person.open("/home").await;
    person.is_home_as("POKJA1").await;
    person.sees_nothing_of("RAHASIA-PPK301").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_tab_shows_the_same_waiting_login_and_knows_when_it_is_done() {
    let world = world().await;
    let mut phone = enrolled(&world, "PPK301").await;
    let person = Person::new(&world, PLAIN_DESKTOP).await;
    person.logs_in("PPK301").await;
    person.is_at("/gerbang/acceptor?r=").await;
    let place = person.path().await;
    let left = person.window().await;
    let right = person.opens_tab().await;
    person.open(place.trim_start_matches("/eproc4")).await;
    person.sees(ASKS).await;
    // Whoever opens home meanwhile is led to the acceptor.
    person.open("/home").await;
    person.is_at("/gerbang/acceptor?r=").await;
    person.turns_to(&left).await;
    person.types_code(&phone.code()).await;
    person.is_home_as("PPK301").await;
    person.turns_to(&right).await;
    person.reloads().await;
    person.sees_no_more(ASKS).await;
    person.open("/home").await;
    person.is_home_as("PPK301").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_and_back_lose_nothing() {
    reloads_and_goes_back(DESKTOP).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_and_back_lose_nothing_without_scripts() {
    reloads_and_goes_back(PLAIN_PHONE).await;
}

async fn reloads_and_goes_back(screen: Screen) {
    let world = world().await;
    let person = Person::new(&world, screen).await;
    person.logs_in("PPK301").await;
    // Activation: the same QR code after a reload, and after back and forth.
    let mut phone = person.scans().await;
    person.reloads().await;
    assert_eq!(person.scans().await.key, phone.key);
    person.goes_back().await;
    person.goes_forth().await;
    assert_eq!(person.scans().await.key, phone.key);
    person.types_code(&phone.code()).await;
    person.sees("TOTP sudah berhasil diaktifkan.").await;
    person.goes_back().await;
    person.sees_nothing_of("Masukkan 6 digit").await;
    assert_eq!(person.count("svg.qr").await, 0);
    person.open("/home").await;
    person.is_home_as("PPK301").await;
    person.reloads().await;
    person.is_home_as("PPK301").await;

    // Status, and the answer to a wrong code on it.
    world.gateway.to_next_step().await;
    person.open("/gerbang/").await;
    person.reloads().await;
    person.sees("DISABLE TOTP").await;
    person.types_code(&phone.wrong()).await;
    person.sees("Kode salah.").await;
    person.goes_back().await;
    person.sees("DISABLE TOTP").await;
    person.open("/home").await;
    person.clicks_on("LOGOUT").await;
    person.find("#login").await;

    // Acceptor: the same waiting login after a reload and after back; after the code it is over.
    person.logs_in("PPK301").await;
    person.sees(ASKS).await;
    let place = person.path().await;
    person.reloads().await;
    person.sees(ASKS).await;
    person.goes_back().await;
    person.sees_nothing_private().await;
    person.goes_forth().await;
    person.sees(ASKS).await;
    assert_eq!(person.path().await, place);
    person.types_code(&phone.wrong()).await;
    person.sees("Kode salah.").await;
    person.goes_back().await;
    person.sees(ASKS).await;
    person.types_code(&phone.code()).await;
    person.is_home_as("PPK301").await;
    person.goes_back().await;
    person.sees_nothing_of(ASKS).await;
    person.open("/home").await;
    person.is_home_as("PPK301").await;
    person.leaves().await;
}
