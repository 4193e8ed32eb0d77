//! Names that want to be markup, on every page.

use super::frame;
use gerbang::primitives::SharedSecret;
use gerbang::render::{
    Activated, ActiveSince, Announcement, ConfirmLogout, Contact, Denial, Desk, Disabled, Frame,
    Lang, LocalPath, Message, Notice, Page, ProofMail, Recovered, RecoveryCodes, RecoveryCount,
    RecoveryList, Registration, Renderer, ResetConfirm, ResetDeny, ResetDone, ResetTaken,
    SecretText, ShownQr, Status,
};

/// What somebody may have registered as name, to be text on every page.
const HOSTILE: [&str; 50] = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><img src=x onerror=alert(1)>",
    "\" onfocus=alert(1) autofocus x=\"",
    "' onfocus=alert(1) autofocus x='",
    "` onfocus=alert(1) x=`",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "</title><script>alert(1)</script>",
    "</main></body></html>",
    "</textarea><script>alert(1)</script>",
    "<!-- x",
    "--> x",
    "<![CDATA[x]]>",
    "]]>",
    "<style>*{display:none}</style>",
    "<base href=//evil>",
    "<meta http-equiv=refresh content=0;url=//evil>",
    "<form action=//evil><input name=code>",
    "<iframe src=//evil>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example/",
    "{{page.csrf}}",
    "{{{page.csrf}}}",
    "{{#each this}}x{{/each}}",
    "{{t \"common.totp\"}}",
    "{contact}",
    "{user_id}",
    "{{",
    "}}",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "&lt;script&gt;",
    "&#60;script&#62;",
    "&quot;onx=1",
    "&",
    "\\u003cscript\\u003e",
    "\\\"><b>",
    "\u{202e}nimda",
    "\u{2066}PPK2\u{2069}",
    "\u{200f}\u{200e}PPK2",
    "PPK\u{200b}2",
    "\u{feff}PPK2",
    "＜script＞alert(1)＜/script＞",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "مرحبا <b>",
    "O'Brien \"Bob\" & <Sons>",
];

/// Contacts of nothing but `text`: one that can be written to, and one that cannot.
fn contacts_full_of(text: &str) -> Vec<Contact> {
    let text = || text.to_owned();
    let full = Contact {
        name: text(),
        email: Some(text()),
        phone: Some(text()),
        how: Some(text()),
    };
    let told = Contact {
        email: None,
        phone: None,
        ..full.clone()
    };
    vec![full, told]
}

/// An announcement of nothing but `text`.
fn announced_full_of(text: &str) -> Option<Announcement> {
    Some(Announcement {
        date: Some(text.to_owned()),
        legal_basis: Some(text.to_owned()),
        text: Some(text.to_owned()),
    })
}

/// Every sample with every text field filled with `text`.
fn pages_full_of(text: &str) -> Vec<Page> {
    Page::samples()
        .into_iter()
        .map(|(_, page)| filled(page, text))
        .collect()
}

