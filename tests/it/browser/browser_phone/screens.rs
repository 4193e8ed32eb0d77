//! What the screens say and where their buttons lead, on the phone and without scripts on the computer.

use super::*;

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
