//! Which path leads where. Matching is Play's: exact, case-sensitive, nothing decoded or normalised, HEAD as GET,
//! the first route wins (`spse44.md` sections 3, 5 and 10).

use std::io;

use crate::config::Config;
use crate::exchange::Call;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::pages::{errors, private, public};
use crate::{apendo, downloads, entry, statics, tables, tus, uploads};

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// Below `/public/`: no action, no session, no cookies.
    Static(String),
    Public(Public),
    Entry(Entry),
    Private(Private),
    /// A table of the public side, by its name.
    Table(&'static str),
    /// `/dl/<hex>`.
    Document(String),
    /// `/tus/` or `/tus/<id>`.
    Tus(Option<String>),
    Apendo(Apendo),
    Missing,
}

/// Pages for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Public {
    Front,
    Tenders,
    NonTenders,
    /// Package number and tab.
    Tender(String, String),
    NonTender(String, String),
    /// Evaluation of a package: number and tab.
    Result(String, String),
    News,
    /// A page of plain text, by its key.
    Text(&'static str),
    Register,
    ServerTime,
}

/// Ways in and out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    TypeChoice,
    OneStepForm,
    UserForm,
    UserPost,
    PasswordForm,
    PasswordPost,
    Captcha,
    Sso,
    LostForm,
    LostPost,
    ResetForm,
    ResetPost,
    Logout,
}

/// Pages for logged-in users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Private {
    Home,
    /// A further tab of the home page.
    HomeTab(&'static str),
    Packages,
    Company,
    Inbox,
    AccessLog,
    PasswordForm,
    PasswordPost,
    ViewUser,
    OtherApps,
    Package(String),
    Table,
    Csv,
    Download(String),
    UploadForm,
    Upload,
    Events,
    Socket,
    ApendoToken,
    MessagePost,
}

/// Authorised by an access token alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Apendo {
    Info(Option<String>),
    Download,
    Submit,
}

impl Route {
    /// Whether the action reads the body itself, as it comes.
    pub(crate) fn streams(&self) -> bool {
        matches!(
            self,
            Self::Tus(_) | Self::Private(Private::Upload) | Self::Apendo(Apendo::Submit)
        )
    }
}

/// The tables of the public side (`spse44.md` section 5).
const TABLES: [&str; 5] = ["lelang", "pl", "nonspk", "swakelola", "darurat-list"];
/// Pages of plain text: path and key.
const TEXTS: [(&str, &str); 11] = [
    ("/publik/tentangkami", "tentang"),
    ("/publik/kontakkami", "kontak"),
    ("/publik/regulasi", "regulasi"),
    ("/publik/kontenkhusus", "khusus"),
    ("/publik/daftarhitam", "hitam"),
    ("/publik/amel", "amel"),
    ("/publik/paktaintegritas", "pakta"),
    ("/publik/persyaratan", "syarat"),
    ("/pengumuman", "pengumuman"),
    ("/lelang_umum", "umum"),
    ("/inaproc/unduh", "petunjuk"),
];

/// Finds the route of a path below the context.
pub(crate) fn route(config: &Config, method: &str, path: &str) -> Route {
    let get = matches!(method, "GET" | "HEAD");
    if let Some(file) = path.strip_prefix("/public/") {
        return if get {
            Route::Static(file.to_owned())
        } else {
            Route::Missing
        };
    }
    if let Some(id) = path.strip_prefix("/tus/") {
        return Route::Tus((!id.is_empty()).then(|| id.to_owned()));
    }
    let found = match method {
        "GET" | "HEAD" => entry_get(path)
            .or_else(|| public(path))
            .or_else(|| private(path)),
        "POST" => post(path),
        _ => None,
    };
    let both = || {
        if get || method == "POST" {
            either(path, get)
        } else {
            None
        }
    };
    let catch_all = || {
        config
            .catch_all
            .then(|| named_action(method, path))
            .flatten()
    };
    found
        .or_else(both)
        .or_else(catch_all)
        .unwrap_or(Route::Missing)
}

