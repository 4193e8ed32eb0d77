//! Every sample of every mail in both languages: as it reads, and what it may never hold.

use gerbang::render::{Contact, Lang, Letterhead, MailContent, Renderer, Written};

fn head(lang: Lang) -> Letterhead {
    Letterhead {
        lang,
        site_name: "LPSE Kabupaten Contoh".to_owned(),
        training: false,
        email: "budi@example.id".to_owned(),
        contacts: vec![Contact {
            name: "Admin PPE LPSE Kabupaten Contoh".to_owned(),
            email: Some("ppe@lpse.example.go.id".to_owned()),
            phone: Some("0366-000000".to_owned()),
            how: Some("Sebutkan nama.\nBawa KTP.".to_owned()),
        }],
    }
}

fn written(content: &MailContent, head: &Letterhead) -> Written {
    Renderer::builtin().unwrap().mail(content, head).unwrap()
}

#[test]
fn every_mail_reads_as_before() {
    for lang in Lang::ALL {
        let mut all = String::new();
        for (name, content) in MailContent::samples() {
            let mail = written(&content, &head(lang));
            all.push_str(&format!(
                "======== {name}\nFrom: {}\nTo: {}\nSubject: {}\n\n{}\n",
                mail.from, mail.to, mail.subject, mail.text
            ));
        }
        insta::assert_snapshot!(format!("mails_{}", lang.code()), all);
    }
}

#[test]
fn the_page_of_a_mail_looks_as_before() {
    for lang in Lang::ALL {
        let samples = MailContent::samples();
        let (_, reset) = samples.iter().find(|(name, _)| name == "reset").unwrap();
        let page = written(reset, &head(lang)).html;
        insta::assert_snapshot!(format!("mail_page_{}", lang.code()), page);
    }
}

/// The body of the guides' mail, letter by letter (texts.md section 6).
#[test]
fn the_reset_mail_has_the_words_of_the_guides() {
    let samples = MailContent::samples();
    let (_, reset) = samples.iter().find(|(name, _)| name == "reset").unwrap();
    let mail = written(reset, &head(Lang::Id));
    assert_eq!(mail.subject, "Konfirmasi Permintaan Reset TOTP");
    assert_eq!(mail.to, "Pengguna SPSE");
    let mut rest = mail.text.as_str();
    for line in [
        "SISTEM PENGADAAN SECARA ELEKTRONIK\n",
        "Kepada Yth.\nPemilik Email budi@example.id\ndi\nTempat\n",
        "Sehubungan dengan permintaan Bapak/Ibu untuk mereset TOTP, untuk langkah selanjutnya Kami \
         mohon Bapak/Ibu untuk klik button Reset TOTP berikut\n",
        "[ Reset TOTP ]\n",
        "Jika tidak bisa, silakan klik link berikut atau copy dan paste di browser Anda\nhttps://",
        "Link berlaku 30 menit. Jika Anda tidak meminta reset, abaikan email ini \
         atau klik \"Bukan saya\":\nhttps://",
        "Permintaan ini untuk User ID PPK2.\n",
    ] {
        let at = rest
            .find(line)
            .unwrap_or_else(|| panic!("{line}\n{}", mail.text));
        rest = &rest[at + line.len()..];
    }
}

#[test]
fn a_training_site_says_so_in_the_sender_and_in_the_mail() {
    for (site, sender) in [
        (
            "LPSE Kabupaten Contoh",
            "LPSE [MODE LATIHAN] Kabupaten Contoh",
        ),
        ("Latihan", "LPSE [MODE LATIHAN] Latihan"),
    ] {
        let head = Letterhead {
            training: true,
            site_name: site.to_owned(),
            ..head(Lang::Id)
        };
        let mail = written(&MailContent::Trial, &head);
        assert_eq!(mail.from, sender);
        assert!(mail.text.contains("MODE LATIHAN"));
        assert!(mail.html.contains("MODE LATIHAN"));
    }
}

/// A user id, a client or a name of a site may hold anything but control characters.
#[test]
fn nothing_hostile_becomes_markup_and_texts_stay_as_they_are() {
    let evil = "<img src=x onerror=alert(1)>\"'&";
    let head = Letterhead {
        site_name: evil.to_owned(),
        ..head(Lang::Id)
    };
    for (name, content) in MailContent::samples() {
        let content = match content {
            MailContent::News { news, at, .. } => MailContent::News {
                news,
                at,
                user_id: evil.to_owned(),
                client: Some(evil.to_owned()),
            },
            MailContent::Denied { at, what, .. } => MailContent::Denied {
                what,
                at,
                user_id: evil.to_owned(),
                client: evil.to_owned(),
            },
            other => other,
        };
        let mail = written(&content, &head);
        assert!(!mail.html.contains("<img"), "{name}");
        assert!(mail.html.contains("&lt;img"), "{name}");
        assert!(mail.text.contains(evil), "{name}");
    }
}

/// A mail reader loads nothing and runs nothing for us.
#[test]
fn a_mail_loads_nothing_and_leads_only_where_it_says() {
    for lang in Lang::ALL {
        for (name, content) in MailContent::samples() {
            let html = written(&content, &head(lang)).html;
            for tag in [
                "<img", "<script", "<link", "<form", "<iframe", "src=", "url(",
            ] {
                assert!(!html.contains(tag), "{name}: {tag}");
            }
            for href in html.split("href=\"").skip(1) {
                assert!(
                    href.starts_with("https://spse.example.go.id/"),
                    "{name}: {href}"
                );
            }
        }
    }
}
