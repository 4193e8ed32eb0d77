//! Registered addresses from a real PostgreSQL: found, refused, away, slow.

use crate::support::login::first;
use crate::support::postgres::Postgres;
use crate::support::smtp::MailServer;
use crate::support::{World, quick};
use gerbang::config::{Directory, DirectoryQuery, ServerLogin};
use gerbang::directory::{Addresses, SqlAddresses};
use gerbang::primitives::{AccountId, UserId, UserType};
use spse_standin::SessionMode;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

const QUERY: &str = "SELECT email FROM pegawai WHERE upper(namauser) = $1";

/// A database like the application's, with a user who may read it.
fn database(options: &[&str], files: &[(&str, String)]) -> Postgres {
    let server = Postgres::start(options, files);
    server.sql("CREATE TABLE pegawai (namauser varchar(50), email varchar(200))");
    server.sql(
        "INSERT INTO pegawai VALUES ('ppk301', 'budi@example.id'), ('ppk302', NULL), \
         ('ppk303', 'bukan alamat'), ('ppk304', 'a@example.id'), ('PPK304', 'b@example.id')",
    );
    server.sql("CREATE ROLE gerbang LOGIN PASSWORD 'rahasia-baca'");
    server.sql("GRANT SELECT, UPDATE ON pegawai TO gerbang");
    server
}

/// Who asks, with the password in a file.
struct Asker {
    folder: TempDir,
    config: Directory,
}

impl Asker {
    fn of(server: &Postgres) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let password_file = folder.path().join("password");
        fs::write(&password_file, "rahasia-baca\n").unwrap();
        let config = Directory {
            host: "127.0.0.1".to_owned(),
            port: server.port(),
            database: "postgres".to_owned(),
            login: ServerLogin {
                user: "gerbang".to_owned(),
                password_file,
            },
            ca_file: None,
            timeout: Duration::from_secs(2),
            queries: vec![DirectoryQuery {
                user_type: UserType::parse("non-penyedia").unwrap(),
                sql: QUERY.to_owned(),
            }],
        };
        Self { folder, config }
    }

    fn asking(mut self, sql: &str) -> Self {
        self.config.queries[0].sql = sql.to_owned();
        self
    }

    /// The address, `-` for none, or why it cannot be told.
    async fn ask(&self, user_type: &str, user_id: &str) -> Result<String, String> {
        asked(&SqlAddresses::new(self.config.clone()), user_type, user_id).await
    }
}

