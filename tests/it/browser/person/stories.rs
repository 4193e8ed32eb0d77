//! What somebody at a browser does as a user: logs in, scans; and what is judged at the end.

use super::Person;
use crate::support::login::user;
use crate::support::otp::Phone;
use serde_json::{Value, json};
use spse_standin::UserType;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

impl Person {
    /// Opens the front page and takes its link LOGIN, as far as the form for the user id.
    pub(crate) async fn takes_login(&self, kind: UserType) {
        self.open("/").await;
        let plain = self
            .text()
            .await
            .contains("harap aktifkan fitur javascript");
        assert_eq!(plain, !self.screen.scripts, "scripts are not as wanted");
        self.clicks("#login").await;
        if self.screen.scripts {
            self.find(".modal.show").await;
        }
        self.sees("PILIH JENIS USER").await;
        self.clicks_on(kind.label()).await;
        self.is_at("/login?tipe=").await;
        self.sees(&format!("LOGIN {}", kind.label())).await;
    }

    /// The whole login of SPSE, up to the page behind the password.
    pub(crate) async fn logs_in(&self, id: &str) {
        let someone = user(id);
        self.takes_login(someone.kind).await;
        self.fills("#txtUserId", id).await;
        self.clicks(".login-form button").await;
        self.fills("#txtPassword", &someone.password).await;
        self.clicks(".login-form button").await;
    }

    /// Asserts that the page of a logged-in user is shown.
    pub(crate) async fn is_home_as(&self, id: &str) {
        self.is_at("/home").await;
        self.sees(&user(id).canary()).await;
        self.sees(&user(id).role).await;
    }

    /// Asserts that pages for logged-in users show nothing.
    pub(crate) async fn is_nobody(&self) {
        for path in ["/home", "/paket"] {
            self.open(path).await;
            self.sees_nothing_private().await;
        }
    }

    /// Asserts that the page holds nothing private.
    pub(crate) async fn sees_nothing_private(&self) {
        let source = self.source().await;
        assert!(!source.contains(spse_standin::CANARY), "{source}");
    }

    /// What a camera's program reads on the screen, once this is in its middle.
    pub(crate) async fn reads_codes(&self, css: &str) -> Vec<String> {
        self.find(css).await;
        let script = format!("document.querySelector('{css}').scrollIntoView({{block: 'center'}})");
        self.script(&script).await;
        let picture = self.chromium.client.screenshot().await.unwrap();
        let path = self.chromium.folder().join("screen.png");
        fs::write(&path, picture).unwrap();
        let output = Command::new("zbarimg")
            .args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"])
            .arg(&path)
            .output()
            .expect("zbarimg is missing: apt-get install zbar-tools");
        let read = String::from_utf8(output.stdout).unwrap();
        read.lines().map(str::to_owned).collect()
    }

    /// Reads the QR code from a picture of the screen, and holds it against the link.
    pub(crate) async fn scans(&self) -> Phone {
        let read = self.reads_codes("svg.qr").await.join("\n");
        let address = self.attribute("a[href^='otpauth://']", "href").await;
        assert_eq!(
            read, address,
            "the picture says something else than the link"
        );
        let key = address.split("secret=").nth(1).unwrap();
        let key: String = key
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let shown = self
            .find(".key")
            .await
            .text()
            .await
            .unwrap()
            .replace(' ', "");
        assert_eq!(shown, key, "the key to type says something else");
        Phone::new(&key, self.ahead.clone())
    }

    /// Asserts that nothing is wider than the screen.
    pub(crate) async fn fits(&self) {
        let script = "return [document.documentElement.scrollWidth, window.innerWidth]";
        let widths = self.script(script).await;
        let (page, window) = (widths[0].as_u64().unwrap(), widths[1].as_u64().unwrap());
        assert!(page <= window, "{page} > {window} at {}", self.path().await);
    }

    /// Width and height of the screen in CSS pixels.
    pub(crate) async fn resizes(&self, width: u32, height: u32) {
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.chromium
            .devtools("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    /// What the browser noted since the last time that a page should not cause: messages of the
    /// console, violations of the content security policy, requests to other hosts. A page that is
    /// itself a refusal is none, nor is one that the phone's app is told; a picture or a script that
    /// is refused is one.
    pub(crate) async fn troubles(&self) -> Vec<String> {
        let mut refused = BTreeSet::new();
        let mut troubles = Vec::new();
        for entry in self.chromium.log("performance").await {
            let text = entry["message"].as_str().unwrap_or_default();
            let event: Value = serde_json::from_str(text).unwrap();
            let (event, details) = (&event["message"]["method"], &event["message"]["params"]);
            match event.as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => {
                    let address = details["request"]["url"].as_str().unwrap_or_default();
                    if !self.is_own(address) {
                        troubles.push(format!("another host: {address}"));
                    }
                }
                "Network.responseReceived" if details["type"] == "Document" => {
                    let status = details["response"]["status"].as_u64().unwrap_or_default();
                    if status >= 400 {
                        refused.insert(details["response"]["url"].as_str().unwrap().to_owned());
                    }
                }
                _ => {}
            }
        }
        for entry in self.chromium.log("browser").await {
            let text = entry["message"].as_str().unwrap_or_default();
            let address = text.split(' ').next().unwrap_or_default();
            // The app asks whether the page on the computer took it in: a no is an answer.
            let app =
                address.contains("/gerbang/authenticator/api/v1/") && text.contains("status of 4");
            let refusal = entry["source"] == "network" && (app || refused.contains(address));
            let loud = entry["level"] == "SEVERE" || entry["level"] == "WARNING";
            if (loud && !refusal) || text.contains("Content Security Policy") {
                troubles.push(entry.to_string());
            }
        }
        troubles
    }

    fn is_own(&self, address: &str) -> bool {
        let rest = address.strip_prefix(&self.origin);
        rest.is_some_and(|rest| rest.starts_with('/'))
            || ["data:", "about:", "chrome"]
                .iter()
                .any(|scheme| address.starts_with(scheme))
    }

    /// Leaves; nothing may have gone wrong in the browser.
    pub(crate) async fn leaves(self) {
        assert_eq!(self.troubles().await, Vec::<String>::new());
    }
}
