use super::*;
use crate::profile::tests::spse;

mod answers;

const BLOCK: &str = r#"<div class="float-right"><span title="[PPK301] - 00200301"><a href="/eproc4/user/viewuser?userid=PPK301" class="dialog" title="Detail Infomasi Pengguna" onhide-refresh="true">PPK KINTEK 2021</a> - Pejabat Pembuat Komitmen</span></div>"#;

/// What the stand-in's home page has below the header: a message whose sender is marked up alike.
const MESSAGE: &str = r#"<ul class="messages"><li><div class="float-right"><span title="[AUDITOR1] - 1"><a href="/eproc4/user/viewuser?userid=AUDITOR1" class="dialog">Ratna</a> - Auditor</span></div></li></ul>"#;

fn frame(title: &str, body: &str) -> String {
    format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body>{body}</body></html>")
}

fn home(blocks: &str) -> String {
    let submenu = format!(
        "<div class=\"submenu\"><div class=\"container\"><a href=\"/eproc4/eproc-lainnya\" class=\"notif-info\">Aplikasi</a>{blocks}</div></div>"
    );
    frame("Beranda PPK", &format!("{submenu}<main>{MESSAGE}</main>"))
}

fn block(id: &str, linked: &str, name: &str, role: &str) -> String {
    format!(
        r#"<div class="float-right"><span title="[{id}] - 1"><a href="/eproc4/user/viewuser?userid={linked}" class="dialog">{name}</a>{role}</span></div>"#
    )
}

fn expired() -> String {
    frame(
        "Terjadi Kesalahan",
        "<h3>Terjadi Kesalahan</h3><div>Akses Ditolak! Session telah habis.</div>",
    )
}

struct Given<'a> {
    status: u16,
    content_type: &'a str,
    body: &'a [u8],
}

fn judge_as(given: &Given<'_>, change: impl FnOnce(&mut PageView<'_>)) -> PageVerdict {
    let profile = spse();
    let hosts = ["lpse.example.go.id".to_owned()];
    let mut view = PageView {
        requested: "/eproc4/home",
        status: given.status,
        location: None,
        content_type: Some(given.content_type.as_bytes()),
        content_encoding: None,
        body: given.body,
        complete: true,
        own_hosts: &hosts,
    };
    change(&mut view);
    profile.judge_page(&profile.probe_pages()[0], &view)
}

fn judge(status: u16, body: &str) -> PageVerdict {
    let given = Given {
        status,
        content_type: "text/html; charset=utf-8",
        body: body.as_bytes(),
    };
    judge_as(&given, |_| {})
}

fn redirected(location: &str) -> PageVerdict {
    let profile = spse();
    let hosts = ["lpse.example.go.id".to_owned()];
    let view = PageView {
        requested: "/eproc4/home",
        status: 302,
        location: Some(location.as_bytes()),
        content_type: None,
        content_encoding: None,
        body: b"",
        complete: true,
        own_hosts: &hosts,
    };
    profile.judge_page(&profile.probe_pages()[0], &view)
}

