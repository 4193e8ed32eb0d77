use super::*;
use crate::domain::audit::sample;
use crate::primitives::UnixSeconds;
use crate::seal::{HeadSigner, Link, MasterKey};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const AT: UnixSeconds = UnixSeconds(1_795_333_473);

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("audit.jsonl")
    }

    fn out(&self) -> JsonLines {
        JsonLines::new(AuditFile::Path(self.path()))
    }

    fn sequences(&self, name: &str) -> Vec<u64> {
        let text = fs::read_to_string(self.0.path().join(name)).unwrap();
        let lines = text.lines().filter_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            line["sequence"].as_u64()
        });
        lines.collect()
    }
}

fn record() -> AuditRecord {
    sample::records(AT).swap_remove(3)
}

#[test]
fn a_record_is_one_line_with_everything_in_it() {
    let home = Home::new();
    let mut out = home.out();
    out.write(7, &record()).unwrap();
    out.flush().unwrap();
    let expected = r#"{"sequence":7,"time":"2026-11-22T07:47:33Z","at":1795333653,"account":{"user_type":"non-penyedia","user_id":"PPK1"},"role":"Pembuat Komitmen","client":"203.0.113.7","request":"0011223344556677","event":{"kind":"code-refused","factor":"Totp","lane":"Unknown","reason":"mismatch","failures":3}}"#;
    let text = fs::read_to_string(home.path()).unwrap();
    assert_eq!(text, format!("{expected}\n"));
    let mode = fs::metadata(home.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777 & !0o640, 0, "{mode:o}");
}

#[test]
fn a_head_is_found_again_in_its_line() {
    let home = Home::new();
    let signer = HeadSigner::new(&MasterKey::new([1; 32])).unwrap();
    let head = signer.sign("eproc4", 9, Link([3; 32]), AT);
    home.out().write_head(&head).unwrap();
    let text = fs::read_to_string(home.path()).unwrap();
    assert_eq!(Head::find_in(&text), Some(head));
    assert_eq!(home.sequences("audit.jsonl"), [9]);
}

#[test]
fn no_text_makes_a_second_line() {
    let home = Home::new();
    let mut out = home.out();
    let hostile = "x\n{\"sequence\":99}\r\u{85}\u{2028}\u{9b}31m\u{202e}\0";
    let record = AuditRecord {
        client: hostile.into(),
        ..record()
    };
    out.write(1, &record).unwrap();
    let text = fs::read_to_string(home.path()).unwrap();
    assert_eq!(text.lines().count(), 1);
    let line = text.trim_end_matches('\n');
    assert!(line.chars().all(|c| !c.is_control()), "{line:?}");
    assert!(!line.contains(['\u{2028}', '\u{202e}']), "{line:?}");
    let read: Value = serde_json::from_str(line).unwrap();
    assert_eq!(read["client"], hostile, "and nothing is lost");
}

#[test]
fn it_follows_rotation() {
    let home = Home::new();
    let mut out = home.out();
    out.write(1, &record()).unwrap();
    fs::rename(home.path(), home.0.path().join("audit.jsonl.1")).unwrap();
    out.write(2, &record()).unwrap();
    out.write(3, &record()).unwrap();
    // Another program made the new file.
    fs::rename(home.path(), home.0.path().join("audit.jsonl.2")).unwrap();
    fs::write(home.path(), "").unwrap();
    out.write(4, &record()).unwrap();
    // Copied and emptied.
    fs::copy(home.path(), home.0.path().join("audit.jsonl.3")).unwrap();
    fs::OpenOptions::new()
        .write(true)
        .open(home.path())
        .unwrap()
        .set_len(0)
        .unwrap();
    out.write(5, &record()).unwrap();
    out.flush().unwrap();
    for (name, expected) in [
        ("audit.jsonl.1", vec![1]),
        ("audit.jsonl.2", vec![2, 3]),
        ("audit.jsonl.3", vec![4]),
        ("audit.jsonl", vec![5]),
    ] {
        assert_eq!(home.sequences(name), expected, "{name}");
    }
}

#[test]
fn a_line_that_was_cut_spoils_no_other() {
    let home = Home::new();
    fs::write(home.path(), "{\"sequence\":1}\n{\"seq").unwrap();
    let mut out = home.out();
    out.write(2, &record()).unwrap();
    out.write(3, &record()).unwrap();
    assert_eq!(home.sequences("audit.jsonl"), [1, 2, 3]);
    let text = fs::read_to_string(home.path()).unwrap();
    assert_eq!(text.lines().count(), 4, "the cut one is alone");
}

#[test]
fn a_place_that_takes_nothing_is_an_error_until_it_does() {
    let home = Home::new();
    let folder = home.0.path().join("later");
    let mut out = JsonLines::new(AuditFile::Path(folder.join("audit.jsonl")));
    let error = out.write(1, &record()).unwrap_err();
    assert_eq!(error.doing, "opening its file");
    fs::create_dir(&folder).unwrap();
    out.write(1, &record()).unwrap();
    // No room.
    let mut full = JsonLines::new(AuditFile::Path("/dev/full".into()));
    let error = full.write(1, &record()).unwrap_err();
    assert_eq!(error.doing, "writing a line");
}

#[test]
fn names_tell_outputs_apart() {
    assert_eq!(JsonLines::new(AuditFile::StandardOutput).name(), "file:-");
    let path = AuditFile::Path("/var/log/a".into());
    assert_eq!(JsonLines::new(path).name(), "file:/var/log/a");
}
