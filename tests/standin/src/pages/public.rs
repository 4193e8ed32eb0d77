//! Pages for everybody.

use super::layout::{self, escape, token_field};
use super::packages::{self, Package};
use crate::exchange::Call;
use crate::http::answer::Answer;
use crate::routes::Public;

pub(crate) fn answer(call: &mut Call<'_>, page: &Public) -> Answer {
    let (title, content) = match page {
        Public::Front => (call.config.site_name.clone(), front(call)),
        Public::Tenders => ("Cari Paket".to_owned(), table(call, "lelang", "Tender")),
        Public::NonTenders => (
            "Cari Paket Non Tender".to_owned(),
            table(call, "pl", "Non Tender"),
        ),
        Public::Tender(id, tab) => tender(call, id, tab, "lelang"),
        Public::NonTender(id, tab) => tender(call, id, tab, "nontender"),
        Public::Result(id, tab) => result(id, tab),
        Public::News => news(call),
        Public::Text(key) => text(key),
        Public::Register => register(call),
        Public::ServerTime => return server_time(call),
    };
    Answer::html(200, layout::public(call, &title, &content))
}

/// Milliseconds as plain text; `jclock` asks for it on every page.
fn server_time(call: &Call<'_>) -> Answer {
    Answer::new(200, "text/plain; charset=utf-8", call.now().to_string())
}

fn rows(table: &str, count: u64, path: &str, ctx: &str) -> String {
    let start = packages::first_id(table);
    let row = |n| {
        let Package {
            id,
            name,
            value,
            stage,
            ..
        } = packages::package(start, n);
        let amount = packages::amount(value);
        format!(
            "<tr><td>{}</td><td><a href=\"{ctx}/{path}/{id}/{}\">{name}</a></td><td>{amount}</td><td>{stage}</td></tr>",
            n + 1,
            announcement(path)
        )
    };
    (0..count).map(row).collect::<Vec<_>>().join("\n")
}

fn announcement(path: &str) -> &'static str {
    if path == "lelang" {
        "pengumumanlelang"
    } else {
        "pengumumanpl"
    }
}

fn front(call: &Call<'_>) -> String {
    let ctx = &call.config.context;
    format!(
        r#"<div class="columns">
<section class="card wide"><h3>Tender</h3>
<table class="table"><thead><tr><th>No</th><th>Nama Paket</th><th>HPS</th><th>Tahap</th></tr></thead><tbody>
{tenders}
</tbody></table>
<h3>Non Tender</h3>
<table class="table"><thead><tr><th>No</th><th>Nama Paket</th><th>HPS</th><th>Tahap</th></tr></thead><tbody>
{others}
</tbody></table></section>
<aside class="card"><h3>Pengumuman</h3>
<ul><li><a href="{ctx}/publik/detil_special?beritaId=783066">Pemeliharaan aplikasi SPSE</a></li><li><a href="{ctx}/publik/detil_special?beritaId=783067">Verifikasi penyedia di kantor LPSE</a></li></ul>
<h3>Pendaftaran</h3><p><a class="btn btn-success" href="{ctx}/publik/daftar">PENDAFTARAN PENYEDIA</a></p>
<h3>Dokumen</h3><p><a href="{ctx}/dl/9f86d081884c7d65">Formulir Keikutsertaan.pdf</a></p></aside>
</div>"#,
        tenders = rows("lelang", 6, "lelang", ctx),
        others = rows("pl", 4, "nontender", ctx),
    )
}

/// A page with a table that its script fills from `/dt/…`. The token stands in the page as the real one has it.
fn table(call: &Call<'_>, name: &str, title: &str) -> String {
    let ctx = &call.config.context;
    let token = &call.session.token;
    let path = if name == "lelang" {
        "lelang"
    } else {
        "nontender"
    };
    format!(
        r#"<div class="card"><h3>Daftar Paket {title}</h3>
<form class="filter" method="get" action="{ctx}/{path}"><label>Tahun <select name="tahun"><option>2022</option><option>2021</option></select></label> <label>Cari <input type="search" id="dtSearch"></label></form>
<table class="table" id="tbllelang" data-dt="{ctx}/dt/{name}" data-link="{ctx}/{path}/" data-tab="{tab}"><thead><tr><th>Kode</th><th>Nama Paket</th><th>Instansi</th><th>Tahap</th><th>HPS</th></tr></thead><tbody>
{rows}
</tbody></table>
<p class="pager" id="dtPager"></p>
<script>
var dtParams = function (d) {{ d.authenticityToken = '{token}'; }};
</script></div>"#,
        tab = announcement(path),
        rows = "<tr><td colspan=\"5\">Memuat data ...</td></tr>",
    )
}

