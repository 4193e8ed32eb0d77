//! The gateway's own pages: a request as plain values in, an `http::Response` out. One noun per
//! file; what a page may do lives in `flow/`, its words in `render/`.
//!
//! May import: everything below. To add a page: a file with its functions, a line in [`route`], a
//! context with samples in `render/`.

mod acceptor;
mod activation;
mod address;
mod assets;
mod by_phone;
pub mod cookies;
mod form;
mod help;
mod logout;
mod lost;
pub mod mails;
pub mod notice;
mod phone;
mod phone_api;
mod proof;
mod recover;
mod recovery;
pub mod reply;
mod reset;
mod status;
pub mod watch;

pub use self::phone_api::ACTIONS as PHONE_ACTIONS;
use crate::config::{Announcements, Contacts};
use crate::domain::login::Need;
use crate::flow::admit::{Carried, Cookies};
use crate::flow::{Client, Engine};
use crate::primitives::{Identity, UnixSeconds, WaitingRef};
use crate::render::{
    Contact, Frame, Lang, Message, Notice, Page, Renderer, SecretText, paths, with_lang,
};
use arc_swap::ArcSwap;
use bytes::Bytes;
use cookies::OwnCookies;
use form::Form;
use http::{HeaderMap, Method, Response, StatusCode};
use std::sync::Arc;

/// What all pages need.
pub struct Pages {
    /// The use cases.
    pub engine: Arc<Engine>,
    /// Words and contacts, which may be read anew while requests run.
    pub face: ArcSwap<Face>,
    /// The gateway's own cookies.
    pub cookies: OwnCookies,
    /// What stands around every page, but for language and path.
    pub frame: Frame,
    /// Host that a same-origin request names in Origin, with its scheme; `None` on loopback.
    pub origin: Option<String>,
    /// Address of the own pages by `public_url`, never by what a Host header says; no slash at the end.
    pub own_url: Option<String>,
}

/// What pages say, as far as it can change without a restart.
pub struct Face {
    /// The words.
    pub renderer: Arc<Renderer>,
    /// Whom to ask for help.
    pub contacts: Contacts,
    /// What is announced to whom.
    pub announcements: Announcements,
}

/// A request for one of the own pages.
pub struct PageRequest<'r> {
    /// Method.
    pub method: Method,
    /// Path below the own prefix, beginning with a slash.
    pub path: &'r str,
    /// Path and query as asked for, for links to the same page.
    pub this_path: &'r str,
    /// Query without the question mark.
    pub query: Option<&'r str>,
    /// Headers.
    pub headers: &'r HeaderMap,
    /// Body of a POST.
    pub body: Bytes,
    /// Cookies.
    pub cookies: Cookies<'r>,
    /// Session, as checked.
    pub carried: Carried,
    /// Who asks.
    pub client: &'r Client,
}

/// A page's answer.
pub type Reply = Response<Bytes>;

/// Whether what lies there depends on no session: the phone's app and its protocol, style and scripts.
pub fn is_for_everybody(path: &str) -> bool {
    path.starts_with(paths::STATIC) || path.starts_with(paths::PHONE)
}

/// Address of the page for a waiting login.
pub fn waiting_path(pages: &Pages, need: Need, reference: WaitingRef) -> String {
    acceptor::page_path(pages, need, reference)
}

/// Answers one request for an own page.
pub async fn route(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    let path = if request.path.is_empty() {
        "/"
    } else {
        request.path
    };
    let get = request.method == Method::GET || request.method == Method::HEAD;
    if get && let Some(asset) = assets::asset(pages, path, request.headers) {
        return asset;
    }
    if let Some(action) = path.strip_prefix(paths::PHONE_API) {
        return phone_api::answer(pages, request, action).await;
    }
    if !get && request.method != Method::POST {
        return pages.refuse(request, Notice::MethodNotAllowed);
    }
    if get {
        return shown(pages, request, path).await;
    }
    if !form::is_same_origin(
        request.headers,
        pages.origin.as_deref(),
        &request.client.host,
    ) {
        return pages.refuse(request, Notice::Forbidden);
    }
    let Some(form) = Form::parse(request.headers, &request.body) else {
        return pages.refuse(request, Notice::BadRequest(crate::render::BadRequest::Form));
    };
    sent(pages, request, path, &form).await
}

