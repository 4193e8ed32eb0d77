//! Every sample of every page at 320 px: nothing wider than the screen. With GERBANG_PICTURES=DIR
//! pictures of some pages are written there, at three widths, light and dark.

use super::chromium::DESKTOP;
use super::person::Person;
use super::samples::served;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Beginnings of the names of pages that pictures are taken of.
const PICTURED: [&str; 24] = [
    "acceptor_phone",
    "activation_joined",
    "phone",
    "address_",
    "help_full",
    "poster_full",
    "proof_wrong",
    "proof_mail_sent",
    "acceptor_confirmed",
    "lost_",
    "reset_",
    "message_reset_over",
    "activation_later",
    "activation_open",
    "acceptor_wrong",
    "acceptor_recovery",
    "recover_used",
    "recovered_few",
    "recovery_",
    "status_replace",
    "status_active_required",
    "disabled",
    "activated",
    "message_identity_unreadable",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_a_small_screen() {
    let (names, origin) = served().await;
    let person = Person::elsewhere(origin, DESKTOP).await;
    person.resizes(320, 640).await;
    let mut wide = Vec::new();
    for name in &names {
        person.open(&format!("/{name}")).await;
        let widths = "return [document.documentElement.scrollWidth, window.innerWidth]";
        let widths = person.script(widths).await;
        assert_eq!(widths[1], 320, "{name}");
        if widths[0].as_u64() > Some(320) {
            wide.push(format!("{name}: {}", widths[0]));
        }
    }
    assert_eq!(wide, Vec::<String>::new());
    if let Some(folder) = std::env::var_os("GERBANG_PICTURES") {
        let shown = |name: &&String| PICTURED.iter().any(|begin| name.starts_with(begin));
        let names = names.iter().filter(shown);
        pictures(
            &person,
            names.filter(|n| n.ends_with("-id")),
            PathBuf::from(folder),
        )
        .await;
    }
    person.leaves().await;
}

async fn pictures<'n>(person: &Person, names: impl Iterator<Item = &'n String>, folder: PathBuf) {
    for name in names {
        person.open(&format!("/{name}")).await;
        shoot(person, name, &folder).await;
    }
}

/// Pictures of the page that is shown, at three widths, light and dark.
pub(super) async fn shoot(person: &Person, name: &str, folder: &Path) {
    for scheme in ["light", "dark"] {
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        person
            .chromium
            .devtools("Emulation.setEmulatedMedia", media)
            .await;
        for width in [320, 768, 1280] {
            person.resizes(width, 600).await;
            let height = person
                .script("return document.documentElement.scrollHeight")
                .await;
            let height = u32::try_from(height.as_u64().unwrap()).unwrap();
            person.resizes(width, height.max(600)).await;
            let picture = person.chromium.client.screenshot().await.unwrap();
            let path = folder.join(format!("{name}-{scheme}-{width}.png"));
            std::fs::write(path, picture).unwrap();
        }
    }
}
