//! What Apendo calls below `/lt17`: authorised by an access token that a logged-in user has fetched, by nothing
//! else; its cookie jar may be empty (`spse44.md` section 5).

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::app::lock;
use crate::exchange::Call;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::pages::errors;
use crate::play::session::uuid;
use crate::routes::Apendo;
use crate::uploads;
use crate::users::User;

/// `/lt17/token`: a private page with a new token.
pub(crate) fn token_page(call: &Call<'_>, user: &User) -> String {
    let content = json!({"u": user.id, "r": uuid()}).to_string();
    let token = URL_SAFE_NO_PAD.encode(content);
    lock(&call.app.state)
        .tokens
        .insert(token.clone(), user.id.clone());
    let address = call.request.absolute(&call.path(&format!("/lt17/{token}")));
    format!(
        "<div class=\"card\"><h3>Token Apendo</h3>\n<p>Salin alamat ini ke Apendo:</p>\n<p><input type=\"text\" id=\"apendoToken\" readonly value=\"{address}\" aria-label=\"Token\"></p></div>"
    )
}

/// The owner of the request's token, if its signature header looks as Apendo makes it.
fn owner(call: &Call<'_>, token: Option<&str>) -> Option<User> {
    let token = token.or_else(|| call.params.get("access_token"))?;
    if call
        .head
        .header("apendo-signature")
        .is_some_and(|text| !well_formed(text))
    {
        return None;
    }
    let id = lock(&call.app.state).tokens.get(token).cloned()?;
    call.config.user(&id).cloned()
}

/// `<ms>|<nonce>|<base64 of 20 bytes>`: the server looks at the form only.
fn well_formed(signature: &str) -> bool {
    let parts: Vec<&str> = signature.split('|').collect();
    let [time, nonce, mac] = parts.as_slice() else {
        return false;
    };
    time.bytes().all(|byte| byte.is_ascii_digit())
        && !nonce.is_empty()
        && STANDARD.decode(mac).is_ok_and(|bytes| bytes.len() == 20)
}

fn refused() -> Answer {
    let mut answer = Answer::json(&json!({"status": "error", "pesan": "access_token tidak valid"}));
    answer.status = 403;
    answer
}

/// Information and download.
pub(crate) fn answer(call: &Call<'_>, step: &Apendo) -> Answer {
    match step {
        Apendo::Info(token) => match owner(call, token.as_deref()) {
            Some(user) => Answer::json(&json!({
                "status": "ok", "versi": "5.1.5", "userid": user.id, "rahasia": user.canary(),
            })),
            None => refused(),
        },
        Apendo::Download => match owner(call, None) {
            Some(user) => {
                let id = call.params.get("id").unwrap_or("0");
                let line = format!("{} paket {id}\n", user.canary());
                let size = call.params.number("bytes").unwrap_or(4_096);
                Answer::file("paket.rhs", "application/octet-stream", &line, size)
            }
            None => refused(),
        },
        // Streams, and is routed past this function.
        Apendo::Submit => errors::missing(call),
    }
}

/// `POST /lt17/submit_info_teknis`: a form with files.
pub(crate) async fn submit(call: &Call<'_>, body: &mut Body<'_>) -> io::Result<Answer> {
    let form = uploads::read_form(call, body).await?;
    let Some(user) = owner(call, None) else {
        return Ok(refused());
    };
    let Some(form) = form else {
        return Ok(Answer::html(400, "Bad request"));
    };
    let count = form.files.len() + form.fields.len();
    uploads::note(call, &user.id, "/lt17/submit_info_teknis", form.files);
    Ok(Answer::json(
        &json!({"status": "ok", "jumlah": count, "rahasia": user.canary()}),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_of_a_signature_counts() {
        let mac = STANDARD.encode([7u8; 20]);
        assert!(well_formed(&format!("1650186600000|abc|{mac}")));
        assert!(!well_formed(&format!("1650186600000|{mac}")));
        assert!(!well_formed("1|a|AAAA"));
    }
}
