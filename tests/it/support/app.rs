//! The phone's app without a browser: a key of its own, and requests signed as
//! `deploy/authenticator.openapi.json` says. Real browsers speak the same protocol in `browser/phone`.

use super::browser::{Ask, Browser, Jar};
use super::openapi;
use super::otp::{Phone, system_seconds};
use super::wire::Response;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD as B64};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// Where it asks.
pub(crate) const API: &str = "/eproc4/gerbang/authenticator/api/v1/";

/// As an old phone calls itself.
const USER_AGENT: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/120.0.0.0 Mobile Safari/537.36";

/// A key that signs.
pub(crate) fn new_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).unwrap()
}

/// A phone with the app.
pub(crate) struct App {
    browser: Browser,
    pub(crate) key: EcdsaKeyPair,
    pub(crate) handle: String,
    /// The shared secret, in base32; empty before it joined.
    pub(crate) secret: String,
}

/// One request, and what may be wrong with it.
#[derive(Clone)]
pub(crate) struct Call<'c> {
    pub(crate) action: &'c str,
    pub(crate) content: Value,
    pub(crate) challenge: &'c str,
    /// Scheme, host and port that are signed.
    pub(crate) origin: String,
    /// Method that is signed.
    pub(crate) method: &'c str,
    /// Path that is signed.
    pub(crate) path: String,
    /// Time that is signed and sent.
    pub(crate) time: u64,
    /// What is sent instead of what was signed.
    pub(crate) sent: Option<Vec<u8>>,
}

impl App {
    /// A new phone beside this browser.
    pub(crate) fn beside(browser: &Browser) -> Self {
        let own = browser.thief();
        own.set_jar(Jar::new());
        Self {
            browser: own,
            key: new_key(),
            handle: String::new(),
            secret: String::new(),
        }
    }

    /// Its public key, as it is sent.
    pub(crate) fn point(&self) -> String {
        B64.encode(self.key.public_key().as_ref())
    }

    /// The gateway's time.
    pub(crate) fn now(&self) -> u64 {
        system_seconds() + self.browser.ahead().load(Ordering::SeqCst)
    }

    /// The codes that it shows; made by `oathtool`.
    pub(crate) fn codes(&self) -> Phone {
        Phone::new(&self.secret, self.browser.ahead())
    }

    /// A request as it should be.
    pub(crate) fn call<'c>(&self, action: &'c str, content: Value, challenge: &'c str) -> Call<'c> {
        Call {
            action,
            content,
            challenge,
            origin: format!("http://{}", self.browser.host),
            method: "POST",
            path: format!("{API}{action}"),
            time: self.now(),
            sent: None,
        }
    }

    /// The header and body of a request.
    pub(crate) fn signed(&self, call: &Call<'_>) -> (String, Vec<u8>) {
        let body = call.content.to_string().into_bytes();
        let time = call.time.to_string();
        let hash = B64.encode(digest(&SHA256, &body).as_ref());
        let lines = [
            "gerbang-device-v1",
            &call.origin,
            call.method,
            &call.path,
            call.challenge,
            &time,
            &hash,
        ];
        let text = lines.join("\n");
        let signature = self
            .key
            .sign(&SystemRandom::new(), text.as_bytes())
            .unwrap();
        let header = format!(
            "handle=\"{}\", challenge=\"{}\", time=\"{time}\", signature=\"{}\"",
            self.handle,
            call.challenge,
            B64.encode(signature.as_ref())
        );
        (header, call.sent.clone().unwrap_or(body))
    }

    /// Sends a request; status and answer.
    pub(crate) async fn send(&self, call: Call<'_>) -> Told {
        let (header, body) = self.signed(&call);
        let ask = Ask::new("POST", &format!("{API}{}", call.action))
            .with("Content-Type", "application/json")
            .with("Gerbang-Device", &header)
            .with("User-Agent", USER_AGENT)
            .body(&body);
        let told = self.raw(ask).await;
        if told.status == 200 {
            let sent = serde_json::from_slice(&body).unwrap();
            openapi::check_request(call.action, &sent);
        }
        told
    }

