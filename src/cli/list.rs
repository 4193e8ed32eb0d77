//! Lists of accounts: CSV in, with a report by line; CSV out.

use crate::domain::office::answer::UserLine;
use crate::domain::office::{DirectoryLine, LIST_MAX, UserRef};
use crate::primitives::{UnixSeconds, Zone};
use std::collections::BTreeMap;

/// Largest list in bytes.
const BYTES_MAX: usize = 8 << 20;
/// Most addresses in one list.
const ADDRESSES_MAX: usize = 100_000;
/// Titles of the columns, also the header that is skipped.
const HEADER: [&str; 2] = ["user_id", "user_type"];

/// Reads `user_id[,user_type]`, one account a line, with or without a header; `;` between them is
/// good too, as spreadsheets of some countries write it.
///
/// # Errors
/// Every line that is wrong; then none is taken.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<UserRef>, Vec<String>> {
    let mut found = Vec::new();
    let mut problems = Vec::new();
    let mut seen: BTreeMap<UserRef, u64> = BTreeMap::new();
    for (line, cells) in rows(bytes).map_err(|why| vec![why])? {
        match cells.and_then(|cells| user(&cells)) {
            Ok(None) => {}
            Ok(Some(user)) if is_header(&user) && found.is_empty() => {}
            Ok(Some(user)) if user.user_id.eq_ignore_ascii_case(HEADER[1]) && found.is_empty() => {
                return Err(vec![format!(
                    "line {line}: the columns are {},{} in this order",
                    HEADER[0], HEADER[1]
                )]);
            }
            Ok(Some(user)) => match seen.insert(user.clone(), line) {
                Some(earlier) => problems.push(format!(
                    "line {line}: {} stands in line {earlier} already",
                    user.user_id
                )),
                None => found.push(UserRef {
                    line: Some(line),
                    ..user
                }),
            },
            Err(why) => problems.push(format!("line {line}: {why}")),
        }
    }
    if found.len() > LIST_MAX {
        problems.push(format!("more than {LIST_MAX} accounts"));
    }
    if found.is_empty() && problems.is_empty() {
        problems.push("there is no account in the list".to_owned());
    }
    if problems.is_empty() {
        Ok(found)
    } else {
        Err(problems)
    }
}

fn is_header(user: &UserRef) -> bool {
    user.user_id.eq_ignore_ascii_case(HEADER[0])
}

/// A line of a list: its number, and its cells or what is wrong with it.
type Row = (u64, Result<Vec<String>, String>);

/// The lines of a list with their cells, the empty ones at a line's end left out.
fn rows(bytes: &[u8]) -> Result<Vec<Row>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.len() > BYTES_MAX {
        return Err("the list is larger than 8 MiB".to_owned());
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.contains(&0) {
        return Err("the list is UTF-16; save it as CSV UTF-8".to_owned());
    }
    let lines = || bytes.split(|b| *b == b'\n').zip(1_u64..);
    let first = lines().next().map_or(&b""[..], |(line, _)| line);
    let semicolons = first.contains(&b';') && !first.contains(&b',');
    let delimiter = if semicolons { b';' } else { b',' };
    Ok(lines()
        .map(|(bytes, line)| (line, cells(bytes, delimiter)))
        .collect())
}

/// Columns of a list of addresses, in the order of a list without a header.
const ADDRESS_COLUMNS: [&str; 3] = ["user_id", "user_type", "email"];

/// Reads `user_id,user_type,email`, one account a line. A header may name the columns in another
/// order, as the spreadsheet has them.
pub(super) fn read_addresses(bytes: &[u8]) -> (Vec<DirectoryLine>, Vec<String>) {
    let rows = match rows(bytes) {
        Ok(rows) => rows,
        Err(why) => return (Vec::new(), vec![why]),
    };
    let mut found = Vec::new();
    let mut problems = Vec::new();
    let mut order: Option<[usize; 3]> = None;
    for (line, cells) in rows {
        let cells = match cells {
            Ok(cells) if cells.is_empty() => continue,
            Ok(cells) => cells,
            Err(why) => {
                problems.push(format!("line {line}: {why}"));
                continue;
            }
        };
        if order.is_none() {
            order = header_order(&cells);
            if order.is_some() {
                continue;
            }
        }
        let places = *order.get_or_insert([0, 1, 2]);
        let cell = |at: usize| cells.get(places[at]).map_or("", String::as_str);
        match [cell(0), cell(1), cell(2)] {
            [user_id, user_type, email]
                if ![user_id, user_type, email].contains(&"")
                    && cells.len() <= ADDRESS_COLUMNS.len() =>
            {
                found.push(DirectoryLine {
                    user: UserRef {
                        line: Some(line),
                        ..UserRef::new(user_id.to_owned(), Some(user_type.to_owned()))
                    },
                    email: email.to_owned(),
                });
            }
            _ => problems.push(format!(
                "line {line}: a line is {}",
                ADDRESS_COLUMNS.join(",")
            )),
        }
    }
    if found.len() > ADDRESSES_MAX {
        problems.push(format!("more than {ADDRESSES_MAX} addresses"));
        found.clear();
    }
    if found.is_empty() && problems.is_empty() {
        problems.push("there is no address in the list".to_owned());
    }
    (found, problems)
}

