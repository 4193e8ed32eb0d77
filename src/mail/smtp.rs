//! A conversation with the operator's mail server.
//!
//! What fails before a recipient is named is nobody's letter's fault (server, network, TLS, login,
//! sender): then nothing is counted against a letter. What the server says about the recipient or the
//! text is about this letter alone.

use super::message::{address, message};
use super::{Carrier, Down, Failure, Mail, Round};
use crate::config::{Mail as MailConfig, Security};
use async_trait::async_trait;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use std::fs;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::timeout;

/// Longest goodbye.
const QUIT_SECONDS: u64 = 5;

/// Hands mails to one mail server.
#[derive(Debug)]
pub struct SmtpCarrier {
    config: MailConfig,
    hello: ClientId,
}

impl SmtpCarrier {
    /// For the server of the configuration; `host` is how we call ourselves there.
    pub fn new(config: MailConfig, host: &str) -> Self {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let hello = match bare.parse() {
            Ok(IpAddr::V4(ip)) => ClientId::Ipv4(ip),
            Ok(IpAddr::V6(ip)) => ClientId::Ipv6(ip),
            Err(_) => ClientId::Domain(host.to_owned()),
        };
        Self { config, hello }
    }

    /// Read anew for each round, so that a renewed certificate or password needs no restart.
    fn tls(&self) -> Result<TlsParameters, Down> {
        let mut builder = TlsParameters::builder(self.config.host.clone());
        if let Some(file) = &self.config.ca_file {
            let shown = file.display();
            let pem = fs::read(file).map_err(|error| Down(format!("{shown}: {error}")))?;
            let root = Certificate::from_pem(&pem)
                .map_err(|_| Down(format!("{shown}: holds no certificate in PEM form")))?;
            builder = builder.add_root_certificate(root);
        }
        builder
            .build_rustls()
            .map_err(|error| Down(told("TLS cannot be used", &error)))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Down> {
        let MailConfig { host, port, .. } = &self.config;
        let tls = match self.config.security {
            Security::None => None,
            Security::StartTls | Security::Tls => Some(self.tls()?),
        };
        let at_once = match self.config.security {
            Security::Tls => tls.clone(),
            Security::StartTls | Security::None => None,
        };
        let server = (host.as_str(), *port);
        let limit = Some(self.config.timeout);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, limit, &self.hello, at_once, None)
                .await
                .map_err(|error| Down(told("no connection", &error)))?;
        if let (Security::StartTls, Some(tls)) = (self.config.security, tls) {
            // A server that offers none is refused: the password would go in the clear.
            connection
                .starttls(tls, &self.hello)
                .await
                .map_err(|error| Down(told("no TLS", &error)))?;
        }
        if let Some(login) = &self.config.login {
            let password = login.password().map_err(Down)?;
            let credentials = Credentials::new(login.user.clone(), password.as_str().to_owned());
            connection
                .auth(DEFAULT_MECHANISMS, &credentials)
                .await
                .map_err(|error| Down(told("the login was refused", &error)))?;
        }
        Ok(connection)
    }
}

#[async_trait]
impl Carrier for SmtpCarrier {
    async fn open(&self) -> Result<Box<dyn Round>, Down> {
        // A few answers have to come: each may take its time, but not for ever.
        let limit = self.config.timeout * 3;
        let connection = timeout(limit, self.connect())
            .await
            .map_err(|_| Down("the mail server takes too long".to_owned()))??;
        Ok(Box::new(SmtpRound {
            connection,
            limit: self.config.timeout,
            used: false,
        }))
    }
}

struct SmtpRound {
    connection: AsyncSmtpConnection,
    limit: Duration,
    used: bool,
}

/// What an SMTP error is to a letter, behind the sender.
fn failed(error: &Error) -> Failure {
    match error.status() {
        // 421: the server closes the conversation (RFC 5321 section 3.8).
        Some(code) if u16::from(code) == 421 => Failure::Broken(told("closed", error)),
        Some(_) => Failure::Refused {
            final_word: error.is_permanent(),
            why: told("refused", error),
        },
        None => Failure::Broken(told("broken off", error)),
    }
}

impl SmtpRound {
    async fn handed_over(&mut self, mail: &Mail) -> Result<(), Failure> {
        let impossible = |why: String| Failure::Refused {
            final_word: true,
            why,
        };
        let message = message(mail).map_err(|error| impossible(error.to_string()))?;
        let from = address(&mail.from.address).map_err(|error| impossible(error.to_string()))?;
        let to = address(&mail.to.address).map_err(|error| impossible(error.to_string()))?;
        let connection = &mut self.connection;
        let sender_refused = |error: &Error| Failure::Broken(told("the sender is refused", error));
        if self.used {
            let reset = connection.command(Rset).await;
            reset.map_err(|error| sender_refused(&error))?;
        }
        self.used = true;
        let sender = connection
            .command(MailFrom::new(Some(from), Vec::new()))
            .await;
        sender.map_err(|error| sender_refused(&error))?;
        let recipient = connection.command(Rcpt::new(to, Vec::new())).await;
        recipient.map_err(|error| failed(&error))?;
        let begun = connection.command(Data).await;
        begun.map_err(|error| failed(&error))?;
        let taken = connection.message(&message.formatted()).await;
        taken.map_err(|error| failed(&error))?;
        Ok(())
    }
}

#[async_trait]
impl Round for SmtpRound {
    async fn deliver(&mut self, mail: &Mail) -> Result<(), Failure> {
        let limit = self.limit * 2;
        timeout(limit, self.handed_over(mail))
            .await
            .unwrap_or_else(|_| Err(Failure::Broken("the mail server takes too long".to_owned())))
    }

    async fn close(mut self: Box<Self>) {
        // Everything was answered for before: an error here loses nothing.
        let goodbye = self.connection.command(Quit);
        let _ = timeout(Duration::from_secs(QUIT_SECONDS), goodbye).await;
    }
}

/// The error with what caused it: what a server says stands at the end.
fn told(what: &str, error: &Error) -> String {
    let mut text = format!("{what}: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = inner.source();
    }
    text
}
