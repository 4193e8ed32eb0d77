use super::*;
use crate::profile::tests::spse;

mod tricks;

fn get(path: &str) -> Classified {
    spse().classify("GET", path.as_bytes(), None)
}

fn post(path: &str) -> Classified {
    spse().classify("POST", path.as_bytes(), None)
}

#[test]
fn lanes() {
    for (path, lane) in [
        ("/eproc4", Lane::Public),
        ("/eproc4/", Lane::Public),
        ("/eproc4/lelang", Lane::Public),
        ("/eproc4/lelang/2301194/pengumumanlelang", Lane::Public),
        (
            "/eproc4/evaluasinontender/1/pemenangberkontrak",
            Lane::Public,
        ),
        ("/eproc4/publik/selecttype", Lane::Public),
        ("/eproc4/publik/formlogin", Lane::Public),
        ("/eproc4/json/getservertime", Lane::Public),
        ("/eproc4/captcha/showcaptcha", Lane::Public),
        ("/eproc4/dl/9f86d081884c7d65", Lane::Public),
        ("/eproc4/dt/lelang", Lane::Public),
        ("/eproc4/dt/darurat-list", Lane::Public),
        ("/eproc4/login", Lane::Public),
        ("/eproc4/loginpass", Lane::Public),
        ("/eproc4/public/", Lane::Static),
        ("/eproc4/public/js/tus/tus.js", Lane::Static),
        (
            "/eproc4/public/images/imgng/mm.a-b.My%20File.png",
            Lane::Static,
        ),
        ("/eproc4/lt17", Lane::Exempt),
        ("/eproc4/lt17/eyJhbGciOi", Lane::Exempt),
        ("/eproc4/lt17/download", Lane::Exempt),
        ("/eproc4/home", Lane::Other),
        ("/eproc4/nontender/7", Lane::Other),
        ("/eproc4/nontender/7/edit", Lane::Other),
        ("/eproc4/dt/paket-ppk", Lane::Other),
        ("/eproc4/dt", Lane::Other),
        ("/eproc4/sso/masuk", Lane::Other),
        ("/eproc4/publik/anything", Lane::Other),
        ("/eproc4/user/lupapassword/selesai", Lane::Other),
        ("/eproc4/LoginCtr/loginpass", Lane::Other),
        ("/eproc4lat/lelang", Lane::Other),
        ("/lelang", Lane::Other),
        ("/", Lane::Other),
    ] {
        assert_eq!(get(path).lane, lane, "{path}");
        assert_eq!(
            spse().classify("HEAD", path.as_bytes(), None).lane,
            lane,
            "HEAD {path}"
        );
    }
}

#[test]
fn public_posts_are_exact() {
    for name in ["lelang", "pl", "nonspk", "swakelola", "darurat-list"] {
        assert_eq!(
            post(&format!("/eproc4/dt/{name}")).lane,
            Lane::Public,
            "{name}"
        );
    }
    for path in [
        "/eproc4/dt/paket-ppk",
        "/eproc4/dt/lelangx",
        "/eproc4/dt/lelang/",
        "/eproc4/lelang",
        "/eproc4/",
        "/eproc4/publik/selecttype",
        "/eproc4/login",
        "/eproc4/public/x.css",
        "/eproc4/publik/daftar",
    ] {
        assert_eq!(post(path).lane, Lane::Other, "{path}");
    }
    assert_eq!(post("/eproc4/lt17/submit_info_teknis").lane, Lane::Exempt);
}