async fn asked(addresses: &SqlAddresses, user_type: &str, user_id: &str) -> Result<String, String> {
    let account = AccountId {
        user_type: UserType::parse(user_type).unwrap(),
        user_id: UserId::parse(user_id).unwrap(),
    };
    match addresses.look_up(&account).await {
        Ok(found) => Ok(found.map_or("-".to_owned(), |email| email.as_str().to_owned())),
        Err(away) => Err(away.to_string()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_good_address_is_found_and_nothing_else() {
    let server = database(&[], &[]);
    let asker = Asker::of(&server);
    for (user_type, user_id, found) in [
        ("non-penyedia", "PPK301", "budi@example.id"),
        // Another type, nobody, NULL, no address, two of them, and what would be an injection.
        ("penyedia", "PPK301", "-"),
        ("non-penyedia", "PPK999", "-"),
        ("non-penyedia", "PPK302", "-"),
        ("non-penyedia", "PPK303", "-"),
        ("non-penyedia", "PPK304", "-"),
        ("non-penyedia", "' OR 1=1 --", "-"),
    ] {
        let answer = asker.ask(user_type, user_id).await;
        assert_eq!(answer.as_deref(), Ok(found), "{user_type} {user_id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_ever_written_whatever_the_query_says() {
    let server = database(&[], &[]);
    let update =
        "UPDATE pegawai SET email = 'x@example.id' WHERE upper(namauser) = $1 RETURNING email";
    let answer = Asker::of(&server)
        .asking(update)
        .ask("non-penyedia", "PPK301")
        .await;
    assert!(answer.unwrap_err().contains("read-only transaction"));
    assert_eq!(
        server.sql("SELECT count(*) FROM pegawai WHERE email = 'x@example.id'"),
        "0"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_told_without_whose_address_was_asked_for() {
    let server = database(&[], &[]);
    for (sql, why) in [
        ("SELECT email FROM nirgends WHERE a = $1", "does not exist"),
        ("SELECT $1::int::text", "invalid input syntax"),
        ("SELECT 1 WHERE 'x' <> $1", "the first column is no text"),
        (
            "SELECT email FROM pegawai, pg_sleep(60) WHERE upper(namauser) = $1",
            "takes too long",
        ),
    ] {
        let answer = Asker::of(&server)
            .asking(sql)
            .ask("non-penyedia", "PPK301")
            .await;
        let told = answer.unwrap_err();
        let late = why == "takes too long" && told.contains("statement timeout");
        assert!(told.contains(why) || late, "{sql}: {told}");
        assert!(!told.contains("PPK301"), "{told}");
    }
    let asker = Asker::of(&server);
    fs::write(asker.folder.path().join("password"), "falsch").unwrap();
    let told = asker.ask("non-penyedia", "PPK301").await.unwrap_err();
    assert!(told.contains("password authentication failed"), "{told}");
    assert!(!told.contains("falsch"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_left_alone_for_a_while() {
    let mut server = database(&[], &[]);
    let addresses = SqlAddresses::new(Asker::of(&server).config.clone());
    // The password lies in a folder that is gone with its asker: any failure will do.
    assert!(asked(&addresses, "non-penyedia", "PPK301").await.is_err());
    let asker = Asker::of(&server);
    let addresses = SqlAddresses::new(asker.config.clone());
    server.stop();
    let told = asked(&addresses, "non-penyedia", "PPK301")
        .await
        .unwrap_err();
    assert!(told.contains("no connection"), "{told}");
    server.run();
    // It is back, and is not asked yet: nobody waits for it twice.
    let again = asked(&addresses, "non-penyedia", "PPK301").await;
    assert_eq!(again, Err(told));
    assert_eq!(
        asker.ask("non-penyedia", "PPK301").await.as_deref(),
        Ok("budi@example.id")
    );
}

/// A certificate and its key for a host.
fn certificate(host: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_elsewhere_proves_itself_by_its_certificate() {
    let (good, key) = certificate("127.0.0.1");
    let (other, _) = certificate("127.0.0.1");
    let tls = [
        "ssl=on",
        "ssl_cert_file=DIR/server.pem",
        "ssl_key_file=DIR/server.key",
    ];
    let files = [("server.pem", good.clone()), ("server.key", key)];
    let server = database(&tls, &files);
    let mut asker = Asker::of(&server);
    let mut trust = |pem: &str| -> PathBuf {
        let file = asker.folder.path().join("ca.pem");
        fs::write(&file, pem).unwrap();
        asker.config.ca_file = Some(file.clone());
        file
    };
    trust(&good);
    assert_eq!(
        asker.ask("non-penyedia", "PPK301").await.as_deref(),
        Ok("budi@example.id")
    );
    fs::write(asker.folder.path().join("ca.pem"), &other).unwrap();
    let told = asker.ask("non-penyedia", "PPK301").await.unwrap_err();
    assert!(told.contains("certificate"), "{told}");
    let plain = database(&[], &[]);
    asker.config.port = plain.port();
    let told = asker.ask("non-penyedia", "PPK301").await.unwrap_err();
    assert!(told.contains("TLS") || told.contains("tls"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_go_on_without_the_database_and_its_letters_wait() {
    let mail = MailServer::start();
    let mut server = database(&[], &[]);
    let asker = Asker::of(&server);
    server.stop();
    let password = format!("\"{}\"", asker.config.login.password_file.display());
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway
            .moving_clock()
            .mail(&mail)
            .set("directory", "host", "\"127.0.0.1\"")
            .set("directory", "port", &server.port().to_string())
            .set("directory", "database", "\"postgres\"")
            .set("directory", "user", "\"gerbang\"")
            .set("directory", "password_file", &password)
            .set(
                "directory",
                "query",
                &format!("[{{ user_type = \"non-penyedia\", sql = \"{QUERY}\" }}]"),
            )
    })
    .await;
    first(&world.browser(), "PPK301").await;
    for _ in 0..100 {
        if world
            .gateway
            .cli(&["mail", "list"])
            .done()
            .contains("no connection")
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(
        world
            .gateway
            .cli(&["mail", "list"])
            .done()
            .contains("no connection")
    );
    server.run();
    // It is asked again half a minute after the failure, by the clock of the machine.
    world.gateway.advance(600).await;
    let mut letter = None;
    for _ in 0..60 {
        world.gateway.advance(120).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        letter = mail.taken().pop();
        if letter.is_some() {
            break;
        }
    }
    assert_eq!(letter.unwrap().to, "budi@example.id");
    let log = world.gateway.log();
    assert!(
        log.contains("the directory of e-mail addresses does not answer"),
        "{log}"
    );
    assert!(!log.contains("budi@example.id"), "{log}");
}
