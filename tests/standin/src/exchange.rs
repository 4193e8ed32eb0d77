//! One request from its head to its answer: record, body, barriers, faults, session, action, cookies.

use std::io;
use std::sync::Arc;

use tokio::time::sleep;

use crate::app::{App, lock};
use crate::barrier::Stage;
use crate::clock;
use crate::config::{Config, FaultKind};
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::head::Head;
use crate::pages;
use crate::play::multipart;
use crate::play::params::Params;
use crate::play::request::Request;
use crate::play::session::{Session, flash_message};
use crate::record::Record;
use crate::routes::{self, Route};
use crate::users::User;

/// Longest form or JSON body, in bytes; Play's `play.netty.maxContentLength` would say 413 too.
const MAX_FORM: usize = 64 * 1024;

/// What becomes of a request.
pub(crate) enum Outcome {
    Answer {
        answer: Answer,
        faults: Vec<FaultKind>,
        order: u64,
    },
    /// The connection is closed without an answer.
    Close,
    /// Nothing happens any more, until the client gives up.
    Hang,
}

/// A request while it is acted upon.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a Arc<App>,
    pub(crate) config: Arc<Config>,
    pub(crate) head: &'a Head,
    pub(crate) request: Request,
    pub(crate) params: Params,
    pub(crate) session: Session,
    /// Message for this page.
    pub(crate) flash: Option<String>,
    /// Message for the next page.
    pub(crate) next_flash: Option<String>,
}

impl Call<'_> {
    /// A path of the application.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.config.context)
    }

    /// Play's redirect: always absolute.
    pub(crate) fn redirect(&self, path: &str) -> Answer {
        Answer::found(&self.request.absolute(&self.path(path)))
    }

    pub(crate) fn user(&self) -> Option<User> {
        self.app.user(&self.config, &self.session)
    }

    /// Time for the pages, in ms since 1970.
    pub(crate) fn now(&self) -> u64 {
        if self.config.frozen {
            clock::FROZEN_MS
        } else {
            clock::now_ms()
        }
    }

    /// Whether the request carries the session's token, or needs none.
    pub(crate) fn token_fits(&self) -> bool {
        !self.config.check_tokens
            || self.params.get("authenticityToken") == Some(self.session.token.as_str())
    }
}

/// Path below the context; `None` outside of it.
fn below<'p>(context: &str, path: &'p str) -> Option<&'p str> {
    match path.strip_prefix(context)? {
        "" => Some("/"),
        rest => rest.starts_with('/').then_some(rest),
    }
}

/// Serves one request. `from` is the connection's number and the peer's address.
pub(crate) async fn exchange(
    app: &Arc<App>,
    from: (u64, &str),
    head: &Head,
    body: &mut Body<'_>,
) -> io::Result<Outcome> {
    let config = app.config();
    let request = Request::read(&config, head, from.1);
    let session = Session::load(&config, request.session_cookie.as_deref());
    let order = app.begin_record(
        &config,
        record(app, &config, from.0, head, &request, &session),
    );
    let path = below(&config.context, &request.path)
        .unwrap_or_default()
        .to_owned();
    let route = routes::route(&config, &request.method, &path);
    let faults = app.take_faults(&path);

    let mut params = Params::from_query(&request.query);
    let read = if route.streams() {
        Ok(true)
    } else {
        read_fields(&config, head, body, &mut params).await
    };
    app.amend_record(order, |record| note_body(record, body));
    let fits = read?;

    if faults.contains(&FaultKind::Hang) {
        return Ok(Outcome::Hang);
    }
    if faults.contains(&FaultKind::Status500) {
        body.drain().await?;
        return Ok(Outcome::Answer {
            answer: pages::errors::failure(&config),
            faults,
            order,
        });
    }
    for fault in &faults {
        if let FaultKind::ActLate(time) = fault {
            sleep(*time).await;
        }
    }
    app.gates.pass(&path, Stage::Act).await;

    let flash = request.flash_cookie.as_deref().and_then(flash_message);
    let mut call = Call {
        app,
        config,
        head,
        request,
        params,
        session,
        flash,
        next_flash: None,
    };
    let before = call.user().map(|user| user.id);
    app.amend_record(order, |record| record.user_before = before);
    let mut answer = if call.request.unauthorized_proxy {
        body.drain().await?;
        pages::errors::failure(&call.config)
    } else if fits {
        act(&mut call, &route, body, order).await?
    } else {
        Answer::html(413, "Request entity too large")
    };
    if !matches!(route, Route::Static(_)) {
        finish(&mut call, &mut answer, order);
    }
    after(app, &path, answer, faults, order).await
}

