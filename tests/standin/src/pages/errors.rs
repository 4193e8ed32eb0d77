//! What goes wrong, in SPSE's words (`spse44.md` section 3).

use super::layout;
use crate::config::Config;
use crate::exchange::Call;
use crate::http::answer::Answer;

/// The words that mean "nobody is logged in".
pub(crate) const SESSION_OVER: &str = "Akses Ditolak! Session telah habis.";

fn page(call: &Call<'_>, status: u16, title: &str, text: &str) -> Answer {
    let text = layout::escape(text);
    let content = format!(
        "<div class=\"card\"><h3>{title}</h3>\n<div class=\"alert alert-danger error\">{text}</div></div>"
    );
    Answer::html(status, layout::public(call, title, &content))
}

/// 403 "Terjadi Kesalahan".
pub(crate) fn denied(call: &Call<'_>, text: &str) -> Answer {
    page(call, 403, "Terjadi Kesalahan", text)
}

/// 404.
pub(crate) fn missing(call: &Call<'_>) -> Answer {
    page(
        call,
        404,
        "Terjadi Kesalahan",
        "Halaman yang dituju tidak ditemukan",
    )
}

/// Play's answer to a wrong or missing authenticityToken.
pub(crate) fn bad_token() -> Answer {
    Answer::html(403, "<h1>Bad authenticity token</h1>")
}

/// 500. It needs no session, as the real one comes from anywhere.
pub(crate) fn failure(config: &Config) -> Answer {
    let ctx = &config.context;
    Answer::html(
        500,
        format!(
            r#"<!DOCTYPE html>
<html lang="id">
<head><meta charset="utf-8"><title>Terjadi Kesalahan</title><link rel="stylesheet" href="{ctx}/public/css/application.css"></head>
<body><main class="container"><div class="card"><h3>Terjadi Kesalahan</h3>
<div class="alert alert-danger error">Maaf, terjadi error pada aplikasi SPSE.<br>Kode Error: 7fk2m9x41</div>
<p><a href="{ctx}/">Kembali ke Beranda</a></p></div></main></body>
</html>
"#
        ),
    )
}
