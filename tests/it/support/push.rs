//! A push service and the browser behind it (`push_server.py`): it verifies who sends and opens what is
//! sent, with another library than the gateway's.

use super::builder::Builder;
use super::ports::Port;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::sleep;

/// The interpreter for which the package of its cryptography is installed.
const PYTHON: &str = "/usr/bin/python3";
const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/it/support/push_server.py"
);
/// How long a message may take, in tenths of a second.
const MESSAGE_TENTHS: u32 = 100;

/// A push service that runs; ended with the test.
pub(crate) struct PushService {
    port: Port,
    folder: TempDir,
    child: Child,
    /// Keys of the browser: `key` and `auth`.
    keys: Value,
}

impl PushService {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::lend();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let [certificate, key] = ["service.pem", "service.key"].map(|it| folder.path().join(it));
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let log = folder.path().join("log");
        let mut child = Command::new(PYTHON)
            .arg(SCRIPT)
            .args(["--port", &port.addr().port().to_string(), "--dir"])
            .arg(folder.path())
            .arg("--certificate")
            .arg(&certificate)
            .arg("--key")
            .arg(&key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{PYTHON}: {error}: apt-get install python3"));
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let keys = serde_json::from_str(&line).unwrap_or_else(|_| {
            let said = fs::read_to_string(&log).unwrap();
            panic!("no push service: apt-get install python3-cryptography\n{said}")
        });
        openssl(&folder, "push.pem");
        Self {
            port,
            folder,
            child,
            keys,
        }
    }

    /// The gateway wakes phones by this service.
    pub(crate) fn used_by(&self, gateway: Builder) -> Builder {
        let file = |name: &str| format!("\"{}\"", self.folder.path().join(name).display());
        let host = format!("[\"{}\"]", self.authority());
        gateway
            .set("push", "key_file", &file("push.pem"))
            .set("push", "contact", "\"operator@example.go.id\"")
            .set("push", "hosts", &host)
            .set("push", "ca_file", &file("service.pem"))
            .set("push", "timeout_seconds", "2")
    }

    fn authority(&self) -> String {
        format!("localhost:{}", self.port.addr().port())
    }

    pub(crate) fn origin(&self) -> String {
        format!("https://{}", self.authority())
    }

    /// What the browser behind this path says when it subscribes.
    pub(crate) fn subscription(&self, path: &str) -> Value {
        json!({
            "endpoint": format!("{}{path}", self.origin()),
            "key": self.keys["key"],
            "auth": self.keys["auth"],
            "lang": "id",
        })
    }

    /// The public key of the operator, as `openssl` reads it from the file.
    pub(crate) fn public_key(&self) -> String {
        let told = Command::new("openssl")
            .args(["pkey", "-pubout", "-outform", "DER", "-in"])
            .arg(self.folder.path().join("push.pem"))
            .output()
            .unwrap_or_else(|error| panic!("openssl: {error}: apt-get install openssl"));
        assert!(told.status.success());
        // The point is what a public key of this curve ends with (RFC 5480 section 2.2).
        let point = &told.stdout[told.stdout.len() - 65..];
        data_encoding::BASE64URL_NOPAD.encode(point)
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        // An error says that it is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Everything that it took, oldest first.
    pub(crate) fn taken(&self) -> Vec<Value> {
        let mut files: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|it| it == "json"))
            .collect();
        files.sort();
        let read = |file| serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        files.iter().map(read).collect()
    }

    /// Waits until it took so many, and gives the last.
    pub(crate) async fn nth(&self, count: usize) -> Value {
        for _ in 0..MESSAGE_TENTHS {
            let mut taken = self.taken();
            if taken.len() >= count {
                return taken.swap_remove(count - 1);
            }
            sleep(Duration::from_millis(100)).await;
        }
        let said = fs::read_to_string(self.folder.path().join("log")).unwrap();
        panic!("{count} messages were to come: {:?}\n{said}", self.taken());
    }
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A key as README makes it.
fn openssl(folder: &TempDir, name: &str) {
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "EC", "-pkeyopt"])
        .args(["ec_paramgen_curve:P-256", "-out"])
        .arg(folder.path().join(name))
        .output()
        .unwrap_or_else(|error| panic!("openssl: {error}: apt-get install openssl"));
    assert!(made.status.success(), "{made:?}");
}
