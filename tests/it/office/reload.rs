//! SIGHUP: what is good is taken over, what is bad keeps the old and says why.

use crate::support::login::{activate, assert_home, password, to_page};
use crate::support::{World, eventually, quick};
use spse_standin::SessionMode;

const CONTACT: &str = "[[contact]]\nname = \"Meja Bantuan Baru\"\nphone = \"0361-111\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn contacts_and_words_change_while_somebody_activates() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| gateway).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = to_page(&browser, &answer, "activation").await;
    assert!(!page.has("Meja Bantuan Baru"), "{page:?}");
    let words = world.gateway.state().join("../templates/messages");
    std::fs::create_dir_all(&words).unwrap();
    let own = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/templates/messages/id.toml"
    ));
    let own = own
        .unwrap()
        .replace("submit = \"Aktifkan\"", "submit = \"Aktifkan sekarang\"");
    std::fs::write(words.join("id.toml"), own).unwrap();
    world
        .gateway
        .reload(|text| format!("templates = \"./templates\"\n{text}\n{CONTACT}"));
    eventually("it was read again", || {
        world.gateway.log().contains("were read again")
    })
    .await;
    let page = to_page(&browser, &answer, "activation").await;
    assert!(
        page.has("Meja Bantuan Baru") && page.has("Aktifkan sekarang"),
        "{page:?}"
    );
    activate(&browser, &answer).await;
    assert_home(&browser, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_bad_keeps_the_old_and_says_why() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| gateway).await;
    let said = |times: usize| {
        world
            .gateway
            .log()
            .matches("what was there before goes on")
            .count()
            >= times
    };
    world
        .gateway
        .reload(|text| format!("{text}\n{CONTACT}\n[sites]\nname = \"x\"\n"));
    eventually("the first was refused", || said(1)).await;
    assert!(
        world.gateway.log().contains("did you mean `site`"),
        "{}",
        world.gateway.log()
    );
    world.gateway.reload(|text| {
        let good = text.split("\n[sites]").next().unwrap().to_owned();
        format!("profile = \"./nowhere.toml\"\n{good}")
    });
    eventually("the second was refused", || said(2)).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = to_page(&browser, &answer, "activation").await;
    assert!(!page.has("Meja Bantuan Baru"), "{page:?}");
    // What needs a restart is named, and the rest is taken over.
    world.gateway.reload(|text| {
        let good = text.replace("profile = \"./nowhere.toml\"\n", "");
        good.replace("name = \"LPSE Kabupaten Contoh\"", "name = \"LPSE Lain\"")
    });
    eventually("the third was taken", || {
        let log = world.gateway.log();
        log.contains("held from the next start on sections=\"site\"")
    })
    .await;
    let page = to_page(&browser, &answer, "activation").await;
    assert!(
        page.has("Meja Bantuan Baru") && page.has("LPSE Kabupaten Contoh"),
        "{page:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_is_read_again_where_sessions_can_go_on() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        // A profile of its own, which says what the built-in one says.
        gateway.profile_line(
            "freeze_types = [\"penyedia\"]",
            "freeze_types = [\"penyedia\"]",
        )
    })
    .await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    activate(&browser, &answer).await;
    let file = world.gateway.state().join("../profile.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    let edited = |old: &str, new: &str| {
        assert!(good.contains(old), "{old}");
        std::fs::write(&file, good.replace(old, new)).unwrap();
        world.gateway.reload(|text| text);
    };
    let refused = |times: usize| {
        world
            .gateway
            .log()
            .matches("what was there before goes on")
            .count()
            >= times
    };
    edited("case_folding = \"upper\"", "case_folding = \"uper\"");
    eventually("a broken one was refused", || refused(1)).await;
    edited("name = \"SPSE_SESSION\"", "name = \"OTHER_SESSION\"");
    eventually("another cookie was refused", || refused(2)).await;
    assert!(world.gateway.log().contains("needs a restart"));
    edited("pages = [\"/login\"", "pages = [\"/gerbang/x\", \"/login\"");
    eventually("one that claims our own pages was refused", || refused(3)).await;
    let log = world.gateway.log();
    assert!(log.contains("is a path of the application itself"), "{log}");
    edited(
        "freeze_types = [\"penyedia\"]",
        "freeze_types = [\"non-penyedia\"]",
    );
    eventually("the good one was taken", || {
        let shown = world.gateway.cli(&["policy", "show", "--json"]).done();
        shown.contains("\"freeze_types\":[\"non-penyedia\"]")
    })
    .await;
    assert_home(&browser, "PPK301").await;
}
