//! The frame around a full page: banner, menu, footer; for logged-in users the header block and the logout form.

use crate::clock;
use crate::config::{HeaderBlock, LoginSteps};
use crate::exchange::Call;
use crate::play::cookie::encode;
use crate::users::{User, UserType};

/// Text for HTML, between tags and in quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A full page for everybody.
pub(crate) fn public(call: &Call<'_>, title: &str, content: &str) -> String {
    let menu = public_menu(call);
    frame(
        call,
        title,
        &format!("{menu}\n<main class=\"container\">\n{content}\n</main>"),
    )
}

/// A full page for a logged-in user.
pub(crate) fn private(call: &Call<'_>, user: &User, title: &str, content: &str) -> String {
    let menu = private_menu(call, user);
    let submenu = submenu(call, user);
    let canary = user.canary();
    let body = format!(
        "{menu}\n{submenu}\n<main class=\"container\">\n{content}\n<p class=\"canary\">{canary}</p>\n</main>"
    );
    frame(call, title, &body)
}

fn frame(call: &Call<'_>, title: &str, body: &str) -> String {
    let ctx = &call.config.context;
    let (title, site) = (escape(title), escape(&call.config.site_name));
    let footer = footer(call);
    format!(
        r#"<!DOCTYPE html>
<html lang="id">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{ctx}/public/css/application.css">
<link rel="icon" type="image/png" href="{ctx}/public/images/4.4.icon.png">
<script src="{ctx}/public/js/common-v2.js" defer></script>
</head>
<body data-context="{ctx}">
<noscript><div class="alert alert-warning noscript">Untuk tampilan aplikasi SPSE yang lebih baik, harap aktifkan fitur javascript pada browser anda</div></noscript>
<header class="banner"><div class="container">
<img src="{ctx}/public/images/imgng/lpse-logo.svg" alt="LPSE" width="150" height="52">
<div class="site"><strong>{site}</strong><span>Sistem Pengadaan Secara Elektronik</span></div>
</div></header>
{body}
{footer}
</body>
</html>
"#
    )
}

fn footer(call: &Call<'_>) -> String {
    let ctx = &call.config.context;
    let clock_text = clock::long_date(call.now());
    let year = clock_text.split(' ').nth(2).unwrap_or_default().to_owned();
    let version = escape(&call.config.version);
    format!(
        r#"<footer><div class="container">
<p class="links"><a href="{ctx}/publik/tentangkami">Tentang Kami</a> <a href="{ctx}/publik/paktaintegritas">Pakta Integritas</a> <a href="{ctx}/publik/persyaratan">Persyaratan dan Ketentuan</a></p>
<p>Total Pengunjung: 2.321.268 &nbsp;|&nbsp; <span id="jclock">{clock_text}</span></p>
<p>&copy; 2006-{year} Lembaga Kebijakan Pengadaan Barang/Jasa Pemerintah (LKPP)</p>
<p>Aplikasi {version}</p>
</div></footer>"#
    )
}

fn public_menu(call: &Call<'_>) -> String {
    let ctx = &call.config.context;
    let fragment = match call.config.login_steps {
        LoginSteps::Two => "selecttype",
        LoginSteps::One => "formlogin",
    };
    format!(
        r#"<nav class="menu"><div class="container">
<a href="{ctx}/">BERANDA</a> <a href="{ctx}/lelang">CARI PAKET</a> <a href="{ctx}/publik/regulasi">REGULASI</a> <a href="{ctx}/publik/kontenkhusus">KONTEN KHUSUS</a> <a href="{ctx}/publik/daftarhitam">DAFTAR HITAM</a> <a href="{ctx}/publik/amel">AMEL</a> <a href="{ctx}/publik/kontakkami">KONTAK KAMI</a> <a href="{ctx}/publik/{fragment}?page=1" id="login" data-load="{ctx}/publik/{fragment}">LOGIN</a>
</div></nav>
<div id="loginloader"></div><div id="loginForm"></div>"#
    )
}

fn private_menu(call: &Call<'_>, user: &User) -> String {
    let ctx = &call.config.context;
    let items: &[(&str, &str)] = match user.kind {
        UserType::Penyedia => &[
            ("BERANDA", "/home"),
            ("DATA PENYEDIA", "/penyedia/data"),
            ("PAKET BARU", "/paket"),
            ("INBOX", "/inbox"),
            ("LOG AKSES", "/user/logakses"),
            ("GANTI PASSWORD", "/user/gantipassword"),
        ],
        UserType::NonPenyedia => &[
            ("BERANDA", "/home"),
            ("DAFTAR PAKET", "/paket"),
            ("LOG AKSES", "/user/logakses"),
            ("GANTI PASSWORD", "/user/gantipassword"),
        ],
    };
    let link = |(label, path): &(&str, &str)| format!("<a href=\"{ctx}{path}\">{label}</a>");
    let links = items.iter().map(link).collect::<Vec<_>>().join(" ");
    format!(
        r#"<nav class="menu"><div class="container">
{links} <form id="formLogout" action="{ctx}/logout" method="post"><button type="submit">LOGOUT</button></form>
</div></nav>"#
    )
}

/// The header block, literally as `spse44.md` section 3 has it.
fn block(call: &Call<'_>, shown: &User, linked: &str) -> String {
    let ctx = &call.config.context;
    let (id, code) = (escape(&shown.id), escape(&shown.code));
    let (name, role) = (escape(&shown.name), escape(&shown.role));
    let linked = encode(linked);
    format!(
        r#"<div class="float-right"><span title="[{id}] - {code}"><a href="{ctx}/user/viewuser?userid={linked}" class="dialog" title="Detail Infomasi Pengguna" onhide-refresh="true">{name}</a> - {role}</span></div>"#
    )
}

fn submenu(call: &Call<'_>, user: &User) -> String {
    let ctx = &call.config.context;
    let other = call
        .config
        .users
        .iter()
        .find(|other| other.id != user.id)
        .unwrap_or(user);
    let blocks = match call.config.header_block {
        HeaderBlock::Literal => block(call, user, &user.id),
        HeaderBlock::Missing => String::new(),
        HeaderBlock::Disagreeing => block(call, user, &other.id),
        HeaderBlock::Doubled => block(call, user, &user.id) + &block(call, other, &other.id),
    };
    format!(
        r#"<div class="submenu"><div class="container">
<a href="{ctx}/inaproc/unduh?q=Petunjuk%20Penggunaan" target="_blank" class="notif-info"><i class="fa fa-book"></i> Petunjuk Penggunaan</a> <a href="{ctx}/eproc-lainnya" class="notif-info" target="_blank">Aplikasi e-Procurement Lainnya</a>
{blocks}
</div></div>"#
    )
}

/// The hidden field that every form carries.
pub(crate) fn token_field(call: &Call<'_>) -> String {
    format!(
        "<input type=\"hidden\" name=\"authenticityToken\" value=\"{}\">",
        call.session.token
    )
}

/// The message of the last request, if there was one.
pub(crate) fn flash(call: &Call<'_>) -> String {
    call.flash.as_deref().map_or_else(String::new, |text| {
        format!("<div class=\"alert alert-danger\">{}</div>", escape(text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_text() {
        let text = escape(crate::users::HOSTILE_NAME);
        assert!(!text.contains(['<', '>', '"', '\'']));
    }
}
