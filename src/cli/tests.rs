use super::{Check, Exit, Process, Wiring, run};
use crate::config::{Config, Report};
use crate::domain::office::OfficeError;
use crate::primitives::UnixSeconds;
use std::collections::BTreeMap;
use std::path::Path;

struct Said {
    exit: Exit,
    out: String,
    err: String,
}

struct TemplateCheck;

impl Check for TemplateCheck {
    fn check(&self, config: &Config, report: &mut Report) {
        let place = crate::config::Place {
            key: "templates".into(),
            ..Default::default()
        };
        report
            .problems
            .push(place.problem(format!("broken for {}", config.site.name)));
    }
}

const WIRING: Wiring = Wiring {
    serve: |_, _| Exit::Done,
    checks: Vec::new,
    office: |_, _, _| Err(OfficeError::refused("nobody is at the desk")),
    now: || UnixSeconds(1_795_333_073),
};

fn say_to(wiring: &Wiring, arguments: &[&str]) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut all = vec!["gerbang".into()];
    all.extend(arguments.iter().map(Into::into));
    let process = Process {
        arguments: all,
        environment: BTreeMap::new(),
        input: None,
        out: &mut out,
        err: &mut err,
    };
    let exit = run(process, wiring);
    Said {
        exit,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
    }
}

fn write(folder: &Path, text: &str) -> String {
    let file = folder.join("gerbang.toml");
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

#[test]
fn exit_codes_are_those_that_scripts_know() {
    let codes = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::BadConfiguration,
    ]
    .map(Exit::code);
    assert_eq!(codes, [0, 1, 2, 78]);
}

#[test]
fn usage_errors_go_to_the_error_stream() {
    for arguments in [
        &[][..],
        &["serv"],
        &["serve", "--upstrem", "x"],
        &["serve", "extra"],
    ] {
        let said = say_to(&WIRING, arguments);
        assert_eq!(said.exit, Exit::Usage, "{arguments:?}");
        assert!(said.out.is_empty(), "{arguments:?}");
        assert!(said.err.contains("Usage:"), "{arguments:?}: {}", said.err);
    }
}

#[test]
fn version_and_help_are_data() {
    let version = say_to(&WIRING, &["--version"]);
    assert_eq!(version.exit, Exit::Done);
    assert_eq!(
        version.out,
        format!("gerbang {}\n", env!("CARGO_PKG_VERSION"))
    );
    let help = say_to(&WIRING, &["serve", "--help"]);
    assert_eq!(help.exit, Exit::Done);
    for flag in [
        "--config",
        "--upstream",
        "--context",
        "--listen",
        "--state",
        "--public-url",
    ] {
        assert!(help.out.contains(flag), "{flag}");
    }
    assert!(help.err.is_empty());
}

#[test]
fn serve_gets_the_checked_configuration_and_says_how_it_ended() {
    let wiring = Wiring {
        serve: |config, _| {
            assert_eq!(config.upstream.address.to_string(), "http://127.0.0.1:9009");
            assert_eq!(config.site.context, "/eproc9");
            assert_eq!(config.site.name, "LPSE Contoh");
            assert_eq!(config.listen.addresses[0].to_string(), "127.0.0.1:9999");
            assert_eq!(config.state.dir, Path::new("somewhere"));
            assert_eq!(
                config.site.public_url.unwrap().to_string(),
                "http://localhost:9999/eproc9"
            );
            Exit::Failed
        },
        ..WIRING
    };
    let said = say_to(
        &wiring,
        &[
            "serve",
            "--upstream=http://127.0.0.1:9009",
            "--context=/eproc9",
            "--listen=127.0.0.1:9999",
            "--state=somewhere",
            "--public-url=http://localhost:9999",
            "--site-name=LPSE Contoh",
        ],
    );
    assert_eq!(said.exit, Exit::Failed, "{}", said.err);
}

