//! The harness itself: what it must notice, it notices.

use super::chromium::{DESKTOP, PLAIN_DESKTOP};
use super::person::Person;
use super::world;

#[tokio::test(flavor = "multi_thread")]
async fn violations_errors_and_other_hosts_are_noticed() {
    let world = world().await;
    let person = Person::new(&world, DESKTOP).await;
    person.open("/gerbang/").await;
    assert_eq!(person.troubles().await, Vec::<String>::new());

    person
        .script("document.body.appendChild(document.createElement('script')).text = '1'; return 1")
        .await;
    let troubles = person.troubles().await.concat();
    assert!(troubles.contains("Content Security Policy"), "{troubles}");

    person.script("console.error('aduh')").await;
    let troubles = person.troubles().await.concat();
    assert!(troubles.contains("aduh"), "{troubles}");

    person.open("/").await;
    let other = world.standin.addr();
    person
        .script(&format!(
            "return fetch('http://{other}/', {{mode: 'no-cors'}}).then(() => 1)"
        ))
        .await;
    let troubles = person.troubles().await.concat();
    assert!(troubles.contains("another host"), "{troubles}");

    person
        .script("return fetch('/eproc4/tidak-ada').then(() => 1)")
        .await;
    let troubles = person.troubles().await.concat();
    assert!(troubles.contains("tidak-ada"), "{troubles}");
    person.open("/tidak-ada").await;
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_no_script_runs() {
    let world = world().await;
    let person = Person::new(&world, PLAIN_DESKTOP).await;
    person.open("/").await;
    person.sees("harap aktifkan fitur javascript").await;
    // The application's own script fills this table.
    person.open("/lelang").await;
    person.sees("Memuat data ...").await;
    person.leaves().await;
}