    /// Sends whatever it is.
    pub(crate) async fn raw(&self, ask: Ask) -> Told {
        let action = ask.path.strip_prefix(API).unwrap_or_default().to_owned();
        let told = Told::of(&self.browser.fetch(ask).await);
        openapi::check_answer(&action, told.status, &told.body);
        told
    }

    /// Asks for something.
    pub(crate) async fn ask(&self, action: &str, content: Value, challenge: &str) -> Told {
        self.send(self.call(action, content, challenge)).await
    }

    /// Opens the link of an activation page.
    pub(crate) async fn open_link(&mut self, page: &Response) -> Told {
        let token = token_of(page);
        let content = json!({ "token": token, "key": self.point() });
        let told = self.ask("join", content, "").await;
        if told.status == 200 {
            self.handle = told.text("handle");
            let secret = B64.decode(told.text("secret").as_bytes()).unwrap();
            self.secret = BASE32_NOPAD.encode(&secret);
        }
        told
    }

    /// And sends the code that it calculated.
    pub(crate) async fn confirm(&self, page: &Response) -> Told {
        let code = self.codes().peek();
        self.confirm_with(&token_of(page), &code).await
    }

    pub(crate) async fn confirm_with(&self, token: &str, code: &str) -> Told {
        let content = json!({ "token": token, "key": self.point(), "code": code });
        self.ask("confirm", content, "").await
    }

    /// Logins that wait for it, the newest first.
    pub(crate) async fn waiting(&self) -> Vec<Value> {
        let told = self.ask("waiting", json!({}), "").await;
        assert_eq!(told.status, 200, "{told:?}");
        told.body["logins"].as_array().unwrap().clone()
    }

    /// Its only login that waits.
    pub(crate) async fn call_of(&self) -> String {
        let waiting = self.waiting().await;
        assert_eq!(waiting.len(), 1, "{waiting:?}");
        waiting[0]["challenge"].as_str().unwrap().to_owned()
    }

    /// The newest of its logins that wait.
    pub(crate) async fn call_of_newest(&self) -> String {
        let waiting = self.waiting().await;
        waiting[0]["challenge"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn approve(&self, challenge: &str, number: &str) -> Told {
        let content = json!({ "number": number });
        self.ask("approve", content, challenge).await
    }

    pub(crate) async fn deny(&self, challenge: &str, reason: &str) -> Told {
        self.ask("deny", json!({ "reason": reason }), challenge)
            .await
    }
}

/// What the gateway told the app.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Told {
    pub(crate) fn of(answer: &Response) -> Self {
        let body = serde_json::from_slice(&answer.body);
        Self {
            status: answer.status,
            body: body.unwrap_or_else(|_| panic!("no JSON: {answer:?}")),
        }
    }

    #[track_caller]
    pub(crate) fn text(&self, name: &str) -> String {
        let text = self.body[name].as_str();
        text.unwrap_or_else(|| panic!("no {name}: {self:?}"))
            .to_owned()
    }

    #[track_caller]
    pub(crate) fn good(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.body
    }

    /// It was refused with this status, and says so.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, error: &str) -> Value {
        let said = (self.status, self.body["error"].as_str());
        assert_eq!(said, (status, Some(error)), "{self:?}");
        assert!(self.body["time"].is_u64(), "{self:?}");
        self.body
    }
}

/// The token of the link on an activation page.
#[track_caller]
pub(crate) fn token_of(page: &Response) -> String {
    let text = page.text();
    let token = text.split("/authenticator/#add=").nth(1);
    let token = token.unwrap_or_else(|| panic!("no link: {page:?}"));
    token.split('"').next().unwrap().to_owned()
}

/// The number that an acceptor shows.
#[track_caller]
pub(crate) fn number_of(page: &Response) -> String {
    shown_number(page).unwrap_or_else(|| panic!("no number: {page:?}"))
}

/// The same where there is one.
pub(crate) fn shown_number(page: &Response) -> Option<String> {
    let text = page.text();
    let number = text.split("<p class=\"number\">").nth(1)?;
    let number = number.split('<').next()?;
    Some(number.replace(' ', ""))
}
