//! A real SMTP server (aiosmtpd): what it takes can be read, how it behaves stands in the recipient's
//! name (`smtp_server.py`).

use super::builder::Builder;
use super::ports::Port;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::sleep;

/// The interpreter for which the package of the server is installed.
const PYTHON: &str = "/usr/bin/python3";
const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/it/support/smtp_server.py"
);
/// How long a letter may take, in tenths of a second.
const LETTER_TENTHS: u32 = 300;

/// A mail server that runs; ended with the test.
pub(crate) struct MailServer {
    port: Port,
    folder: TempDir,
    arguments: Vec<String>,
    child: Option<Child>,
}

/// A mail that it took.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// Recipient of the envelope.
    pub(crate) to: String,
    /// Everything as it came.
    pub(crate) raw: String,
}

impl MailServer {
    /// In the clear, for everybody.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With further arguments of the script; `DIR` in them stands for its folder.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), arguments)
    }

    /// The same with a folder in which something lies already.
    pub(crate) fn in_folder(folder: TempDir, arguments: &[&str]) -> Self {
        let path = folder.path().to_str().unwrap().to_owned();
        let arguments = arguments.iter().map(|it| it.replace("DIR", &path));
        let mut server = Self {
            port: Port::lend(),
            arguments: arguments.collect(),
            folder,
            child: None,
        };
        server.run();
        server
    }

    /// Starts it (again).
    pub(crate) fn run(&mut self) {
        let mut child = Command::new(PYTHON)
            .arg(SCRIPT)
            .args(["--port", &self.port.addr().port().to_string(), "--dir"])
            .arg(self.folder.path())
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(self.folder.path().join("log")).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{PYTHON}: {error}: apt-get install python3"));
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let said = fs::read_to_string(self.folder.path().join("log")).unwrap();
        assert_eq!(
            line.trim(),
            "ready",
            "no mail server: apt-get install python3-aiosmtpd\n{said}"
        );
        self.child = Some(child);
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // An error says that it is gone.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port.addr().port()
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Everything that it took, oldest first.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        let mut files: Vec<PathBuf> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|it| it == "eml"))
            .collect();
        files.sort();
        files.iter().map(Taken::read).collect()
    }

    /// Waits until it took so many, and gives the last.
    pub(crate) async fn nth(&self, count: usize) -> Taken {
        for _ in 0..LETTER_TENTHS {
            let mut taken = self.taken();
            if taken.len() >= count {
                return taken.swap_remove(count - 1);
            }
            sleep(Duration::from_millis(100)).await;
        }
        let subjects: Vec<String> = self.taken().iter().map(Taken::subject).collect();
        panic!("{count} letters were to come: {subjects:?}");
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Taken {
    fn read(file: &PathBuf) -> Self {
        let raw = String::from_utf8(fs::read(file).unwrap()).unwrap();
        let (_, rest) = raw.split_once("X-To: ").unwrap();
        let to = rest.split_once("\r\n").unwrap().0.to_owned();
        Self { to, raw }
    }

    /// A header, unfolded.
    pub(crate) fn header(&self, name: &str) -> String {
        let (head, _) = self.raw.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ");
        let found: Vec<&str> = head
            .split("\r\n")
            .filter_map(|line| line.strip_prefix(&format!("{name}: ")))
            .collect();
        assert_eq!(found.len(), 1, "{name}: {head}");
        found[0].to_owned()
    }

    pub(crate) fn subject(&self) -> String {
        self.header("Subject")
    }

    /// The text part, decoded by the mail library of Python, which is nobody's of ours.
    pub(crate) fn text(&self) -> String {
        self.part("plain")
    }

    /// The eight digits that stand on a line of their own.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        let text = self.text();
        let is_code = |line: &&str| {
            let digits = line.trim().replace(' ', "");
            digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit())
        };
        let line = text.lines().find(is_code);
        line.unwrap_or_else(|| panic!("no code: {text}"))
            .trim()
            .to_owned()
    }

    /// The HTML part.
    pub(crate) fn html(&self) -> String {
        self.part("html")
    }

    fn part(&self, subtype: &str) -> String {
        const DECODE: &str = "import sys, email, email.policy\n\
            m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)\n\
            sys.stdout.write(m.get_body((sys.argv[1],)).get_content())";
        let mut child = Command::new(PYTHON)
            .args(["-c", DECODE, subtype])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), self.raw.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", self.raw);
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Builder {
    /// Sends letters there, in the clear.
    pub(crate) fn mail(self, server: &MailServer) -> Self {
        self.public()
            .set("mail", "host", "\"127.0.0.1\"")
            .set("mail", "port", &server.port().to_string())
            .set("mail", "security", "\"none\"")
            .set("mail", "from", "\"admin.lpse@lpse.example.go.id\"")
    }
}
