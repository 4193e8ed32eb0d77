//! Addresses from the application's PostgreSQL, by the operator's query.
//!
//! A connection for each question: they are rare, and a pool would hold places of a database that
//! belongs to somebody else. The session is read-only and has a time limit on the server, too. After a
//! failure the database is left alone for a while, so that nobody waits for it twice.

use super::{Addresses, Unavailable};
use crate::clock::Stopwatch;
use crate::config::Directory;
use crate::primitives::{AccountId, EmailAddress};
use async_trait::async_trait;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, Connection, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Questions at once.
const QUESTIONS: usize = 2;
/// How long the database is left alone after a failure.
const REST: Duration = Duration::from_secs(30);
/// Rows that are looked at: more than one is one too many.
const ROWS_MAX: usize = 2;

/// Asks the database of the configuration.
pub struct SqlAddresses {
    config: Directory,
    places: Semaphore,
    /// Since when the database fails, and why.
    failed: Mutex<Option<(Stopwatch, String)>>,
}

impl SqlAddresses {
    /// For a database; it is not asked yet.
    pub fn new(config: Directory) -> Self {
        Self {
            config,
            places: Semaphore::new(QUESTIONS),
            failed: Mutex::new(None),
        }
    }

    /// Why it is left alone at this moment.
    fn rests(&self) -> Option<String> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, why) = failed.as_ref()?;
        (since.elapsed() < REST).then(|| why.clone())
    }

    fn note(&self, why: Option<&str>) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match (why, failed.is_some()) {
            (Some(why), known) => {
                if !known {
                    tracing::error!(%why, "the directory of e-mail addresses does not answer");
                }
                *failed = Some((Stopwatch::start(), why.to_owned()));
            }
            (None, true) => {
                tracing::info!("the directory of e-mail addresses answers again");
                *failed = None;
            }
            (None, false) => {}
        }
    }

    async fn ask(&self, sql: &str, user_id: &str) -> Result<Option<EmailAddress>, String> {
        let Ok(_place) = self.places.acquire().await else {
            return Err("no place for a question".to_owned());
        };
        let client = self.connect().await?;
        let rows = client
            .query_typed(sql, &[(&user_id, Type::TEXT)])
            .await
            // The database quotes what it was given; whose address was asked for is not for the log.
            .map_err(|error| told("the query failed", &error).replace(user_id, "$1"))?;
        if rows.len() >= ROWS_MAX {
            tracing::warn!(
                rows = rows.len(),
                "the directory's query finds several addresses"
            );
            return Ok(None);
        }
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let text: Option<&str> = row
            .try_get(0)
            .map_err(|error| told("the first column is no text", &error))?;
        let email = text.map(EmailAddress::parse);
        if let Some(Err(_)) = email {
            tracing::warn!("the directory holds an address that is none");
        }
        Ok(email.and_then(Result::ok))
    }

    async fn connect(&self) -> Result<Client, String> {
        let Directory {
            host,
            port,
            database,
            login,
            ca_file,
            timeout,
            ..
        } = &self.config;
        let mut config = Config::new();
        let millis = timeout.as_millis();
        config
            .host(host)
            .port(*port)
            .dbname(database)
            .user(&login.user)
            .password(login.password()?.as_bytes())
            .application_name("gerbang")
            .connect_timeout(*timeout)
            .options(format!(
                "-c default_transaction_read_only=on -c statement_timeout={millis}"
            ));
        match ca_file {
            None => {
                config.ssl_mode(tokio_postgres::config::SslMode::Disable);
                let connected = config.connect(NoTls).await;
                driven(connected)
            }
            Some(file) => {
                config.ssl_mode(tokio_postgres::config::SslMode::Require);
                let connected = config.connect(tls(file)?).await;
                driven(connected)
            }
        }
    }
}

/// Lets the connection run beside its client; it ends with it.
fn driven<S, T>(
    connected: Result<(Client, Connection<S, T>), tokio_postgres::Error>,
) -> Result<Client, String>
where
    Connection<S, T>: Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
{
    let (client, connection) = connected.map_err(|error| told("no connection", &error))?;
    tokio::spawn(async move {
        // What goes wrong is told to the client's question.
        let _ = connection.await;
    });
    Ok(client)
}

fn tls(file: &std::path::Path) -> Result<MakeRustlsConnect, String> {
    let refuse = |why: String| format!("{}: {why}", file.display());
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|_| refuse("cannot be read as PEM".to_owned()))?;
    for root in found {
        roots.add(root).map_err(|error| refuse(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refuse(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// The error with what caused it: the database's own words stand there.
fn told(what: &str, error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{what}: {error}: {cause}"),
        None => format!("{what}: {error}"),
    }
}

#[async_trait]
impl Addresses for SqlAddresses {
    async fn look_up(&self, account: &AccountId) -> Result<Option<EmailAddress>, Unavailable> {
        let queries = &self.config.queries;
        let query = queries.iter().find(|q| q.user_type == account.user_type);
        let Some(query) = query else {
            return Ok(None);
        };
        if let Some(why) = self.rests() {
            return Err(Unavailable(why));
        }
        let asking = self.ask(&query.sql, account.user_id.as_str());
        let answer = timeout(self.config.timeout, asking)
            .await
            .unwrap_or_else(|_| Err("it takes too long".to_owned()));
        self.note(answer.as_ref().err().map(String::as_str));
        answer.map_err(Unavailable)
    }
}

impl std::fmt::Debug for SqlAddresses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqlAddresses(..)")
    }
}
