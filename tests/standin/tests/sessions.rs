//! Sessions: the cookie, the three modes, forged and copied ones, records.

mod common;

use common::{Client, Reply, raw, start, start_in};
use spse_standin::{CANARY, Config, SessionMode, Standin, UserType, forge_cookie, users};

#[tokio::test]
async fn every_dynamic_answer_sets_the_cookie_anew_and_deletes_two() {
    let standin = start().await;
    let mut client = Client::new(&standin);
    let first = client.get("/").await;
    let lines = first.all("set-cookie");
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("SPSE_SESSION=") && lines[0].ends_with("; Path=/; HTTPOnly"));
    assert!(lines[0].contains("; Max-Age=1800; Expires="));
    assert!(lines[1].starts_with("SPSE_ERRORS=; Max-Age=0;") && lines[1].ends_with("; Path=/"));
    assert!(lines[2].starts_with("SPSE_FLASH=; Max-Age=0;"));
    let (signature, data) = client
        .session()
        .split_once('-')
        .map(|(s, d)| (s.len(), d.len()))
        .unwrap();
    assert_eq!((signature, data), (40, 6 + 40 + 1 + 6 + 13 + 1 + 6 + 36));
    let before = client.clone();
    let again = client.get("/lelang").await;
    assert_eq!(
        (client.token(), client.key("___ID")),
        (before.token(), before.key("___ID"))
    );
    assert!(
        again
            .text()
            .contains(&format!("d.authenticityToken = '{}'", client.token()))
    );
    let css = client.get("/public/css/application.css").await;
    assert!(css.all("set-cookie").is_empty());
    assert_eq!(css.status, 200);
}

#[tokio::test]
async fn the_three_modes_keep_the_user_in_three_places() {
    for mode in SessionMode::ALL {
        let standin = start_in(mode).await;
        let mut client = Client::new(&standin);
        client.get("/").await;
        let anonymous = client.clone();
        let answer = client.login("ppk301 ".trim()).await;
        assert_eq!(answer.status, 302, "{mode:?}");
        assert_eq!(answer.header("location"), "http://spse.test/eproc4/home");
        assert_eq!(client.who().await.as_deref(), Some("PPK301"));
        let same_id = client.key("___ID") == anonymous.key("___ID");
        let logged_in_copy = client.clone();
        let by_old_cookie = anonymous.who().await;
        match mode {
            SessionMode::ServerSide => {
                assert!(same_id && client.token() == anonymous.token());
                assert!(client.key("userid").is_empty());
                // Fixation: whoever has the cookie from before is logged in as well.
                assert_eq!(by_old_cookie.as_deref(), Some("PPK301"));
            }
            SessionMode::InCookie => {
                assert!(same_id);
                assert_eq!(client.key("userid"), "PPK301");
                assert_eq!(by_old_cookie, None);
            }
            SessionMode::NewId => {
                assert!(!same_id && client.token() != anonymous.token());
                assert_eq!(by_old_cookie, None);
            }
        }
        let out = client.send("POST", "/logout", &[], b"").await;
        assert_eq!(
            (out.status, out.header("location")),
            (302, "http://spse.test/eproc4/")
        );
        assert_eq!(client.who().await, None);
        let copy_lives = logged_in_copy.who().await.is_some();
        assert_eq!(copy_lives, mode == SessionMode::InCookie, "{mode:?}");
    }
}

#[tokio::test]
async fn forged_and_broken_cookies() {
    let standin = start_in(SessionMode::InCookie).await;
    let config = standin.config();
    let far = "9999999999999";
    let mut client = Client::new(&standin);
    let mut with = |value: String| {
        client.jar.insert("SPSE_SESSION".to_owned(), value);
        client.clone()
    };
    let pairs = [("___ID", "x"), ("___TS", far), ("userid", "AUDITOR1")];
    let forged = forge_cookie(&config.secret, &pairs);
    assert_eq!(
        with(forged.clone()).who().await.as_deref(),
        Some("AUDITOR1")
    );
    assert_eq!(with(forged.replace("AUDITOR1", "PPK301")).who().await, None);
    assert_eq!(
        with(forge_cookie("another secret", &pairs)).who().await,
        None
    );
    let old = forge_cookie(
        &config.secret,
        &[("___TS", "1600000000000"), ("userid", "PPK301")],
    );
    assert_eq!(with(old).who().await, None);
}

#[tokio::test]
async fn only_the_first_cookie_line_and_the_first_of_a_name_count() {
    let standin = start().await;
    let mut client = Client::new(&standin);
    client.login("PPK301").await;
    let good = format!("SPSE_SESSION={}", client.session());
    let status = async |cookies: &str| {
        let request = format!("GET /eproc4/paket HTTP/1.1\r\nHost: h\r\n{cookies}\r\n\r\n");
        Reply::parse(&raw(standin.addr(), request.as_bytes()).await, false)
            .unwrap()
            .status
    };
    assert_eq!(status(&format!("Cookie: {good}")).await, 200);
    assert_eq!(status(&format!("Cookie: a=b\r\nCookie: {good}")).await, 403);
    assert_eq!(status(&format!("Cookie: {good}\r\nCookie: a=b")).await, 200);
    assert_eq!(
        status(&format!("Cookie: SPSE_SESSION=x; {good}")).await,
        403
    );
    assert_eq!(
        status(&format!("Cookie: {good}; SPSE_SESSION=x")).await,
        200
    );
    assert_eq!(
        status(&format!("Cookie: {}", good.to_lowercase())).await,
        403
    );
}

