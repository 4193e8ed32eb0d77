use super::*;
use crate::domain::audit::{AuditEvent, sample};
use crate::seal::{HeadSigner, Link, MasterKey};
use std::io::Read;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

const AT: UnixSeconds = UnixSeconds(1_795_333_473);

fn origin() -> Origin {
    Origin {
        host: "gw1".into(),
        process: 42,
    }
}

fn record() -> AuditRecord {
    sample::records(AT).swap_remove(3)
}

/// Reads structured data as RFC 5424 section 6.3 defines it; `None` when it is none.
fn parse(message: &str) -> Option<(Vec<(String, String)>, &str)> {
    let at = message.find('[')?;
    let mut rest = message[at..].strip_prefix("[gerbang@32473")?;
    let mut parameters = Vec::new();
    while let Some(more) = rest.strip_prefix(' ') {
        let (name, more) = more.split_once("=\"")?;
        let fits = |c: char| c.is_ascii_graphic() && !"=]\"".contains(c);
        if name.is_empty() || name.len() > 32 || !name.chars().all(fits) {
            return None;
        }
        let mut value = String::new();
        let mut chars = more.char_indices();
        rest = loop {
            match chars.next()? {
                (_, '\\') => value.push(chars.next().filter(|it| "\"\\]".contains(it.1))?.1),
                (end, '"') => break &more[end + 1..],
                (_, ']') => return None,
                (_, c) => value.push(c),
            }
        };
        parameters.push((name.to_owned(), value));
    }
    Some((parameters, rest.strip_prefix("] ")?))
}

#[test]
fn a_record_is_a_message_of_the_rfc() {
    assert_eq!(
        record_message(&origin(), 7, &record()),
        "<84>1 2026-11-22T07:47:33Z gw1 gerbang 42 code-refused [gerbang@32473 seq=\"7\" \
         kind=\"code-refused\" account.user_id=\"PPK1\" account.user_type=\"non-penyedia\" \
         client=\"203.0.113.7\" factor=\"Totp\" failures=\"3\" lane=\"Unknown\" \
         reason=\"mismatch\" request=\"0011223344556677\" role=\"Pembuat Komitmen\"] \
         A code was refused."
    );
}

#[test]
fn every_kind_has_a_sentence_and_all_its_fields() {
    for record in sample::records(AT) {
        let message = record_message(&origin(), 1, &record);
        let (parameters, sentence) = parse(&message).unwrap();
        let kind = record.event.kind();
        assert!(sentence.ends_with('.') && sentence.is_ascii(), "{sentence}");
        assert!(!sentence.starts_with("Recorded:"), "{kind} has none");
        let json = serde_json::to_string(&record.event).unwrap();
        let inner = json.matches(":{").count() + json.matches(":[").count();
        let fields = json.matches(':').count() - inner - 1;
        let actor = usize::from(record.actor.is_some());
        // seq, kind, both parts of the account, client, request, role.
        assert_eq!(parameters.len(), 7 + actor + fields, "{message}");
        assert!(message.contains(&format!(" {kind} [")), "{message}");
    }
    assert_eq!(sentence("clock-jumped"), "Recorded: clock jumped.");
    assert_eq!(severity("clock-jumped"), INFORMATIONAL);
}

#[test]
fn hostile_values_stay_inside_their_quotes() {
    for hostile in [
        "",
        "\"",
        "\\",
        "]",
        "\\\"]",
        "a\"] <34>1 - - - - - forged",
        "x\" admin=\"yes",
        "\\",
        "\\\\\"",
        "ends with \\",
        "[gerbang@32473 seq=\"1\"]",
        "% {} \u{1F600} é",
    ] {
        let record = AuditRecord {
            client: hostile.into(),
            role: Some(hostile.into()),
            event: AuditEvent::SessionEnded {
                reason: hostile.into(),
            },
            ..record()
        };
        let message = record_message(&origin(), 1, &record);
        let (parameters, rest) = parse(&message).unwrap_or_else(|| panic!("{message}"));
        assert_eq!(rest, "A session ended.");
        for name in ["client", "role", "reason"] {
            let value = parameters.iter().find(|(it, _)| it == name).unwrap();
            assert_eq!(value.1, hostile, "{message}");
        }
        assert_eq!(parameters.len(), 8);
    }
}

