//! What the phone's app asks, as JSON (`deploy/authenticator.openapi.json`, held against this file by a
//! test). Each request is signed by the phone; no cookie plays a part, so no other site can ask in
//! somebody's name.

mod signed;

use self::signed::{Head, body, invited, known};
use super::{PageRequest, Pages, Reply, reply};
use crate::domain::approval::Confirm;
use crate::domain::enrollment::entry_letter;
use crate::domain::invitation::Joined;
use crate::domain::login::WaitingLogin;
use crate::domain::push::{Endpoint, Subscription};
use crate::flow::FlowError;
use crate::flow::approve::{Denial, Said};
use crate::flow::push::Wish;
use crate::primitives::{ApprovalNumber, Lang, OtpCode, P256Point};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Why a request got nothing, as the app reads it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Refusal {
    /// Not a request of this protocol.
    Request,
    /// Only POST is asked.
    Method,
    /// Nobody knows this phone, or not any more.
    Unknown,
    /// Signed at another time than ours, which the answer tells.
    Clock,
    /// The link, the login, or the page that waited is over.
    Over,
    /// The code fits no step of now.
    Code,
    /// Not the number that the page shows.
    Number { left: u8 },
    /// Not yet.
    Wait { seconds: u64 },
    /// The login needs a code.
    Exhausted,
    /// No phone is woken here, or not by this service.
    Push,
    /// Ours: store or clock.
    Trouble,
}

