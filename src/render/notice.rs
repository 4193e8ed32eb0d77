//! Every refusal: one variant, one code, one status, three sentences (title, what happened, what
//! to do).

use super::contact::{self, Contact};
use super::frame::LocalPath;
use super::page::View;
use super::problem::WordsError;
use super::words::{Say, Words};
use serde_json::json;

/// Why something is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The request itself is broken.
    BadRequest(BadRequest),
    /// No site is configured for this Host.
    UnknownHost,
    /// http where only https is served.
    PlainHttp,
    /// No such page of the gateway.
    NotFound,
    /// The body is larger than allowed.
    TooLarge,
    /// The request line is too long.
    UriTooLong,
    /// Headers or cookies are too long.
    HeadTooLong,
    /// A content type that is not read here.
    UnsupportedMedia,
    /// The page does not know this method.
    MethodNotAllowed,
    /// A login or other work of this browser is under way, and this has to wait for it.
    LoginBusy {
        /// When to try again, in seconds.
        retry_seconds: u32,
    },
    /// The password was accepted, but the upstream's page does not fit the profile.
    IdentityUnreadable,
    /// Store or key unusable: logins pause, public pages stay open.
    StoreUnavailable,
    /// The clock of the server went wrong.
    ClockWrong,
    /// The upstream refuses connections or breaks off.
    UpstreamDown,
    /// The upstream's answer cannot be judged (coding, charset, garbage).
    UpstreamUnreadable,
    /// The upstream does not answer in time.
    UpstreamSlow,
    /// The waiting login or the session is over.
    SessionClosed,
    /// The waiting login was accepted, and the browser does not hold its session.
    AlreadyAccepted,
    /// A login waits in this browser for its second factor.
    WaitingHere {
        /// Its activation or acceptor.
        to: LocalPath,
    },
    /// Logged out of both sides.
    LoggedOut,
    /// Who lost the authenticator asks the help desk: no mail can be sent here.
    ResetAtDesk,
    /// A mailed link opens nothing any more.
    ResetOver,
    /// No waiting login belongs to this ticket and reference.
    TicketUnknown,
    /// The form's csrf value is wrong or missing.
    Forbidden,
    /// Too many requests from this address.
    TooManyRequests {
        /// When to try again, in seconds.
        retry_seconds: u32,
    },
    /// The gateway itself failed.
    Internal,
}

/// What is broken about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadRequest {
    /// Lengths, line ends, NUL, or anything else below the forms.
    Malformed,
    /// A path that is not canonical, or bad percent-encoding.
    Address,
    /// Duplicate, oversized or damaged cookies of the gateway.
    Cookie,
    /// A form of the gateway that lacks a field or is unreadable.
    Form,
    /// A method override.
    Override,
    /// An upgrade that the profile does not allow.
    Upgrade,
}

impl BadRequest {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Malformed,
        Self::Address,
        Self::Cookie,
        Self::Form,
        Self::Override,
        Self::Upgrade,
    ];
}