fn filled(page: Page, text: &str) -> Page {
    let text = || text.to_owned();
    let secret = || SecretText::new(text());
    let contacts = contacts_full_of(&text());
    match page {
        Page::Activation(mut page) => {
            let otpauth = SecretText::new(format!("otpauth://totp/{}", text()));
            let key = SharedSecret::new([7; 20]);
            page.qr = page.qr.map(|_| ShownQr::new(otpauth, &key, 60).unwrap());
            (page.user_id, page.reference, page.csrf) = (text(), text(), secret());
            (page.announcement, page.clock) = (announced_full_of(&text()), Some(text()));
            page.contacts = contacts;
            Page::Activation(page)
        }
        Page::Proof(mut page) => {
            (page.user_id, page.reference, page.csrf) = (text(), text(), secret());
            page.code = Some(secret());
            page.mail = page.mail.map(|_| ProofMail::Sent(text()));
            page.announcement = announced_full_of(&text());
            page.contacts = contacts;
            Page::Proof(page)
        }
        Page::Activated(page) => Page::Activated(Activated {
            user_id: text(),
            codes: page.codes.map(|list| list_full_of(list, &text())),
            ..page
        }),
        Page::Acceptor(mut page) => {
            (page.user_id, page.reference, page.csrf) = (text(), text(), secret());
            page.clock = Some(text());
            page.contacts = contacts;
            Page::Acceptor(page)
        }
        Page::Status(Status::LoggedIn(mut account)) => {
            (account.user_id, account.role, account.csrf) = (text(), text(), secret());
            account.clock = Some(text());
            account.contacts = contacts;
            account.active = account.active.map(|active| ActiveSince {
                since: text(),
                ..active
            });
            Page::Status(Status::LoggedIn(account))
        }
        Page::Status(Status::NotLoggedIn { login }) => Page::Status(Status::NotLoggedIn { login }),
        Page::Disabled(page) => Page::Disabled(Disabled {
            user_id: text(),
            ..page
        }),
        Page::ConfirmLogout(page) => Page::ConfirmLogout(ConfirmLogout {
            user_id: text(),
            csrf: secret(),
            ..page
        }),
        Page::Message(page) => Page::Message(Message {
            contacts,
            request_id: Some(text()),
            ..page
        }),
        page @ (Page::Help(_) | Page::Poster(_) | Page::Phone(_)) => filled_help(page, &text()),
        page @ (Page::Recover(_)
        | Page::Recovered(_)
        | Page::Recovery(_)
        | Page::RecoveryCodes(_)) => filled_recovery(page, &text()),
        page @ (Page::Lost(_)
        | Page::Address(_)
        | Page::ResetRequest(_)
        | Page::ResetTaken(_)
        | Page::ResetConfirm(_)
        | Page::ResetDone(_)
        | Page::ResetDeny(_)) => filled_reset(page, &text()),
    }
}

/// The same for what everybody may read.
fn filled_help(page: Page, text: &str) -> Page {
    let text = || text.to_owned();
    let contacts = contacts_full_of(&text());
    match page {
        Page::Help(mut page) => {
            let desk = |contact: &Contact| Desk {
                user_type: Some(text()),
                role: Some(text()),
                contact: contact.clone(),
            };
            page.desks = contacts.iter().map(desk).collect();
            page.contacts = contacts;
            Page::Help(page)
        }
        Page::Poster(mut page) => {
            page.address = page.address.map(|_| text());
            (page.path, page.announcement) = (text(), announced_full_of(&text()));
            page.contacts = contacts;
            Page::Poster(page)
        }
        other => other,
    }
}

/// The same for the pages of recovery codes.
fn filled_recovery(page: Page, text: &str) -> Page {
    let text = || text.to_owned();
    let secret = || SecretText::new(text());
    let contacts = contacts_full_of(&text());
    match page {
        Page::Recover(mut page) => {
            (page.user_id, page.reference, page.csrf) = (text(), text(), secret());
            page.contacts = contacts;
            Page::Recover(page)
        }
        Page::Recovered(page) => Page::Recovered(Recovered {
            user_id: text(),
            csrf: secret(),
            ..page
        }),
        Page::Recovery(mut page) => {
            (page.user_id, page.csrf, page.entry) = (text(), secret(), text());
            page.clock = Some(text());
            page.contacts = contacts;
            page.count = page.count.map(|count| RecoveryCount {
                made: text(),
                ..count
            });
            Page::Recovery(page)
        }
        Page::RecoveryCodes(page) => Page::RecoveryCodes(RecoveryCodes {
            user_id: text(),
            list: list_full_of(page.list, &text()),
        }),
        other => other,
    }
}