fn entry_get(path: &str) -> Option<Route> {
    Some(Route::Entry(match path {
        "/publik/selecttype" => Entry::TypeChoice,
        "/publik/formlogin" => Entry::OneStepForm,
        "/login" => Entry::UserForm,
        "/loginpass" => Entry::PasswordForm,
        "/captcha/showcaptcha" => Entry::Captcha,
        "/sso/masuk" => Entry::Sso,
        "/publik/lupapassword" => Entry::LostForm,
        "/user/lupapassword" => Entry::ResetForm,
        _ => return None,
    }))
}

fn post(path: &str) -> Option<Route> {
    Some(match path {
        "/login" => Route::Entry(Entry::UserPost),
        "/loginpass" => Route::Entry(Entry::PasswordPost),
        "/publik/lupapassword" => Route::Entry(Entry::LostPost),
        "/user/lupapassword/selesai" => Route::Entry(Entry::ResetPost),
        "/publik/daftar" => Route::Public(Public::Register),
        "/user/gantipassword" => Route::Private(Private::PasswordPost),
        "/penawaran/unggah" => Route::Private(Private::Upload),
        "/pesan" => Route::Private(Private::MessagePost),
        "/lt17/submit_info_teknis" => Route::Apendo(Apendo::Submit),
        _ => return None,
    })
}

/// Routes that take GET and POST alike.
fn either(path: &str, get: bool) -> Option<Route> {
    if path == "/logout" {
        return Some(Route::Entry(Entry::Logout));
    }
    let table = path.strip_prefix("/dt/")?;
    if matches!(table, "paket-ppk" | "paket-ppk-pl") && get {
        return Some(Route::Private(Private::Table));
    }
    TABLES
        .iter()
        .find(|name| **name == table)
        .map(|name| Route::Table(name))
}

/// A number as it stands in addresses.
fn number(text: &str) -> Option<String> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned())
}

fn public(path: &str) -> Option<Route> {
    if let Some((_, key)) = TEXTS.iter().find(|(text, _)| *text == path) {
        return Some(Route::Public(Public::Text(key)));
    }
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    Some(Route::Public(match parts.as_slice() {
        [""] => Public::Front,
        ["lelang"] => Public::Tenders,
        ["nontender"] => Public::NonTenders,
        [
            "lelang",
            id,
            tab @ ("pengumumanlelang" | "peserta" | "jadwal"),
        ] => Public::Tender(number(id)?, (*tab).to_owned()),
        [
            "nontender",
            id,
            tab @ ("pengumumanpl" | "peserta" | "jadwal"),
        ] => Public::NonTender(number(id)?, (*tab).to_owned()),
        [
            "evaluasi" | "evaluasinontender",
            id,
            tab @ ("hasil" | "pemenang" | "pemenangberkontrak"),
        ] => Public::Result(number(id)?, (*tab).to_owned()),
        ["publik", "detil_special"] => Public::News,
        ["publik", "daftar"] => Public::Register,
        ["json", "getservertime"] => Public::ServerTime,
        ["dl", name] if name.len() >= 8 && name.bytes().all(|b| b.is_ascii_hexdigit()) => {
            return Some(Route::Document((*name).to_owned()));
        }
        ["lt17"] => return Some(Route::Apendo(Apendo::Info(None))),
        ["lt17", "download"] => return Some(Route::Apendo(Apendo::Download)),
        ["lt17", "token"] => return Some(Route::Private(Private::ApendoToken)),
        ["lt17", token] => return Some(Route::Apendo(Apendo::Info(Some((*token).to_owned())))),
        _ => return None,
    }))
}

