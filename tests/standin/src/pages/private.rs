//! Pages for logged-in users. All of them go through one gate; all of them carry the user's canary.

use std::sync::Arc;

use serde_json::json;

use super::layout::{self, escape, token_field};
use super::{errors, packages};
use crate::app::lock;
use crate::clock;
use crate::config::AnonymousAnswer;
use crate::entry::with_token;
use crate::exchange::Call;
use crate::http::answer::Answer;
use crate::routes::Private;
use crate::users::{Habit, User, UserType};
use crate::{apendo, downloads, live, tables, uploads};

pub(crate) fn answer(call: &mut Call<'_>, page: &Private) -> Answer {
    // These two may be opened by nobody; what they say changes when somebody logs in.
    match page {
        Private::Events if call.config.events_for_all => return live::events(call),
        Private::Socket if call.config.events_for_all => return live::socket(call),
        _ => {}
    }
    let changes_password = matches!(page, Private::PasswordForm | Private::PasswordPost);
    match gate(call, changes_password) {
        Ok(user) => page_for(call, &user, page),
        Err(refused) => refused,
    }
}

/// Lets a logged-in user through, but for one who must change the password first.
pub(crate) fn gate(call: &Call<'_>, changes_password: bool) -> Result<User, Answer> {
    let Some(user) = call.user() else {
        return Err(match call.config.anonymous {
            AnonymousAnswer::Forbidden => errors::denied(call, errors::SESSION_OVER),
            AnonymousAnswer::Redirect => call.redirect("/"),
        });
    };
    let must_change = user.habit == Habit::MustChangePassword
        && !lock(&call.app.state).changed.contains(&user.id);
    if must_change && !changes_password {
        return Err(call.redirect("/user/gantipassword"));
    }
    Ok(user)
}

fn page_for(call: &mut Call<'_>, user: &User, page: &Private) -> Answer {
    let (title, content) = match page {
        Private::Home => return home(call, user),
        Private::HomeTab(tab) => (*tab, home_content(call, user, tab)),
        Private::Packages => ("Daftar Paket", package_list(call, user)),
        Private::Package(id) => ("Paket Non Tender", package(user, id)),
        Private::Company => ("Data Penyedia", company(user)),
        Private::Inbox => (
            "Inbox",
            format!("<div class=\"card\"><h3>Inbox</h3>{}</div>", messages(call)),
        ),
        Private::AccessLog => ("Log Akses", access_log(call, user)),
        Private::PasswordForm => ("Ganti Password", password_form(call, user)),
        Private::PasswordPost => return with_token(call, |call| password_post(call, user)),
        Private::OtherApps => ("Aplikasi e-Procurement Lainnya", other_apps(call)),
        Private::UploadForm => ("Unggah Penawaran", uploads::page(call)),
        Private::ApendoToken => ("Token Apendo", apendo::token_page(call, user)),
        Private::ViewUser => return view_user(call, user),
        Private::Table => return tables::private(call, user),
        Private::Csv => return downloads::csv(user),
        Private::Download(n) => return downloads::private(call, user, n),
        Private::Events => return live::events(call),
        Private::Socket => return live::socket(call),
        Private::MessagePost => return with_token(call, |call| message_post(call, user)),
        // Streams, and is routed past this function.
        Private::Upload => return errors::missing(call),
    };
    Answer::html(200, layout::private(call, user, title, &content))
}

/// `/home`, also what a login may be answered with.
pub(crate) fn home(call: &Call<'_>, user: &User) -> Answer {
    if user.habit == Habit::HomeForbidden {
        let text = if call.config.home_403_says_expired {
            errors::SESSION_OVER
        } else {
            "Akses Ditolak! Anda tidak memiliki akses ke halaman ini."
        };
        return errors::denied(call, text);
    }
    let title = match user.role.as_str() {
        "Pejabat Pembuat Komitmen" => "Beranda PPK".to_owned(),
        role => format!("Beranda {role}"),
    };
    let content = home_content(call, user, "Tender");
    Answer::html(200, layout::private(call, user, &title, &content))
}

