//! What `gerbang check` looks at besides the configuration itself.

use super::vault::{STORE_DIR, read_key};
use super::{load_profile, load_renderer};
use crate::cli::Check;
use crate::config::{Config, Problem, Report};
use crate::profile::Profile;

/// What `gerbang check` looks at besides the configuration itself.
pub fn checks() -> Vec<Box<dyn Check>> {
    vec![
        Box::new(ProfileCheck),
        Box::new(TemplateCheck),
        Box::new(KeyFileCheck),
    ]
}

struct ProfileCheck;

impl Check for ProfileCheck {
    fn check(&self, config: &Config, report: &mut Report) {
        match load_profile(config) {
            Err(problems) => {
                for line in problems.lines() {
                    report.problems.push(problem("profile", line));
                }
            }
            Ok(profile) => report.problems.extend(profile_problems(
                &profile,
                config,
                &[&config.site.own_prefix],
            )),
        }
    }
}

/// What a profile and a configuration must not say together. `prefixes` are those of the gateway's
/// own pages, now and after a restart.
pub(super) fn profile_problems(
    profile: &Profile,
    config: &Config,
    prefixes: &[&str],
) -> Vec<Problem> {
    let roles = profile.roles().iter();
    let roles: Vec<String> = roles.map(|role| role.as_str().to_owned()).collect();
    let types = profile.user_types().iter();
    let types: Vec<String> = types.map(|t| t.as_str().to_owned()).collect();
    let taken = prefixes
        .iter()
        .filter(|prefix| profile.conflicts_with_prefix(prefix));
    let taken = taken.map(|prefix| {
        let why = format!("\"{prefix}\" is a path of the application itself; take another prefix");
        problem("site.own_prefix", &why)
    });
    taken.chain(config.unknown_names(&roles, &types)).collect()
}

struct TemplateCheck;

impl Check for TemplateCheck {
    fn check(&self, config: &Config, report: &mut Report) {
        match load_renderer(config) {
            Err(problems) => {
                for line in problems.lines() {
                    report.problems.push(problem("templates", line));
                }
            }
            Ok(renderer) => {
                for found in renderer.check() {
                    report
                        .problems
                        .push(problem("templates", &found.to_string()));
                }
            }
        }
    }
}

struct KeyFileCheck;

impl Check for KeyFileCheck {
    fn check(&self, config: &Config, report: &mut Report) {
        let path = &config.state.key_file;
        let store = config.state.dir.join(STORE_DIR);
        if !path.exists() && !store.exists() {
            return;
        }
        if let Err(why) = read_key(path) {
            report.problems.push(problem("state.key_file", &why));
        } else if !store.exists() {
            let why = format!(
                "there is a key but no store in {}: restore it, or remove the key file to begin \
                 anew (every activation is lost then)",
                store.display()
            );
            report.problems.push(problem("state.dir", &why));
        }
    }
}

fn problem(key: &str, message: &str) -> Problem {
    Problem {
        file: None,
        line: None,
        key: key.to_owned(),
        message: message.to_owned(),
    }
}