/// Acts. A route that streams reads the body itself; what it left is read and dropped.
async fn act(
    call: &mut Call<'_>,
    route: &Route,
    body: &mut Body<'_>,
    order: u64,
) -> io::Result<Answer> {
    let mut answer = routes::act(call, route, body).await;
    if route.streams() {
        if answer.is_ok()
            && let Err(error) = body.drain().await
        {
            answer = Err(error);
        }
        call.app
            .amend_record(order, |record| note_body(record, body));
    }
    answer
}

/// Cookies of a dynamic answer, and who it belongs to.
fn finish(call: &mut Call<'_>, answer: &mut Answer, order: u64) {
    let after = call.user().map(|user| user.id);
    let id = call.session.id.clone();
    call.app.amend_record(order, |record| {
        record.user_after = after;
        record.session_id_after = Some(id);
    });
    if !answer.has("Cache-Control") {
        answer.set("Cache-Control", "no-cache");
    }
    for line in call
        .session
        .set_cookies(&call.config, call.next_flash.as_deref())
    {
        answer.headers.push(("Set-Cookie".to_owned(), line));
    }
    let extra = call.config.extra_headers.iter().cloned();
    answer.headers.extend(extra);
}

/// What happens between the action and its answer.
async fn after(
    app: &Arc<App>,
    path: &str,
    mut answer: Answer,
    faults: Vec<FaultKind>,
    order: u64,
) -> io::Result<Outcome> {
    app.gates.pass(path, Stage::Answer).await;
    for fault in &faults {
        match fault {
            FaultKind::AnswerLate(time) => sleep(*time).await,
            FaultKind::ActThenHang => return Ok(Outcome::Hang),
            FaultKind::ActThenClose => return Ok(Outcome::Close),
            FaultKind::ActThen500 => answer = pages::errors::failure(&app.config()),
            _ => {}
        }
    }
    Ok(Outcome::Answer {
        answer,
        faults,
        order,
    })
}

fn record(
    app: &App,
    config: &Config,
    connection: u64,
    head: &Head,
    request: &Request,
    session: &Session,
) -> Record {
    Record {
        connection,
        method: head.method.clone(),
        acted_method: request.method.clone(),
        target: head.target.clone(),
        path: request.path.clone(),
        request_line: head.request_line.clone(),
        header_lines: head.header_lines.clone(),
        session_cookie: request.session_cookie.clone(),
        session_id: (!session.fresh).then(|| session.id.clone()),
        user_at_arrival: lock(&app.state)
            .user_id(config.session_mode, session)
            .filter(|id| config.user(id).is_some()),
        remote_address: request.remote.clone(),
        ..Record::default()
    }
}

fn note_body(record: &mut Record, body: &Body<'_>) {
    record.body_length = body.length();
    record.body = body.kept().to_vec();
    record.body_sha256 = body.sha256();
}

/// Reads the fields of the body, whatever their coding. `false` says that it is too long.
async fn read_fields(
    config: &Config,
    head: &Head,
    body: &mut Body<'_>,
    params: &mut Params,
) -> io::Result<bool> {
    let kind = head.header("content-type").unwrap_or_default();
    if let Some(boundary) = multipart::boundary(kind) {
        let Some(form) = multipart::read(body, &boundary).await? else {
            return Ok(false);
        };
        params.body.extend(form.fields);
        params.files = form.files;
        return Ok(true);
    }
    let Some(bytes) = body.whole(MAX_FORM).await? else {
        return Ok(false);
    };
    if kind.starts_with("application/json") {
        if config.json_login {
            params.add_json(&bytes);
        }
    } else if kind.is_empty() || kind.starts_with("application/x-www-form-urlencoded") {
        params.add_form(&bytes);
    }
    Ok(true)
}
