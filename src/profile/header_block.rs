//! Reads the header block of a page for logged-in users: user id from two sources, name, role.

use super::users::{Users, one_line};
use crate::primitives::account::NAME_CHARS_MAX;
use crate::primitives::{AccountId, Identity, Role, UserId};
use scraper::{ElementRef, Html, Selector};
use url::Url;

/// `[header_block]`.
#[derive(Debug)]
pub(super) struct HeaderBlock {
    /// The element around name and role; exactly one in a document.
    pub(super) block: Selected,
    /// The link on the name; exactly one in a block, as a child of it.
    pub(super) link: Selected,
    /// Attribute of the block that holds the user id.
    pub(super) id_attribute: String,
    pub(super) before_user_id: String,
    pub(super) after_user_id: u8,
    /// Path of the link, context included.
    pub(super) link_path: String,
    /// Key in the link's query that holds the user id.
    pub(super) link_key: String,
    pub(super) before_role: String,
}

/// A selector with the text that operators know it by.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) text: String,
    pub(super) selector: Selector,
}

impl Selected {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match Selector::parse(text) {
            Ok(selector) => Ok(Self {
                text: text.to_owned(),
                selector,
            }),
            Err(_) => Err(format!("`{text}` is no CSS selector")),
        }
    }
}

/// What a document says about who is logged in. The error names the selector that does not fit.
pub(super) fn read(
    document: &Html,
    wanted: &HeaderBlock,
    users: &Users,
) -> Result<Option<Identity>, String> {
    let mut blocks = document.select(&wanted.block.selector);
    let Some(block) = blocks.next() else {
        return Ok(None);
    };
    let more = blocks.count();
    if more > 0 {
        return Err(format!(
            "selector `{}` matches {} times, not once",
            wanted.block.text,
            more + 1
        ));
    }
    let link = only_link(block, wanted)?;
    let titled = id_in_attribute(block, wanted, users)?;
    let linked = id_in_link(link, wanted, users)?;
    if titled != linked {
        return Err(format!(
            "attribute {} of `{}` and key {} of `{}` name different users",
            wanted.id_attribute, wanted.block.text, wanted.link_key, wanted.link.text
        ));
    }
    let role = role_behind(link, wanted)?;
    let name: String = one_line(&link.text().collect::<String>())
        .chars()
        .take(NAME_CHARS_MAX)
        .collect();
    let display_name = if name.is_empty() {
        titled.as_str().to_owned()
    } else {
        name
    };
    let account = AccountId {
        user_type: users.type_of(&role).clone(),
        user_id: titled,
    };
    Ok(Some(Identity {
        account,
        role,
        display_name,
    }))
}

fn only_link<'d>(block: ElementRef<'d>, wanted: &HeaderBlock) -> Result<ElementRef<'d>, String> {
    let links: Vec<_> = block.select(&wanted.link.selector).collect();
    match links.as_slice() {
        [link] if link.parent().map(|parent| parent.id()) == Some(block.id()) => Ok(*link),
        [_] => Err(format!(
            "`{}` is no child of `{}`",
            wanted.link.text, wanted.block.text
        )),
        found => Err(format!(
            "selector `{}` matches {} times in `{}`, not once",
            wanted.link.text,
            found.len(),
            wanted.block.text
        )),
    }
}

/// Folds an id as read. U+FFFD stands for bytes that were no text: two different ids could look
/// the same, so neither is taken.
fn folded(raw: &str, users: &Users) -> Result<UserId, String> {
    if raw.contains('\u{fffd}') {
        return Err("holds a user id that is no text".to_owned());
    }
    users
        .fold_id(raw)
        .map_err(|problem| format!("holds a user id that is {problem}"))
}

fn id_in_attribute(
    block: ElementRef<'_>,
    wanted: &HeaderBlock,
    users: &Users,
) -> Result<UserId, String> {
    let place = format!(
        "attribute {} of `{}`",
        wanted.id_attribute, wanted.block.text
    );
    let value = block
        .attr(&wanted.id_attribute)
        .ok_or_else(|| format!("{place} is missing"))?;
    let id = value
        .strip_prefix(wanted.before_user_id.as_str())
        .and_then(|rest| rest.split_once(char::from(wanted.after_user_id)))
        .map(|(id, _)| id)
        .ok_or_else(|| format!("{place} does not hold a user id"))?;
    folded(id, users).map_err(|problem| format!("{place} {problem}"))
}

fn id_in_link(link: ElementRef<'_>, wanted: &HeaderBlock, users: &Users) -> Result<UserId, String> {
    let place = format!("key {} of `{}`", wanted.link_key, wanted.link.text);
    let base =
        Url::parse("http://gerbang.invalid/").map_err(|_| format!("{place} is unreadable"))?;
    let url = link
        .attr("href")
        .and_then(|href| base.join(href).ok())
        .filter(|url| url.path() == wanted.link_path)
        .ok_or_else(|| {
            format!(
                "`{}` does not lead to {}",
                wanted.link.text, wanted.link_path
            )
        })?;
    let mut ids = url.query_pairs().filter(|(key, _)| *key == wanted.link_key);
    match (ids.next(), ids.next()) {
        (Some((_, id)), None) => folded(&id, users).map_err(|problem| format!("{place} {problem}")),
        (None, _) => Err(format!("{place} is missing")),
        _ => Err(format!("{place} occurs twice")),
    }
}

/// The text behind the link, in the block itself: what stands inside other elements does not count.
fn role_behind(link: ElementRef<'_>, wanted: &HeaderBlock) -> Result<Role, String> {
    let behind: String = link
        .next_siblings()
        .filter_map(|node| node.value().as_text().map(|text| text.to_string()))
        .collect();
    let separator = one_line(&wanted.before_role);
    let label = one_line(&behind);
    let role = label.strip_prefix(separator.as_str()).map(str::trim);
    role.ok_or_else(|| format!("no `{separator}` and role behind `{}`", wanted.link.text))
        .and_then(|role| {
            Role::parse(role)
                .map_err(|problem| format!("role behind `{}` is {problem}", wanted.link.text))
        })
}
