//! Chromium behind chromedriver: both are real processes, ended when dropped. What the browser
//! itself has to say (console, requests) is kept and can be judged.

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::sleep;

/// How long chromedriver may take to say its port, in steps of 50 ms.
const START_STEPS: u32 = 400;

/// How often it is started.
const START_TRIES: u32 = 3;

/// What somebody sits in front of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    pub(crate) phone: bool,
    pub(crate) scripts: bool,
}

/// 1280x900 with scripts.
pub(crate) const DESKTOP: Screen = Screen {
    phone: false,
    scripts: true,
};
/// 360x740, touch, with scripts.
pub(crate) const PHONE: Screen = Screen {
    phone: true,
    scripts: true,
};
/// 1280x900 without scripts.
pub(crate) const PLAIN_DESKTOP: Screen = Screen {
    phone: false,
    scripts: false,
};
/// 360x740, touch, without scripts.
pub(crate) const PLAIN_PHONE: Screen = Screen {
    phone: true,
    scripts: false,
};

/// A running browser.
pub(crate) struct Chromium {
    pub(crate) client: Client,
    driver: Child,
    port: u16,
    folder: TempDir,
}

impl Chromium {
    /// Starts one; `languages` as in Accept-Language, further switches of Chromium in `switches`.
    pub(crate) async fn start(screen: Screen, languages: &str, switches: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (driver, port) = start_driver(folder.path()).await;
        let wishes = wishes(screen, languages, switches, folder.path());
        let Value::Object(wishes) = wishes else {
            unreachable!("an object")
        };
        let session = ClientBuilder::new(HttpConnector::new())
            .capabilities(wishes)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await;
        let client = session.expect("chromium does not start: apt-get install chromium");
        let chromium = Self {
            client,
            driver,
            port,
            folder,
        };
        let id = chromium.client.session_id().await.unwrap().unwrap();
        fs::write(chromium.folder.path().join("session"), id).unwrap();
        chromium
    }

    /// A folder that ends with the browser.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.client
            .issue_cmd(Post("goog/cdp/execute", body))
            .await
            .unwrap()
    }

    /// New entries of a log: `browser` (the console) or `performance` (what was requested).
    pub(crate) async fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self
            .client
            .issue_cmd(Post("se/log", json!({"type": kind})))
            .await
            .unwrap();
        entries.as_array().cloned().unwrap_or_default()
    }

    /// Ends the browser's own session over a plain socket, for nothing can be awaited in a drop.
    fn end_session(&self) -> std::io::Result<()> {
        let id = fs::read_to_string(self.folder.path().join("session"))?;
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let head = format!(
            "DELETE /session/{id} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        stream.read(&mut [0; 512]).map(|_| ())
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        if let Err(error) = self.end_session() {
            eprintln!("the browser did not end in order: {error}");
        }
        // An error says that it is gone.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

async fn start_driver(folder: &Path) -> (Child, u16) {
    for _ in 0..START_TRIES {
        if let Some(started) = try_to_start_driver(folder).await {
            return started;
        }
    }
    panic!(
        "chromedriver does not start: {}",
        fs::read_to_string(folder.join("chromedriver.log")).unwrap()
    );
}

/// `None` when it gave up: another program may have taken the port that it had just found free.
async fn try_to_start_driver(folder: &Path) -> Option<(Child, u16)> {
    let path = folder.join("chromedriver.log");
    let log = File::create(&path).unwrap();
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is missing: apt-get install chromium-driver");
    for _ in 0..START_STEPS {
        let said = fs::read_to_string(&path).unwrap();
        let port = said.split("successfully on port ").nth(1);
        let port = port
            .and_then(|rest| rest.split('.').next())
            .and_then(|port| port.parse().ok());
        if let Some(port) = port {
            return Some((driver, port));
        }
        if driver.try_wait().unwrap().is_some() {
            return None;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let _ = driver.kill();
    let _ = driver.wait();
    None
}

fn binary() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).flat_map(|folder| {
        ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
    });
    places
        .find(|place| place.exists())
        .expect("chromium is missing: apt-get install chromium")
}

fn wishes(screen: Screen, languages: &str, switches: &[&str], folder: &Path) -> Value {
    let mut arguments: Vec<String> = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1280,900",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(format!(
        "--user-data-dir={}",
        folder.join("profile").display()
    ));
    arguments.extend(switches.iter().map(|&switch| switch.to_owned()));
    let mut prefs = json!({
        "intl.accept_languages": languages,
        "credentials_enable_service": false,
        "profile.password_manager_enabled": false,
    });
    if !screen.scripts {
        prefs["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    let mut options = json!({
        "binary": binary(),
        "args": arguments,
        "prefs": prefs,
        "perfLoggingPrefs": {"enableNetwork": true, "enablePage": false},
    });
    if screen.phone {
        options["mobileEmulation"] = json!({
            "deviceMetrics": {"width": 360, "height": 740, "pixelRatio": 2.0, "touch": true},
            "userAgent": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
                Chrome/120.0.0.0 Mobile Safari/537.36",
        });
    }
    json!({
        "browserName": "chrome",
        "timeouts": {"pageLoad": 20_000, "script": 10_000, "implicit": 0},
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    })
}

/// A command that fantoccini does not know: a path below the session, and what is posted there.
#[derive(Debug)]
struct Post(&'static str, Value);

impl WebDriverCompatibleCommand for Post {
    fn endpoint(
        &self,
        base_url: &url::Url,
        session_id: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base_url.join(&format!(
            "session/{}/{}",
            session_id.unwrap_or_default(),
            self.0
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.1.to_string()))
    }
}
