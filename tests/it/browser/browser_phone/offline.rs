//! Without a network, with a clock that is wrong, after something broke off.

use super::*;

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
