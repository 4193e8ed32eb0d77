use super::*;

const CONTEXT: &str = "/eproc4";

fn profile() -> Profile {
    Profile::builtin(CONTEXT).unwrap()
}

fn judge_status(status: u16, requested: &str, body: &str) -> FormVerdict {
    let hosts = ["spse.example.go.id".to_owned()];
    profile().judge_login_form(&PageView {
        requested,
        status,
        location: None,
        content_type: Some(b"text/html; charset=utf-8"),
        content_encoding: None,
        body: body.as_bytes(),
        complete: true,
        own_hosts: &hosts,
    })
}

fn judge(body: &str) -> FormVerdict {
    judge_status(200, "/eproc4/login", body)
}

fn page(content: &str) -> String {
    format!(
        "<!DOCTYPE html><html><body><form action=\"/eproc4/lelang\"><input name=cari></form>{content}</body></html>"
    )
}

#[test]
fn the_pages_to_look_at_are_those_of_the_profile() {
    assert_eq!(
        profile().login_form_pages(),
        [
            "/eproc4/login",
            "/eproc4/loginpass",
            "/eproc4/publik/selecttype",
            "/eproc4/publik/formlogin"
        ]
    );
}

#[test]
fn forms_of_the_login_fit() {
    for content in [
        // First step, second step, one step; a button to the login.
        "<form action='/eproc4/login' method=post><input name=txtUserId></form>",
        "<form action='/eproc4/loginpass' method=post><input type=password name=txtPassword></form>",
        "<form action='https://spse.example.go.id/eproc4/login'><input type=PASSWORD name=txtPassword></form>",
        "<form action='/eproc4/loginctr/masuk'><input type=password name=txtPassword></form>",
        "<form action='login?a=b'><input type=password name=txtPassword></form>",
        // Sent by a script.
        "<form onsubmit='kirim()'><input type=password name=txtPassword></form>",
        "<form action='#'><input type=password name=txtPassword></form>",
        "<form action='javascript:void(0)'><input type=password name=txtPassword></form>",
        "<input type=password name=txtPassword>",
    ] {
        assert_eq!(judge(&page(content)), FormVerdict::Fits, "{content}");
        assert_eq!(judge(content), FormVerdict::Fits, "as a piece: {content}");
    }
}

#[test]
fn a_password_under_another_name_or_to_another_place_is_drift() {
    for (content, words) in [
        (
            "<form action='/eproc4/login'><input type=password name=kataSandi></form>",
            "kataSandi",
        ),
        (
            "<form action='/eproc4/login'><input type=password></form>",
            "\"\"",
        ),
        ("<input type=password name=sandi>", "sandi"),
        // One of two is enough.
        (
            "<form action='/eproc4/login'><input type=password name=txtPassword>\
             <input type=password name=pin></form>",
            "pin",
        ),
        (
            "<form action='/eproc4/masuk'><input type=password name=txtPassword></form>",
            "/eproc4/masuk",
        ),
        (
            "<form action='https://sso.example/login'><input type=password name=txtPassword></form>",
            "sso.example",
        ),
    ] {
        for body in [page(content), content.to_owned()] {
            match judge(&body) {
                FormVerdict::Drift(sign) => assert!(sign.contains(words), "{sign}"),
                other => panic!("{content}: {other:?}"),
            }
        }
    }
    let long = format!("<input type=password name='{}\u{7}'>", "x".repeat(500));
    let FormVerdict::Drift(sign) = judge(&long) else {
        panic!("no drift");
    };
    assert!(sign.len() < 120, "{sign}");
}

#[test]
fn what_is_not_there_is_no_drift() {
    for status in [403, 429, 500, 502, 503, 504] {
        let verdict = judge_status(
            status,
            "/eproc4/login",
            &page("<input type=password name=x>"),
        );
        assert!(matches!(verdict, FormVerdict::Unreachable(_)), "{status}");
    }
    for status in [204, 301, 302, 404, 410] {
        let verdict = judge_status(status, "/eproc4/login", "<input type=password name=x>");
        assert_eq!(verdict, FormVerdict::Nothing, "{status}");
    }
    let maintenance = "<!DOCTYPE html><html><body><h1>Sedang dalam pemeliharaan</h1></body></html>";
    assert!(matches!(judge(maintenance), FormVerdict::Unreachable(_)));
    // A piece without a form, and a page of something else with the site's search form.
    assert_eq!(judge("<div>tidak ada</div>"), FormVerdict::Nothing);
    assert_eq!(
        judge(&page("<h1>Terjadi Kesalahan</h1>")),
        FormVerdict::Foreign
    );
}

#[test]
fn what_cannot_be_read_is_not_judged() {
    let body = page("<input type=password name=x>");
    let hosts = [];
    let view = PageView {
        requested: "/eproc4/login",
        status: 200,
        location: None,
        content_type: Some(b"text/html"),
        content_encoding: Some(b"gzip"),
        body: body.as_bytes(),
        complete: true,
        own_hosts: &hosts,
    };
    let profile = profile();
    assert!(matches!(
        profile.judge_login_form(&view),
        FormVerdict::Unreachable(_)
    ));
    for (content_type, complete) in [
        (&b"text/html; charset=utf-16"[..], true),
        (b"text/html", false),
    ] {
        let view = PageView {
            content_type: Some(content_type),
            content_encoding: None,
            complete,
            ..view
        };
        assert!(matches!(
            profile.judge_login_form(&view),
            FormVerdict::Unreachable(_)
        ));
    }
}