#[test]
fn logins_by_path() {
    for path in [
        "/eproc4/login",
        "/eproc4/loginpass",
        "/eproc4/loginpass/",
        "/eproc4/LoginPass",
        "/EPROC4/loginpass",
        "/eproc4/%6Coginpass",
        "/eproc4/%256coginpass",
        "/eproc4/login%70ass",
        "/eproc4/LoginCtr/loginpass",
        "/eproc4/loginctr/login",
        "/eproc4/LoginCtr/loginPassSubmit",
        "/eproc4/controllers.LoginCtr/x",
        "/eproc4/Log%C4%B1nCtr/x",
    ] {
        for method in ["POST", "PUT", "DELETE", "post", "TRACE"] {
            let found = spse().classify(method, path.as_bytes(), None);
            assert!(found.login && found.lane == Lane::Other, "{method} {path}");
        }
        assert!(!get(path).login, "{path}");
        let found = spse().classify("GET", path.as_bytes(), Some(b"x-http-method-override=POST"));
        assert!(found.login && found.method_override, "{path}");
    }
    for path in [
        "/eproc4/loginx",
        "/eproc4/x/login",
        "/login",
        "/eproc4/home",
        "/eproc4/LoginCtr/a/b",
    ] {
        assert!(!post(path).login, "{path}");
    }
}

#[test]
fn logins_by_query_on_any_path_by_any_method() {
    for query in [
        "txtPassword=x",
        "a=b&TXTPASSWORD=x",
        "txt%50assword=x",
        "txt%2550assword",
        "a=%74xtPassword",
        "_charset_=utf-16",
        "q=%5Ctxt%5Cu0050assword",
    ] {
        for (method, path) in [
            ("GET", "/eproc4/lelang"),
            ("HEAD", "/eproc4/lt17"),
            ("POST", "/x"),
            ("GET", "/eproc4/public/a"),
        ] {
            let found = spse().classify(method, path.as_bytes(), Some(query.as_bytes()));
            assert!(
                found.login && found.lane == Lane::Other,
                "{method} {path}?{query}"
            );
        }
    }
    let harmless = spse().classify(
        "GET",
        b"/eproc4/lelang",
        Some(b"tahun=2022&search%5Bvalue%5D=password"),
    );
    assert!(!harmless.login && harmless.lane == Lane::Public);
}

#[test]
fn method_overrides_are_seen_through_encodings() {
    let overrides = |query: &str| {
        spse()
            .classify("GET", b"/eproc4/dt/lelang", Some(query.as_bytes()))
            .method_override
    };
    for query in [
        "x-http-method-override=POST",
        "a=1&X-HTTP-Method-Override=POST",
        "x%2Dhttp-method-override=POST",
        "x-http-%6Dethod-override=PUT",
        "x%252dhttp-method-override=POST",
        "a=x-http-method-override=POST",
        "_method=DELETE",
        "a=b&_METHOD=put",
        "%5Fmethod=put",
        "%255fmethod=put",
        "a;_method=put",
        "_method",
        "a=b%26_method=put",
        "a?_method=put",
    ] {
        assert!(overrides(query), "{query}");
        let found = spse().classify("GET", b"/eproc4/lt17", Some(query.as_bytes()));
        assert_eq!(found.lane, Lane::Other, "{query}");
    }
    for query in [
        "",
        "a=b",
        "method=x",
        "x_method=x",
        "payment_method=x",
        "a=_method",
        "x-http-method=1",
    ] {
        assert!(!overrides(query), "{query}");
    }
    for name in [
        "X-HTTP-Method-Override",
        "x-method-override",
        "X-HTTP-METHOD",
        "X_HTTP_Method_Override",
    ] {
        assert!(spse().override_header(name), "{name}");
    }
    for name in ["x-http", "method", "x-http-method-overrides", ""] {
        assert!(!spse().override_header(name), "{name}");
    }
}