fn home_content(call: &Call<'_>, user: &User, tab: &str) -> String {
    let ctx = &call.config.context;
    let tabs = [
        ("Tender", "/home"),
        ("Non Tender", "/beranda/nontender"),
        ("Pencatatan Non Tender", "/beranda/pencatatan"),
        ("Pencatatan Swakelola", "/beranda/swakelola"),
        ("Pencatatan Pengadaan Darurat", "/beranda/darurat"),
    ]
    .map(|(label, path)| {
        let class = if label == tab {
            " class=\"active\""
        } else {
            ""
        };
        format!("<a href=\"{ctx}{path}\"{class}>{label}</a>")
    })
    .join(" ");
    let messages = if call.config.messages_on_home {
        messages(call)
    } else {
        String::new()
    };
    let upload = match user.kind {
        UserType::Penyedia => format!(
            "<p><a class=\"btn btn-success\" href=\"{ctx}/penawaran/unggah\">Unggah Penawaran</a> <a class=\"btn btn-primary\" href=\"{ctx}/lt17/token\">Token Apendo</a></p>"
        ),
        UserType::NonPenyedia => String::new(),
    };
    format!(
        "<p class=\"breadcrumb\">Beranda &raquo; Daftar Paket</p>\n<p class=\"tabs\">{tabs}</p>\n<div class=\"card\"><h3>Daftar Paket {tab}</h3>\n{upload}{}\n{messages}</div>",
        package_table(call)
    )
}

fn package_table(call: &Call<'_>) -> String {
    let ctx = &call.config.context;
    let start = packages::first_id("pl");
    let row = |n| {
        let package = packages::package(start, n);
        let (id, name, stage) = (package.id, package.name, package.stage);
        let amount = packages::amount(package.value);
        format!(
            "<tr><td>{id}</td><td><a href=\"{ctx}/nontender/{id}\">{name}</a></td><td>{stage}</td><td>{amount}</td></tr>"
        )
    };
    let rows = (0..5).map(row).collect::<Vec<_>>().join("\n");
    format!(
        "<table class=\"table\"><thead><tr><th>Kode</th><th>Nama Paket</th><th>Status</th><th>Nilai Pagu</th></tr></thead><tbody>\n{rows}\n</tbody></table>"
    )
}

/// Messages whose senders look like the header block to a careless reader (threats.md row 59).
fn messages(call: &Call<'_>) -> String {
    let ctx = &call.config.context;
    let sent = lock(&call.app.state).messages.clone();
    let line = |(from, text): &(String, String)| {
        format!(
            "<tr><td>{}</td><td>{}</td></tr>",
            escape(from),
            escape(text)
        )
    };
    let sent = sent.iter().map(line).collect::<String>();
    format!(
        "<h4>Pesan</h4>\n<table class=\"table messages\"><tbody><tr><td><span title=\"[POKJA1] - pesan\"><a href=\"{ctx}/user/viewuser?userid=POKJA1\" class=\"dialog\" title=\"Detail Infomasi Pengguna\">Joko Susilo</a> - Anggota Kelompok Kerja Pemilihan</span></td><td>Undangan klarifikasi</td></tr>{sent}</tbody></table>"
    )
}

fn package_list(call: &Call<'_>, user: &User) -> String {
    let ctx = &call.config.context;
    format!(
        r#"<div class="card"><h3>Daftar Paket</h3>
{table}
<p><a href="{ctx}/paket/unduh.csv">Unduh CSV</a> <a href="{ctx}/dokumen/unduh/1?bytes=65536">Dokumen Penawaran</a></p>
<h4>Paket {role}</h4>
<table class="table" data-dt="{ctx}/dt/paket-ppk?status=1" data-method="get"><thead><tr><th>Kode</th><th>Nama Paket</th><th>Instansi</th><th>Tahap</th><th>HPS</th></tr></thead><tbody></tbody></table>
<h4>Kirim Pesan</h4>
<form action="{ctx}/pesan" method="post">{token} <input type="text" name="isi" aria-label="Isi pesan" required> <button type="submit" class="btn-primary">Kirim</button></form></div>"#,
        table = package_table(call),
        role = escape(&user.role),
        token = token_field(call)
    )
}

fn package(user: &User, id: &str) -> String {
    let package = packages::by_id(id);
    let amount = packages::amount(package.value);
    format!(
        "<div class=\"card\"><h3>{}</h3>\n<table class=\"table\"><tr><th>Kode</th><td>{id}</td></tr><tr><th>HPS rinci</th><td>{amount}</td></tr><tr><th>Catatan</th><td>{}</td></tr></table></div>",
        package.name,
        user.canary()
    )
}

fn company(user: &User) -> String {
    format!(
        "<div class=\"card\"><h3>Data Penyedia</h3>\n<table class=\"table\"><tr><th>Nama</th><td>{}</td></tr><tr><th>User ID</th><td>{}</td></tr><tr><th>NPWP</th><td>01.234.567.8-901.000</td></tr></table></div>",
        escape(&user.name),
        escape(&user.id)
    )
}

