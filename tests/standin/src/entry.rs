//! Ways in and out: the login in one step or two, SSO hop, lost password, logout.

use serde_json::json;

use crate::app::{Access, Pending, State, lock};
use crate::captcha;
use crate::clock;
use crate::config::{LoginAnswer, LoginFailure, SessionMode};
use crate::exchange::Call;
use crate::http::answer::Answer;
use crate::pages::{errors, forms, private};
use crate::play::session::USER_KEY;
use crate::routes::Entry;
use crate::users::{User, UserType, fold};

/// Key of the waiting user id in the cookie, with [`crate::Config::pending_in_cookie`].
const PENDING_KEY: &str = "loginid";

/// Why a login was refused; the words are SPSE's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    WrongPassword,
    WrongCaptcha,
    /// A field came twice in the body.
    Doubled,
}

impl Refusal {
    fn text(self) -> &'static str {
        match self {
            Self::WrongPassword => "User ID dan Password Salah",
            Self::WrongCaptcha => "Kode Keamanan (captcha) salah",
            Self::Doubled => "Data yang dikirim tidak valid",
        }
    }
}

pub(crate) fn answer(call: &mut Call<'_>, entry: Entry) -> Answer {
    match entry {
        Entry::TypeChoice => forms::type_choice(call),
        Entry::OneStepForm => forms::one_step(call),
        Entry::UserForm => forms::user_id(call),
        Entry::PasswordForm => match pending(call) {
            Some(pending) => forms::password(call, pending.kind),
            None => call.redirect("/"),
        },
        Entry::UserPost => with_token(call, user_post),
        Entry::PasswordPost => with_token(call, |call| password_post(call, "/loginpass")),
        Entry::Captcha => draw_captcha(call),
        Entry::Sso => sso(call),
        Entry::LostForm => forms::lost_password(call, None),
        Entry::LostPost => with_token(call, |call| {
            forms::lost_password(
                call,
                Some("Link untuk mengganti password telah dikirim ke email Anda."),
            )
        }),
        Entry::ResetForm => forms::reset_password(call),
        Entry::ResetPost => with_token(call, reset_post),
        Entry::Logout => logout(call),
    }
}

