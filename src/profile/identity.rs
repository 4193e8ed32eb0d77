//! Judges the answer of a probe page: somebody, nobody, or not known (invariant I4: not knowing is
//! not nobody). `scraper::Html` cannot cross threads, so it never leaves this file's functions.

use super::Profile;
use super::charset::{self, Charset};
use super::header_block;
use super::location::{self, Target};
use super::path;
use super::pattern::PatternSet;
use super::users::one_line;
use crate::primitives::Identity;
use scraper::{Html, Selector};
use std::borrow::Cow;
use std::sync::Arc;

/// One page that tells who is logged in.
#[derive(Debug)]
pub struct ProbePage {
    /// Path with context, to be asked for by GET.
    pub path: String,
    pub(super) nobody: Vec<Arc<NobodySign>>,
}

/// A positive sign that nobody is logged in.
#[derive(Debug)]
pub(super) struct NobodySign {
    pub(super) name: String,
    pub(super) kind: NobodyKind,
}

#[derive(Debug)]
pub(super) enum NobodyKind {
    /// A redirect to one of these paths below the context.
    Redirect(PatternSet),
    /// A page with one of these statuses, whose title holds `title` and whose text one of `texts`.
    Page {
        status: Vec<u16>,
        title: String,
        texts: Vec<String>,
    },
}

/// The answer of the upstream to a probe.
#[derive(Debug, Clone, Copy)]
pub struct PageView<'a> {
    /// Path and query that were asked for, context included; relative redirects start from here.
    pub requested: &'a str,
    /// Status code.
    pub status: u16,
    /// `Location` of the answer.
    pub location: Option<&'a [u8]>,
    /// `Content-Type` of the answer.
    pub content_type: Option<&'a [u8]>,
    /// `Content-Encoding` of the answer.
    pub content_encoding: Option<&'a [u8]>,
    /// The body as far as it was read.
    pub body: &'a [u8],
    /// False when the body went on: then nobody can say that a block occurs only once.
    pub complete: bool,
    /// Hosts under which the site is known, with the port where it is not the scheme's own.
    pub own_hosts: &'a [String],
}

/// What one page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageVerdict {
    /// This user is logged in.
    Somebody(Identity),
    /// Nobody is logged in, by this sign of the profile.
    Nobody {
        /// Name of the sign.
        sign: String,
    },
    /// The page leads to another one of the site, such as a forced change of the password. Ask
    /// there, by GET and a bounded number of times, and judge its answer as this page's.
    Follow(String),
    /// The answer does not fit the profile.
    Unknown {
        /// For the operator: page and selector. Holds nothing of the answer's text.
        reason: String,
    },
}

/// What all pages asked so far say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeVerdict {
    /// This user is logged in.
    Somebody(Identity),
    /// Nobody is logged in.
    Nobody {
        /// Names of the signs.
        sign: String,
    },
    /// Ask the next page.
    AskNext,
    /// All pages were asked and it is not known.
    Unknown {
        /// For the operator.
        reason: String,
    },
}

impl Profile {
    /// The pages to ask, in their order.
    pub fn probe_pages(&self) -> &[ProbePage] {
        &self.probe_pages
    }

    /// Judges one answer.
    pub fn judge_page(&self, page: &ProbePage, view: &PageView<'_>) -> PageVerdict {
        match self.try_judge(page, view) {
            Ok(verdict) => verdict,
            Err(problem) => PageVerdict::Unknown {
                reason: format!("{}: {problem}", page.path),
            },
        }
    }

    /// What the verdicts on the first pages of [`Profile::probe_pages`] say together, one per page.
    /// A user who is found wins over a sign of nobody, since some roles are shown that very sign on
    /// their home page; two users that differ are not known. Nobody needs as many pages as the
    /// profile says. An unknown page clears nothing.
    pub fn judge_probe(&self, verdicts: &[PageVerdict]) -> ProbeVerdict {
        let mut somebody: Option<&Identity> = None;
        let mut signs = Vec::new();
        let mut reasons = Vec::new();
        for verdict in verdicts {
            match verdict {
                PageVerdict::Somebody(found) => match somebody {
                    Some(other) if other.account != found.account => {
                        let reason = "two pages name different users".to_owned();
                        return ProbeVerdict::Unknown { reason };
                    }
                    _ => somebody = Some(found),
                },
                PageVerdict::Nobody { sign } => signs.push(sign.as_str()),
                PageVerdict::Unknown { reason } => reasons.push(reason.as_str()),
                PageVerdict::Follow(_) => reasons.push("a page leads on and on"),
            }
        }
        if let Some(identity) = somebody {
            ProbeVerdict::Somebody(identity.clone())
        } else if signs.len() >= self.nobody_pages {
            ProbeVerdict::Nobody {
                sign: signs.join(", "),
            }
        } else if verdicts.len() < self.probe_pages.len() {
            ProbeVerdict::AskNext
        } else {
            let few = "too few pages show a sign of nobody";
            let reason = if reasons.is_empty() {
                few.to_owned()
            } else {
                reasons.join("; ")
            };
            ProbeVerdict::Unknown { reason }
        }
    }

