//! Resumable uploads: tus 1.0.0 with creation and termination (`spse44.md` section 5).

use std::io;

use ring::digest;

use crate::app::{TusUpload, lock};
use crate::exchange::Call;
use crate::http::answer::Answer;
use crate::http::body::{Body, hex};
use crate::pages::{errors, private};
use crate::play::multipart::FilePart;
use crate::play::session::uuid;
use crate::uploads;
use crate::users::User;

/// Largest upload, in bytes: above what a web server in front allows, so that its limit is the one that shows.
const MAX_SIZE: u64 = 4 << 30;

fn reply(status: u16) -> Answer {
    Answer::empty(status)
        .with("Tus-Resumable", "1.0.0")
        .with("Cache-Control", "no-store")
}

/// Everything below `/tus/`.
pub(crate) async fn answer(
    call: &Call<'_>,
    id: Option<&str>,
    body: &mut Body<'_>,
) -> io::Result<Answer> {
    let method = call.request.method.as_str();
    if method == "OPTIONS" {
        return Ok(reply(204)
            .with("Tus-Version", "1.0.0")
            .with("Tus-Extension", "creation,termination")
            .with("Tus-Max-Size", MAX_SIZE.to_string()));
    }
    let user = match private::gate(call, false) {
        Ok(user) => user,
        Err(refused) => return Ok(refused),
    };
    Ok(match (method, id) {
        ("POST", None) => create(call, &user),
        ("HEAD", Some(id)) => status(call, &user, id),
        ("PATCH", Some(id)) => append(call, &user, id, body).await?,
        ("DELETE", Some(id)) => {
            let known = owned(call, &user, id).is_some();
            lock(&call.app.state).tus.remove(id);
            reply(if known { 204 } else { 404 })
        }
        _ => errors::missing(call),
    })
}

fn header_number(call: &Call<'_>, name: &str) -> Option<u64> {
    call.head.header(name)?.trim().parse().ok()
}

fn owned(call: &Call<'_>, user: &User, id: &str) -> Option<TusUpload> {
    lock(&call.app.state)
        .tus
        .get(id)
        .filter(|upload| upload.owner == user.id)
        .cloned()
}

fn create(call: &Call<'_>, user: &User) -> Answer {
    let Some(length) = header_number(call, "upload-length") else {
        return reply(400);
    };
    if length > MAX_SIZE {
        return reply(413);
    }
    let id = uuid();
    let hash = digest::Context::new(&digest::SHA256);
    let upload = TusUpload {
        owner: user.id.clone(),
        length,
        offset: 0,
        hash,
    };
    lock(&call.app.state).tus.insert(id.clone(), upload);
    let location = call.request.absolute(&call.path(&format!("/tus/{id}")));
    reply(201)
        .with("Location", location)
        .with("Upload-Offset", "0")
}

fn status(call: &Call<'_>, user: &User, id: &str) -> Answer {
    match owned(call, user, id) {
        None => reply(404),
        Some(upload) => reply(200)
            .with("Upload-Offset", upload.offset.to_string())
            .with("Upload-Length", upload.length.to_string()),
    }
}

/// `PATCH`: every piece counts as soon as it is here, so that a broken upload goes on where it broke.
async fn append(call: &Call<'_>, user: &User, id: &str, body: &mut Body<'_>) -> io::Result<Answer> {
    let Some(upload) = owned(call, user, id) else {
        return Ok(reply(404));
    };
    if call.head.header("content-type") != Some("application/offset+octet-stream") {
        return Ok(reply(415));
    }
    if header_number(call, "upload-offset") != Some(upload.offset) {
        return Ok(reply(409));
    }
    let mut piece = Vec::new();
    while body.next(&mut piece).await? {
        let mut state = lock(&call.app.state);
        let Some(upload) = state.tus.get_mut(id) else {
            return Ok(reply(404));
        };
        upload.offset += piece.len() as u64;
        if upload.offset > upload.length {
            return Ok(reply(413));
        }
        upload.hash.update(&piece);
        piece.clear();
    }
    let Some(upload) = owned(call, user, id) else {
        return Ok(reply(404));
    };
    if upload.offset == upload.length {
        let sha256 = hex(upload.hash.finish().as_ref());
        let file = FilePart {
            field: String::new(),
            name: String::new(),
            length: upload.length,
            sha256,
        };
        uploads::note(call, &user.id, &format!("/tus/{id}"), vec![file]);
    }
    Ok(reply(204).with("Upload-Offset", upload.offset.to_string()))
}
