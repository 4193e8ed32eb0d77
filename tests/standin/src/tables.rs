//! DataTables: JSON for the tables of the pages (`spse44.md` section 5).

use serde_json::{Value, json};

use crate::exchange::Call;
use crate::http::answer::Answer;
use crate::pages::errors;
use crate::pages::packages::{self, COUNT, Package};
use crate::users::User;

/// A table for everybody. It wants a session from an earlier page and that session's token, else 403.
pub(crate) fn public(call: &Call<'_>, name: &str) -> Answer {
    if call.session.fresh || !call.token_fits() {
        return errors::bad_token();
    }
    rows(call, name, |package| cells(package, None))
}

/// A table for logged-in users.
pub(crate) fn private(call: &Call<'_>, user: &User) -> Answer {
    rows(call, "pl", |package| cells(package, Some(user)))
}

fn cells(package: &Package, user: Option<&User>) -> Value {
    let amount = packages::amount(package.value);
    let note = user.map_or_else(|| package.method.to_owned(), User::canary);
    json!([
        package.id.to_string(),
        package.name,
        package.agency,
        package.stage,
        amount,
        note,
        "1",
        "0",
        "4",
    ])
}

fn rows(call: &Call<'_>, name: &str, cells: impl Fn(&Package) -> Value) -> Answer {
    let start = packages::first_id(name);
    let search = call
        .params
        .get("search[value]")
        .unwrap_or_default()
        .to_lowercase();
    let found: Vec<Package> = (0..COUNT)
        .map(|n| packages::package(start, n))
        .filter(|package| package.name.to_lowercase().contains(&search))
        .collect();
    let from = usize::try_from(call.params.number("start").unwrap_or(0)).unwrap_or(0);
    // -1 is all of them, and no number.
    let length = match call.params.get("length") {
        Some("-1") => found.len(),
        _ => usize::try_from(call.params.number("length").unwrap_or(10)).unwrap_or(10),
    };
    let data: Vec<Value> = found.iter().skip(from).take(length).map(cells).collect();
    Answer::json(&json!({
        "draw": call.params.number("draw").unwrap_or(1),
        "recordsTotal": COUNT,
        "recordsFiltered": found.len(),
        "data": data,
    }))
}
