//! The stories that the help page tells, walked on a phone; each stops where a picture of the page belongs.
//! With `GERBANG_HELP_PICTURES=1` the pictures are written anew into `templates/static/help`. Every secret
//! in them is of a store that ends with the story.

use super::browser_reset::{EMAIL, with_mail};
use super::chromium::PHONE;
use super::person::Person;
use super::png::{size, with_palette};
use super::{enrolled, world_with};
use crate::office::{PAPER, act, code_in};
use crate::reset::{links_in, sum_in};
use crate::support::World;
use crate::support::login::user;
use crate::support::smtp::MailServer;
use base64::Engine as _;
use gerbang::render::Renderer;
use serde_json::json;
use spse_standin::Config;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Width of the phone in CSS pixels; it has two dots for each.
const WIDTH: u32 = 360;
/// What is left free above and below what a picture shows, in CSS pixels.
const MARGIN: f64 = 8.0;

/// Takes the pictures of one story.
struct Camera {
    person: Person,
    taken: BTreeSet<String>,
}

impl Camera {
    async fn new(world: &World) -> Self {
        let person = Person::new(world, PHONE).await;
        let light = json!({"features": [{"name": "prefers-color-scheme", "value": "light"}]});
        person
            .chromium
            .devtools("Emulation.setEmulatedMedia", light)
            .await;
        Self {
            person,
            taken: BTreeSet::new(),
        }
    }

    /// The page from the top of one element to the bottom of another.
    async fn takes(&mut self, name: &str, from: &str, to: &str) {
        self.person.find(from).await;
        self.person.find(to).await;
        let place = format!(
            "const a = document.querySelector({from:?}).getBoundingClientRect(),\
                   b = document.querySelector({to:?}).getBoundingClientRect();\
             if (document.activeElement) {{ document.activeElement.blur(); }}\
             return [a.top + scrollY, b.bottom + scrollY]"
        );
        let place = self.person.script(&place).await;
        let (top, bottom) = (place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
        assert!(bottom - top > 30.0, "{name}: {top} to {bottom}");
        let clip = json!({
            "x": 0, "y": (top - MARGIN).max(0.0), "width": WIDTH,
            "height": bottom - top + 2.0 * MARGIN, "scale": 1,
        });
        let shot = json!({"format": "png", "clip": clip, "captureBeyondViewport": true});
        let shot = self
            .person
            .chromium
            .devtools("Page.captureScreenshot", shot)
            .await;
        let png = base64::engine::general_purpose::STANDARD
            .decode(shot["data"].as_str().unwrap())
            .unwrap();
        let png = with_palette(&png);
        if std::env::var_os("GERBANG_HELP_PICTURES").is_some() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/static/help");
            std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
        }
        assert!(self.taken.insert(name.to_owned()), "{name} was taken twice");
    }

    /// Covers the middle of the QR code: nobody who reads the help page shall add an entry that leads
    /// nowhere. A reader of QR codes finds nothing any more.
    async fn marks_as_example(&self) {
        let cover = "const svg = document.querySelector('svg.qr');\
            const size = Number(svg.getAttribute('viewBox').split(' ')[2]);\
            const add = (name, places) => {\
                const part = document.createElementNS('http://www.w3.org/2000/svg', name);\
                Object.entries(places).forEach(([key, value]) => part.setAttribute(key, value));\
                return svg.appendChild(part); };\
            add('rect', {x: 0, y: size * 0.36, width: size, height: size * 0.28, fill: '#fff'});\
            add('text', {x: size / 2, y: size * 0.54, fill: '#12395f', 'text-anchor': 'middle',\
                'font-size': size * 0.12}).textContent = 'CONTOH'; return 1";
        self.person.script(cover).await;
        self.person
            .script("document.querySelector('svg.qr').scrollIntoView({block: 'center'})")
            .await;
        let picture = self.person.chromium.client.screenshot().await.unwrap();
        let path = self.person.chromium.folder().join("covered.png");
        std::fs::write(&path, picture).unwrap();
        let read = Command::new("zbarimg")
            .args(["--quiet", "--raw"])
            .arg(&path)
            .output()
            .expect("zbarimg is missing: apt-get install zbar-tools");
        assert_eq!(String::from_utf8_lossy(&read.stdout), "");
    }

