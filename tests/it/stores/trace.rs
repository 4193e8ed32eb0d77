//! The system calls of a process that commits: before it acknowledges, everything written to the
//! store's files was fsynced. (The library's own `flush` issues no fsync at all.)

use super::child::{SEQUENCE_COMMITS, command_line, environment, is_large};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

const CALLS: &str = "trace=fsync,fdatasync,pwrite64,write,sync_file_range";

/// A traced call, at its beginning or its end.
#[derive(Debug)]
struct Event {
    process: u32,
    call: String,
    /// The file, or what a `write` to something else said.
    about: String,
    /// What it returned; `None` at its beginning.
    returned: Option<i64>,
}

/// Reads a trace made with `-f -y`. A call that nothing interrupted becomes two events.
fn events(trace: &str) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let mut open: BTreeMap<u32, (String, String)> = BTreeMap::new();
    for line in trace.lines() {
        let Some((process, rest)) = line.split_once(' ') else {
            continue;
        };
        let Ok(process) = process.parse::<u32>() else {
            continue;
        };
        let rest = rest.trim_start();
        let returned = rest
            .rsplit_once(" = ")
            .and_then(|(_, it)| it.split(' ').next());
        let returned = returned.and_then(|it| it.parse().ok());
        if !rest.starts_with("<... ") {
            let Some((call, arguments)) = rest.split_once('(') else {
                continue;
            };
            let file = arguments
                .split_once('<')
                .and_then(|(_, it)| it.split_once('>'));
            let Some((file, what)) = file else { continue };
            let about = if file.starts_with('/') { file } else { what };
            open.insert(process, (call.to_owned(), about.to_owned()));
            let (call, about) = (call.to_owned(), about.to_owned());
            events.push(Event {
                process,
                call,
                about,
                returned: None,
            });
        }
        if returned.is_some()
            && let Some((call, about)) = open.remove(&process)
        {
            events.push(Event {
                process,
                call,
                about,
                returned,
            });
        }
    }
    events
}

#[derive(Default)]
struct Judge {
    /// Writes to the data file that ended, and those that an fdatasync has covered.
    written: u64,
    covered: u64,
    under_way: BTreeMap<u32, u64>,
    /// Blobs with bytes that were not fsynced.
    blobs: BTreeSet<String>,
    blobs_seen: BTreeSet<String>,
    blobs_dir: bool,
    acknowledged: u64,
    written_before: u64,
}

impl Judge {
    fn event(&mut self, event: &Event) -> Result<(), String> {
        let file = event.about.as_str();
        let is_data = file.ends_with("/s/db");
        let is_blob = file.contains("/s/blobs/");
        match (event.call.as_str(), event.returned) {
            // Only ours is an fdatasync; the library's thread makes an fsync now and then.
            ("fdatasync", None) if is_data => {
                self.under_way.insert(event.process, self.written);
            }
            ("fdatasync", Some(0)) if is_data => {
                let covers = self.under_way.remove(&event.process).unwrap_or(0);
                self.covered = self.covered.max(covers);
            }
            ("pwrite64", Some(_)) if is_data => self.written += 1,
            ("pwrite64", None) if file.ends_with("/s/mark") && self.covered < self.written => {
                return Err("a commit was marked before its fsync".to_owned());
            }
            ("write", Some(_)) if is_blob => {
                self.blobs_dir |= self.blobs_seen.insert(file.to_owned());
                self.blobs.insert(file.to_owned());
            }
            ("fsync" | "fdatasync", Some(0)) if is_blob => drop(self.blobs.remove(file)),
            ("fsync", Some(0)) if file.ends_with("/s/blobs") => self.blobs_dir = false,
            ("write", None) if file.contains("\"ack ") => return self.acknowledge(),
            _ => {}
        }
        Ok(())
    }

    fn acknowledge(&mut self) -> Result<(), String> {
        let n = self.acknowledged;
        if self.written == self.written_before {
            return Err(format!("ack {n}: nothing was written"));
        }
        if self.covered < self.written {
            return Err(format!("ack {n}: the data file was not fsynced"));
        }
        if !self.blobs.is_empty() || self.blobs_dir {
            return Err(format!(
                "ack {n}: a blob was not fsynced, or not its directory"
            ));
        }
        self.written_before = self.written;
        self.acknowledged += 1;
        Ok(())
    }
}

fn judged(events: &[Event]) -> Result<Judge, String> {
    let mut judge = Judge::default();
    events.iter().try_for_each(|event| judge.event(event))?;
    Ok(judge)
}

/// The trace of a child in this role, on the store in `s`.
fn traced(home: &Path, role: &str) -> String {
    let log = home.join("trace");
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-y", "-qq", "-s", "40", "-e", CALLS, "-o"])
        .arg(&log);
    strace
        .args(command_line())
        .envs(environment(role, &home.join("s")));
    let ended = strace
        .output()
        .expect("strace is missing: apt-get install -y strace");
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    std::fs::read_to_string(log).expect("a trace")
}

#[test]
fn an_fsync_stands_between_each_write_and_its_acknowledgement() {
    let home = tempfile::tempdir().expect("a directory");
    let trace = traced(home.path(), "sequence");
    let events = events(&trace);
    let judge = judged(&events).unwrap_or_else(|broken| panic!("{broken}\n{trace}"));
    assert_eq!(judge.acknowledged, SEQUENCE_COMMITS);
    let large = (0..SEQUENCE_COMMITS).filter(|n| is_large(*n)).count();
    assert!(
        judge.blobs_seen.len() >= large,
        "blobs: {:?}",
        judge.blobs_seen
    );

    // The judge sees what is missing.
    let without = |gone: fn(&Event) -> bool| {
        let kept: Vec<Event> = super::trace::events(&trace)
            .into_iter()
            .filter(|e| !gone(e))
            .collect();
        judged(&kept).err().unwrap_or_default()
    };
    assert_eq!(
        without(|e| e.call == "fdatasync"),
        "a commit was marked before its fsync"
    );
    assert_eq!(
        without(|e| e.call == "pwrite64"),
        "ack 0: nothing was written"
    );
    let blob = without(|e| e.call == "fsync" && e.about.contains("/s/blobs/"));
    assert!(blob.contains("a blob was not fsynced"), "{blob}");
    let dir = without(|e| e.call == "fsync" && e.about.ends_with("/s/blobs"));
    assert!(dir.contains("or not its directory"), "{dir}");
}

/// What a killed process left in the page cache must not be lost again after it was read, and the
/// library notes in a snapshot how far it read.
#[test]
fn opening_fsyncs_what_it_is_about_to_read() {
    let home = tempfile::tempdir().expect("a directory");
    traced(home.path(), "sequence");
    let trace = traced(home.path(), "reopen");
    let events = events(&trace);
    let first = |call: &str, file: &str, returned| {
        let found = events.iter().position(|event| {
            event.call == call && event.about.contains(file) && event.returned == returned
        });
        found.unwrap_or_else(|| panic!("no {call} of {file}\n{trace}"))
    };
    let snapshot = first("write", "/s/snap.", None);
    assert!(
        first("fdatasync", "/s/db", Some(0)) < snapshot,
        "the data file came later"
    );
    assert!(
        first("fsync", "/s/blobs/", Some(0)) < snapshot,
        "the blobs came later"
    );
}
