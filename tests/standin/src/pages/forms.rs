//! The forms before the login: choice of user type, user id, password, lost password.

use super::layout::{self, flash, token_field};
use crate::exchange::Call;
use crate::http::answer::Answer;
use crate::users::UserType;

/// PENYEDIA or NON PENYEDIA: a fragment for the modal, or with `?page=1` a page for browsers without scripts.
pub(crate) fn type_choice(call: &Call<'_>) -> Answer {
    let ctx = &call.config.context;
    // Forms and not links: real buttons, which work without scripts as well.
    let button = |kind: UserType, class: &str| {
        format!(
            "<form action=\"{ctx}/login\" method=\"get\"><input type=\"hidden\" name=\"tipe\" value=\"{}\"><button type=\"submit\" class=\"{class}\">{}</button></form>",
            kind.word(),
            kind.label()
        )
    };
    let buttons = format!(
        "{}\n{}",
        button(UserType::Penyedia, "btn-success"),
        button(UserType::NonPenyedia, "btn-primary")
    );
    if call.params.get("page").is_some() {
        let content = format!(
            "<div class=\"card login\"><h3>PILIH JENIS USER</h3>\n<div class=\"choice\">{buttons}</div>\n</div>"
        );
        return Answer::html(200, layout::public(call, "Pilih Jenis User", &content));
    }
    Answer::html(
        200,
        format!(
            r##"<div class="modal" id="myModal" tabindex="-1" role="dialog" aria-modal="true" aria-label="PILIH JENIS USER">
<div class="modal-dialog"><div class="modal-content">
<div class="modal-header"><h3>PILIH JENIS USER</h3><a href="#" class="close" data-dismiss="modal" aria-label="Tutup">&times;</a></div>
<div class="modal-body choice">{buttons}</div>
</div></div></div>
"##
        ),
    )
}

/// The one-step form of 4.3: a fragment for the modal, or with `?page=1` a page.
pub(crate) fn one_step(call: &Call<'_>) -> Answer {
    let form = format!(
        r#"<form action="{ctx}{action}" method="post" class="login-form">
{token}
<label for="txtUserId">User ID</label> <input type="text" name="txtUserId" id="txtUserId" autocomplete="username" required>
<label for="{field}">Password</label> <input type="password" name="{field}" id="{field}" autocomplete="current-password" required>
<p><label class="inline"><input type="radio" name="isRekanan" value="true" checked> Penyedia</label> <label class="inline"><input type="radio" name="isRekanan" value="false"> Non Penyedia</label></p>
<button type="submit" class="btn-primary">Login</button>
</form>
<p class="links"><a href="{ctx}/publik/lupapassword">Lupa Password?</a></p>"#,
        ctx = call.config.context,
        action = action(call, "/login"),
        field = call.config.password_field,
        token = token_field(call)
    );
    if call.params.get("page").is_some() {
        let content = format!(
            "<div class=\"card login\"><h3>LOGIN</h3>\n{}\n{form}</div>",
            flash(call)
        );
        return Answer::html(200, layout::public(call, "Login", &content));
    }
    Answer::html(
        200,
        format!(
            r##"<div class="modal" id="myModal" tabindex="-1" role="dialog" aria-modal="true" aria-label="LOGIN">
<div class="modal-dialog"><div class="modal-content">
<div class="modal-header"><h3>LOGIN</h3><a href="#" class="close" data-dismiss="modal" aria-label="Tutup">&times;</a></div>
<div class="modal-body">{form}</div>
</div></div></div>
"##
        ),
    )
}

fn links(call: &Call<'_>) -> String {
    let ctx = &call.config.context;
    format!(
        "<p class=\"links\"><a href=\"{ctx}/\">Kembali ke Beranda</a> <a href=\"{ctx}/publik/lupapassword\">Lupa Password?</a></p>"
    )
}

/// Where a form of the login leads.
fn action<'c>(call: &'c Call<'_>, usual: &'c str) -> &'c str {
    call.config.login_action.as_deref().unwrap_or(usual)
}

fn title(kind: Option<UserType>) -> String {
    kind.map_or_else(
        || "LOGIN".to_owned(),
        |kind| format!("LOGIN {}", kind.label()),
    )
}