#[tokio::test]
async fn everybody_can_log_in_and_reads_the_header_block() {
    let standin = start().await;
    for user in users() {
        let mut client = Client::new(&standin);
        client.get("/").await;
        let step = format!(
            "txtUserId={}&tipe={}",
            user.id.to_lowercase(),
            user.kind.word()
        );
        client.post("/login", &step).await;
        client
            .post("/loginpass", &format!("txtPassword={}", user.password))
            .await;
        let (home, page) = match user.id.as_str() {
            "PPK403" => (403, client.get("/paket").await.text()),
            "PPKGANTI" => (302, client.get("/user/gantipassword").await.text()),
            _ => (200, client.get("/home").await.text()),
        };
        assert_eq!(client.get("/home").await.status, home, "{}", user.id);
        let block = format!("<div class=\"float-right\"><span title=\"[{}] - ", user.id);
        assert_eq!(page.matches(&block).count(), 1, "{}", user.id);
        assert!(page.contains(&format!(
            "/user/viewuser?userid={}\" class=\"dialog\"",
            user.id
        )));
        assert!(page.contains(&format!(" - {}</span></div>", user.role)));
        assert!(
            page.contains("<form id=\"formLogout\" action=\"/eproc4/logout\" method=\"post\">")
        );
        assert!(page.contains(&format!("{CANARY}{}", user.id)));
        assert!(!page.contains("<script>alert"));
    }
    let mut client = Client::new(&standin);
    client.get("/").await;
    client
        .post(
            "/login",
            &format!("txtUserId=PPK301&tipe={}", UserType::Penyedia.word()),
        )
        .await;
    let wrong_type = client
        .post("/loginpass", "txtPassword=Rahasia-PPK301")
        .await;
    assert!(wrong_type.header("location").ends_with("/loginpass"));
}

#[tokio::test]
async fn a_forced_change_of_the_password_leads_everywhere_until_it_is_done() {
    let standin = start().await;
    let mut client = Client::new(&standin);
    client.login("PPKGANTI").await;
    for path in ["/home", "/paket", "/dt/paket-ppk", "/dokumen/unduh/1"] {
        assert!(
            client
                .get(path)
                .await
                .header("location")
                .ends_with("/user/gantipassword")
        );
    }
    let fields = "txtPasswordLama=Rahasia-PPKGANTI&txtPasswordBaru=Lain-1";
    assert!(
        client
            .post("/user/gantipassword", fields)
            .await
            .header("location")
            .ends_with("/home")
    );
    assert_eq!(client.get("/home").await.status, 200);
}

#[tokio::test]
async fn records_say_who_the_session_was_before_and_after() {
    let standin = start().await;
    let mut client = Client::new(&standin);
    client.login("PPK301").await;
    client
        .send(
            "GET",
            "/user/logakses",
            &[("X-Forwarded-For", "10.1.2.3, 4.5.6.7")],
            b"",
        )
        .await;
    client.get("/logout").await;
    let records = standin.records();
    let told: Vec<_> = records
        .iter()
        .map(|r| {
            (
                r.path.as_str(),
                r.user_before.as_deref(),
                r.user_after.as_deref(),
                r.status,
            )
        })
        .collect();
    let user = Some("PPK301");
    assert_eq!(
        told,
        [
            ("/eproc4/", None, None, 200),
            ("/eproc4/login", None, None, 302),
            ("/eproc4/loginpass", None, user, 302),
            ("/eproc4/user/logakses", user, user, 200),
            ("/eproc4/logout", user, None, 302),
        ]
    );
    let password = &records[2];
    assert_eq!(password.request_line, b"POST /eproc4/loginpass HTTP/1.1");
    assert_eq!(password.header("HOST").as_deref(), Some("spse.test"));
    assert!(password.body.starts_with(b"txtPassword=Rahasia-PPK301&"));
    assert_eq!(password.body_length, password.body.len() as u64);
    assert_eq!(password.remote_address, "127.0.0.1");
    assert_eq!(records[3].remote_address, "10.1.2.3, 4.5.6.7");
    assert!(records.iter().all(|r| r.finished));
    assert_eq!(standin.access_log("ppk301"), ["127.0.0.1"]);
    standin.set(|config| {
        config.extra_headers = vec![("Set-Cookie".into(), "__Host-gerbang-x=1".into())];
    });
    assert_eq!(
        client.get("/").await.all("set-cookie")[3],
        "__Host-gerbang-x=1"
    );
    standin.clear_records();
    assert!(standin.records().is_empty());
    assert_eq!(
        standin.config().session_mode,
        Config::default().session_mode
    );
    standin.stop().await;
}

#[tokio::test]
async fn the_servers_side_can_forget() {
    let standin: Standin = start().await;
    let mut client = Client::new(&standin);
    client.login("REKANAN1").await;
    assert_eq!(
        standin.logins(),
        [(client.key("___ID"), "REKANAN1".to_owned())]
    );
    standin.end_logins(Some("PPK301"));
    assert!(client.who().await.is_some());
    standin.end_logins(None);
    assert_eq!(client.who().await, None);
}