#[test]
fn control_characters_never_pass() {
    let hostile: String = ('\0'..='\u{a0}').chain(['\u{2028}', '\u{202e}']).collect();
    let record = AuditRecord {
        client: hostile.clone(),
        request: "a\r\n<34>1 forged".into(),
        ..record()
    };
    let message = record_message(
        &Origin {
            host: "ev il\n".into(),
            process: 1,
        },
        1,
        &record,
    );
    assert!(message.chars().all(|c| !c.is_control()), "{message:?}");
    assert!(!message.contains(['\u{2028}', '\u{202e}']), "{message:?}");
    assert!(message.contains(" evil gerbang 1 "), "{message}");
    let (parameters, _) = parse(&message).unwrap();
    let request = parameters.iter().find(|(name, _)| name == "request");
    assert_eq!(request.unwrap().1, "a\\u000d\\u000a<34>1 forged");
    let nobody = printable(" \n", 9);
    assert_eq!(nobody, "-", "nothing that can be printed");
}

#[test]
fn long_values_are_cut_and_a_message_fits_a_datagram() {
    let record = AuditRecord {
        client: "é".repeat(5_000),
        ..record()
    };
    let message = record_message(&origin(), u64::MAX, &record);
    let (parameters, _) = parse(&message).unwrap();
    let client = parameters.iter().find(|(name, _)| name == "client");
    assert_eq!(client.unwrap().1, format!("{}…", "é".repeat(256)));
    assert!(message.len() < 2_048, "{}", message.len());
}

#[test]
fn a_head_is_found_again_in_its_message() {
    let signer = HeadSigner::new(&MasterKey::new([1; 32])).unwrap();
    let head = signer.sign("eproc4", 9, Link([3; 32]), AT);
    let message = head_message(&origin(), &head);
    let opening = "<85>1 2026-11-22T07:44:33Z gw1 gerbang 42 audit-head [gerbang@32473 seq=\"9\" ";
    assert!(message.starts_with(opening), "{message}");
    assert_eq!(Head::find_in(&message), Some(head));
}

#[test]
fn a_unix_socket_takes_whole_messages_and_may_come_and_go() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("log");
    let mut out = Syslog::new(SyslogTarget::Unix(path.clone()), origin());
    assert_eq!(out.name(), format!("syslog:unix:{}", path.display()));
    assert!(out.write(1, &record()).is_err(), "nobody listens yet");
    for _ in 0..2 {
        let daemon = UnixDatagram::bind(&path).unwrap();
        out.write(1, &record()).unwrap();
        out.flush().unwrap();
        let mut buffer = [0; 4_096];
        let len = daemon.recv(&mut buffer).unwrap();
        let message = std::str::from_utf8(&buffer[..len]).unwrap();
        assert_eq!(message, record_message(&origin(), 1, &record()));
        drop(daemon);
        std::fs::remove_file(&path).unwrap();
        assert!(out.write(1, &record()).is_err(), "nobody listens any more");
    }
}

#[test]
fn udp_sends_a_message_a_datagram() {
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    daemon
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let address = daemon.local_addr().unwrap().to_string();
    let mut out = Syslog::new(SyslogTarget::Udp(address), origin());
    for sequence in 1..=3 {
        out.write(sequence, &record()).unwrap();
    }
    for sequence in 1..=3 {
        let mut buffer = [0; 4_096];
        let len = daemon.recv(&mut buffer).unwrap();
        let message = std::str::from_utf8(&buffer[..len]).unwrap();
        assert_eq!(message, record_message(&origin(), sequence, &record()));
    }
}

/// Reads one frame `LEN SP MSG`.
fn frame(stream: &mut TcpStream) -> String {
    let mut len = String::new();
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        match byte[0] {
            b' ' => break,
            digit => len.push(char::from(digit)),
        }
    }
    let mut message = vec![0; len.parse().unwrap()];
    stream.read_exact(&mut message).unwrap();
    String::from_utf8(message).unwrap()
}

#[test]
fn tcp_counts_octets_and_notices_a_closed_connection() {
    let daemon = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = daemon.local_addr().unwrap().to_string();
    let mut out = Syslog::new(SyslogTarget::Tcp(address), origin());
    let accented = AuditRecord {
        role: Some("Pejabat é".into()),
        ..record()
    };
    for round in 0..3 {
        out.write(round, &accented).unwrap();
        out.write(round + 10, &record()).unwrap();
        let (mut stream, _) = daemon.accept().unwrap();
        assert_eq!(
            frame(&mut stream),
            record_message(&origin(), round, &accented)
        );
        let second = record_message(&origin(), round + 10, &record());
        assert_eq!(frame(&mut stream), second);
        // Closing is noticed before the next message is lost in it.
        drop(stream);
        std::thread::park_timeout(Duration::from_millis(50));
    }
    drop(daemon);
    assert!(out.write(9, &record()).is_err(), "nobody listens any more");
}

#[test]
fn this_machine_has_a_name_that_may_stand_in_a_head() {
    let origin = Origin::of_system();
    assert!(origin.host.chars().all(|c| c.is_ascii_graphic()));
    assert!((1..=255).contains(&origin.host.len()));
}
