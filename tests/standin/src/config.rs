//! Every switch of the stand-in, with the default that `spse44.md` section 9 ("Simulator minimum") names.
//!
//! A test changes a switch while the server runs with [`crate::Standin::set`]. A request sees the switches as
//! they were when its head had been read.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::users::{self, User};

/// Where the application keeps who is logged in (`spse44.md` section 2, cases A, B and C).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionMode {
    /// A: server-side under `___ID`; the cookie is the same before and after a login but for `___TS`.
    ServerSide,
    /// B: an extra key `userid` in the signed cookie; nothing is kept, so a copied cookie outlives a logout.
    InCookie,
    /// C: a login clears the session and makes a new `___ID` and `___AT`; the user is kept under the new id.
    NewId,
}

impl SessionMode {
    /// All three, for tests that run in each.
    pub const ALL: [Self; 3] = [Self::ServerSide, Self::InCookie, Self::NewId];
}

/// How the password reaches the application when a person uses the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginSteps {
    /// 4.4: user id on `/login`, password on `/loginpass`.
    Two,
    /// 4.3: one form, loaded as a fragment from `/publik/formlogin`.
    One,
}

/// What a request that logged somebody in is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginAnswer {
    /// 302 to `<context>/home`.
    Redirect,
    /// 200 with the home page itself.
    Page,
    /// 200 with a piece of HTML that names nobody by a header block.
    Fragment,
    /// 200 with JSON.
    Json,
    /// 200 with a CSV file to save.
    Attachment,
}

/// What a refused password is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginFailure {
    /// 302 back to the form, the reason in SPSE_FLASH.
    BackToForm,
    /// 302 to `<context>/` with a new, empty session (seen often enough in the field, `spse44.md` section 3).
    HomeWithoutSession,
}

/// What a private page says to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnonymousAnswer {
    /// 403 "Akses Ditolak! Session telah habis."
    Forbidden,
    /// 302 to `<context>/`.
    Redirect,
}

/// Play's `XForwardedSupport`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forwarded {
    /// X-Forwarded-* is not looked at.
    Off,
    /// Believed from everybody.
    All,
    /// Believed from these addresses; from others a request that has X-Forwarded-For gets a 500.
    Only(Vec<String>),
}

/// The header block that names the user, and ways for it to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderBlock {
    /// As `spse44.md` section 3 has it.
    Literal,
    /// Left out: a page of a build that the profile does not fit.
    Missing,
    /// `title` and `href` name two different users.
    Disagreeing,
    /// Twice, the second one naming another user.
    Doubled,
}

/// Something that goes wrong with requests whose path begins as said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Beginning of the path below the context, such as `/logout`.
    pub path: String,
    /// What goes wrong.
    pub kind: FaultKind,
    /// How many requests it still hits; `None` is all of them.
    pub times: Option<u32>,
}

/// What can go wrong. Unless said otherwise the request is acted upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Acted upon only after this time, client there or not (threats.md row 62).
    ActLate(Duration),
    /// Acted upon at once, answered after this time.
    AnswerLate(Duration),
    /// The body trickles: so many bytes each so often.
    SlowBody {
        /// Bytes per piece.
        bytes: usize,
        /// Time between two pieces.
        every: Duration,
    },
    /// A chunked body that never ends.
    EndlessBody,
    /// Bytes that are no HTTP, then the connection is closed.
    Garbage,
    /// 500 without acting.
    Status500,
    /// Acted upon, then 500.
    ActThen500,
    /// Never answered and not acted upon.
    Hang,
    /// Acted upon, never answered.
    ActThenHang,
    /// The head and so many bytes of the body, then the connection is closed.
    CutAfter(usize),
    /// The connection is closed instead of an answer; acted upon.
    ActThenClose,
    /// `Content-Encoding: gzip` whatever the client accepts.
    Gzip,
    /// `charset=utf-16`.
    Utf16,
    /// Acted upon, then answered with exactly these bytes, each piece in a segment of its own, and the
    /// connection is closed.
    Raw(Vec<Vec<u8>>),
}