    /// Ends the story; these pictures were taken, each is a file of the gateway, and the help page
    /// shows it.
    async fn leaves(self, expected: &[&str]) {
        let renderer = Renderer::builtin().unwrap();
        let expected: BTreeSet<String> = expected.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(self.taken, expected);
        self.person.open("/gerbang/bantuan").await;
        for name in &expected {
            let asset = renderer.asset(&format!("help/{name}.png")).unwrap();
            let (width, height) = size(&asset.body);
            assert_eq!(width, 2 * WIDTH, "{name}");
            let img = format!(".steps li img[src^='/eproc4/gerbang/static/help/{name}.png?v=']");
            let shown = self
                .person
                .script(&format!(
                    "const img = document.querySelector({img:?}); img.scrollIntoView();\
                     return [img.getAttribute('width'), img.getAttribute('height'), img.alt]"
                ))
                .await;
            assert_eq!(shown[0], (width * 2 / 5).to_string(), "{name}");
            assert_eq!(shown[1], (height * 2 / 5).to_string(), "{name}");
            assert!(shown[2].as_str().unwrap().len() > 15, "{name}");
            let loaded = format!("return document.querySelector({img:?}).naturalWidth === {width}");
            self.person.until_script(&loaded).await;
        }
        self.person.leaves().await;
    }
}