    fn try_judge(&self, page: &ProbePage, view: &PageView<'_>) -> Result<PageVerdict, String> {
        if matches!(view.status, 301 | 302 | 303 | 307 | 308) {
            return self.judge_redirect(page, view);
        }
        if view.status >= 500 || view.status < 200 || (300..400).contains(&view.status) {
            return Err(format!("status {}", view.status));
        }
        let text = page_text(view)?;
        let document = Html::parse_document(&text);
        let somebody = header_block::read(&document, &self.header_block, &self.users)?;
        let sign = page
            .nobody
            .iter()
            .find(|sign| sign.is_on(view.status, &document));
        match (somebody, sign) {
            (Some(identity), None) => Ok(PageVerdict::Somebody(identity)),
            (None, Some(sign)) => Ok(PageVerdict::Nobody {
                sign: sign.name.clone(),
            }),
            (Some(_), Some(sign)) => Err(format!(
                "selector `{}` names somebody and sign `{}` nobody",
                self.header_block.block.text, sign.name
            )),
            (None, None) => Err(format!(
                "status {}, selector `{}` matches nothing, and no sign of nobody",
                view.status, self.header_block.block.text
            )),
        }
    }

    fn judge_redirect(&self, page: &ProbePage, view: &PageView<'_>) -> Result<PageVerdict, String> {
        let location = view
            .location
            .ok_or_else(|| format!("status {} without Location", view.status))?;
        let (path, next) = match location::target(location, view.requested, view.own_hosts) {
            Target::Own {
                path,
                path_and_query,
            } => (path, path_and_query),
            Target::Foreign(host) => return Err(format!("redirect to another host, {host}")),
            Target::Unreadable => return Err("redirect to something that is no address".to_owned()),
        };
        let folded = path::folded(path.as_bytes());
        let below = self
            .below_context(path.as_bytes())
            .zip(self.below_context_folded(&folded))
            .filter(|_| path::refuse(path.as_bytes()).is_none());
        let Some((below, folded)) = below else {
            return Err("redirect to outside of the context".to_owned());
        };
        let leads_to = |sign: &&Arc<NobodySign>| matches!(&sign.kind, NobodyKind::Redirect(to) if to.matches(below));
        if let Some(sign) = page.nobody.iter().find(leads_to) {
            return Ok(PageVerdict::Nobody {
                sign: sign.name.clone(),
            });
        }
        // A probe changes nothing: it never walks into a way out or in.
        if self.paths.logout_folded.matches(folded) || self.paths.login_folded.matches(folded) {
            return Err("redirect to a login or logout".to_owned());
        }
        Ok(PageVerdict::Follow(next))
    }
}

impl NobodySign {
    fn is_on(&self, status: u16, document: &Html) -> bool {
        let NobodyKind::Page {
            status: statuses,
            title,
            texts,
        } = &self.kind
        else {
            return false;
        };
        statuses.contains(&status)
            && text_of(document, "head > title").is_some_and(|found| found.contains(title.as_str()))
            && text_of(document, "body")
                .is_some_and(|found| texts.iter().any(|text| found.contains(text.as_str())))
    }
}

/// The text of the first element that matches, as one line.
fn text_of(document: &Html, selector: &str) -> Option<String> {
    let selector = Selector::parse(selector).ok()?;
    let element = document.select(&selector).next()?;
    Some(one_line(&element.text().collect::<String>()))
}

/// The body as text, when it is whole, HTML, and in a coding that is read as written.
pub(super) fn page_text<'a>(view: &PageView<'a>) -> Result<Cow<'a, str>, String> {
    if !view.complete {
        return Err("page is larger than what a probe reads".to_owned());
    }
    if !charset::is_plain_encoding(view.content_encoding) {
        return Err("page has a Content-Encoding though identity was asked for".to_owned());
    }
    let content_type = view.content_type.unwrap_or_default();
    let kind = content_type
        .split(|&b| b == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    let html: [&[u8]; 2] = [b"text/html", b"application/xhtml+xml"];
    if !html.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return Err(format!(
            "Content-Type {:?} is no page",
            String::from_utf8_lossy(kind)
        ));
    }
    let charset = charset::of_content_type(content_type)
        .map_err(|name| format!("charset {name:?} cannot be read"))?;
    // A byte order mark wins over the header in a browser.
    if view.body.starts_with(b"\xff\xfe") || view.body.starts_with(b"\xfe\xff") {
        return Err("page is in UTF-16".to_owned());
    }
    Ok(match charset {
        Charset::Utf8 => String::from_utf8_lossy(view.body),
        Charset::Latin1 => view
            .body
            .iter()
            .copied()
            .map(char::from)
            .collect::<String>()
            .into(),
    })
}

#[cfg(test)]
mod tests;