/// Answers GET and HEAD.
async fn shown(pages: &Pages, request: &PageRequest<'_>, path: &str) -> Reply {
    // Addresses that people type from paper: a slash behind them is forgiven.
    let trimmed = path.trim_end_matches('/');
    if trimmed != path && [paths::RESET, paths::HELP, paths::POSTER].contains(&trimmed) {
        return pages.to_page(request, trimmed);
    }
    match path {
        paths::STATUS => status::show(pages, request).await,
        paths::ACTIVATION => activation::show(pages, request).await,
        paths::ACCEPTOR => acceptor::show(pages, request).await,
        paths::ACCEPTOR_RECOVERY => recover::show(pages, request).await,
        paths::ACCEPTOR_RESET => lost::show(pages, request).await,
        paths::RECOVERY => recovery::show(pages, request).await,
        paths::EMAIL => address::show(pages, request).await,
        paths::EMAIL_CONFIRM => pages.to_page(request, paths::EMAIL),
        // Addresses of forms, opened by themselves: to the page that the form stands on.
        paths::ACCEPTOR_EXTEND | paths::ACCEPTOR_CANCEL | paths::ACCEPTOR_SWITCH => {
            pages.to_page(request, paths::ACCEPTOR)
        }
        paths::ACTIVATION_QR
        | paths::ACTIVATION_CANCEL
        | paths::ACTIVATION_LATER
        | paths::ACTIVATION_MAIL
        | paths::ACTIVATION_PROOF => pages.to_page(request, paths::ACTIVATION),
        paths::ENABLE | paths::DISABLE | paths::REPLACE | paths::RECOVERY_FILE => {
            pages.to_page(request, paths::STATUS)
        }
        paths::LOGOUT => logout::ask(pages, request).await,
        paths::HELP => help::show(pages, request),
        paths::POSTER => help::poster(pages, request),
        paths::PHONE => phone::show(pages, request),
        paths::PHONE_WORKER => match phone::worker(pages) {
            Some(worker) => worker,
            None => pages.refuse(request, Notice::Internal),
        },
        paths::PHONE_MANIFEST => phone::manifest(pages, request),
        paths::ACCEPTOR_POLL | paths::ACTIVATION_POLL => watch::poll(pages, request).await,
        paths::ACCEPTOR_PHONE => pages.to_page(request, paths::ACCEPTOR),
        paths::ACTIVATION_PHONE => pages.to_page(request, paths::ACTIVATION),
        paths::RESET => reset::show(pages, request),
        paths::RESET_CONFIRM => reset::look(pages, request).await,
        paths::RESET_DENY => reset::question(pages, request).await,
        _ => pages.refuse(request, Notice::NotFound),
    }
}

/// Answers a form.
async fn sent(pages: &Pages, request: &PageRequest<'_>, path: &str, form: &Form) -> Reply {
    match path {
        paths::ENABLE => status::enable(pages, request, form),
        paths::DISABLE => status::disable(pages, request, form).await,
        paths::ACTIVATION => activation::confirm(pages, request, form).await,
        paths::ACTIVATION_QR => activation::renew(pages, request, form).await,
        paths::ACTIVATION_CANCEL => activation::cancel(pages, request, form).await,
        paths::ACTIVATION_LATER => proof::later(pages, request, form).await,
        paths::ACTIVATION_PROOF => proof::prove(pages, request, form).await,
        paths::ACTIVATION_MAIL => proof::mail(pages, request, form).await,
        paths::ACCEPTOR => acceptor::verify(pages, request, form).await,
        paths::ACCEPTOR_EXTEND => acceptor::extend(pages, request, form).await,
        paths::ACCEPTOR_PHONE => by_phone::take_up(pages, request, form).await,
        paths::ACTIVATION_PHONE => by_phone::take_in(pages, request, form).await,
        paths::ACCEPTOR_CANCEL => acceptor::cancel(pages, request, form).await,
        paths::ACCEPTOR_SWITCH => recover::turn(pages, request, form).await,
        paths::ACCEPTOR_RECOVERY => recover::verify(pages, request, form).await,
        paths::ACCEPTOR_RESET => lost::prove(pages, request, form).await,
        paths::RECOVERY => recovery::renew(pages, request, form).await,
        paths::EMAIL => address::typed(pages, request, form).await,
        paths::EMAIL_CONFIRM => address::confirm(pages, request, form).await,
        paths::RECOVERY_FILE => recovery::file(pages, request, form).await,
        paths::REPLACE => recovery::replace(pages, request, form).await,
        paths::RESET => reset::ask(pages, request, form).await,
        paths::RESET_CONFIRM => reset::confirm(pages, request, form).await,
        paths::RESET_DENY => reset::deny(pages, request, form).await,
        paths::LOGOUT => logout::logout(pages, request, form).await,
        _ => pages.refuse(request, Notice::NotFound),
    }
}