/// First step: the user id.
pub(crate) fn user_id(call: &Call<'_>) -> Answer {
    let kind = call.params.get("tipe").and_then(UserType::from_word);
    let word = kind.map_or("", UserType::word);
    let title = title(kind);
    let content = format!(
        r#"<div class="card login"><h3>{title}</h3>
{flash}
<form action="{ctx}{action}" method="post" class="login-form" data-ctr="LoginCtr">
{token}
<input type="hidden" name="tipe" value="{word}">
<label for="txtUserId">User ID</label> <input type="text" name="txtUserId" id="txtUserId" autocomplete="username" required autofocus>
<button type="submit" class="btn-primary">Login</button>
</form>
{links}</div>"#,
        flash = flash(call),
        ctx = call.config.context,
        action = action(call, "/login"),
        token = token_field(call),
        links = links(call)
    );
    Answer::html(200, layout::public(call, "Login", &content))
}

fn captcha(call: &Call<'_>) -> String {
    if !call.config.captcha {
        return String::new();
    }
    let ctx = &call.config.context;
    let now = call.now();
    format!(
        r#"<p class="captcha"><img id="imgCaptcha" src="{ctx}/captcha/showcaptcha?{now}" alt="Kode" width="150" height="50"></p>
<p class="small">Jika Anda kesulitan membaca Kode di atas, <a href="{ctx}/loginpass" id="newCaptcha">klik di sini</a> untuk mengganti Kode baru.</p>
<label for="txtCode">Kode</label> <input type="text" name="txtCode" id="txtCode" autocomplete="off" required>
<p class="small">Untuk menjamin keamanan, isikan Kode di atas!</p>"#
    )
}

/// Second step: the password, and the captcha if it is on.
pub(crate) fn password(call: &Call<'_>, kind: Option<UserType>) -> Answer {
    let content = format!(
        r#"<div class="card login"><h3>{title}</h3>
{flash}
<form action="{ctx}{action}" method="post" class="login-form" data-ctr="LoginCtr">
{token}
<label for="{field}">Password</label> <input type="password" name="{field}" id="{field}" autocomplete="current-password" required autofocus>
{captcha}
<button type="submit" class="btn-primary">Login</button>
</form>
{links}</div>"#,
        title = title(kind),
        flash = flash(call),
        ctx = call.config.context,
        action = action(call, "/loginpass"),
        field = call.config.password_field,
        token = token_field(call),
        captcha = captcha(call),
        links = links(call)
    );
    Answer::html(200, layout::public(call, "Login", &content))
}

/// Lost password, first page. The mail is not sent by the stand-in.
pub(crate) fn lost_password(call: &Call<'_>, done: Option<&str>) -> Answer {
    let done = done.map_or_else(String::new, |text| {
        format!("<div class=\"alert alert-success\">{text}</div>")
    });
    let content = format!(
        r#"<div class="card login"><h3>LUPA PASSWORD</h3>
{done}
<form action="{ctx}/publik/lupapassword" method="post" class="login-form">
{token}
<label for="txtUserId">User ID</label> <input type="text" name="txtUserId" id="txtUserId" required>
<label for="txtEmail">Email</label> <input type="email" name="txtEmail" id="txtEmail" required>
<button type="submit" class="btn-primary">Kirim</button>
</form>
{links}</div>"#,
        ctx = call.config.context,
        token = token_field(call),
        links = links(call)
    );
    Answer::html(200, layout::public(call, "Lupa Password", &content))
}

/// Lost password, the page behind the mail's link.
pub(crate) fn reset_password(call: &Call<'_>) -> Answer {
    let content = format!(
        r#"<div class="card login"><h3>GANTI PASSWORD</h3>
<form action="{ctx}/user/lupapassword/selesai" method="post" class="login-form">
{token}
<input type="hidden" name="kode" value="{code}">
<label for="txtPasswordBaru">Password Baru</label> <input type="password" name="txtPasswordBaru" id="txtPasswordBaru" autocomplete="new-password" required>
<button type="submit" class="btn-primary">Simpan</button>
</form>
{links}</div>"#,
        ctx = call.config.context,
        token = token_field(call),
        code = layout::escape(call.params.get("kode").unwrap_or_default()),
        links = links(call)
    );
    Answer::html(200, layout::public(call, "Ganti Password", &content))
}
