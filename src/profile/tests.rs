use super::*;
use proptest::prelude::*;

pub(crate) fn spse() -> Profile {
    Profile::builtin("/eproc4").unwrap()
}

#[test]
fn the_profile_of_spse_has_no_problem_at_any_context() {
    for context in ["", "/eproc4", "/a/b", "/EPROC4lat"] {
        let profile = Profile::builtin(context).unwrap();
        assert_eq!(profile.context(), context);
        assert_eq!(profile.logout_request().path, format!("{context}/logout"));
        assert_eq!(profile.probe_pages()[0].path, format!("{context}/home"));
        let home = format!("{context}/home");
        assert!(
            profile.classify("GET", home.as_bytes(), None).private_page,
            "{context}"
        );
        let css = format!("{context}/public/css/application.css");
        assert_eq!(
            profile.classify("GET", css.as_bytes(), None).lane,
            Lane::Static,
            "{context}"
        );
    }
    assert_eq!(spse().name(), "spse-4.4");
    assert_eq!(spse().logout_request().method, "POST");
}

#[test]
fn contexts_that_are_none_are_refused() {
    for context in [
        "eproc4", "/", "/eproc4/", "/a//b", "/a/../b", "/a?b", "/%61", "/é",
    ] {
        let problems = Profile::builtin(context).unwrap_err();
        assert_eq!(problems[0].key, "context", "{context}");
    }
}

#[test]
fn a_profile_crosses_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Profile>();
    shared::<BodyScan>();
    shared::<MarkerScan>();
}

#[test]
fn limits_are_the_files() {
    let profile = spse();
    assert_eq!(profile.longest_answer_seconds(), 600);
    assert_eq!(profile.session_longest_life_seconds(), 1800);
    assert_eq!(profile.limits().login_body_bytes, 60 * 1024);
    assert_eq!(profile.limits().request_line_bytes, 4096);
    assert_eq!(profile.limits().header_bytes, 8192);
    assert!(profile.upgrades().is_empty() && profile.script_headers().is_empty());
}

#[test]
fn user_ids_are_folded_as_the_application_folds_them() {
    let profile = spse();
    assert_eq!(profile.fold_user_id(" ppk2\n").unwrap().as_str(), "PPK2");
    assert_eq!(
        profile.fold_user_id("PPK2").unwrap(),
        profile.fold_user_id("Ppk2").unwrap()
    );
    assert_eq!(profile.fold_user_id(" "), Err(NameError::Empty));
    assert_eq!(profile.fold_user_id("a\0b"), Err(NameError::Control));
    assert_eq!(
        profile.fold_user_id(&"a".repeat(201)),
        Err(NameError::TooLong)
    );
    let lower = include_str!("../../config/profiles/spse-4.4.toml")
        .replace("case_folding = \"upper\"", "case_folding = \"lower\"");
    assert_eq!(
        Profile::parse(&lower, "")
            .unwrap()
            .fold_user_id("PPK2")
            .unwrap()
            .as_str(),
        "ppk2"
    );
}

#[test]
fn roles_have_their_user_type_and_unknown_ones_the_default() {
    let profile = spse();
    let of = |label: &str| {
        profile
            .user_type_of(&Role::parse(label).unwrap())
            .to_string()
    };
    for role in ["Penyedia", "PENYEDIA", "Rekanan", "Penyedia  Barang/Jasa"] {
        assert_eq!(of(role), "penyedia", "{role}");
    }
    // texts.md section 12, spse44.md section 4, and a role that nobody knows.
    for role in [
        "Administrator Agensi",
        "Verifikator",
        "Helpdesk",
        "Kepala Unit Pengelola PBJ",
        "Pejabat Pembuat Komitmen",
        "Pejabat Pengadaan",
        "Anggota Kelompok Kerja Pemilihan",
        "Aparatur Sipil Negara",
        "Auditor/Aparat Penegak Hukum",
        "Admin PPE",
        "PPHP",
        "Pokja/Panitia",
        "Unsur Pelaksana LPSE",
        "Kepala UKPBJ",
        "Anggota Pokja Pemilihan",
        "PA/KPA/PPK",
        "Auditor",
        "Peran Baru 2027",
        "Bukan Penyedia",
    ] {
        assert_eq!(of(role), "non-penyedia", "{role}");
    }
    assert_eq!(profile.user_types().len(), 2);
    assert!(
        profile
            .roles()
            .iter()
            .any(|role| role.as_str() == "Pejabat Pengadaan")
    );
}

#[test]
fn cookies_of_the_application() {
    let profile = spse();
    assert_eq!(profile.cookie_class(b"SPSE_SESSION"), CookieClass::Session);
    assert_eq!(profile.cookie_class(b"SPSE_FLASH"), CookieClass::Readable);
    assert_eq!(profile.cookie_class(b"SPSE_ERRORS"), CookieClass::Readable);
    assert_eq!(profile.cookie_class(b"_ga_ABC"), CookieClass::ScriptMade);
    assert_eq!(profile.cookie_class(b"spse_session"), CookieClass::Unlisted);
    assert_eq!(profile.cookie_class(b"JSESSIONID"), CookieClass::Unlisted);
    assert!(profile.case_variant_of_session(b"spse_Session"));
    assert!(!profile.case_variant_of_session(b"SPSE_SESSION"));
}

/// The program knows no word of the application outside of the profile and the tests.
#[test]
fn the_code_of_this_room_knows_no_word_of_the_application() {
    fn sources(folder: &std::path::Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            if path.is_dir() {
                sources(&path, found);
            } else if !name.ends_with("tests.rs") && !name.contains("/tests/") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                let lines = code
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"));
                found.push((name, lines.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    let mut found = Vec::new();
    sources(
        &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/profile"),
        &mut found,
    );
    assert!(found.len() > 15);
    for (name, code) in found {
        let code = code.replace("spse-4.4", "");
        for word in [
            "txtPassword",
            "SPSE",
            "spse",
            "___",
            "lt17",
            "enyedia",
            "viewuser",
            "loginpass",
            "Terjadi",
        ] {
            assert!(!code.contains(word), "{name} knows {word}");
        }
    }
}

proptest! {
    /// Nothing that a client can send makes the room panic.
    #[test]
    fn no_request_panics(method in ".{0,8}", path in prop::collection::vec(any::<u8>(), 0..80),
                         query in prop::collection::vec(any::<u8>(), 0..80)) {
        let profile = spse();
        let _ = profile.classify(&method, &path, Some(&query));
        let _ = profile.is_private_location(&path);
        let _ = profile.cookie_class(&path);
        let _ = profile.session_cookie().differs(Some(&path), &query);
    }
}
