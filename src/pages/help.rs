//! Help, and a sheet of paper that leads to it: for everybody, whoever asks. Neither looks at the
//! session nor at the store, so both are there when logins pause.

use super::{PageRequest, Pages, Reply, status};
use crate::config;
use crate::domain::policy_file::Subject;
use crate::primitives::Identity;
use crate::render::{Announcement, Contact, Desk, Help, Page, Poster, paths};
use http::StatusCode;

/// GET: the help page.
pub(super) fn show(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    let face = pages.face.load();
    let page = Help {
        desks: face.contacts.listed().iter().map(desk).collect(),
        contacts: pages.contacts_for(None),
        by_mail: pages.engine.outbox.is_open(),
    };
    let page = Page::Help(Box::new(page));
    status::finish(pages, request, &page, StatusCode::OK)
}

/// GET: the sheet.
pub(super) fn poster(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    let address = pages.own_url.as_ref();
    let page = Poster {
        address: address.map(|own| format!("{own}{}", paths::HELP)),
        path: format!("{}{}", pages.frame.base, paths::HELP),
        contacts: pages.contacts_for(None),
        announcement: announcement(pages, None, None),
    };
    let page = Page::Poster(Box::new(page));
    status::finish(pages, request, &page, StatusCode::OK)
}

/// What is announced to an account.
pub(super) fn announced_to(pages: &Pages, who: &Identity) -> Option<Announcement> {
    let user_type = who.account.user_type.as_str();
    announcement(pages, Some(user_type), Some(who.role.as_str()))
}

/// The policy's own day goes before the one of the announcement: it is the one that counts, and a
/// page must not say two.
fn announcement(
    pages: &Pages,
    user_type: Option<&str>,
    role: Option<&str>,
) -> Option<Announcement> {
    let face = pages.face.load();
    let found = face.announcements.announcement_for(user_type, role)?;
    let starts = pages.engine.start_date(user_type, role);
    let starts = starts.map(|at| pages.engine.settings.zone.day(at));
    Some(Announcement {
        date: starts.or_else(|| found.date.map(|date| date.to_string())),
        legal_basis: found.legal_basis.clone(),
        text: found.text.clone(),
    })
}

/// A contact of the configuration as pages show it.
pub(super) fn shown(contact: &config::Contact) -> Contact {
    Contact {
        name: contact.name.clone(),
        email: contact.email.clone(),
        phone: contact.phone.clone(),
        how: contact.how.clone(),
    }
}

fn desk(contact: &config::Contact) -> Desk {
    let Subject { user_type, role } = &contact.subject;
    Desk {
        user_type: user_type.as_ref().map(|name| name.as_str().to_owned()),
        role: role.as_ref().map(|name| name.as_str().to_owned()),
        contact: shown(contact),
    }
}
