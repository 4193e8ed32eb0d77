//! A mail as a message.

use super::{Mail, Party};
use crate::primitives::EmailAddress;
use lettre::address::AddressError;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use std::time::{Duration, UNIX_EPOCH};

/// Tells other machines that no answer is wanted of them: no holiday notes (RFC 3834 section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Why a mail cannot be made a message; no mail of ours comes to that.
#[derive(Debug, thiserror::Error)]
pub(super) enum MessageError {
    #[error("an address cannot be used: {0}")]
    Address(#[from] AddressError),
    #[error("the message could not be put together: {0}")]
    Build(#[from] lettre::error::Error),
}

/// An address for an SMTP command.
pub(super) fn address(email: &EmailAddress) -> Result<Address, AddressError> {
    email.as_str().parse()
}

fn mailbox(party: &Party) -> Result<Mailbox, AddressError> {
    Ok(Mailbox::new(
        Some(one_line(&party.name)),
        address(&party.address)?,
    ))
}

/// What was read from a page or a file gets into no header with a line break.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// The message with its headers.
pub(super) fn message(mail: &Mail) -> Result<Message, MessageError> {
    let host = mail.from.address.as_str().rsplit_once('@');
    let host = host.map_or("localhost", |(_, domain)| domain);
    let mut builder = Message::builder()
        .from(mailbox(&mail.from)?)
        .to(mailbox(&mail.to)?)
        .subject(one_line(&mail.subject))
        .date(UNIX_EPOCH + Duration::from_secs(mail.at.0))
        .message_id(Some(format!("<{}@{host}>", one_line(&mail.id))))
        .header(AutoSubmitted);
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(Mailbox::new(None, address(reply_to)?));
    }
    let parts = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
    Ok(builder.multipart(parts)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::UnixSeconds;

    fn party(name: &str, address: &str) -> Party {
        Party {
            name: name.to_owned(),
            address: EmailAddress::parse(address).unwrap(),
        }
    }

    fn mail() -> Mail {
        Mail {
            id: "gerbang.0a".to_owned(),
            at: UnixSeconds(1_800_000_000),
            from: party("LPSE Kabupaten Contoh", "admin.lpse@example.go.id"),
            to: party("Pengguna SPSE", "budi@example.id"),
            reply_to: None,
            subject: "Konfirmasi Permintaan Reset TOTP".to_owned(),
            text: "Kepada Yth.\n".to_owned(),
            html: "<p>Kepada Yth.</p>".to_owned(),
        }
    }

    fn formatted(mail: &Mail) -> String {
        String::from_utf8(message(mail).unwrap().formatted()).unwrap()
    }

    #[test]
    fn a_message_has_its_headers_and_both_parts_with_the_text_first() {
        let text = formatted(&mail());
        for line in [
            "From: \"LPSE Kabupaten Contoh\" <admin.lpse@example.go.id>\r\n",
            "To: \"Pengguna SPSE\" <budi@example.id>\r\n",
            "Subject: Konfirmasi Permintaan Reset TOTP\r\n",
            "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n",
            "Message-ID: <gerbang.0a@example.go.id>\r\n",
            "Auto-Submitted: auto-generated\r\n",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        let plain = text.find("text/plain").unwrap();
        assert!(plain < text.find("text/html").unwrap());
        assert!(text.contains("multipart/alternative"));
        assert!(text.is_ascii());
    }

    #[test]
    fn no_line_break_gets_into_a_header() {
        let evil = Mail {
            from: party("LPSE\r\nBcc: a@b.id", "admin.lpse@example.go.id"),
            to: party("x\nSubject: y", "budi@example.id"),
            subject: "Hallo\r\n\r\nBody".to_owned(),
            id: "a>\r\nX: y".to_owned(),
            reply_to: Some(EmailAddress::parse("ppe@example.go.id").unwrap()),
            ..mail()
        };
        let text = formatted(&evil);
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("Reply-To: ppe@example.go.id\r\n"), "{head}");
        for line in head.split("\r\n") {
            let forged = ["Bcc:", "X:", "Subject: y", "Body"];
            assert!(!forged.iter().any(|sign| line.starts_with(sign)), "{head}");
        }
        assert_eq!(head.matches("\r\nSubject:").count(), 1);
    }
}