impl Pages {
    /// The words of this moment.
    pub(crate) fn renderer(&self) -> Arc<Renderer> {
        self.face.load().renderer.clone()
    }

    /// Scheme, host and port of the site as its users know it: never as a header says it, but on
    /// loopback, where there is no other name.
    pub(crate) fn origin_of(&self, request: &PageRequest<'_>) -> String {
        self.origin.clone().unwrap_or_else(|| {
            let host = String::from_utf8_lossy(&request.client.host);
            format!("http://{host}")
        })
    }

    /// The frame of one request's page.
    pub(crate) fn frame_for(&self, request: &PageRequest<'_>) -> Frame {
        let accept = request.headers.get(http::header::ACCEPT_LANGUAGE);
        let accept = accept.and_then(|value| value.to_str().ok());
        Frame {
            lang: Lang::choose(request.query, accept),
            this_path: request.this_path.to_owned(),
            ..self.frame.clone()
        }
    }

    /// The same for a page whose GET address is another than what was asked for, as after a POST.
    pub(crate) fn frame_at(&self, request: &PageRequest<'_>, path: String) -> Frame {
        let frame = self.frame_for(request);
        let chosen = form::query_value(request.query, "lang").and_then(|code| Lang::parse(&code));
        let this_path = match chosen {
            Some(lang) => with_lang(&path, lang),
            None => path,
        };
        Frame { this_path, ..frame }
    }

    /// A page in its frame; one that cannot be rendered is an error of ours.
    pub(crate) fn answer(
        &self,
        request: &PageRequest<'_>,
        page: &Page,
        frame: &Frame,
        status: StatusCode,
    ) -> Reply {
        match self.renderer().page(page, frame) {
            Ok(body) => reply::html(status, body),
            Err(error) => {
                tracing::error!(%error, page = page.name(), "a page could not be rendered");
                self.refuse(request, Notice::Internal)
            }
        }
    }

    /// A redirect to an own page in the language that was chosen.
    pub(crate) fn to_own(&self, request: &PageRequest<'_>, path: &str) -> Reply {
        reply::see_other(&self.frame_at(request, path.to_owned()).this_path)
    }

    /// To a page of its own, by its path in [`paths`].
    pub(crate) fn to_page(&self, request: &PageRequest<'_>, path: &str) -> Reply {
        self.to_own(request, &format!("{}{path}", self.frame.base))
    }

    /// Contacts for an account, or for everybody.
    pub fn contacts_for(&self, identity: Option<&Identity>) -> Vec<Contact> {
        let user_type = identity.map(|who| who.account.user_type.as_str());
        self.contacts_of(user_type, identity.map(|who| who.role.as_str()))
    }

    /// All contacts, the one for everybody first: where nobody knows who asks.
    pub(crate) fn contacts_of_all(&self) -> Vec<Contact> {
        let mut all = self.contacts_for(None);
        let face = self.face.load();
        for listed in face.contacts.listed().iter().map(help::shown) {
            if !all.contains(&listed) {
                all.push(listed);
            }
        }
        all
    }

    /// Contacts for a user type and a role, where they are known.
    pub(crate) fn contacts_of(&self, user_type: Option<&str>, role: Option<&str>) -> Vec<Contact> {
        let face = self.face.load();
        vec![help::shown(face.contacts.contact_for(user_type, role))]
    }

    /// A refusal in the user's language, as a page or as JSON.
    pub(crate) fn refuse(&self, request: &PageRequest<'_>, notice: Notice) -> Reply {
        self.refuse_for(request, notice, None)
    }

    /// The same with the contact of an account.
    pub(crate) fn refuse_for(
        &self,
        request: &PageRequest<'_>,
        notice: Notice,
        identity: Option<&Identity>,
    ) -> Reply {
        let frame = self.frame_for(request);
        let message = Message {
            notice,
            contacts: self.contacts_for(identity),
            request_id: Some(request.client.request_id.clone()),
        };
        notice::reply(self, &message, &frame, true)
    }

    /// Time of day for people, with the zone's name.
    pub(crate) fn clock_text(&self, now: UnixSeconds) -> String {
        self.engine.settings.zone.clock(now)
    }

    /// Date and time for people, with the zone's name.
    pub(crate) fn date_text(&self, at: UnixSeconds) -> String {
        self.engine.settings.zone.date(at)
    }

    /// The value of a form's `csrf` field.
    pub(crate) fn csrf(&self, bound_to: &[u8]) -> SecretText {
        SecretText::new(self.engine.seals.form_token(bound_to))
    }
}
