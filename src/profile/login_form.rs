//! Whether a form of the login still looks as the profile has it, for the canary (peers.md C1): an
//! application that was updated may take passwords under another name or at another address, and
//! then logins would go by unrecognised.
//!
//! Only what is there can speak: a page for maintenance, an error or a redirect says nothing about
//! the profile. `scraper::Html` cannot cross threads, so it never leaves this file's functions.

use super::Profile;
use super::identity::{PageView, page_text};
use super::location::{self, Target};
use super::page_kind::{PageKind, page_kind};
use super::path;
use scraper::{ElementRef, Html, Selector};

/// Longest name of a field or path that is quoted, in characters.
const QUOTED_CHARS_MAX: usize = 60;

/// What one page of the login says about the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormVerdict {
    /// A form leads to a login path, and passwords have a name that the profile knows.
    Fits,
    /// It takes a password in a way that the profile does not know; the text says how.
    Drift(String),
    /// A full page with forms, none of which is a login. No sign alone: error pages with status 200
    /// have the site's search form.
    Foreign,
    /// Nothing to judge: an error of the client's side, a redirect, a piece without a form.
    Nothing,
    /// The application is not itself: an error of its own, too many requests, a page without any
    /// form as for maintenance.
    Unreachable(String),
}

/// A form of a page.
struct Form<'h> {
    element: ElementRef<'h>,
    /// Names of its password fields; empty text for one without a name.
    passwords: Vec<String>,
}

impl Profile {
    /// Pages of the login that can be asked for, with context: those of `login.pages` without
    /// placeholders.
    pub fn login_form_pages(&self) -> &[String] {
        &self.login_form_pages
    }

    /// Judges what a fresh visitor was answered on one of them.
    pub fn judge_login_form(&self, view: &PageView<'_>) -> FormVerdict {
        match view.status {
            200 => {}
            // A firewall in front that is tired of us says nothing about the forms either.
            403 | 408 | 425 | 429 | 500.. => {
                return FormVerdict::Unreachable(format!("status {}", view.status));
            }
            _ => return FormVerdict::Nothing,
        }
        let text = match page_text(view) {
            Ok(text) => text,
            Err(why) => return FormVerdict::Unreachable(why),
        };
        let full = page_kind(view.body, true) == PageKind::FullPage;
        let (Ok(form), Ok(password), Ok(input)) = (
            Selector::parse("form"),
            Selector::parse("input[type=password i]"),
            Selector::parse("input, button, select, textarea"),
        ) else {
            return FormVerdict::Nothing;
        };
        let document = Html::parse_document(&text);
        let mut passwords = document.select(&password).map(name_of);
        if let Some(stranger) = passwords.find(|name| !self.fields.found_in(name.as_bytes())) {
            let shown = quoted(&stranger);
            return FormVerdict::Drift(format!("a password field is called {shown}"));
        }
        let forms = document.select(&form).map(|element| Form {
            element,
            passwords: element.select(&password).map(name_of).collect(),
        });
        let verdict = self.judge_forms(forms, view);
        match verdict {
            Some(verdict) => verdict,
            // A script may send what stands outside of any form; its name is the profile's.
            None if document.select(&password).next().is_some() => FormVerdict::Fits,
            None if !full => FormVerdict::Nothing,
            None if document.select(&input).next().is_some() => FormVerdict::Foreign,
            None => FormVerdict::Unreachable("a page without any form, as for maintenance".into()),
        }
    }

    fn judge_forms<'h>(
        &self,
        forms: impl Iterator<Item = Form<'h>>,
        view: &PageView<'_>,
    ) -> Option<FormVerdict> {
        let mut fits = false;
        for form in forms {
            let action = form.element.value().attr("action").unwrap_or_default();
            // Left to the page's script: what it sends is recognised by the field's name.
            let by_script =
                matches!(action.trim(), "" | "#") || action.trim().starts_with("javascript:");
            let login = self.leads_to_login(action, view);
            if login || (by_script && !form.passwords.is_empty()) {
                fits = true;
            } else if !form.passwords.is_empty() {
                let shown = quoted(action);
                return Some(FormVerdict::Drift(format!(
                    "a form with a password leads to {shown}"
                )));
            }
        }
        fits.then_some(FormVerdict::Fits)
    }

    /// Whether a form's action is a login path of this site.
    fn leads_to_login(&self, action: &str, view: &PageView<'_>) -> bool {
        let target = location::target(action.as_bytes(), view.requested, view.own_hosts);
        let Target::Own { path, .. } = target else {
            return false;
        };
        let folded = path::folded(path.as_bytes());
        let below = self.below_context_folded(&folded);
        below.is_some_and(|below| self.paths.login_folded.matches(below))
    }
}

fn name_of(field: ElementRef<'_>) -> String {
    field.value().attr("name").unwrap_or_default().to_owned()
}

/// For the operator: short, without control characters.
fn quoted(text: &str) -> String {
    let short: String = text
        .chars()
        .filter(|sign| !sign.is_control())
        .take(QUOTED_CHARS_MAX)
        .collect();
    format!("{short:?}")
}

#[cfg(test)]
mod tests;
