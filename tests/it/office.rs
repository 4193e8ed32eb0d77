//! What admins do: by the command line, at a running gateway and without one, and what it means for
//! people who log in.

mod emergency;
mod help_desk;
mod load_crowd;
mod offers;
mod policy;
mod races;
mod reload;
mod socket;
mod traps;
mod verbs;

use crate::support::World;
use crate::support::browser::Browser;
use crate::support::gateway::Said;
use crate::support::wire::Response;

/// Runs a verb that is signed.
pub(crate) fn act(world: &World, arguments: &[&str]) -> Said {
    let why = ["--reason", "surat 12/LPSE/2026", "--yes"];
    world.gateway.cli(&[arguments, &why[..]].concat())
}

/// Sets the mode of everybody, with whatever belongs to it.
#[track_caller]
pub(crate) fn set(world: &World, more: &[&str]) -> String {
    act(
        world,
        &[&["policy", "set", "--everybody"][..], more].concat(),
    )
    .done()
}

/// What the help desk writes down.
pub(crate) const PAPER: [&str; 4] = [
    "--number",
    "12/LPSE/2026",
    "--checked",
    "KTP, surat direktur",
];

/// The activation code that a verb printed.
pub(crate) fn code_in(said: &str) -> String {
    let line = said
        .lines()
        .find(|line| line.contains("activation code for"));
    let line = line.unwrap_or_else(|| panic!("no code: {said}"));
    let code: String = line.rsplit(": ").next().unwrap().to_owned();
    assert_eq!(code.replace(' ', "").len(), 8, "{said}");
    code
}

/// Sends one of the forms of the activation page.
pub(super) async fn press(
    browser: &Browser,
    page: &Response,
    path: &str,
    code: Option<&str>,
) -> Response {
    let (reference, csrf) = (page.hidden("r"), page.hidden("csrf"));
    let mut fields = vec![("r", reference.as_str()), ("csrf", csrf.as_str())];
    fields.extend(code.map(|code| ("code", code)));
    browser
        .post(&format!("/gerbang/activation{path}"), &fields)
        .await
}

/// The help desk resets an account.
pub(crate) fn reset(world: &World, user: &str) {
    act(world, &[&["user", "reset", user][..], &PAPER].concat()).done();
}