/// Why there is no answer.
#[derive(Debug)]
enum Stop {
    /// The app is told.
    Refused(Refusal),
    /// The operator is told.
    Failed(FlowError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<FlowError> for Stop {
    fn from(error: FlowError) -> Self {
        Self::Failed(error)
    }
}

/// What an action comes to.
type Answer = Result<Value, Stop>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Join {
    token: String,
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfirmJoin {
    token: String,
    key: String,
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approve {
    #[serde(default)]
    number: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deny {
    reason: Reason,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subscribe {
    endpoint: String,
    key: String,
    auth: String,
    lang: Lang,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum Reason {
    NotMe,
    Mistake,
}

/// A login that waits, as the phone shows it.
#[derive(Serialize)]
struct Call {
    challenge: String,
    user_id: String,
    role: String,
    at: String,
    address: String,
    browser: Option<String>,
    system: Option<String>,
    confirm: &'static str,
    left: u64,
}

/// What may be asked; the name stands in the path.
pub const ACTIONS: [&str; 7] = [
    "approve",
    "confirm",
    "deny",
    "join",
    "subscribe",
    "unsubscribe",
    "waiting",
];

/// Answers one request of the app.
pub(super) async fn answer(pages: &Pages, request: &PageRequest<'_>, action: &str) -> Reply {
    let (status, mut body) = match asked(pages, request, action).await {
        Ok(content) => (StatusCode::OK, content),
        Err(Stop::Refused(refusal)) => refusal.as_json(),
        Err(Stop::Failed(error)) => {
            tracing::error!(%error, "a phone was not answered");
            Refusal::Trouble.as_json()
        }
    };
    let now = pages.engine.now().0;
    if let Some(fields) = body.as_object_mut() {
        fields.insert("time".to_owned(), json!(now));
    }
    reply::json(status, body.to_string())
}

async fn asked(pages: &Pages, request: &PageRequest<'_>, action: &str) -> Answer {
    if request.method != Method::POST {
        return Err(Refusal::Method.into());
    }
    // What is not signed says nothing.
    let Some(head) = Head::read(request).filter(|_| request.query.is_none()) else {
        return Err(Refusal::Request.into());
    };
    match action {
        "join" => join(pages, request, &head).await,
        "confirm" => confirm(pages, request, &head).await,
        "waiting" => waiting(pages, request, &head).await,
        "approve" => approve(pages, request, &head).await,
        "deny" => deny(pages, request, &head).await,
        "subscribe" => subscribe(pages, request, &head).await,
        "unsubscribe" => unsubscribe(pages, request, &head).await,
        _ => Err(Refusal::Request.into()),
    }
}

/// A phone opens the link of an activation; it signs with the key that it sends.
async fn join(pages: &Pages, request: &PageRequest<'_>, head: &Head) -> Answer {
    let Some(Join { token, key }) = body(request) else {
        return Err(Refusal::Request.into());
    };
    let (token, key) = invited(pages, request, head, &token, &key)?;
    let Some(offer) = pages.engine.join(&token, key, request.client).await? else {
        return Err(Refusal::Over.into());
    };
    Ok(json!({
        "handle": offer.handle.to_text(),
        "secret": B64.encode(offer.entry.secret.expose()),
        "digits": 6,
        "period": crate::authenticator::totp::STEP_SECONDS,
        "user_id": offer.account.user_id.as_str(),
        "url": pages.origin_of(request),
        "entry": entry_letter(offer.entry.generation),
        "site": pages.engine.settings.site_name,
    }))
}

/// The same phone sends a code.
async fn confirm(pages: &Pages, request: &PageRequest<'_>, head: &Head) -> Answer {
    let Some(ConfirmJoin { token, key, code }) = body(request) else {
        return Err(Refusal::Request.into());
    };
    let (token, key) = invited(pages, request, head, &token, &key)?;
    let Some(code) = OtpCode::parse(&code) else {
        return Err(Refusal::Code.into());
    };
    match pages.engine.confirm_join(&token, key, &code).await? {
        Joined::Confirmed => Ok(json!({})),
        Joined::Wrong => Err(Refusal::Code.into()),
        Joined::Over => Err(Refusal::Over.into()),
    }
}

/// Logins of the phone's account that wait for it.
async fn waiting(pages: &Pages, request: &PageRequest<'_>, head: &Head) -> Answer {
    let (phone, Nothing {}) = known(pages, request, head).await?;
    let calls = pages.engine.calls(&phone).await?;
    let calls: Vec<Call> = calls
        .iter()
        .filter_map(|login| call(pages, login))
        .collect();
    Ok(json!({ "logins": calls }))
}

async fn approve(pages: &Pages, request: &PageRequest<'_>, head: &Head) -> Answer {
    let (phone, Approve { number }) = known(pages, request, head).await?;
    let Some(challenge) = head.challenge else {
        return Err(Refusal::Request.into());
    };
    let number = match number.as_str() {
        "" => None,
        // No try: it is not even a number.
        text => Some(ApprovalNumber::parse(text).ok_or(Refusal::Request)?),
    };
    let said = pages
        .engine
        .approve(&phone, challenge, number.as_ref(), request.client)
        .await?;
    Ok(taken(said)?)
}

async fn deny(pages: &Pages, request: &PageRequest<'_>, head: &Head) -> Answer {
    let (phone, Deny { reason }) = known(pages, request, head).await?;
    let Some(challenge) = head.challenge else {
        return Err(Refusal::Request.into());
    };
    let denial = match reason {
        Reason::NotMe => Denial::NotMe,
        Reason::Mistake => Denial::Mistake,
    };
    let said = pages
        .engine
        .deny(&phone, challenge, denial, request.client)
        .await?;
    Ok(taken(said)?)
}

/// The phone may be woken when a login waits.
async fn subscribe(pages: &Pages, request: &PageRequest<'_>, head: &Head) -> Answer {
    let (phone, wanted) = known::<Subscribe>(pages, request, head).await?;
    let Some(wanted) = wanted.read() else {
        return Err(Refusal::Request.into());
    };
    let wish = pages.engine.subscribe(&phone, Some(wanted)).await?;
    Ok(granted(wish)?)
}

/// And not any more.
async fn unsubscribe(pages: &Pages, request: &PageRequest<'_>, head: &Head) -> Answer {
    let (phone, Nothing {}) = known(pages, request, head).await?;
    Ok(granted(pages.engine.subscribe(&phone, None).await?)?)
}

fn granted(wish: Wish) -> Result<Value, Refusal> {
    match wish {
        Wish::Taken => Ok(json!({})),
        Wish::Refused => Err(Refusal::Push),
        Wish::Wait { seconds } => Err(Refusal::Wait { seconds }),
    }
}

impl Subscribe {
    fn read(self) -> Option<Subscription> {
        let auth = B64.decode(self.auth).ok()?;
        Some(Subscription {
            endpoint: Endpoint::parse(&self.endpoint)?,
            key: P256Point::parse(&self.key)?,
            auth: auth.try_into().ok()?,
            lang: self.lang,
        })
    }
}

fn taken(said: Said) -> Result<Value, Refusal> {
    match said {
        Said::Taken => Ok(json!({})),
        Said::Wrong { left } => Err(Refusal::Number { left }),
        Said::Wait { seconds } => Err(Refusal::Wait { seconds }),
        Said::Exhausted => Err(Refusal::Exhausted),
        Said::Over => Err(Refusal::Over),
    }
}

fn call(pages: &Pages, login: &WaitingLogin) -> Option<Call> {
    let asked = login.approval.as_deref()?;
    Some(Call {
        challenge: asked.id.to_text(),
        user_id: login.identity.account.user_id.as_str().to_owned(),
        role: login.identity.role.as_str().to_owned(),
        at: pages.clock_text(asked.asked),
        address: asked.from.address.to_string(),
        browser: asked.from.browser.name.clone(),
        system: asked.from.browser.system.clone(),
        confirm: match asked.confirm {
            Confirm::Number => "number",
            Confirm::Tap => "tap",
        },
        left: asked.seconds_left(pages.engine.now()),
    })
}

impl Refusal {
    fn as_json(self) -> (StatusCode, Value) {
        match self {
            Self::Request => (StatusCode::BAD_REQUEST, json!({ "error": "request" })),
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                json!({ "error": "request" }),
            ),
            Self::Unknown => (StatusCode::UNAUTHORIZED, json!({ "error": "unknown" })),
            Self::Clock => (StatusCode::UNAUTHORIZED, json!({ "error": "clock" })),
            Self::Over => (StatusCode::GONE, json!({ "error": "over" })),
            Self::Code => (StatusCode::UNPROCESSABLE_ENTITY, json!({ "error": "code" })),
            Self::Number { left } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                json!({ "error": "number", "left": left }),
            ),
            Self::Wait { seconds } => (
                StatusCode::TOO_MANY_REQUESTS,
                json!({ "error": "wait", "seconds": seconds }),
            ),
            Self::Exhausted => (
                StatusCode::TOO_MANY_REQUESTS,
                json!({ "error": "exhausted" }),
            ),
            Self::Push => (StatusCode::UNPROCESSABLE_ENTITY, json!({ "error": "push" })),
            Self::Trouble => (
                StatusCode::SERVICE_UNAVAILABLE,
                json!({ "error": "trouble" }),
            ),
        }
    }
}