impl Notice {
    /// Stable code for scripts and logs; also the name of its messages below `notice.`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadRequest(BadRequest::Malformed) => "bad_request_malformed",
            Self::BadRequest(BadRequest::Address) => "bad_request_address",
            Self::BadRequest(BadRequest::Cookie) => "bad_request_cookie",
            Self::BadRequest(BadRequest::Form) => "bad_request_form",
            Self::BadRequest(BadRequest::Override) => "bad_request_override",
            Self::BadRequest(BadRequest::Upgrade) => "bad_request_upgrade",
            Self::UnknownHost => "unknown_host",
            Self::PlainHttp => "plain_http",
            Self::NotFound => "not_found",
            Self::TooLarge => "too_large",
            Self::UriTooLong => "uri_too_long",
            Self::HeadTooLong => "head_too_long",
            Self::UnsupportedMedia => "unsupported_media",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::LoginBusy { .. } => "login_busy",
            Self::IdentityUnreadable => "identity_unreadable",
            Self::StoreUnavailable => "store_unavailable",
            Self::ClockWrong => "clock_wrong",
            Self::UpstreamDown => "upstream_down",
            Self::UpstreamUnreadable => "upstream_unreadable",
            Self::UpstreamSlow => "upstream_slow",
            Self::SessionClosed => "session_closed",
            Self::AlreadyAccepted => "already_accepted",
            Self::WaitingHere { .. } => "waiting_here",
            Self::LoggedOut => "logged_out",
            Self::ResetAtDesk => "reset_at_desk",
            Self::ResetOver => "reset_over",
            Self::TicketUnknown => "ticket_unknown",
            Self::Forbidden => "forbidden",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::Internal => "internal",
        }
    }

    /// The HTTP status that fits (RFC 9110, RFC 6585).
    pub fn status(&self) -> u16 {
        match self {
            Self::LoggedOut | Self::ResetAtDesk => 200,
            Self::BadRequest(_) => 400,
            Self::SessionClosed
            | Self::AlreadyAccepted
            | Self::WaitingHere { .. }
            | Self::TicketUnknown => 401,
            Self::Forbidden | Self::PlainHttp => 403,
            Self::NotFound => 404,
            Self::ResetOver => 410,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::UriTooLong => 414,
            Self::UnsupportedMedia => 415,
            Self::UnknownHost => 421,
            Self::TooManyRequests { .. } => 429,
            Self::HeadTooLong => 431,
            Self::Internal => 500,
            Self::UpstreamDown | Self::UpstreamUnreadable => 502,
            Self::LoginBusy { .. }
            | Self::IdentityUnreadable
            | Self::StoreUnavailable
            | Self::ClockWrong => 503,
            Self::UpstreamSlow => 504,
        }
    }

    /// Value of Retry-After in seconds, where waiting helps.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::LoginBusy { retry_seconds } | Self::TooManyRequests { retry_seconds } => {
                Some(*retry_seconds)
            }
            _ => None,
        }
    }

    fn link(&self) -> (Option<&LocalPath>, Say) {
        match self {
            Self::WaitingHere { to } => (Some(to), Say::key("notice.to_waiting")),
            Self::SessionClosed | Self::AlreadyAccepted | Self::TicketUnknown | Self::LoggedOut => {
                (None, Say::key("common.login_again"))
            }
            _ => (None, Say::key("common.back_home")),
        }
    }

    /// Whether what is to be done is to ask somebody.
    fn sends_to_contact(&self) -> bool {
        matches!(
            self,
            Self::IdentityUnreadable
                | Self::StoreUnavailable
                | Self::ClockWrong
                | Self::UpstreamDown
                | Self::UpstreamUnreadable
                | Self::SessionClosed
                | Self::ResetAtDesk
                | Self::ResetOver
                | Self::Internal
        )
    }

    fn todo(&self, contacts: &[Contact], words: &Words) -> Result<Say, WordsError> {
        let say = Say::key(format!("notice.{}.todo", self.code()));
        if self.sends_to_contact() {
            return Ok(say.with("contact", contact::spoken(contacts, words)?));
        }
        Ok(match self.retry_after() {
            Some(seconds) => say.with("seconds", seconds),
            None => say,
        })
    }

    /// One of each.
    pub fn all_samples() -> Vec<Self> {
        let mut all: Vec<Self> = BadRequest::ALL.into_iter().map(Self::BadRequest).collect();
        all.extend([
            Self::UnknownHost,
            Self::PlainHttp,
            Self::NotFound,
            Self::TooLarge,
            Self::UriTooLong,
            Self::HeadTooLong,
            Self::UnsupportedMedia,
            Self::MethodNotAllowed,
            Self::LoginBusy { retry_seconds: 10 },
            Self::IdentityUnreadable,
            Self::StoreUnavailable,
            Self::ClockWrong,
            Self::UpstreamDown,
            Self::UpstreamUnreadable,
            Self::UpstreamSlow,
            Self::SessionClosed,
            Self::AlreadyAccepted,
            Self::LoggedOut,
            Self::ResetAtDesk,
            Self::ResetOver,
            Self::TicketUnknown,
            Self::Forbidden,
            Self::TooManyRequests { retry_seconds: 30 },
            Self::Internal,
        ]);
        let to = LocalPath::parse("/eproc4/gerbang/acceptor?r=AAECAwQFBgc");
        all.extend(to.map(|to| Self::WaitingHere { to }));
        all
    }
}

/// A refusal with whom to ask and how to find it in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What happened.
    pub notice: Notice,
    /// Contacts of the role, or of the site where nobody is known.
    pub contacts: Vec<Contact>,
    /// Id of the request in the log.
    pub request_id: Option<String>,
}

impl Message {
    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        let code = self.notice.code();
        let (href, label) = self.notice.link();
        let title = Say::key(format!("notice.{code}.title"));
        let tone = if self.notice.status() == 200 {
            "success"
        } else {
            "notice"
        };
        let contacts = if self.notice.sends_to_contact() {
            contact::full_views(&self.contacts)
        } else {
            contact::views(&self.contacts)
        };
        Ok(View::new(
            title,
            json!({
                "tone": tone,
                "what": Say::key(format!("notice.{code}.what")),
                "todo": self.notice.todo(&self.contacts, words)?,
                "link": { "href": href.map(LocalPath::as_str), "label": label },
                "contacts": contacts,
                "request_id": self.request_id,
            }),
        ))
    }

    /// What happened and what to do, in one line.
    pub(super) fn sentence(&self, words: &Words) -> Result<String, WordsError> {
        let what = words.say(&Say::key(format!("notice.{}.what", self.notice.code())))?;
        let todo = words.say(&self.notice.todo(&self.contacts, words)?)?;
        Ok(format!("{what} {todo}"))
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let bare = Self {
            notice: Notice::StoreUnavailable,
            contacts: Vec::new(),
            request_id: None,
        };
        let mut samples = vec![("message_bare".to_owned(), bare)];
        samples.extend(Notice::all_samples().into_iter().map(|notice| {
            let name = format!("message_{}", notice.code());
            let contacts = Contact::samples().into_iter().take(1).collect();
            (
                name,
                Self {
                    notice,
                    contacts,
                    request_id: Some("5f3a9c01".to_owned()),
                },
            )
        }));
        samples
    }
}