/// A gateway that says it can send letters, so that the help page tells all ways.
async fn public_world() -> World {
    world_with(Config::default(), |gateway| {
        gateway
            .public()
            .set("mail", "host", "\"127.0.0.1\"")
            .set("mail", "security", "\"none\"")
            .set("mail", "port", "9")
            .set("mail", "from", "\"lpse@contoh.go.id\"")
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn activation_link_and_disable() {
    let world = public_world().await;
    let mut camera = Camera::new(&world).await;
    camera.person.logs_in("PPK2").await;
    camera.person.is_at("/gerbang/activation?r=").await;
    let mut phone = camera.person.scans().await;
    camera.marks_as_example().await;
    camera.takes("activation", "h1", "svg.qr").await;
    camera.person.reloads().await;
    camera.person.fills("#code", &phone.code()).await;
    camera.takes("code", "form.entry", "form.entry").await;
    camera.person.clicks("form.entry button").await;
    camera.person.sees("TOTP sudah berhasil diaktifkan.").await;
    // Enough to know the list by; not all of it.
    camera
        .takes("codes", "#codes h2", ".codes li:nth-child(3)")
        .await;
    camera.person.clicks_on("Beranda").await;
    camera.person.is_home_as("PPK2").await;
    camera.person.sees("Disable TOTP").await;
    camera.takes("link", ".submenu", ".submenu").await;
    camera.person.clicks_on("Disable TOTP").await;
    camera.person.is_at("/gerbang/").await;
    world.gateway.advance(60).await;
    camera.person.fills("#code", &phone.code()).await;
    camera.takes("status", "form.entry", "form.entry").await;
    camera.person.clicks("form.entry button").await;
    camera
        .person
        .sees("TOTP di Aplikasi SPSE sudah Disable.")
        .await;
    camera.takes("disabled", "h1", ".success").await;
    camera
        .leaves(&["activation", "code", "codes", "link", "status", "disabled"])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn login_with_a_code_and_with_a_recovery_code() {
    let world = public_world().await;
    let first = Camera::new(&world).await;
    first.person.logs_in("PPK2").await;
    let mut phone = first.person.scans().await;
    first.person.types_code(&phone.code()).await;
    first.person.sees("Simpan kode ini sekarang").await;
    let code = "return document.querySelector('.codes code').textContent";
    let code = first.person.script(code).await;
    let code = code.as_str().unwrap().to_owned();
    first.leaves(&[]).await;

    world.gateway.advance(60).await;
    let mut camera = Camera::new(&world).await;
    camera.person.takes_login(user("PPK2").kind).await;
    camera.person.sees("Reset TOTP?").await;
    camera.takes("login", ".card.login", ".card.login").await;
    camera.person.logs_in("PPK2").await;
    camera.person.is_at("/gerbang/acceptor?r=").await;
    camera.person.fills("#code", &phone.code()).await;
    camera.takes("acceptor", "h1", "form.entry").await;
    camera.person.clicks_on("Gunakan kode pemulihan").await;
    camera.person.is_at("/gerbang/acceptor/recovery?r=").await;
    camera.person.fills("#recovery-code", &code).await;
    camera.takes("recover", "h1", "form.entry").await;
    camera.person.clicks("form.entry button").await;
    camera.person.sees("Kode pemulihan diterima").await;
    camera.person.sees("Ganti HP").await;
    camera.takes("recovered", "h1", "form.extend").await;
    camera
        .leaves(&["login", "acceptor", "recover", "recovered"])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reset_at_the_counter() {
    let world = public_world().await;
    let _phone = enrolled(&world, "PPK2").await;
    let mut camera = Camera::new(&world).await;
    camera.person.takes_login(user("PPK2").kind).await;
    camera.person.clicks_on("Reset TOTP?").await;
    camera.person.is_at("/gerbang/reset").await;
    camera.person.sees("Permintaan Reset TOTP").await;
    let said = act(&world, &[&["user", "reset", "PPK2"][..], &PAPER].concat());
    let code = code_in(&said.done());
    camera.person.logs_in("PPK2").await;
    camera.person.is_at("/gerbang/activation?r=").await;
    camera.person.fills("#code", &code).await;
    camera.takes("proof", "h1", "form.entry").await;
    camera.person.clicks("form.entry button").await;
    camera.person.find("svg.qr").await;
    camera.leaves(&["proof"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn own_address() {
    let server = MailServer::start();
    let world = world_with(Config::default(), |gateway| gateway.mail(&server)).await;
    let mut phone = enrolled(&world, "PPK2").await;
    world.gateway.advance(60).await;
    let mut camera = Camera::new(&world).await;
    camera.person.logs_in("PPK2").await;
    camera.person.types_code(&phone.code()).await;
    camera.person.is_home_as("PPK2").await;
    camera.person.open("/gerbang/").await;
    camera.person.clicks_on("Email untuk Reset TOTP").await;
    camera.person.is_at("/gerbang/email").await;
    world.gateway.advance(60).await;
    camera.person.fills("#email", EMAIL).await;
    camera.person.fills("#code", &phone.code()).await;
    camera.takes("address", "form.entry", "form.entry").await;
    camera.person.clicks("form.entry button").await;
    camera.person.sees("Kode konfirmasi dikirim").await;
    let code = server.nth(1).await.code();
    camera.person.fills("#confirm", &code).await;
    camera.person.clicks("form.entry button").await;
    camera.person.sees("Email sudah dikonfirmasi.").await;
    camera.leaves(&["address"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reset_by_mail() {
    let server = MailServer::start();
    let world = with_mail(&server, "PPK2", "non-penyedia").await;
    let _phone = enrolled(&world, "PPK2").await;
    server.nth(1).await;
    let mut camera = Camera::new(&world).await;
    camera.person.open("/gerbang/reset").await;
    camera.person.fills("#user-id", "PPK2").await;
    camera.person.fills("#email", EMAIL).await;
    camera.person.clicks("input[value='non-penyedia']").await;
    camera.takes("reset", "form.entry", "form.entry").await;
    let sum = sum_in(&camera.person.text().await);
    camera.person.fills("#answer", &sum).await;
    camera.person.clicks("form.entry > button.button").await;
    camera.person.sees("Permintaan diterima.").await;
    let link = links_in(&server.nth(2).await).0;
    camera.person.open(&link).await;
    camera.takes("confirm", "h1", "form.entry").await;
    camera.person.clicks("form.entry button").await;
    camera.person.sees("Reset TOTP dikonfirmasi.").await;
    camera.takes("confirmed", "h1", ".rows").await;
    camera.person.logs_in("PPK2").await;
    camera
        .person
        .clicks_on("Lanjutkan Aktivasi TOTP ulang")
        .await;
    camera.person.is_at("/gerbang/acceptor/reset?r=").await;
    camera.takes("lost", "h1", "form.entry").await;
    camera.person.clicks("form.entry button").await;
    camera.person.find("svg.qr").await;
    camera
        .leaves(&["reset", "confirm", "confirmed", "lost"])
        .await;
}
