//! Every way in: forms, overrides, encodings, SSO, lost password; and what a login may be answered with.

mod common;

use common::{Client, raw, start};
use spse_standin::{
    AnonymousAnswer, CANARY, Config, LoginAnswer, LoginFailure, SessionMode, Standin,
};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// A client that has given its user id.
async fn waiting(standin: &Standin, id: &str) -> Client {
    let mut client = Client::new(standin);
    client.get("/").await;
    let step = client.post("/login", &format!("txtUserId={id}")).await;
    assert_eq!(step.header("location"), "http://spse.test/eproc4/loginpass");
    client
}

#[tokio::test]
async fn a_password_is_taken_however_it_comes() {
    let standin = start().await;
    let fields = "txtPassword=Rahasia-PPK301&authenticityToken=";
    for way in 0..8 {
        let mut client = waiting(&standin, "PPK301").await;
        let all = format!("{fields}{}", client.token());
        let in_query = format!("/loginpass?{all}");
        let overridden = format!("{in_query}&x-http-method-override=POST");
        let by_header = [("X-HTTP-Method-Override", "POST")];
        match way {
            0 => {
                client
                    .send("POST", "/loginpass?", &[FORM], all.as_bytes())
                    .await
                    .status
            }
            1 => client.send("POST", &in_query, &[], b"").await.status,
            2 => client.send("GET", &overridden, &[], b"").await.status,
            3 => client.send("HEAD", &overridden, &[], b"").await.status,
            4 => client.send("GET", &in_query, &by_header, b"").await.status,
            5 => {
                let part = |name: &str, value: &str| {
                    format!(
                        "--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                    )
                };
                let token = client.token();
                let body = part("txtPassword", "Rahasia-PPK301")
                    + &part("authenticityToken", &token)
                    + "--B--\r\n";
                let kind = ("Content-Type", "multipart/form-data; boundary=B");
                client
                    .send("POST", "/loginpass", &[kind], body.as_bytes())
                    .await
                    .status
            }
            6 => {
                let head = client.head(
                    "POST",
                    "/loginpass",
                    &[FORM, ("Transfer-Encoding", "chunked")],
                );
                let (one, two) = all.split_at(11);
                let chunk = |text: &str| format!("{:X};x=y\r\n{text}\r\n", text.len());
                let bytes = format!("{head}\r\n{}{}0\r\n\r\n", chunk(one), chunk(two));
                raw(standin.addr(), bytes.as_bytes()).await;
                302
            }
            _ => {
                let head = client.head("POST", "/loginpass", &[FORM]).replacen(
                    "/eproc4",
                    "http://lain.test/eproc4",
                    1,
                );
                let bytes = format!("{head}Content-Length: {}\r\n\r\n{all}", all.len());
                raw(standin.addr(), bytes.as_bytes()).await;
                302
            }
        };
        assert_eq!(client.who().await.as_deref(), Some("PPK301"), "way {way}");
    }
}

#[tokio::test]
async fn the_query_wins_and_a_doubled_body_is_refused() {
    let standin = start().await;
    let mut client = Client::new(&standin);
    client.get("/").await;
    client
        .post(
            "/login?txtUserId=PPK301",
            "txtUserId=AUDITOR1&txtPassword=Rahasia-PPK301",
        )
        .await;
    assert_eq!(client.who().await.as_deref(), Some("PPK301"));

    let mut client = Client::new(&standin);
    client.get("/").await;
    let fields = "txtUserId=PPK301&txtUserId=PPK301&txtPassword=Rahasia-PPK301";
    client.post("/login", fields).await;
    assert_eq!(client.who().await, None);
}

#[tokio::test]
async fn a_wrong_password_comes_back_by_flash_and_a_wrong_token_is_403() {
    let standin = start().await;
    let mut client = waiting(&standin, "PPK301").await;
    let refused = client.post("/loginpass", "txtPassword=salah").await;
    assert_eq!(
        refused.header("location"),
        "http://spse.test/eproc4/loginpass"
    );
    assert!(client.jar.contains_key("SPSE_FLASH"));
    let page = client.get("/loginpass").await.text();
    assert!(page.contains("<div class=\"alert alert-danger\">User ID dan Password Salah</div>"));
    assert!(
        !client
            .get("/loginpass")
            .await
            .text()
            .contains("alert-danger")
    );
    let body = b"txtPassword=Rahasia-PPK301&authenticityToken=x";
    let bad = client.send("POST", "/loginpass", &[FORM], body).await;
    assert_eq!(
        (bad.status, bad.text().as_str()),
        (403, "<h1>Bad authenticity token</h1>")
    );

    standin.set(|config| config.login_failure = LoginFailure::HomeWithoutSession);
    let id = client.key("___ID");
    let refused = client.post("/loginpass", "txtPassword=salah").await;
    assert_eq!(refused.header("location"), "http://spse.test/eproc4/");
    assert_ne!(client.key("___ID"), id);
}

#[tokio::test]
async fn one_step_captcha_and_json() {
    let standin = start().await;
    let mut client = Client::new(&standin);
    assert!(
        client
            .get("/publik/formlogin")
            .await
            .text()
            .starts_with("<div class=\"modal\"")
    );
    client
        .post(
            "/login",
            "txtUserId=REKANAN1&txtPassword=Rahasia-REKANAN1&isRekanan=true",
        )
        .await;
    assert_eq!(client.who().await.as_deref(), Some("REKANAN1"));

    standin.set(|config| config.captcha = true);
    let mut client = waiting(&standin, "PPK301").await;
    assert!(
        client
            .get("/loginpass")
            .await
            .text()
            .contains("src=\"/eproc4/captcha/showcaptcha?")
    );
    client
        .post("/loginpass", "txtPassword=Rahasia-PPK301")
        .await;
    assert_eq!(client.who().await, None);
    let picture = client.get("/captcha/showcaptcha").await;
    assert!(picture.body.starts_with(b"\x89PNG"));
    let code = standin.captcha().unwrap().to_lowercase();
    assert_eq!(standin.captcha_of(&client.key("___ID")), standin.captcha());
    client
        .post(
            "/loginpass",
            &format!("txtPassword=Rahasia-PPK301&txtCode={code}"),
        )
        .await;
    assert_eq!(client.who().await.as_deref(), Some("PPK301"));

    standin.set(|config| config.captcha = false);
    for json_login in [false, true] {
        standin.set(|config| config.json_login = json_login);
        let mut client = waiting(&standin, "PPK301").await;
        let body = format!(
            r#"{{"txtPassword":"Rahasia-PPK301","authenticityToken":"{}"}}"#,
            client.token()
        );
        let kind = ("Content-Type", "application/json");
        client
            .send("POST", "/loginpass", &[kind], body.as_bytes())
            .await;
        assert_eq!(client.who().await.is_some(), json_login);
    }
}

#[tokio::test]
async fn other_ways_in() {
    let standin = start().await;
    standin.set(|config| {
        config.sso_tokens = vec![("tok".into(), "kupbj1".into())];
        config.reset_codes = vec![("kode1".into(), "REKANAN2".into())];
    });
    let mut client = Client::new(&standin);
    assert_eq!(client.get("/sso/masuk?token=x").await.status, 403);
    assert_eq!(client.get("/sso/masuk?token=tok").await.status, 302);
    assert_eq!(client.who().await.as_deref(), Some("KUPBJ1"));

    let mut client = Client::new(&standin);
    assert!(
        client
            .get("/user/lupapassword?kode=kode1")
            .await
            .text()
            .contains("value=\"kode1\"")
    );
    client
        .post(
            "/user/lupapassword/selesai",
            "kode=kode1&txtPasswordBaru=Baru-1",
        )
        .await;
    assert_eq!(client.who().await.as_deref(), Some("REKANAN2"));

    let path = "/LoginCtr/loginpass?txtPassword=Rahasia-PPK301&authenticityToken=";
    let mut client = waiting(&standin, "PPK301").await;
    assert_eq!(
        client
            .get(&format!("{path}{}", client.token()))
            .await
            .status,
        404
    );
    standin.set(|config| config.catch_all = true);
    assert_eq!(
        client
            .get(&format!("{path}{}", client.token()))
            .await
            .status,
        302
    );
    assert_eq!(client.who().await.as_deref(), Some("PPK301"));
}

#[tokio::test]
async fn a_login_is_answered_in_five_ways() {
    for mode in SessionMode::ALL {
        let config = Config {
            session_mode: mode,
            ..Config::default()
        };
        let standin = Standin::start(config).await.unwrap();
        for (answer, kind) in [
            (LoginAnswer::Redirect, ""),
            (LoginAnswer::Page, "text/html; charset=utf-8"),
            (LoginAnswer::Fragment, "text/html; charset=utf-8"),
            (LoginAnswer::Json, "application/json; charset=utf-8"),
            (LoginAnswer::Attachment, "text/csv; charset=utf-8"),
        ] {
            standin.set(|config| config.login_answer = answer);
            let mut client = Client::new(&standin);
            let reply = client.login("PPK301").await;
            assert_eq!(reply.header("content-type"), kind);
            let canary = format!("{CANARY}PPK301");
            assert_eq!(
                reply.text().contains(&canary),
                answer != LoginAnswer::Redirect
            );
            let full_page = reply.text().starts_with("<!DOCTYPE");
            assert_eq!(full_page, answer == LoginAnswer::Page);
            assert_eq!(client.who().await.as_deref(), Some("PPK301"));
        }
    }
}

#[tokio::test]
async fn nobody_is_refused_or_sent_away() {
    let standin = start().await;
    let private = [
        "/home",
        "/paket",
        "/nontender/5301194",
        "/dt/paket-ppk",
        "/lt17/token",
    ];
    for path in private {
        let reply = Client::new(&standin).get(path).await;
        assert_eq!(reply.status, 403, "{path}");
        assert!(reply.text().contains("<title>Terjadi Kesalahan</title>"));
        assert!(reply.text().contains("Akses Ditolak! Session telah habis."));
        assert!(!reply.text().contains(CANARY));
    }
    standin.set(|config| config.anonymous = AnonymousAnswer::Redirect);
    let reply = Client::new(&standin).get("/home").await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (302, "http://spse.test/eproc4/")
    );
}