#[track_caller]
fn somebody(verdict: PageVerdict) -> Identity {
    match verdict {
        PageVerdict::Somebody(identity) => identity,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn unknown(verdict: PageVerdict, says: &str) {
    match verdict {
        PageVerdict::Unknown { reason } => {
            assert!(
                reason.starts_with("/eproc4/home: ") && reason.contains(says),
                "{reason}"
            );
        }
        other => panic!("{other:?}, wanted unknown because of {says}"),
    }
}

#[test]
fn somebody_as_the_application_writes_it() {
    let found = somebody(judge(200, &home(BLOCK)));
    assert_eq!(found.account.to_string(), "non-penyedia/PPK301");
    assert_eq!(found.role.as_str(), "Pejabat Pembuat Komitmen");
    assert_eq!(found.display_name, "PPK KINTEK 2021");
    // Somebody whom a page refuses for his role is still somebody.
    assert_eq!(somebody(judge(403, &home(BLOCK))).account, found.account);
    assert_eq!(somebody(judge(404, &home(BLOCK))).account, found.account);
}

#[test]
fn ids_are_folded_before_they_are_compared() {
    let found = somebody(judge(
        200,
        &home(&block(" ppk2", "Ppk2", "Made", " - Penyedia")),
    ));
    assert_eq!(found.account.to_string(), "penyedia/PPK2");
    let encoded = somebody(judge(
        200,
        &home(&block("A&amp;B 1", "a%26b+1", "X", " - Penyedia")),
    ));
    assert_eq!(encoded.account.user_id.as_str(), "A&B 1");
}

#[test]
fn hostile_names_come_out_as_text() {
    for (written, name) in [
        ("PT X - Auditor", "PT X - Auditor"),
        (
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "<script>alert(1)</script>",
        ),
        (
            "a&quot;&#39;&lt;/a&gt;&lt;/span&gt; - Auditor",
            "a\"'</a></span> - Auditor",
        ),
        (
            "&lt;span title=&quot;[AUDITOR1] - 1&quot;&gt;",
            "<span title=\"[AUDITOR1] - 1\">",
        ),
        ("{{7*7}} ${x}\n  two\tlines", "{{7*7}} ${x} two lines"),
        ("<b>Bold</b> name", "Bold name"),
        ("a&#0;b\u{1}c", "a\u{fffd}b c"),
        ("", "PPK1"),
    ] {
        let found = somebody(judge(
            200,
            &home(&block("PPK1", "PPK1", written, " - Penyedia")),
        ));
        assert_eq!(found.display_name, name, "{written}");
        assert_eq!(found.role.as_str(), "Penyedia", "{written}");
    }
    let long = somebody(judge(
        200,
        &home(&block("P", "P", &"n".repeat(500), " - Penyedia")),
    ));
    assert_eq!(long.display_name.len(), 200);
    let code = BLOCK.replace("00200301", "1&quot;&gt;&lt;b&gt; [X] - [Y]");
    assert_eq!(
        somebody(judge(200, &home(&code))).account.user_id.as_str(),
        "PPK301"
    );
}

#[test]
fn the_role_is_what_stands_behind_the_link() {
    let role = |behind: &str| {
        somebody(judge(
            200,
            &home(&block("P", "P", "PT X - Auditor", behind)),
        ))
        .role
        .to_string()
    };
    assert_eq!(
        role(" - Auditor/Aparat Penegak Hukum"),
        "Auditor/Aparat Penegak Hukum"
    );
    assert_eq!(role("\n   -\n Pejabat   Pengadaan \n"), "Pejabat Pengadaan");
    assert_eq!(role(" - Peran - Baru"), "Peran - Baru");
    assert_eq!(role("<!-- x --> - PPHP <b>| Enable</b>"), "PPHP");
}

#[test]
fn what_does_not_agree_is_unknown_and_says_which_selector() {
    for (blocks, says) in [
        (block("PPK2", "PPK3", "N", " - R"), "name different users"),
        (format!("{BLOCK}{BLOCK}"), "matches 2 times"),
        (
            format!("{BLOCK}{}", block("A", "A", "N", " - R")),
            "matches 2 times",
        ),
        (block("P", "P", "N", ""), "no `-` and role"),
        (block("P", "P", "N", " - "), "is empty"),
        (block("P", "P", "N", " Auditor"), "no `-` and role"),
        (block("P", "P", "N", " <b>- Auditor</b>"), "no `-` and role"),
        (
            block("P", "P", "N", &format!(" - {}", "r".repeat(201))),
            "is longer",
        ),
        (block("", "", "N", " - R"), "is empty"),
        (block("\u{fffd}", "\u{fffd}", "N", " - R"), "is no text"),
        (
            block(&"a".repeat(201), &"a".repeat(201), "N", " - R"),
            "is longer",
        ),
        (BLOCK.replace("?userid=", "?user="), "key userid of"),
        (
            BLOCK.replace("?userid=PPK301", "?userid=PPK301&amp;userid=A"),
            "occurs twice",
        ),
        (
            BLOCK.replace("/eproc4/user/", "/eproc5/user/"),
            "does not lead to /eproc4/user/viewuser",
        ),
        (BLOCK.replace("viewuser?", "other?"), "matches 0 times"),
        (
            BLOCK.replace(
                "</a>",
                "</a><a href=\"/eproc4/user/viewuser?userid=A\">x</a>",
            ),
            "matches 2 times",
        ),
        (
            BLOCK.replace("<a ", "<b><a ").replace("</a>", "</a></b>"),
            "is no child",
        ),
        (BLOCK.replace("] -", " -"), "does not hold a user id"),
        (BLOCK.replace("float-right", "right"), "matches nothing"),
        (String::new(), "matches nothing"),
    ] {
        unknown(judge(200, &home(&blocks)), says);
    }
}

#[test]
fn a_block_outside_of_its_place_names_nobody() {
    unknown(judge(200, &frame("Berita", MESSAGE)), "matches nothing");
    unknown(
        judge(200, &frame("x", &format!("<!-- {} -->", home(BLOCK)))),
        "matches nothing",
    );
    unknown(
        judge(
            200,
            &frame("x", &format!("<textarea>{}</textarea>", home(BLOCK))),
        ),
        "matches nothing",
    );
    unknown(
        judge(200, &frame("x", &format!("<script>'{BLOCK}'</script>"))),
        "matches nothing",
    );
    unknown(judge(200, ""), "matches nothing");
}
