//! The help page and the poster in a real browser: read on a phone, printed on A4.

use super::chromium::{DESKTOP, PHONE, PLAIN_PHONE};
use super::person::Person;
use super::world_with;
use crate::support::World;
use base64::Engine as _;
use serde_json::{Value, json};
use spse_standin::Config;
use std::process::Command;

/// The longest announcement that a configuration takes.
fn long_announcement() -> String {
    let basis = "Surat Edaran Bupati Contoh Nomor 12 Tahun 2026 ".repeat(4);
    let text = "Semua pengguna wajib melakukan aktivasi sebelum tanggal berlaku. ".repeat(7);
    format!(
        "\n[[announcement]]\nlegal_basis = \"{}\"\ndate = \"2027-01-02\"\ntext = \"{}\"\n\
         [[contact]]\nname = \"Helpdesk LPSE Kabupaten Contoh\"\nemail = \"helpdesk@contoh.go.id\"\n\
         phone = \"0361-123456\"\nhow = \"{}\"\n",
        basis.trim(),
        text.trim(),
        "Sebutkan nama dan user id. ".repeat(60).trim(),
    )
}

async fn world() -> World {
    let world = world_with(Config::default(), |gateway| gateway.public()).await;
    world.gateway.reload(|text| text + &long_announcement());
    crate::support::eventually("it was read again", || {
        world.gateway.log().contains("were read again")
    })
    .await;
    world
}

/// The page as Chromium prints it on A4; how many sheets.
async fn sheets(person: &Person) -> usize {
    let paper = json!({
        "paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": true,
        "printBackground": true,
    });
    let printed = person.chromium.devtools("Page.printToPDF", paper).await;
    let pdf = base64::engine::general_purpose::STANDARD
        .decode(printed["data"].as_str().unwrap())
        .unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    let text = String::from_utf8_lossy(&pdf);
    let pages = text.matches("/Type /Page\n").count() + text.matches("/Type /Page ").count();
    assert!(pages > 0, "no page is found in the file");
    pages
}

/// Shows the page as on this medium; with an empty name as it is.
async fn on(person: &Person, medium: &str) {
    let media = json!({"media": medium});
    person
        .chromium
        .devtools("Emulation.setEmulatedMedia", media)
        .await;
}

/// Which of these can be seen now.
async fn seen(person: &Person, css: &[&str]) -> Vec<bool> {
    let script = format!(
        "return {css:?}.map(one => Array.from(document.querySelectorAll(one))\
            .some(found => found.offsetParent !== null))"
    );
    let answer = person.script(&script).await;
    let answer = answer.as_array().unwrap().iter();
    answer.map(|shown| shown == &Value::Bool(true)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_found_read_and_printed() {
    let world = world().await;
    let person = Person::new(&world, PHONE).await;
    person.open("/gerbang/").await;
    person.clicks_on("Bantuan").await;
    person.is_at("/gerbang/bantuan").await;
    person.fits().await;
    person
        .sees("AKTIVASI TIME-BASED ONE-TIME PASSWORD (TOTP)")
        .await;
    // Every entry of the contents leads to a place on the page, and no id is there twice.
    let broken = "return Array.from(document.querySelectorAll('.toc ul a')).filter(a => \
        document.querySelectorAll(a.getAttribute('href')).length !== 1).map(a => a.href)";
    assert_eq!(person.script(broken).await, json!([]));
    let doubled = "const ids = Array.from(document.querySelectorAll('[id]')).map(e => e.id);\
        return ids.filter((id, at) => ids.indexOf(id) !== at)";
    assert_eq!(person.script(doubled).await, json!([]));
    person.clicks_on("Kontak").await;
    person
        .until_script("return location.hash === '#kontak'")
        .await;
    person.sees("Sebutkan nama dan user id.").await;

    // On paper: no navigation, all chapters, nothing wider than the sheet.
    let screen_only = [".toc", ".lang", ".foot", ".banner"];
    let kept = ["h1", ".chapter h2", ".steps img", ".desk"];
    on(&person, "print").await;
    assert_eq!(seen(&person, &screen_only).await, [false; 4]);
    assert_eq!(seen(&person, &kept).await, [true; 4]);
    on(&person, "").await;
    assert!(seen(&person, &screen_only).await[0]);
    let sheets = sheets(&person).await;
    assert!((3..=14).contains(&sheets), "{sheets} sheets");
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_read_without_scripts_and_in_english() {
    let world = world().await;
    let person = Person::new(&world, PLAIN_PHONE).await;
    person.open("/gerbang/bantuan").await;
    person.fits().await;
    assert_eq!(person.count("#print[hidden]").await, 1);
    person.clicks_on("English").await;
    person.sees("If something goes wrong").await;
    person.clicks_on("Poster to print").await;
    person.is_at("/gerbang/bantuan/poster?lang=en").await;
    person.sees("In force from 02-01-2027").await;
    person.fits().await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_poster_is_one_sheet_and_its_qr_code_leads_to_help() {
    let world = world().await;
    let person = Person::new(&world, DESKTOP).await;
    let address = format!("http://{}/eproc4/gerbang/bantuan", world.gateway.addr());
    for language in ["", "?lang=en"] {
        person
            .open(&format!("/gerbang/bantuan/poster{language}"))
            .await;
        person.sees("LPSE Kabupaten Contoh").await;
        person.sees(&address).await;
        person.sees("helpdesk@contoh.go.id").await;
        assert_eq!(sheets(&person).await, 1, "{language}");
        on(&person, "print").await;
        assert_eq!(
            seen(&person, &[".actions", ".foot", ".lang", ".sheet .qr"]).await,
            [false, false, false, true]
        );
        on(&person, "").await;
    }
    person
        .script("document.querySelector('svg.qr').scrollIntoView({block: 'center'})")
        .await;
    let picture = person.chromium.client.screenshot().await.unwrap();
    let path = person.chromium.folder().join("poster.png");
    std::fs::write(&path, picture).unwrap();
    let read = Command::new("zbarimg")
        .args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"])
        .arg(&path)
        .output()
        .expect("zbarimg is missing: apt-get install zbar-tools");
    assert_eq!(String::from_utf8(read.stdout).unwrap().trim(), address);
    person.leaves().await;
}