fn tender(call: &Call<'_>, id: &str, tab: &str, path: &str) -> (String, String) {
    let ctx = &call.config.context;
    let Package {
        name,
        agency,
        stage,
        value,
        method,
        ..
    } = packages::by_id(id);
    let amount = packages::amount(value);
    let body = match tab {
        "peserta" => "<table class=\"table\"><thead><tr><th>No</th><th>Nama Peserta</th><th>NPWP</th></tr></thead><tbody><tr><td>1</td><td>PT Maju Jaya Sentosa</td><td>01.***.***.*-***.000</td></tr><tr><td>2</td><td>CV Karya Mandiri</td><td>02.***.***.*-***.000</td></tr></tbody></table>".to_owned(),
        "jadwal" => "<table class=\"table\"><thead><tr><th>No</th><th>Tahap</th><th>Mulai</th><th>Sampai</th></tr></thead><tbody><tr><td>1</td><td>Pengumuman</td><td>11 April 2022 10:00</td><td>18 April 2022 16:00</td></tr><tr><td>2</td><td>Upload Dokumen Penawaran</td><td>12 April 2022 10:00</td><td>19 April 2022 23:59</td></tr></tbody></table>".to_owned(),
        _ => format!(
            "<table class=\"table\"><tr><th>Kode</th><td>{id}</td></tr><tr><th>Nama</th><td>{name}</td></tr><tr><th>Instansi</th><td>{agency}</td></tr><tr><th>Metode</th><td>{method}</td></tr><tr><th>Tahap</th><td>{stage}</td></tr><tr><th>HPS</th><td>{amount}</td></tr><tr><th>Dokumen</th><td><a href=\"{ctx}/dl/{id:0>16}\">Dokumen Pemilihan.pdf</a></td></tr></table>"
        ),
    };
    let first = announcement(path);
    let content = format!(
        "<div class=\"card\"><p class=\"tabs\"><a href=\"{ctx}/{path}/{id}/{first}\">Pengumuman</a> <a href=\"{ctx}/{path}/{id}/peserta\">Peserta</a> <a href=\"{ctx}/{path}/{id}/jadwal\">Jadwal</a></p>\n<h3>{name}</h3>\n{body}</div>"
    );
    (format!("Paket {id}"), content)
}

fn result(id: &str, tab: &str) -> (String, String) {
    let Package { name, value, .. } = packages::by_id(id);
    let amount = packages::amount(value * 94 / 100);
    let content = format!(
        "<div class=\"card\"><h3>{name}</h3>\n<table class=\"table\"><thead><tr><th>No</th><th>Nama Peserta</th><th>Harga Penawaran</th><th>{tab}</th></tr></thead><tbody><tr><td>1</td><td>PT Maju Jaya Sentosa</td><td>{amount}</td><td>&#9733;</td></tr></tbody></table></div>"
    );
    (format!("Evaluasi {id}"), content)
}

fn news(call: &Call<'_>) -> (String, String) {
    let id = escape(call.params.get("beritaId").unwrap_or("0"));
    let content = format!(
        "<div class=\"card\"><h3>Berita {id}</h3>\n<p>Sehubungan dengan pemeliharaan rutin, aplikasi SPSE tidak dapat diakses pada hari Minggu pukul 00:00 s.d. 04:00.</p></div>"
    );
    (format!("Berita {id}"), content)
}

fn text(key: &str) -> (String, String) {
    let (title, body) = match key {
        "tentang" => (
            "Tentang Kami",
            "Layanan Pengadaan Secara Elektronik (LPSE) mengelola sistem pengadaan secara elektronik.",
        ),
        "kontak" => (
            "Kontak Kami",
            "Jl. Merdeka No. 1, Contoh. Telepon (0361) 123456. Email helpdesk@lpse.contoh.go.id.",
        ),
        "regulasi" => (
            "Regulasi",
            "Perpres 16 Tahun 2018 sebagaimana diubah dengan Perpres 12 Tahun 2021.",
        ),
        "khusus" => ("Konten Khusus", "Unduh formulir dan panduan pengguna."),
        "hitam" => ("Daftar Hitam", "Tidak ada penyedia dalam daftar hitam."),
        "amel" => ("AMEL", "Aplikasi Monitoring Evaluasi Lokal."),
        "pakta" => (
            "Pakta Integritas",
            "Tidak akan melakukan praktik korupsi, kolusi, dan nepotisme.",
        ),
        "syarat" => (
            "Persyaratan dan Ketentuan",
            "Persyaratan dan ketentuan penggunaan aplikasi SPSE.",
        ),
        "pengumuman" => ("Pengumuman", "Tidak ada pengumuman baru."),
        "petunjuk" => (
            "Petunjuk Penggunaan",
            "User Guide SPSE 4.4 Penyedia dan Non Penyedia.",
        ),
        _ => ("Tender Non-Eproc", "Tidak ada data."),
    };
    (
        title.to_owned(),
        format!("<div class=\"card\"><h3>{title}</h3>\n<p>{body}</p></div>"),
    )
}

/// Registration: the form, and the answer to it. It is a public POST without a login.
fn register(call: &Call<'_>) -> (String, String) {
    let title = "Pendaftaran Penyedia".to_owned();
    if let Some(email) = call.params.get("txtEmail") {
        let email = escape(email);
        let text = format!("Link konfirmasi pendaftaran telah dikirim ke {email}.");
        return (
            title,
            format!(
                "<div class=\"card login\"><h3>PENDAFTARAN PENYEDIA</h3>\n<div class=\"alert alert-success\">{text}</div></div>"
            ),
        );
    }
    let content = format!(
        r#"<div class="card login"><h3>PENDAFTARAN PENYEDIA</h3>
<form action="{ctx}/publik/daftar" method="post" class="login-form">
{token}
<label for="txtEmail">Email</label> <input type="email" name="txtEmail" id="txtEmail" required>
<button type="submit" class="btn-success">Mendaftar</button>
</form></div>"#,
        ctx = call.config.context,
        token = token_field(call)
    );
    (title, content)
}
