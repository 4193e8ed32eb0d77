//! Uploads by form: read as they come, counted and hashed, nothing kept.

use std::io;

use serde_json::json;

use crate::app::lock;
use crate::exchange::Call;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::pages::layout::token_field;
use crate::pages::private;
use crate::play::multipart::{self, FilePart, Form};

/// A file that arrived, by form, tus or Apendo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Whose it is.
    pub user_id: String,
    /// Path of the request below the context, for tus that of the upload.
    pub path: String,
    /// Name of the file; empty for tus.
    pub name: String,
    /// Length in bytes.
    pub length: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// The form's page.
pub(crate) fn page(call: &Call<'_>) -> String {
    format!(
        r#"<div class="card"><h3>Unggah Penawaran</h3>
<form action="{ctx}/penawaran/unggah" method="post" enctype="multipart/form-data">
{token}
<input type="file" name="berkas" aria-label="Berkas" required> <button type="submit" class="btn-success">Unggah</button>
</form></div>"#,
        ctx = call.config.context,
        token = token_field(call)
    )
}

/// Reads a form with files, if it is one.
pub(crate) async fn read_form(call: &Call<'_>, body: &mut Body<'_>) -> io::Result<Option<Form>> {
    let kind = call.head.header("content-type").unwrap_or_default();
    match multipart::boundary(kind) {
        Some(boundary) => multipart::read(body, &boundary).await,
        None => {
            body.drain().await?;
            Ok(None)
        }
    }
}

/// Notes the files that arrived.
pub(crate) fn note(call: &Call<'_>, user_id: &str, path: &str, files: Vec<FilePart>) {
    let received = files.into_iter().map(|file| Received {
        user_id: user_id.to_owned(),
        path: path.to_owned(),
        name: file.name,
        length: file.length,
        sha256: file.sha256,
    });
    lock(&call.app.state).files.extend(received);
}

/// `POST /penawaran/unggah`. The body is read to its end before anything is decided, as Play does.
pub(crate) async fn form(call: &Call<'_>, body: &mut Body<'_>) -> io::Result<Answer> {
    let form = read_form(call, body).await?;
    let user = match private::gate(call, false) {
        Ok(user) => user,
        Err(refused) => return Ok(refused),
    };
    let Some(form) = form else {
        return Ok(Answer::html(400, "Bad request"));
    };
    let files: Vec<_> = form
        .files
        .iter()
        .map(|file| json!({"nama": file.name, "bytes": file.length, "sha256": file.sha256}))
        .collect();
    note(call, &user.id, "/penawaran/unggah", form.files);
    Ok(Answer::json(
        &json!({"status": "ok", "berkas": files, "rahasia": user.canary()}),
    ))
}