/// The same for the pages of a reset.
fn filled_reset(page: Page, text: &str) -> Page {
    let text = || text.to_owned();
    let secret = || SecretText::new(text());
    let contacts = contacts_full_of(&text());
    match page {
        Page::Lost(mut page) => {
            (page.user_id, page.reference, page.csrf) = (text(), text(), secret());
            (page.code, page.contacts) = (Some(secret()), contacts);
            Page::Lost(page)
        }
        Page::Address(mut page) => {
            (page.user_id, page.entry, page.csrf) = (text(), text(), secret());
            (page.email, page.clock, page.contacts) = (text(), Some(text()), contacts);
            page.pending = page.pending.map(|_| text());
            page.registered = match page.registered {
                Registration::Own(_) => Registration::Own(text()),
                Registration::Lpse(_) => Registration::Lpse(text()),
                other => other,
            };
            Page::Address(page)
        }
        Page::ResetRequest(mut page) => {
            (page.user_id, page.email, page.csrf) = (text(), text(), secret());
            (page.puzzle, page.picture, page.contacts) = (text(), text(), contacts);
            page.types = page.types.iter().map(|(_, on)| (text(), *on)).collect();
            Page::ResetRequest(page)
        }
        Page::ResetTaken(_) => Page::ResetTaken(ResetTaken {
            email: text(),
            contacts,
        }),
        Page::ResetConfirm(_) => Page::ResetConfirm(ResetConfirm {
            csrf: secret(),
            token: secret(),
            user_id: text(),
        }),
        Page::ResetDone(page) => Page::ResetDone(ResetDone {
            user_id: text(),
            code: secret(),
            until: text(),
            bound: page.bound,
        }),
        Page::ResetDeny(page) => Page::ResetDeny(ResetDeny {
            denial: match page.denial {
                Denial::Ask { .. } => Denial::Ask {
                    csrf: secret(),
                    token: secret(),
                },
                other => other,
            },
            contacts,
        }),
        other => other,
    }
}

fn list_full_of(list: RecoveryList, text: &str) -> RecoveryList {
    let secret = || SecretText::new(text.to_owned());
    RecoveryList {
        csrf: secret(),
        codes: list.codes.iter().map(|_| secret()).collect(),
        made: text.to_owned(),
    }
}

/// The signs that make HTML, in order: with hostile text the same ones as with harmless text.
fn structure(html: &str) -> String {
    html.chars()
        .filter(|c| matches!(c, '<' | '>' | '"' | '\'' | '`'))
        .collect()
}

#[test]
fn hostile_names_stay_text() {
    let renderer = Renderer::builtin().unwrap();
    let framed = |text: &str| Frame {
        site_name: text.to_owned(),
        version: text.to_owned(),
        this_path: format!("/eproc4/gerbang/acceptor?r={}", text.replace(' ', "+")),
        ..frame(Lang::Id)
    };
    let harmless = pages_full_of("PPK2");
    for text in HOSTILE {
        for (page, like) in pages_full_of(text).iter().zip(&harmless) {
            let html = renderer.page(page, &framed(text)).unwrap();
            // Text that makes the address unusable takes the language link away, in both.
            let path = if LocalPath::parse(&framed(text).this_path).is_some() {
                "PPK2"
            } else {
                "\\"
            };
            let like_frame = Frame {
                this_path: framed(path).this_path,
                ..framed("PPK2")
            };
            let like = renderer.page(like, &like_frame).unwrap();
            assert_eq!(
                structure(&html),
                structure(&like),
                "{text} on {}",
                page.name()
            );
            assert!(html.contains(&escaped(text)), "{text} on {}", page.name());
        }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            '`' => out.push_str("&#x60;"),
            '=' => out.push_str("&#x3D;"),
            c => out.push(c),
        }
    }
    out
}

#[test]
fn hostile_names_stay_strings_in_json() {
    let renderer = Renderer::builtin().unwrap();
    for text in HOSTILE {
        let contact = Contact {
            name: text.to_owned(),
            email: None,
            phone: None,
            how: None,
        };
        let message = Message {
            notice: Notice::IdentityUnreadable,
            contacts: vec![contact],
            request_id: Some(text.to_owned()),
        };
        let json = renderer.json(&message, &frame(Lang::En)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["error"], "identity_unreadable");
        assert_eq!(value["request_id"], text);
        assert!(value["message"].as_str().unwrap().contains(text));
    }
}
