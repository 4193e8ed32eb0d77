//! Somebody at a browser: looks, clicks, types, logs in; and at the end the browser's own log is
//! judged.

mod stories;

use super::chromium::{Chromium, Screen};
use crate::support::World;
use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::wd::WindowHandle;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a browser from the shop in Indonesia asks for.
const LANGUAGES: &str = "id-ID,id,en-US,en";

/// The field for the code.
pub(crate) const CODE: &str = "#code";
/// The button beside it.
pub(crate) const SUBMIT: &str = "form.entry button";

pub(crate) struct Person {
    pub(crate) chromium: Chromium,
    pub(crate) screen: Screen,
    pub(super) origin: String,
    pub(super) ahead: Arc<AtomicU64>,
}

impl Person {
    /// Sits down in front of the gateway of `world`.
    pub(crate) async fn new(world: &World, screen: Screen) -> Self {
        Self::speaking(world, screen, LANGUAGES).await
    }

    /// The same with other languages in the browser's settings.
    pub(crate) async fn speaking(world: &World, screen: Screen, languages: &str) -> Self {
        Self::at(world, Chromium::start(screen, languages, &[]).await, screen)
    }

    /// The same with switches of Chromium.
    pub(crate) async fn with_switches(world: &World, screen: Screen, switches: &[&str]) -> Self {
        Self::at(
            world,
            Chromium::start(screen, LANGUAGES, switches).await,
            screen,
        )
    }

    fn at(world: &World, chromium: Chromium, screen: Screen) -> Self {
        let origin = format!("http://{}", world.gateway.addr());
        Self {
            chromium,
            screen,
            origin,
            ahead: world.gateway.ahead(),
        }
    }

    /// In front of another server.
    pub(crate) async fn elsewhere(origin: String, screen: Screen) -> Self {
        let chromium = Chromium::start(screen, LANGUAGES, &[]).await;
        Self {
            chromium,
            screen,
            origin,
            ahead: Arc::default(),
        }
    }

    /// Types an address, its path below the context.
    pub(crate) async fn open(&self, path: &str) {
        let address = format!("{}/eproc4{path}", self.origin);
        self.chromium.client.goto(&address).await.unwrap();
    }