/// Play's `checkAuthenticity()`.
pub(crate) fn with_token(
    call: &mut Call<'_>,
    action: impl FnOnce(&mut Call<'_>) -> Answer,
) -> Answer {
    if call.token_fits() {
        action(call)
    } else {
        errors::bad_token()
    }
}

fn kind(call: &Call<'_>) -> Option<UserType> {
    match call.params.get("isRekanan") {
        Some("true") => Some(UserType::Penyedia),
        Some("false") => Some(UserType::NonPenyedia),
        _ => call.params.get("tipe").and_then(UserType::from_word),
    }
}

/// Who has given his user id in this session.
fn pending(call: &Call<'_>) -> Option<Pending> {
    if let Some(text) = call.session.get(PENDING_KEY) {
        let (word, user_id) = text.split_once(':')?;
        return Some(Pending {
            user_id: user_id.to_owned(),
            kind: UserType::from_word(word),
        });
    }
    lock(&call.app.state).pending.get(&call.session.id).cloned()
}

/// `POST /login`: the user id, or in one step the password too.
fn user_post(call: &mut Call<'_>) -> Answer {
    if call.params.get(&call.config.password_field).is_some() {
        return password_post(call, "/login");
    }
    let Ok(Some(user_id)) = call.params.once("txtUserId").map(|id| id.map(fold)) else {
        return refuse(call, Refusal::Doubled, "/login");
    };
    let kind = kind(call);
    if call.config.pending_in_cookie {
        let word = kind.map_or("", UserType::word);
        call.session.put(PENDING_KEY, &format!("{word}:{user_id}"));
    } else {
        let pending = Pending { user_id, kind };
        lock(&call.app.state)
            .pending
            .insert(call.session.id.clone(), pending);
    }
    call.redirect("/loginpass")
}

/// The password, on whichever of the two paths it came.
fn password_post(call: &mut Call<'_>, form: &str) -> Answer {
    match judge(call) {
        Ok(user) => {
            let answer = call.config.login_answer;
            complete(call, &user, answer)
        }
        Err(refusal) => refuse(call, refusal, form),
    }
}

/// Who the fields log in. The id comes from the query, else the body, else the first step.
fn judge(call: &Call<'_>) -> Result<User, Refusal> {
    let field = |name: &str| call.params.once(name).map_err(|_| Refusal::Doubled);
    let waiting = pending(call);
    let one_step = field("txtUserId")?;
    let password = field(&call.config.password_field)?.unwrap_or_default();
    if call.config.captcha && one_step.is_none() {
        let typed = field("txtCode")?.unwrap_or_default().trim().to_lowercase();
        let state = lock(&call.app.state);
        let shown = state
            .captchas
            .get(&call.session.id)
            .map(|code| code.to_lowercase());
        if typed.is_empty() || shown.as_deref() != Some(typed.as_str()) {
            return Err(Refusal::WrongCaptcha);
        }
    }
    let id = one_step
        .map(str::to_owned)
        .or_else(|| waiting.as_ref().map(|w| w.user_id.clone()));
    let user = id
        .and_then(|id| call.config.user(&id).cloned())
        .ok_or(Refusal::WrongPassword)?;
    let kind = kind(call).or_else(|| waiting.and_then(|w| w.kind));
    let kind_fits = kind.is_none_or(|kind| kind == user.kind);
    let fits = kind_fits && lock(&call.app.state).password_fits(&user, password);
    if fits {
        Ok(user)
    } else {
        Err(Refusal::WrongPassword)
    }
}

fn refuse(call: &mut Call<'_>, refusal: Refusal, form: &str) -> Answer {
    match call.config.login_failure {
        LoginFailure::BackToForm => {
            call.next_flash = Some(refusal.text().to_owned());
            // Without a first step the password form has nothing to ask for.
            let form = if pending(call).is_none() {
                "/login"
            } else {
                form
            };
            call.redirect(form)
        }
        LoginFailure::HomeWithoutSession => {
            forget(&mut lock(&call.app.state), &call.session.id);
            call.session.clear(&call.config);
            call.redirect("/")
        }
    }
}

fn forget(state: &mut State, session_id: &str) {
    state.pending.remove(session_id);
    state.captchas.remove(session_id);
    state.logins.remove(session_id);
}

/// Makes the session the user's, in the way of the mode, and answers.
pub(crate) fn complete(call: &mut Call<'_>, user: &User, answer: LoginAnswer) -> Answer {
    let mut state = lock(&call.app.state);
    state.pending.remove(&call.session.id);
    state.captchas.remove(&call.session.id);
    call.session.remove(PENDING_KEY);
    match call.config.session_mode {
        SessionMode::InCookie => call.session.put(USER_KEY, &user.id),
        SessionMode::ServerSide => {
            state
                .logins
                .insert(call.session.id.clone(), user.id.clone());
        }
        SessionMode::NewId => {
            // The old id's entry stays, as an entry of Play's cache would.
            call.session.clear(&call.config);
            state
                .logins
                .insert(call.session.id.clone(), user.id.clone());
        }
    }
    let at_ms = if call.config.frozen {
        clock::FROZEN_MS
    } else {
        clock::now_ms()
    };
    let address = call.request.remote.clone();
    state.access.push(Access {
        user_id: user.id.clone(),
        at_ms,
        address,
    });
    drop(state);
    logged_in_answer(call, user, answer)
}

fn logged_in_answer(call: &mut Call<'_>, user: &User, answer: LoginAnswer) -> Answer {
    let canary = user.canary();
    match answer {
        LoginAnswer::Redirect => call.redirect("/home"),
        LoginAnswer::Page => private::home(call, user),
        LoginAnswer::Fragment => Answer::html(
            200,
            format!("<div class=\"alert alert-success\">Login berhasil. {canary}</div>\n"),
        ),
        LoginAnswer::Json => {
            Answer::json(&json!({"status": "ok", "url": call.path("/home"), "rahasia": canary}))
        }
        LoginAnswer::Attachment => {
            let text = format!("userid;rahasia\r\n{};{canary}\r\n", user.id);
            Answer::new(200, "text/csv; charset=utf-8", text)
                .with("Content-Disposition", "attachment; filename=\"login.csv\"")
        }
    }
}

fn draw_captcha(call: &mut Call<'_>) -> Answer {
    let code = captcha::code();
    let picture = captcha::picture(&code);
    let mut state = lock(&call.app.state);
    state.last_captcha = Some(code.clone());
    state.captchas.insert(call.session.id.clone(), code);
    Answer::new(200, "image/png", picture).with("Cache-Control", "no-store")
}

/// A hop in from another application of LKPP, with a token that this one has made.
fn sso(call: &mut Call<'_>) -> Answer {
    let token = call.params.get("token").unwrap_or_default();
    let known = call
        .config
        .sso_tokens
        .iter()
        .find(|(known, _)| known == token);
    let user = known.and_then(|(_, id)| call.config.user(id)).cloned();
    match user {
        Some(user) => {
            let answer = call.config.sso_answer;
            complete(call, &user, answer)
        }
        None => errors::denied(call, "Akses Ditolak! Token tidak valid."),
    }
}

/// The last step of a lost password: a new one is set, and its owner is logged in.
fn reset_post(call: &mut Call<'_>) -> Answer {
    let code = call.params.get("kode").unwrap_or_default();
    let known = call
        .config
        .reset_codes
        .iter()
        .find(|(known, _)| known == code);
    let Some(user) = known.and_then(|(_, id)| call.config.user(id)).cloned() else {
        return errors::denied(call, "Akses Ditolak! Link sudah tidak berlaku.");
    };
    let password = call
        .params
        .get("txtPasswordBaru")
        .unwrap_or_default()
        .to_owned();
    if password.is_empty() {
        return errors::denied(call, "Password baru wajib diisi.");
    }
    lock(&call.app.state)
        .passwords
        .insert(user.id.clone(), password);
    let answer = call.config.login_answer;
    complete(call, &user, answer)
}

fn logout(call: &mut Call<'_>) -> Answer {
    forget(&mut lock(&call.app.state), &call.session.id);
    call.session.remove(USER_KEY);
    call.session.remove(PENDING_KEY);
    if call.config.session_mode != SessionMode::ServerSide {
        call.session.clear(&call.config);
    }
    call.redirect("/")
}
