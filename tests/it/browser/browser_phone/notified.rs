//! Notifications, from the subscription to the tap.

use super::*;

/// The push service of Chromium is out of reach: the browser's part of the subscription is the test
/// service's, and the message is delivered by DevTools. The rest is the browser's own.
const SUBSCRIBES: &str = "const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))\
        .replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '');\
    const made = { ...SUBSCRIPTION };\
    window.pushed = null;\
    PushManager.prototype.getSubscription = async () => window.pushed;\
    PushManager.prototype.subscribe = async (options) => {\
        window.subscribedWith = text(options.applicationServerKey);\
        window.visibly = options.userVisibleOnly;\
        window.subscriptions = (window.subscriptions || 0) + 1;\
        window.pushed = {\
            toJSON: () => ({ endpoint: made.endpoint, keys: { p256dh: made.key, auth: made.auth } }),\
            options,\
            unsubscribe: async () => { window.pushed = null; return true; },\
        };\
        return window.pushed;\
    }";

const NOTIFIES: &str = "HP ini memberi tahu saat ada login yang menunggu.";

/// Something about the notifications that this phone shows.
fn about_notifications(what: &str) -> String {
    format!(
        "return navigator.serviceWorker.ready.then((worker) => worker.getNotifications())\
         .then((all) => {what})"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_woken_by_a_notification() {
    let service = PushService::start();
    let world = world_with(Config::default(), |gateway| service.used_by(gateway)).await;
    let (desktop, phone) = joined(&world, "PPK2").await;
    taps(&phone, "OK").await;
    let subscription = service.subscription("/a");
    phone
        .script(&SUBSCRIBES.replace("SUBSCRIPTION", &subscription.to_string()))
        .await;
    // Whoever said no once is told where to change it.
    let origin = format!("http://{}", world.gateway.addr());
    permits(&phone, &origin, "denied").await;
    taps(&phone, "Beri tahu saat ada login").await;
    phone.sees("Pemberitahuan diblokir.").await;
    no_barrier(&phone, "push_denied").await;
    permits(&phone, &origin, "granted").await;
    taps(&phone, "Beri tahu saat ada login").await;
    phone.sees(NOTIFIES).await;
    no_barrier(&phone, "push").await;
    let told = phone
        .script("return [window.subscribedWith, window.visibly]")
        .await;
    assert_eq!(told, json!([service.public_key(), true]));

    logs_in_again(&desktop, "PPK2").await;
    let message = service.nth(1).await["message"].to_string();
    phone
        .chromium
        .devtools("ServiceWorker.enable", json!({}))
        .await;
    // Numbers of registrations are Chromium's own; one that is none is passed over.
    for id in 0..20 {
        let parameters =
            json!({ "origin": origin, "registrationId": id.to_string(), "data": message });
        phone
            .chromium
            .devtools("ServiceWorker.deliverPushMessage", parameters)
            .await;
    }
    phone
        .until_script(&about_notifications("all.length === 1"))
        .await;
    let shown = about_notifications("[all[0].title, all[0].body, all[0].tag]");
    let shown = phone.script(&shown).await;
    let wanted = "Buka Authenticator untuk melihat dan menjawabnya.";
    assert_eq!(shown, json!(["Ada login yang menunggu", wanted, "login"]));
    // It has done its work once its owner looks.
    opens_login(&phone, CONFIRM).await;
    taps(&phone, "Daftar akun").await;
    phone
        .until_script(&about_notifications("all.length === 0"))
        .await;

    world.gateway.advance(2).await;
    taps(&phone, "Matikan pemberitahuan").await;
    phone.sees_no_more(NOTIFIES).await;
    stranger_asks(&world.browser(), "PPK2").await;
    world.gateway.advance(2).await;
    taps(&phone, "Beri tahu saat ada login").await;
    phone.sees(NOTIFIES).await;
    stranger_asks(&world.browser(), "PPK2").await;
    service.nth(2).await;
    phone
        .until_script("return document.querySelectorAll('.logins button').length === 3")
        .await;
    assert_eq!(service.taken().len(), 2);
    another_key_and_the_last_account(&phone).await;
    drop(desktop);
}

async fn another_key_and_the_last_account(phone: &Person) {
    // Another key of the operator: the subscription is made anew, without asking.
    phone
        .script("window.pushed.options = { applicationServerKey: new Uint8Array(65).buffer }")
        .await;
    taps(phone, "Tambah Akun").await;
    taps(phone, "Batal").await;
    phone.sees(NOTIFIES).await;
    let told = phone.script("return window.subscriptions").await;
    assert_eq!(told, json!(3));
    // An account that is forgotten wakes nobody, and with the last one the browser's subscription ends.
    taps(phone, "Hapus").await;
    taps(phone, "Hapus Akun").await;
    phone.sees(NOTHING).await;
    assert_eq!(phone.script("return window.pushed").await, Value::Null);
}

/// It leads to the list: what stands there may be about an earlier login.
#[tokio::test(flavor = "multi_thread")]
async fn a_tap_on_a_notification_leads_to_the_list() {
    let world = world().await;
    let (desktop, phone) = joined(&world, "PPK2").await;
    logs_in_again(&desktop, "PPK2").await;
    taps(&phone, "OK").await;
    opens_login(&phone, CONFIRM).await;
    let told =
        "navigator.serviceWorker.dispatchEvent(new MessageEvent('message', { data: 'login' }))";
    phone.script(told).await;
    opens_login(&phone, CONFIRM).await;
    taps(&phone, "Tidak").await;
    taps(&phone, "Salah tekan").await;
    phone.sees("Login PPK2 ditutup.").await;
    // Looked at again, as after another app.
    phone
        .script("document.dispatchEvent(new Event('visibilitychange'))")
        .await;
    phone.sees_no_more("Login PPK2 ditutup.").await;
    phone.sees("entri A").await;

    // The worker itself, where nothing keeps it from being looked at.
    let worker = world
        .browser()
        .get("/gerbang/authenticator/worker.js")
        .await;
    phone.chromium.client.goto("about:blank").await.unwrap();
    for (open, done) in [
        (
            "[{ postMessage: (it) => done.push(it), focus: () => done.push('focus') }]",
            json!(["close", "login", "focus"]),
        ),
        (
            "[]",
            json!(["close", "/eproc4/gerbang/authenticator/?lang=en"]),
        ),
    ] {
        let script = format!(
            "const done = []; const on = {{}};\
             const clients = {{ matchAll: async () => {open}, openWindow: (it) => done.push(it) }};\
             const self = {{ clients, addEventListener: (name, act) => {{ on[name] = act; }} }};\
             new Function('self', {})(self);\
             let work; on.notificationclick({{\
                notification: {{ lang: 'en', close: () => done.push('close') }},\
                waitUntil: (it) => {{ work = it; }},\
             }});\
             return work.then(() => done)",
            json!(worker.text())
        );
        assert_eq!(phone.script(&script).await, done, "{open}");
    }
    drop(desktop);
}

/// What the browser answers when a page asks for notifications.
async fn permits(phone: &Person, origin: &str, setting: &str) {
    let parameters = json!({
        "permission": { "name": "notifications" },
        "setting": setting,
        "origin": origin,
    });
    phone
        .chromium
        .devtools("Browser.setPermission", parameters)
        .await;
}
