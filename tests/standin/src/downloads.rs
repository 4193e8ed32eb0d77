//! Files to save: of any size, made on the way, the same bytes each time.

use crate::exchange::Call;
use crate::http::answer::Answer;
use crate::users::User;

/// Size of a document when `?bytes=` does not say, in bytes.
const DEFAULT_SIZE: u64 = 20_000;

fn size(call: &Call<'_>) -> u64 {
    call.params.number("bytes").unwrap_or(DEFAULT_SIZE)
}

/// `/dl/<hex>`: a document for everybody.
pub(crate) fn document(call: &Call<'_>, name: &str) -> Answer {
    let line = format!("DOKUMEN PEMILIHAN {name} halaman berikut sama dengan halaman ini\n");
    Answer::file(
        "Dokumen Pemilihan.pdf",
        "application/pdf",
        &line,
        size(call),
    )
}

/// `/dokumen/unduh/<n>`: a document of the user.
pub(crate) fn private(call: &Call<'_>, user: &User, n: &str) -> Answer {
    let canary = user.canary();
    let line = format!("{canary} dokumen penawaran nomor {n}\n");
    Answer::file(
        &format!("{canary}-{n}.bin"),
        "application/octet-stream",
        &line,
        size(call),
    )
}

/// The user's packages as CSV.
pub(crate) fn csv(user: &User) -> Answer {
    let text = format!(
        "kode;nama;catatan\r\n5301194;Pengadaan Langsung;{}\r\n",
        user.canary()
    );
    Answer::new(200, "text/csv; charset=utf-8", text)
        .with("Content-Disposition", "attachment; filename=\"paket.csv\"")
}