/// All switches.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to bind, read once at the start. Default 127.0.0.1 with a port that is free.
    pub listen: SocketAddr,
    /// Context path without a slash at the end. Default `/eproc4`.
    pub context: String,
    /// `application.secret`, the key of the session cookie's HMAC-SHA1.
    pub secret: String,
    /// Where the logged-in user is kept. Default [`SessionMode::ServerSide`].
    pub session_mode: SessionMode,
    /// Idle time after which a session cookie is no longer valid. Default 30 minutes.
    pub session_life: Duration,
    /// `Secure` on the cookies. Default off.
    pub secure_cookie: bool,
    /// `SameSite` on the cookies. Default none.
    pub same_site: Option<String>,
    /// The user id of the first login step is kept in the cookie (key `loginid`) and not server-side. Default off.
    pub pending_in_cookie: bool,
    /// Default [`LoginSteps::Two`].
    pub login_steps: LoginSteps,
    /// The password form asks for a captcha. Default off.
    pub captcha: bool,
    /// Default [`LoginAnswer::Redirect`].
    pub login_answer: LoginAnswer,
    /// Default [`LoginFailure::BackToForm`].
    pub login_failure: LoginFailure,
    /// `authenticityToken` is checked where Play would. Default on.
    pub check_tokens: bool,
    /// Name of the password field, in the forms and where it is read: an update may change it. Default
    /// `txtPassword`.
    pub password_field: String,
    /// Where the forms of the login lead, below the context, instead of `/login` and `/loginpass`: an update
    /// may change it (nothing answers there). Default none.
    pub login_action: Option<String>,
    /// The login takes a JSON body too. Default off.
    pub json_login: bool,
    /// The header `X-HTTP-Method-Override` counts (Play 1.4.4). Default on.
    pub header_override: bool,
    /// `x-http-method-override=` in the query counts. Default on.
    pub query_override: bool,
    /// The catch-all route `/{controller}/{action}`. Default off.
    pub catch_all: bool,
    /// Tokens that `/sso/masuk?token=` takes, with the user id each is for. Default none.
    pub sso_tokens: Vec<(String, String)>,
    /// Default [`LoginAnswer::Redirect`].
    pub sso_answer: LoginAnswer,
    /// Codes that the lost-password form takes, with the user id each is for. Default none.
    pub reset_codes: Vec<(String, String)>,
    /// `XForwardedSupport`. Default [`Forwarded::All`].
    pub forwarded: Forwarded,
    /// X-Forwarded-Host replaces Host. Default off.
    pub forwarded_host: bool,
    /// Default [`AnonymousAnswer::Forbidden`].
    pub anonymous: AnonymousAnswer,
    /// The user who gets 403 on `/home` reads there the very text that nobody reads. Default off.
    pub home_403_says_expired: bool,
    /// Default [`HeaderBlock::Literal`].
    pub header_block: HeaderBlock,
    /// The home page lists messages, whose senders are marked up like the header block (threats.md row 59). Default on.
    pub messages_on_home: bool,
    /// Clock texts stand still and anonymous sessions get one fixed `___AT`, so that two walks over the public
    /// pages can be compared byte for byte. Default off.
    pub frozen: bool,
    /// Time between two events of `/notifikasi/arus`. Default 1 s.
    pub events_every: Duration,
    /// Event stream and WebSocket may be opened by nobody; they then say so until somebody logs in. Default on.
    pub events_for_all: bool,
    /// Connections are kept open. Default on.
    pub keep_alive: bool,
    /// Headers that every dynamic answer carries besides its own, such as a `Set-Cookie` that imitates one of the
    /// gateway's (threats.md row 46). Default none.
    pub extra_headers: Vec<(String, String)>,
    /// How many requests are remembered; the oldest go first. Default 100,000.
    pub record_limit: usize,
    /// What goes wrong. Default nothing.
    pub faults: Vec<Fault>,
    /// Who can log in. Default [`users::users`].
    pub users: Vec<User>,
    /// Name of the site. Default `LPSE Kabupaten Contoh`.
    pub site_name: String,
    /// What the footer calls the version. Default `SPSE v4.4u20210930`.
    pub version: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            context: "/eproc4".to_owned(),
            secret: "rahasia-aplikasi-spse-stand-in".to_owned(),
            session_mode: SessionMode::ServerSide,
            session_life: Duration::from_secs(30 * 60),
            secure_cookie: false,
            same_site: None,
            pending_in_cookie: false,
            login_steps: LoginSteps::Two,
            captcha: false,
            login_answer: LoginAnswer::Redirect,
            login_failure: LoginFailure::BackToForm,
            check_tokens: true,
            password_field: "txtPassword".to_owned(),
            login_action: None,
            json_login: false,
            header_override: true,
            query_override: true,
            catch_all: false,
            sso_tokens: Vec::new(),
            sso_answer: LoginAnswer::Redirect,
            reset_codes: Vec::new(),
            forwarded: Forwarded::All,
            forwarded_host: false,
            anonymous: AnonymousAnswer::Forbidden,
            home_403_says_expired: false,
            header_block: HeaderBlock::Literal,
            messages_on_home: true,
            frozen: false,
            events_every: Duration::from_secs(1),
            events_for_all: true,
            keep_alive: true,
            extra_headers: Vec::new(),
            record_limit: 100_000,
            faults: Vec::new(),
            users: users::users(),
            site_name: "LPSE Kabupaten Contoh".to_owned(),
            version: "SPSE v4.4u20210930".to_owned(),
        }
    }
}

impl Config {
    /// Adds a fault for every request whose path below the context begins with `path`.
    pub fn fault(&mut self, path: &str, kind: FaultKind) -> &mut Self {
        self.faults.push(Fault {
            path: path.to_owned(),
            kind,
            times: None,
        });
        self
    }

    /// Adds a fault for the next `times` requests whose path below the context begins with `path`.
    pub fn fault_times(&mut self, path: &str, kind: FaultKind, times: u32) -> &mut Self {
        self.faults.push(Fault {
            path: path.to_owned(),
            kind,
            times: Some(times),
        });
        self
    }

    /// The user with this id, as the application reads ids: trimmed and in upper case.
    #[must_use]
    pub fn user(&self, id: &str) -> Option<&User> {
        let id = users::fold(id);
        self.users.iter().find(|user| user.id == id)
    }

    /// Takes the faults that hit a request for `path` (below the context) and counts them down.
    pub(crate) fn take_faults(&mut self, path: &str) -> Vec<FaultKind> {
        let mut hit = Vec::new();
        for fault in &mut self.faults {
            if !path.starts_with(&fault.path) || fault.times == Some(0) {
                continue;
            }
            if let Some(times) = &mut fault.times {
                *times -= 1;
            }
            hit.push(fault.kind.clone());
        }
        hit
    }
}
