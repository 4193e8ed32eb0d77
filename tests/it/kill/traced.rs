//! The system calls of the real program: between a write to the store and the answer that reveals
//! it lies an fsync of the store's file.

use super::WHO;
use crate::support::World;
use crate::support::login::{ACTIVATED, password, scan, to_page, type_code};
use spse_standin::SessionMode;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::sleep;

/// strace on a running process; ended when dropped.
struct Trace(Child);

impl Trace {
    async fn of(pid: u32, file: &std::path::Path) -> Self {
        let calls =
            "trace=fsync,fdatasync,sync_file_range,write,writev,pwrite64,pwritev,sendto,sendmsg";
        let child = Command::new("strace")
            .args(["-f", "-y", "-s", "4000", "-e", calls, "-o"])
            .arg(file)
            .args(["-p", &pid.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("strace is missing: apt-get install strace");
        let trace = Self(child);
        sleep(Duration::from_millis(700)).await;
        trace
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        let _ = self.0.wait();
    }
}

/// What a line of the trace is, for this question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// Bytes of a commit went to the store's data file.
    Write,
    /// The data file was made durable; the line says that the call returned.
    Durable,
    /// An answer that reveals a write: a ticket, a seal.
    Answer,
    /// A login goes up: its mark must be durable.
    Login,
}

fn call(line: &str) -> Option<Call> {
    let on_data = line.contains("/store/db>");
    let is = |name: &str| line.contains(&format!(" {name}("));
    if on_data && (is("pwrite64") || is("write") || is("pwritev")) {
        return Some(Call::Write);
    }
    let synced = is("fdatasync") || is("fsync") || line.contains("fdatasync resumed");
    if synced && line.trim_end().ends_with("= 0") && (on_data || line.contains("resumed")) {
        return Some(Call::Durable);
    }
    let sends = is("sendto") || is("write") || is("writev") || is("sendmsg");
    if sends && line.contains("\"POST /eproc4/login") {
        return Some(Call::Login);
    }
    // Attributes differ in case and order; these two names are the gateway's own.
    let reveals = line.contains("gerbang-eproc4.t.") || line.contains("gerbang-eproc4=");
    let answer = line.contains("HTTP/1.1 ") && line.to_ascii_lowercase().contains("set-cookie");
    (sends && answer && reveals).then_some(Call::Answer)
}

#[test]
fn kill_traces_are_read_right() {
    for (line, means) in [
        (
            "7 pwrite64(9</s/store/db>, \"x\"..., 512, 0) = 512",
            Some(Call::Write),
        ),
        ("7 fdatasync(9</s/store/db>) = 0", Some(Call::Durable)),
        (
            "7 fdatasync(9</s/store/db>) = -1 EIO (Input/output error)",
            None,
        ),
        ("7 fdatasync(9</s/store/db> <unfinished ...>", None),
        ("7 <... fdatasync resumed>) = 0", Some(Call::Durable)),
        (
            "7 sync_file_range(9</s/store/db>, 0, 0, SYNC_FILE_RANGE_WRITE) = 0",
            None,
        ),
        (
            "8 sendto(5<TCP>, \"HTTP/1.1 303 See Other\\r\\nSet-Cookie: gerbang-eproc4.t.aa=b\", 9) = 9",
            Some(Call::Answer),
        ),
        (
            "8 sendto(5<TCP>, \"POST /eproc4/loginpass HTTP/1.1\", 9) = 9",
            Some(Call::Login),
        ),
        (
            "8 sendto(5<TCP>, \"HTTP/1.1 200 OK\\r\\nSet-Cookie: SPSE_SESSION=\", 9) = 9",
            None,
        ),
    ] {
        assert_eq!(call(line), means, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_proof_answers_follow_the_fsync_of_what_they_reveal() {
    let world = World::start(SessionMode::ServerSide).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    let trace = Trace::of(world.gateway.pid(), &file).await;
    let browser = world.browser();
    let answer = password(&browser, WHO).await;
    let page = to_page(&browser, &answer, "activation").await;
    let mut phone = scan(&browser, &page);
    let done = type_code(&browser, &page, &phone.code()).await;
    assert!(done.has(ACTIVATED), "{done:?}");
    for _ in 0..3 {
        let other = world.browser();
        let answer = password(&other, WHO).await;
        let page = to_page(&other, &answer, "acceptor").await;
        if type_code(&other, &page, &phone.code()).await.status != 303 {
            // The next step is too far ahead; the waiting login was revealed all the same.
            break;
        }
    }
    sleep(Duration::from_millis(500)).await;
    drop(trace);

    let text = std::fs::read_to_string(&file).unwrap();
    let (mut written, mut durable, mut answers, mut logins) = (false, false, 0, 0);
    let mut fsyncs = 0;
    for line in text.lines() {
        match call(line) {
            Some(Call::Write) => (written, durable) = (true, false),
            Some(Call::Durable) => {
                fsyncs += 1;
                durable = true;
            }
            Some(Call::Login) => {
                assert!(
                    written && durable,
                    "a login goes up before its mark is durable: {line}"
                );
                logins += 1;
                written = false;
            }
            Some(Call::Answer) => {
                assert!(written, "an answer reveals what was never written: {line}");
                assert!(
                    durable,
                    "an answer before the fsync of what it reveals: {line}"
                );
                answers += 1;
                written = false;
            }
            None => {}
        }
    }
    println!("{answers} answers and {logins} logins, each behind its fsync; {fsyncs} fsyncs");
    assert!(logins >= 4, "only {logins} logins in the trace:\n{text}");
    assert!(answers >= 4, "only {answers} answers in the trace:\n{text}");
}