fn access_log(call: &Call<'_>, user: &User) -> String {
    let state = lock(&call.app.state);
    let mine = state
        .access
        .iter()
        .filter(|access| access.user_id == user.id);
    let row = |(n, access): (usize, &crate::app::Access)| {
        let time = clock::long_date(access.at_ms);
        format!(
            "<tr><td>{}</td><td>{time}</td><td>{}</td></tr>",
            n + 1,
            escape(&access.address)
        )
    };
    let rows = mine.enumerate().map(row).collect::<Vec<_>>().join("\n");
    format!(
        "<div class=\"card\"><h3>Log Akses</h3>\n<div class=\"alert alert-warning\">Harap diperhatikan: Periksa catatan akses Anda secara rutin, jika Anda merasa tidak pernah login seperti yang tercatat pada sistem, bisa jadi orang lain mengetahui dan menggunakan password Anda. Segera ubah Password Anda</div>\n<table class=\"table\" id=\"logakses\"><thead><tr><th>No</th><th>Waktu Login</th><th>Alamat IP</th></tr></thead><tbody>\n{rows}\n</tbody></table></div>"
    )
}

fn password_form(call: &Call<'_>, user: &User) -> String {
    let notice = if user.habit == Habit::MustChangePassword
        && !lock(&call.app.state).changed.contains(&user.id)
    {
        "<div class=\"alert alert-warning\">Anda harus mengganti password terlebih dahulu.</div>"
    } else {
        ""
    };
    format!(
        r#"<div class="card login"><h3>GANTI PASSWORD</h3>
{notice}{flash}
<form action="{ctx}/user/gantipassword" method="post" class="login-form">
{token}
<label for="txtPasswordLama">Password Lama</label> <input type="password" name="txtPasswordLama" id="txtPasswordLama" autocomplete="current-password" required>
<label for="txtPasswordBaru">Password Baru</label> <input type="password" name="txtPasswordBaru" id="txtPasswordBaru" autocomplete="new-password" required>
<button type="submit" class="btn-primary">Simpan</button>
</form></div>"#,
        flash = layout::flash(call),
        ctx = call.config.context,
        token = token_field(call)
    )
}

fn password_post(call: &mut Call<'_>, user: &User) -> Answer {
    let old = call.params.get("txtPasswordLama").unwrap_or_default();
    let new = call
        .params
        .get("txtPasswordBaru")
        .unwrap_or_default()
        .to_owned();
    let mut state = lock(&call.app.state);
    if new.is_empty() || !state.password_fits(user, old) {
        drop(state);
        call.next_flash = Some("Password lama salah".to_owned());
        return call.redirect("/user/gantipassword");
    }
    state.passwords.insert(user.id.clone(), new);
    state.changed.insert(user.id.clone());
    drop(state);
    call.redirect("/home")
}

fn other_apps(call: &Call<'_>) -> String {
    let ctx = &call.config.context;
    let rows = ["LPSE Support", "SIKaP", "e-Katalog", "SiRUP"]
        .map(|name| format!("<tr><td>{name}</td><td><a class=\"btn btn-primary\" href=\"{ctx}/eproc-lainnya\">Masuk Production</a></td></tr>"))
        .join("\n");
    format!(
        "<div class=\"card\"><h3>Aplikasi e-Procurement Lainnya</h3>\n<table class=\"table\"><tbody>\n{rows}\n</tbody></table></div>"
    )
}

/// Details of a user: a fragment for the dialog, without the header block.
fn view_user(call: &Call<'_>, user: &User) -> Answer {
    let asked = call.params.get("userid").unwrap_or_default();
    let Some(shown) = call.config.user(asked) else {
        return errors::missing(call);
    };
    let row =
        |label: &str, value: &str| format!("<tr><th>{label}</th><td>{}</td></tr>", escape(value));
    Answer::html(
        200,
        format!(
            "<div class=\"dialog-content\"><h3>Detail Infomasi Pengguna</h3>\n<table class=\"table\">{}{}{}{}</table>\n<p class=\"canary\">{}</p></div>\n",
            row("User ID", &shown.id),
            row("Nama", &shown.name),
            row("NIP", &shown.code),
            row("Peran", &shown.role),
            user.canary()
        ),
    )
}

fn message_post(call: &mut Call<'_>, user: &User) -> Answer {
    let text = call.params.get("isi").unwrap_or_default().to_owned();
    let count = {
        let app = Arc::clone(call.app);
        let mut state = lock(&app.state);
        state.messages.push((user.id.clone(), text));
        // A long test must not grow every home page.
        let surplus = state.messages.len().saturating_sub(20);
        state.messages.drain(..surplus);
        state.messages.len()
    };
    if call.head.header("x-requested-with").is_some() {
        return Answer::json(&json!({"status": "ok", "pesan": count, "rahasia": user.canary()}));
    }
    call.redirect("/inbox")
}