/// Where the columns stand, if this line names them.
fn header_order(cells: &[String]) -> Option<[usize; 3]> {
    let place = |name: &str| {
        let mut cells = cells.iter();
        cells.position(|cell| cell.eq_ignore_ascii_case(name))
    };
    let [user_id, user_type, email] = ADDRESS_COLUMNS.map(place);
    Some([user_id?, user_type?, email?])
}

/// The cells of one line; none for an empty line. No value of ours holds a line's end, so a quote
/// that is not closed ends with its line instead of swallowing the rest of the list.
fn cells(line: &[u8], delimiter: u8) -> Result<Vec<String>, String> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).map_err(|_| "is not UTF-8".to_owned())?;
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err("holds a control character".to_owned());
    }
    if text.matches('"').count() % 2 == 1 {
        return Err("a quote is not closed".to_owned());
    }
    let quoted = |cell: &str| {
        let inner = cell
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        !cell.contains('"') || inner.is_some_and(|text| !text.replace("\"\"", "").contains('"'))
    };
    if !text
        .split(char::from(delimiter))
        .all(|cell| quoted(cell.trim()))
    {
        return Err("a quote stands inside a value".to_owned());
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter)
        .from_reader(line);
    let record = match reader.records().next() {
        Some(Ok(record)) => record,
        Some(Err(error)) => return Err(error.to_string()),
        None => return Ok(Vec::new()),
    };
    let mut cells = Vec::new();
    for cell in &record {
        if cell.contains('"') {
            return Err("a quote stands inside a value".to_owned());
        }
        cells.push(unguarded(cell.trim()).to_owned());
    }
    while cells.last().is_some_and(String::is_empty) {
        cells.pop();
    }
    Ok(cells)
}

/// The account of one line; `None` for an empty line.
fn user(cells: &[String]) -> Result<Option<UserRef>, String> {
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    match cells.as_slice() {
        [] => Ok(None),
        ["", ..] => Err("has no user id".to_owned()),
        [user_id] => Ok(Some(UserRef::new((*user_id).to_owned(), None))),
        [user_id, user_type] => {
            let user_type = Some((*user_type).to_owned());
            Ok(Some(UserRef::new((*user_id).to_owned(), user_type)))
        }
        [user_id, "", ..] | [user_id, _, ..] => Err(format!(
            "{user_id}: more than two columns; a list is user_id and user_type"
        )),
    }
}

/// A spreadsheet would take a cell that begins so for a formula; user ids are chosen by vendors.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

