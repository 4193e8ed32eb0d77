//! Every sample of every page, looked at by axe: no violation of WCAG 2.2 AA and of good practice, in
//! light and in dark.

use super::chromium::DESKTOP;
use super::person::Person;
use super::samples::served;
use serde_json::json;
use std::collections::BTreeMap;

/// What is held against the pages.
const RUN: &str = "return axe.run(document, {resultTypes: ['violations'], runOnly: {type: 'tag', values: \
    ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}}).then(found => \
    found.violations.map(rule => rule.id + ': ' + rule.nodes.map(node => node.html).join(' | ')))";

/// The tool as `scripts/need-axe` brings it.
pub(super) fn axe() -> String {
    const PLACE: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/axe/node_modules/axe-core/axe.min.js"
    );
    std::fs::read_to_string(PLACE).expect("axe is missing: scripts/need-axe")
}

pub(super) async fn violations(person: &Person, axe: &str) -> Vec<String> {
    // Run by the hand of the tester, so that the policy of the page has no say in it.
    let script = format!("{axe}\n;{RUN}");
    let found = person.script(&script).await;
    let found = found.as_array().expect("a list of violations").iter();
    found
        .map(|rule| rule.as_str().unwrap().to_owned())
        .collect()
}

/// Rule with its elements, and the pages that they are on.
async fn looks(language: &str, scheme: &str) {
    let (names, origin) = served().await;
    let axe = axe();
    let person = Person::elsewhere(origin, DESKTOP).await;
    let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
    person
        .chromium
        .devtools("Emulation.setEmulatedMedia", media)
        .await;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let names = names.iter().filter(|name| name.ends_with(language));
    for name in names {
        person.open(&format!("/{name}")).await;
        for rule in violations(&person, &axe).await {
            found.entry(rule).or_default().push(name.clone());
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    person.leaves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_keeps_anybody_out_in_indonesian_and_light() {
    looks("-id", "light").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_keeps_anybody_out_in_english_and_dark() {
    looks("-en", "dark").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_itself_notices_what_is_wrong() {
    let (names, origin) = served().await;
    let person = Person::elsewhere(origin, DESKTOP).await;
    person.open(&format!("/{}", names[0])).await;
    person
        .script(
            "const field = document.createElement('input'); field.id = 'bare';\
             document.body.appendChild(field);\
             document.querySelector('h1').style.color = '#eeeeee'; return 1",
        )
        .await;
    let found = violations(&person, &axe()).await;
    for rule in ["label: ", "color-contrast: ", "region: "] {
        let told = found.iter().any(|line| line.starts_with(rule));
        assert!(told, "{rule}{found:#?}");
    }
}