#[test]
fn serve_does_not_start_on_a_bad_configuration() {
    let wiring = Wiring {
        serve: |_, _| panic!("must not be served"),
        ..WIRING
    };
    let said = say_to(&wiring, &["serve", "--context", "eproc4"]);
    assert_eq!(said.exit, Exit::BadConfiguration);
    assert!(said.out.is_empty());
    insta::assert_snapshot!(said.err, @r#"
    error: --context: "eproc4" must begin with a slash, like "/eproc4"
    error: upstream.url: is missing: say where the application listens, like url = "http://127.0.0.1:9009" or --upstream http://127.0.0.1:9009
    gerbang did not start: the configuration is bad
    "#);
}

#[test]
fn check_says_that_all_is_well() {
    let said = say_to(&WIRING, &["check", "--upstream", "http://127.0.0.1:9009"]);
    assert_eq!(said.exit, Exit::Done);
    assert!(said.err.is_empty());
    insta::assert_snapshot!(said.out, @r"
    warning: contact: no contact is for everybody; users that no other fits read `petugas LPSE`
    good (0 problems, 1 warning): loopback hosts, /eproc4 -> http://127.0.0.1:9009
    ");
}

#[test]
fn check_prints_what_the_configuration_and_the_other_checks_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(
        folder.path(),
        "[upstream]\nurl = 'unix:/run/x'\n\n[site]\nnmae = 'X'\n",
    );
    let wiring = Wiring {
        checks: || vec![Box::new(TemplateCheck)],
        ..WIRING
    };
    let said = say_to(&wiring, &["check", "--config", &file]);
    assert_eq!(said.exit, Exit::BadConfiguration);
    let out = said.out.replace(&folder.path().display().to_string(), "");
    insta::assert_snapshot!(out, @r"
    error: /gerbang.toml:5: site.nmae: unknown key; did you mean `name`?
    error: templates: broken for LPSE (contoh)
    warning: contact: no contact is for everybody; users that no other fits read `petugas LPSE`
    2 problems, 1 warning
    ");
}

#[test]
fn check_speaks_json() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(
        folder.path(),
        "[upstream]\nurl = 'unix:/run/x'\nidle_second = 3\n",
    );
    let said = say_to(&WIRING, &["check", "--json", "--config", &file]);
    assert_eq!(said.exit, Exit::BadConfiguration);
    let object: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(object["ok"], false);
    assert_eq!(object["problems"][0]["file"], file);
    assert_eq!(object["problems"][0]["line"], 3);
    assert_eq!(object["problems"][0]["key"], "upstream.idle_second");
    assert_eq!(object["warnings"].as_array().unwrap().len(), 1);
    let good = say_to(&WIRING, &["check", "--json", "--upstream=unix:/run/x"]);
    let object: serde_json::Value = serde_json::from_str(&good.out).unwrap();
    assert_eq!(
        (good.exit, &object["ok"]),
        (Exit::Done, &serde_json::Value::Bool(true))
    );
}

#[test]
fn a_file_that_cannot_be_read_is_one_problem_and_no_other_check_runs() {
    let wiring = Wiring {
        checks: || vec![Box::new(TemplateCheck)],
        ..WIRING
    };
    let said = say_to(&wiring, &["check", "--config", "/nowhere/gerbang.toml"]);
    assert_eq!(said.exit, Exit::BadConfiguration);
    assert_eq!(
        said.out,
        "error: /nowhere/gerbang.toml: No such file or directory (os error 2)\n\
         1 problem, 0 warnings\n"
    );
}

#[test]
fn a_conflict_ends_with_75_and_every_refusal_is_an_object() {
    let wiring = Wiring {
        office: |_, _, _| {
            let kind = crate::domain::office::ErrorKind::Conflict;
            Err(OfficeError::new(kind, "somebody was faster"))
        },
        ..WIRING
    };
    let show = ["policy", "show", "--upstream=unix:/run/x", "--json"];
    let said = say_to(&wiring, &show);
    assert_eq!((said.exit, said.exit.code()), (Exit::Conflict, 75));
    let object: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(object["error"]["kind"], "conflict");
    let said = say_to(&WIRING, &show);
    assert_eq!((said.exit, said.exit.code()), (Exit::Failed, 1));
}