    /// Path and query of the page.
    pub(crate) async fn path(&self) -> String {
        let url = self.chromium.client.current_url().await.unwrap();
        match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        }
    }

    /// What can be read on the page.
    pub(crate) async fn text(&self) -> String {
        // The page may be changing at this moment.
        match self.chromium.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// The page as it came.
    pub(crate) async fn source(&self) -> String {
        self.chromium.client.source().await.unwrap()
    }

    async fn until(&self, what: &str, found: impl AsyncFn() -> bool) {
        let end = Instant::now() + PATIENCE;
        while !found().await {
            if Instant::now() > end {
                let (path, text) = (self.path().await, self.text().await);
                panic!("{what} never came; at {path}:\n{text}");
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until a sentence can be read.
    pub(crate) async fn sees(&self, sentence: &str) {
        self.until(sentence, async || self.text().await.contains(sentence))
            .await;
    }

    /// Asserts that a sentence cannot be read.
    pub(crate) async fn sees_nothing_of(&self, sentence: &str) {
        // Where the page is just changing nothing can be read at all.
        self.until("a page", async || !self.text().await.is_empty())
            .await;
        let text = self.text().await;
        assert!(!text.contains(sentence), "{sentence} is there: {text}");
    }

    /// Waits until a sentence can no longer be read: a click answers before its page is there.
    pub(crate) async fn sees_no_more(&self, sentence: &str) {
        let what = format!("a page without {sentence}");
        self.until(&what, async || {
            let text = self.text().await;
            !text.is_empty() && !text.contains(sentence)
        })
        .await;
    }

    /// Waits until the page's path begins so, below the context.
    pub(crate) async fn is_at(&self, path: &str) {
        let whole = format!("/eproc4{path}");
        self.until(&whole, async || self.path().await.starts_with(&whole))
            .await;
    }

    /// The element, once it is there.
    pub(crate) async fn find(&self, css: &str) -> Element {
        let found = self
            .chromium
            .client
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(css));
        match found.await {
            Ok(element) => element,
            Err(error) => {
                let (path, text, log) =
                    (self.path().await, self.text().await, self.troubles().await);
                panic!("{css}: {error} at {path}:\n{text}\n{log:?}")
            }
        }
    }

    /// How many elements fit.
    pub(crate) async fn count(&self, css: &str) -> usize {
        self.chromium
            .client
            .find_all(Locator::Css(css))
            .await
            .unwrap()
            .len()
    }

    /// An attribute of an element.
    pub(crate) async fn attribute(&self, css: &str, name: &str) -> String {
        self.find(css)
            .await
            .attr(name)
            .await
            .unwrap()
            .unwrap_or_default()
    }

    /// Clicks (taps on a phone with scripts).
    pub(crate) async fn clicks(&self, css: &str) {
        self.find(css).await;
        self.hits(
            css,
            Locator::Css(css),
            &format!("document.querySelector({css:?})"),
        )
        .await;
    }

    /// Clicks on the button or link with these words.
    pub(crate) async fn clicks_on(&self, words: &str) {
        let tags = ["a", "button", "summary"];
        let paths = tags.map(|tag| format!("//{tag}[normalize-space()='{words}']"));
        let path = paths.join(" | ");
        let found = self
            .chromium
            .client
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::XPath(&path));
        if found.await.is_err() {
            panic!(
                "no {words} at {}:\n{}",
                self.path().await,
                self.text().await
            );
        }
        let script =
            format!("document.evaluate({path:?}, document, null, 9, null).singleNodeValue");
        self.hits(words, Locator::XPath(&path), &script).await;
    }

    async fn hits(&self, what: &str, place: Locator<'_>, script: &str) {
        let leads = format!(
            "const e = {script}; window.before = true; const to = e.getAttribute('href') || '#';\
             return e.type === 'submit' ? e.formNoValidate || !e.form.matches(':invalid')\
             : /^(https?:|\\/|\\?)/.test(to)"
        );
        let leads = self.script(&leads).await == true;
        self.hits_there(what, place, script).await;
        // Commands wait for a page that is loading, but not for one that is about to.
        for _ in 0..25 {
            if !leads || self.script("return window.before === undefined").await == true {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn hits_there(&self, what: &str, place: Locator<'_>, script: &str) {
        if self.screen.scripts {
            let element = self.chromium.client.find(place).await.unwrap();
            let clicked = element.click().await;
            assert!(
                clicked.is_ok(),
                "{what}: {clicked:?} at {}",
                self.path().await
            );
            return;
        }
        // chromedriver's own click waits for a timer of the page, which never runs here.
        let place = format!(
            "const e = {script}; e.scrollIntoView({{block: 'center'}});\
             const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]"
        );
        let place = self.script(&place).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1,
            });
            self.chromium
                .devtools("Input.dispatchMouseEvent", event)
                .await;
        }
    }

    /// Types into a field.
    pub(crate) async fn fills(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Presses keys, wherever the focus is.
    pub(crate) async fn presses(&self, keys: &str) {
        self.chromium
            .client
            .active_element()
            .await
            .unwrap()
            .send_keys(keys)
            .await
            .unwrap();
    }

    /// Presses one key that has no letter.
    pub(crate) async fn presses_key(&self, key: Key) {
        self.presses(&char::from(key).to_string()).await;
    }

    /// Waits until the element with this id has the focus.
    pub(crate) async fn has_focus(&self, id: &str) {
        self.until_script(&format!("return document.activeElement.id === {id:?}"))
            .await;
    }

    /// Id, name or words of what has the focus.
    pub(crate) async fn focus(&self) -> String {
        let element = self.chromium.client.active_element().await.unwrap();
        for attribute in ["id", "name", "class"] {
            if let Some(value) = element.attr(attribute).await.unwrap()
                && !value.is_empty()
            {
                return value;
            }
        }
        element.text().await.unwrap()
    }

    /// Types a code and sends it.
    pub(crate) async fn types_code(&self, code: &str) {
        self.fills(CODE, code).await;
        self.clicks(SUBMIT).await;
    }

    /// The page again.
    pub(crate) async fn reloads(&self) {
        self.chromium.client.refresh().await.unwrap();
    }

    /// The page before.
    pub(crate) async fn goes_back(&self) {
        self.chromium.client.back().await.unwrap();
    }

    /// Back again.
    pub(crate) async fn goes_forth(&self) {
        self.chromium.client.forward().await.unwrap();
    }

    /// This tab.
    pub(crate) async fn window(&self) -> WindowHandle {
        self.chromium.client.window().await.unwrap()
    }

    /// Opens a tab and turns to it.
    pub(crate) async fn opens_tab(&self) -> WindowHandle {
        let tab = self.chromium.client.new_window(true).await.unwrap().handle;
        self.turns_to(&tab).await;
        tab
    }

    /// Turns to a tab.
    pub(crate) async fn turns_to(&self, tab: &WindowHandle) {
        self.chromium
            .client
            .switch_to_window(tab.clone())
            .await
            .unwrap();
    }

    /// Waits until the countdown shows at least so many seconds.
    pub(crate) async fn until_seconds_left(&self, seconds: u64) {
        self.until("the countdown", async || {
            let text = self.text().await;
            let shown = text
                .split("menit, ")
                .nth(1)
                .and_then(|rest| rest.split(' ').next());
            let shown = shown.and_then(|number| number.parse::<u64>().ok());
            text.contains("1 menit, ") || shown.is_some_and(|shown| shown >= seconds)
        })
        .await;
    }

    /// Waits until a script says true.
    pub(crate) async fn until_script(&self, script: &str) {
        self.until(script, async || self.script(script).await == true)
            .await;
    }

    /// Runs a piece of script in the page: the hand of somebody who tampers with it. It runs even
    /// where the page's own scripts do not, as long as it waits for nothing.
    pub(crate) async fn script(&self, script: &str) -> Value {
        let what = json!({
            "expression": format!("(function () {{ {script} }}())"),
            "returnByValue": true,
            "awaitPromise": self.screen.scripts,
        });
        let answer = self.chromium.devtools("Runtime.evaluate", what).await;
        assert!(answer["exceptionDetails"].is_null(), "{script}: {answer}");
        answer["result"]["value"].clone()
    }
}