fn guarded(cell: &str) -> String {
    if cell.starts_with(FORMULA) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

fn unguarded(cell: &str) -> &str {
    let rest = cell.strip_prefix('\'');
    rest.filter(|rest| rest.starts_with(FORMULA))
        .unwrap_or(cell)
}

/// Accounts as CSV; its first two columns can be read back by [`read`] once the others are removed.
///
/// # Errors
/// None in memory; what the library would say.
pub(super) fn write(users: &[UserLine], zone: &Zone) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([HEADER[0], HEADER[1], "role", "mode", "last_login", "entry"])?;
    let date = |at: Option<UnixSeconds>| at.map(|at| zone.rfc3339(at)).unwrap_or_default();
    for user in users {
        writer.write_record([
            guarded(user.account.user_id.as_str()),
            guarded(user.account.user_type.as_str()),
            guarded(user.role.as_deref().unwrap_or_default()),
            user.mode.as_str().to_owned(),
            date(user.last),
            user.entry.clone().unwrap_or_default(),
        ])?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<(u64, String, Option<String>)> {
        let found = read(text.as_bytes()).unwrap();
        found
            .into_iter()
            .map(|user| (user.line.unwrap(), user.user_id, user.user_type))
            .collect()
    }

    #[test]
    fn lists_are_read_as_spreadsheets_write_them() {
        let plain = |line, id: &str| (line, id.to_owned(), None);
        assert_eq!(ids("PPK1\nPPK2\n"), [plain(1, "PPK1"), plain(2, "PPK2")]);
        assert_eq!(
            ids("\u{feff}USER_ID\r\n\"PPK1\"\r\n\r\nPPK2"),
            [plain(2, "PPK1"), plain(4, "PPK2")]
        );
        let typed = (2, "PT A".to_owned(), Some("penyedia".to_owned()));
        assert_eq!(
            ids("user_id;user_type\nPT A;penyedia\n"),
            std::slice::from_ref(&typed)
        );
        assert_eq!(ids("user_id,user_type\nPT A,penyedia,\n"), [typed]);
        assert_eq!(ids("'=A1\n'x\n"), [plain(1, "=A1"), plain(2, "'x")]);
    }

    fn addresses(text: &str) -> (Vec<[String; 3]>, Vec<String>) {
        let (found, problems) = read_addresses(text.as_bytes());
        let lines = found.into_iter().map(|line| {
            let user_type = line.user.user_type.unwrap();
            [line.user.user_id, user_type, line.email]
        });
        (lines.collect(), problems)
    }

    #[test]
    fn addresses_are_read_in_the_order_of_the_header() {
        let wanted = vec![["PPK1", "non-penyedia", "a@b.id"].map(str::to_owned)];
        for text in [
            "PPK1,non-penyedia,a@b.id\n",
            "user_id,user_type,email\r\nPPK1,non-penyedia,a@b.id\r\n\r\n",
            "Email;User_ID;User_Type\na@b.id;PPK1;non-penyedia\n",
        ] {
            assert_eq!(addresses(text), (wanted.clone(), Vec::new()), "{text}");
        }
        let (found, problems) =
            addresses("PPK1,,a@b.id\nPPK2,x\na,b,c,d\nPPK1,non-penyedia,a@b.id");
        assert_eq!(found, wanted);
        let line = |n| format!("line {n}: a line is user_id,user_type,email");
        assert_eq!(problems, [line(1), line(2), line(3)]);
        for empty in ["", "user_id,user_type,email\n"] {
            assert_eq!(addresses(empty).1, ["there is no address in the list"]);
        }
        let many: String = (0..=ADDRESSES_MAX)
            .map(|n| format!("U{n},t,a@b.id\n"))
            .collect();
        assert_eq!(
            addresses(&many),
            (Vec::new(), vec!["more than 100000 addresses".to_owned()])
        );
        assert_eq!(
            addresses("\u{feff}a\0").1,
            ["the list is UTF-16; save it as CSV UTF-8"]
        );
    }

    #[test]
    fn every_wrong_line_is_told_and_none_is_taken() {
        let told = |bytes: &[u8]| read(bytes).unwrap_err();
        assert_eq!(
            told(b"PPK1\n\xff\xe9\nPPK1\na,b,c\n,x\n"),
            [
                "line 2: is not UTF-8",
                "line 3: PPK1 stands in line 1 already",
                "line 4: a: more than two columns; a list is user_id and user_type",
                "line 5: has no user id",
            ]
        );
        assert_eq!(told(b"\"PPK1\nPPK2\n"), ["line 1: a quote is not closed"]);
        assert_eq!(told(b"PP\"K1\n"), ["line 1: a quote is not closed"]);
        assert_eq!(
            told(b"PP\"K\"1\n"),
            ["line 1: a quote stands inside a value"]
        );
        for odd in [&b"\"PPK\"1\""[..], b"\"PPK\"1,\"x", b"\"\"PPK1"] {
            assert!(told(odd)[0].contains("quote"), "{odd:?}");
        }
        assert_eq!(told(b"PP\x07K1\n"), ["line 1: holds a control character"]);
        assert_eq!(
            told(b"\xff\xfeP\0"),
            ["the list is UTF-16; save it as CSV UTF-8"]
        );
        assert_eq!(
            told(b"user_type,user_id\npenyedia,PT A\n"),
            ["line 1: the columns are user_id,user_type in this order"]
        );
        for empty in [&b""[..], b"user_id\n", b"\n\n"] {
            assert_eq!(told(empty), ["there is no account in the list"]);
        }
        let many: String = (0..=LIST_MAX).map(|n| format!("U{n}\n")).collect();
        assert_eq!(told(many.as_bytes()), ["more than 10000 accounts"]);
    }
}