fn private(path: &str) -> Option<Route> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    Some(Route::Private(match parts.as_slice() {
        ["home"] => Private::Home,
        ["beranda", "nontender"] => Private::HomeTab("Non Tender"),
        ["beranda", "pencatatan"] => Private::HomeTab("Pencatatan Non Tender"),
        ["beranda", "swakelola"] => Private::HomeTab("Pencatatan Swakelola"),
        ["beranda", "darurat"] => Private::HomeTab("Pencatatan Pengadaan Darurat"),
        ["paket" | "paketlelang" | "paketnontender" | "paketpanitia"] => Private::Packages,
        ["paket", "unduh.csv"] => Private::Csv,
        ["penyedia", "data"] => Private::Company,
        ["inbox"] => Private::Inbox,
        ["user", "logakses"] => Private::AccessLog,
        ["user", "gantipassword"] => Private::PasswordForm,
        ["user", "viewuser"] => Private::ViewUser,
        ["eproc-lainnya"] => Private::OtherApps,
        ["nontender", id] => Private::Package(number(id)?),
        ["dokumen", "unduh", n] => Private::Download(number(n)?),
        ["penawaran", "unggah"] => Private::UploadForm,
        ["notifikasi", "arus"] => Private::Events,
        ["notifikasi", "soket"] => Private::Socket,
        _ => return None,
    }))
}

/// Play's catch-all `/{controller}/{action}`: the actions by their names in the code.
fn named_action(method: &str, path: &str) -> Option<Route> {
    let post = method == "POST";
    if !post && !matches!(method, "GET" | "HEAD") {
        return None;
    }
    Some(match path {
        "/LoginCtr/login" => Route::Entry(if post {
            Entry::UserPost
        } else {
            Entry::UserForm
        }),
        // The action takes its parameters from wherever they come, so a GET logs in as well.
        "/LoginCtr/loginpass" | "/LoginCtr/loginPassSubmit" => Route::Entry(Entry::PasswordPost),
        "/LoginCtr/logout" => Route::Entry(Entry::Logout),
        "/PublikCtr/index" => Route::Public(Public::Front),
        "/UserCtr/home" => Route::Private(Private::Home),
        "/UserCtr/logakses" => Route::Private(Private::AccessLog),
        _ => return None,
    })
}

/// Acts upon a request.
pub(crate) async fn act(
    call: &mut Call<'_>,
    route: &Route,
    body: &mut Body<'_>,
) -> io::Result<Answer> {
    Ok(match route {
        Route::Static(file) => statics::answer(call, file),
        Route::Public(page) => public::answer(call, page),
        Route::Entry(entry) => entry::answer(call, *entry),
        Route::Table(name) => tables::public(call, name),
        Route::Document(name) => downloads::document(call, name),
        Route::Apendo(Apendo::Submit) => apendo::submit(call, body).await?,
        Route::Apendo(step) => apendo::answer(call, step),
        Route::Tus(id) => tus::answer(call, id.as_deref(), body).await?,
        Route::Private(Private::Upload) => uploads::form(call, body).await?,
        Route::Private(page) => private::answer(call, page),
        Route::Missing => errors::missing(call),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_of_a_path_are_other_paths() {
        let config = Config::default();
        for path in [
            "//loginpass",
            "/./loginpass",
            "/Loginpass",
            "/%6coginpass",
            "/loginpass;x",
            "/loginpass/",
        ] {
            assert_eq!(route(&config, "POST", path), Route::Missing, "{path}");
        }
        assert_eq!(
            route(&config, "POST", "/loginpass"),
            Route::Entry(Entry::PasswordPost)
        );
        assert_eq!(route(&config, "OPTIONS", "/home"), Route::Missing);
        assert_eq!(route(&config, "TRACE", "/home"), Route::Missing);
    }

    #[test]
    fn public_and_private_share_a_prefix() {
        let config = Config::default();
        assert!(matches!(
            route(&config, "GET", "/nontender/7/pengumumanpl"),
            Route::Public(_)
        ));
        assert!(matches!(
            route(&config, "GET", "/nontender/7"),
            Route::Private(_)
        ));
        assert!(matches!(
            route(&config, "GET", "/dt/paket-ppk"),
            Route::Private(_)
        ));
        assert!(matches!(
            route(&config, "POST", "/dt/lelang"),
            Route::Table("lelang")
        ));
    }

    #[test]
    fn the_catch_all_is_a_switch() {
        let config = Config {
            catch_all: true,
            ..Config::default()
        };
        assert_eq!(
            route(&Config::default(), "GET", "/LoginCtr/loginpass"),
            Route::Missing
        );
        assert_eq!(
            route(&config, "GET", "/LoginCtr/loginpass"),
            Route::Entry(Entry::PasswordPost)
        );
    }
}