#[test]
fn ways_out_private_pages_and_forms() {
    for path in [
        "/eproc4/logout",
        "/eproc4/LOGOUT",
        "/eproc4/log%6Fut",
        "/eproc4/LoginCtr/logout",
        "/eproc4/logout/",
    ] {
        let found = post(path);
        assert!(found.logout && !found.login, "{path}");
        assert!(get(path).logout, "{path}");
    }
    let both = spse().classify("POST", b"/eproc4/logout", Some(b"txtPassword=x"));
    assert!(both.logout && both.login);
    for path in [
        "/eproc4/home",
        "/eproc4/HOME/",
        "/eproc4/h%6Fme",
        "/eproc4/beranda/nontender",
        "/eproc4/paket/unduh.csv",
        "/eproc4/user/logakses",
        "/eproc4/user/gantipassword",
        "/eproc4/user/viewuser",
        "/eproc4/eproc-lainnya",
        "/eproc4/paketpanitia",
        "/eproc4/dt/paket-ppk",
    ] {
        assert!(get(path).private_page, "{path}");
        assert_eq!(get(path).lane, Lane::Other, "{path}");
    }
    for path in [
        "/eproc4/",
        "/eproc4/lelang",
        "/eproc4/homes",
        "/home",
        "/eproc4/login",
    ] {
        assert!(!get(path).private_page, "{path}");
    }
    for path in [
        "/eproc4/login",
        "/eproc4/loginpass",
        "/eproc4/publik/selecttype",
        "/eproc4/publik/formlogin",
    ] {
        assert!(get(path).login_page && !post(path).login_page, "{path}");
    }
    assert!(!get("/eproc4/").login_page);
}

#[test]
fn methods_by_path() {
    let allowed = |method: &str, path: &str| {
        spse()
            .classify(method, path.as_bytes(), None)
            .method_allowed
    };
    for method in ["GET", "HEAD", "POST"] {
        assert!(
            allowed(method, "/eproc4/x") && allowed(method, "/eproc4/tus/1"),
            "{method}"
        );
    }
    for method in ["PATCH", "DELETE", "OPTIONS"] {
        assert!(
            allowed(method, "/eproc4/tus") && allowed(method, "/eproc4/tus/abc"),
            "{method}"
        );
        for path in [
            "/eproc4/x",
            "/eproc4/tusx",
            "/eproc4/TUS/1",
            "/eproc4/%74us/1",
            "/tus/1",
            "/eproc4/tus/../x",
        ] {
            assert!(!allowed(method, path), "{method} {path}");
        }
    }
    for method in ["TRACE", "CONNECT", "PUT", "get", "", "PROPFIND"] {
        assert!(
            !allowed(method, "/eproc4/tus/1") && !allowed(method, "/eproc4/"),
            "{method}"
        );
    }
}

#[test]
fn own_pages_keep_clear_of_the_application() {
    let profile = spse();
    for prefix in [
        "lelang", "/user", "USER", "lt17/x", "public", "loginctr", "jadwal", "%75ser", "", "/",
    ] {
        assert!(profile.conflicts_with_prefix(prefix), "{prefix}");
    }
    for prefix in ["gerbang", "/gerbang", "gerbang/x", "lelangx"] {
        assert!(!profile.conflicts_with_prefix(prefix), "{prefix}");
    }
}

#[test]
fn redirects_to_private_pages() {
    let private = |location: &str| spse().is_private_location(location.as_bytes());
    for location in [
        "/eproc4/home",
        "http://host/eproc4/home",
        "https://host:8443/eproc4/home?x#y",
        "//host/eproc4/home",
        "/eproc4/./x/../home",
        "/eproc4\\home",
        " /eproc4/ho\tme",
        "/eproc4/%68ome",
        "/EPROC4/Home",
        "/eproc4/user/gantipassword",
        "home",
        "?x",
        "",
        "http:home",
        "http://[",
        "javascript:x",
    ] {
        assert!(private(location), "{location}");
    }
    assert!(spse().is_private_location(b"/\xff"));
    for location in [
        "/eproc4/",
        "/eproc4",
        "/eproc4/loginpass",
        "http://host/eproc4/lelang",
        "/home",
        "https://sikap.example/",
    ] {
        assert!(!private(location), "{location}");
    }
}
