//! A walk over the whole public side, for comparing two ways to the same server byte for byte.
//!
//! With [`crate::Config::frozen`] on, all that differs between two walks is the value of SPSE_SESSION. The walker
//! keeps that cookie from answer to answer and puts it on each next request that wants it.

/// What stands for the session's `___AT` in paths and bodies.
const TOKEN: &str = "{token}";

/// One request of the walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalkStep {
    /// What it is, for messages.
    pub name: &'static str,
    /// Method.
    pub method: &'static str,
    /// Path with the context and the query; may hold a place for the token.
    path: String,
    /// Headers beside Host, Cookie and the body's length.
    headers: Vec<(&'static str, String)>,
    body: Body,
    /// The walker sends its SPSE_SESSION. Apendo and static files come without.
    pub with_session: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Body {
    None,
    Text(String),
    /// The text, sent in chunks.
    Chunked(String),
}

/// A step made ready: what is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalkRequest {
    /// Method.
    pub method: &'static str,
    /// Request target.
    pub target: String,
    /// Headers beside Host, Cookie and Content-Length or Transfer-Encoding.
    pub headers: Vec<(&'static str, String)>,
    /// Body, if there is one.
    pub body: Option<Vec<u8>>,
    /// The body is sent in chunks.
    pub chunked: bool,
}

impl WalkRequest {
    /// The request as bytes for a connection to `host`, with `cookie` as its Cookie header.
    #[must_use]
    pub fn bytes(&self, host: &str, cookie: Option<&str>) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {host}\r\n",
            self.method, self.target
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(cookie) = cookie {
            head.push_str(&format!("Cookie: {cookie}\r\n"));
        }
        let body = self.body.clone().unwrap_or_default();
        if self.chunked {
            head.push_str("Transfer-Encoding: chunked\r\n\r\n");
            let mut bytes = head.into_bytes();
            for chunk in body.chunks(7) {
                bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
            return bytes;
        }
        if self.body.is_some() {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&body);
        bytes
    }
}

impl WalkStep {
    fn new(name: &'static str, method: &'static str, path: String) -> Self {
        Self {
            name,
            method,
            path,
            headers: Vec::new(),
            body: Body::None,
            with_session: true,
        }
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn form(mut self, body: &str) -> Self {
        self.body = Body::Text(body.to_owned());
        self.header("Content-Type", "application/x-www-form-urlencoded")
    }

    fn chunks(mut self, body: &str) -> Self {
        self.body = Body::Chunked(body.to_owned());
        self.header("Content-Type", "application/x-www-form-urlencoded")
    }

    fn bare(mut self) -> Self {
        self.with_session = false;
        self
    }

    /// The request with the session's `___AT` put in; empty for a walker that has no session yet.
    #[must_use]
    pub fn request(&self, token: &str) -> WalkRequest {
        let text = |text: &str| text.replace(TOKEN, token);
        let (body, chunked) = match &self.body {
            Body::None => (None, false),
            Body::Text(body) => (Some(text(body).into_bytes()), false),
            Body::Chunked(body) => (Some(text(body).into_bytes()), true),
        };
        let headers = self.headers.clone();
        WalkRequest {
            method: self.method,
            target: text(&self.path),
            headers,
            body,
            chunked,
        }
    }
}

/// Pages of the walk, below the context. The first one gives the session.
const PAGES: [&str; 44] = [
    "/",
    "",
    "/lelang",
    "/lelang?kategoriId=&tahun=2022&instansiId=&rekanan=&kontrak_status=&kontrak_tipe=",
    "/lelang/2301194/pengumumanlelang",
    "/lelang/2301194/peserta",
    "/lelang/2301194/jadwal",
    "/evaluasi/2301194/hasil",
    "/evaluasi/2301194/pemenang",
    "/evaluasi/2301194/pemenangberkontrak",
    "/nontender",
    "/nontender/5301194/pengumumanpl",
    "/nontender/5301194/peserta",
    "/nontender/5301194/jadwal",
    "/evaluasinontender/5301194/hasil",
    "/publik/tentangkami",
    "/publik/kontakkami",
    "/publik/regulasi",
    "/publik/kontenkhusus",
    "/publik/daftarhitam",
    "/publik/amel",
    "/publik/paktaintegritas",
    "/publik/persyaratan",
    "/pengumuman",
    "/lelang_umum",
    "/publik/detil_special?beritaId=783066",
    "/inaproc/unduh?q=Petunjuk%20Penggunaan",
    "/publik/selecttype",
    "/publik/selecttype?page=1",
    "/publik/formlogin",
    "/publik/lupapassword",
    "/login?tipe=penyedia",
    "/login?tipe=nonpenyedia",
    "/publik/daftar",
    "/json/getservertime",
    "/dl/9f86d081884c7d65",
    "/dl/9f86d081884c7d65?bytes=1048576",
    "/tidak-ada",
    "/tidak%20ada?x=%41&y=a+b",
    "/lelang/abc/jadwal",
    // Private pages say to nobody that the session is over.
    "/home",
    "/paket",
    "/nontender/5301194",
    "/dt/paket-ppk?status=1",
];

/// Fields of a DataTables call, as the page's script makes them.
const TABLE_FIELDS: &str = "draw=1&start=10&length=10&search%5Bvalue%5D=jalan&search%5Bregex%5D=false&order%5B0%5D%5Bcolumn%5D=0&order%5B0%5D%5Bdir%5D=desc&columns%5B0%5D%5Bdata%5D=0&authenticityToken={token}";

/// The whole walk for a context such as `/eproc4`.
#[must_use]
pub fn walk(context: &str) -> Vec<WalkStep> {
    let at = |path: &str| format!("{context}{path}");
    let mut steps: Vec<WalkStep> = PAGES
        .iter()
        .map(|path| WalkStep::new("page", "GET", at(path)))
        .collect();
    steps.extend(tables(context));
    steps.extend(statics(context));
    steps.push(WalkStep::new("page by HEAD", "HEAD", at("/lelang")));
    steps.push(WalkStep::new(
        "document by HEAD",
        "HEAD",
        at("/dl/9f86d081884c7d65"),
    ));
    steps.push(
        WalkStep::new("registration", "POST", at("/publik/daftar"))
            .form("authenticityToken={token}&txtEmail=a%40b.co.id"),
    );
    steps.push(
        WalkStep::new("registration in chunks", "POST", at("/publik/daftar"))
            .chunks("authenticityToken={token}&txtEmail=chunked%40b.co.id"),
    );
    steps.push(
        WalkStep::new("machine client", "GET", at("/lelang"))
            .header("User-Agent", "Mozilla/5.0 WebClient SPSE")
            .bare(),
    );
    steps.push(
        WalkStep::new("Apendo without a token", "GET", at("/lt17?access_token=x"))
            .header("User-Agent", "Apendo/5.1.5 (18 november 2021) LT17/1.1 (18 november 2021) Qt/5.14.0 LKPPRI-SPSE/4.4")
            .header("Apendo-Signature", "1650186600000|abc|BwcHBwcHBwcHBwcHBwcHBwcHBwc=")
            .bare(),
    );
    steps
}

fn tables(context: &str) -> Vec<WalkStep> {
    let mut steps = Vec::new();
    for table in ["lelang", "pl", "nonspk", "swakelola", "darurat-list"] {
        let path = format!("{context}/dt/{table}");
        let ajax = |step: WalkStep| {
            step.header("X-Requested-With", "XMLHttpRequest")
                .header("Accept", "application/json")
        };
        steps.push(ajax(WalkStep::new(
            "table by GET",
            "GET",
            format!("{path}?{TABLE_FIELDS}&_=1"),
        )));
        steps.push(ajax(
            WalkStep::new("table by POST", "POST", path.clone()).form(TABLE_FIELDS),
        ));
    }
    let path = format!("{context}/dt/lelang");
    let wrong = "draw=1&authenticityToken=salah";
    steps.push(WalkStep::new("table with a wrong token", "POST", path.clone()).form(wrong));
    steps.push(
        WalkStep::new("table without a session", "POST", path)
            .form(TABLE_FIELDS)
            .bare(),
    );
    steps
}

fn statics(context: &str) -> Vec<WalkStep> {
    let at = |path: &str| format!("{context}/public/{path}");
    let get = |name, path: &str| WalkStep::new(name, "GET", at(path)).bare();
    vec![
        get("style", "css/application.css"),
        get("script", "js/common-v2.js"),
        get("logo", "images/imgng/lpse-logo.svg"),
        get("icon", "images/4.4.icon.png"),
        get("guide", "files/panduan.pdf"),
        get("part of the guide", "files/panduan.pdf").header("Range", "bytes=1000-1999"),
        get("end of the guide", "files/panduan.pdf").header("Range", "bytes=-100"),
        get("behind the guide's end", "files/panduan.pdf").header("Range", "bytes=9999999-"),
        get("no such file", "css/tidak-ada.css"),
    ]
}
