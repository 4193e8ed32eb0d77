//! Letters in words: the same words, contacts and dates as on the pages.

use super::Pages;
use crate::config::Mail as MailConfig;
use crate::domain::mail::{Letter, News, OperatorNews};
use crate::domain::reset::LINK_SECONDS;
use crate::domain::standing::GRANT_SECONDS;
use crate::flow::post::{Composer, Secret};
use crate::mail::{Mail, Party};
use crate::primitives::{AccountId, EmailAddress, Lang, LinkToken, Role};
use crate::render::{Denied, Letterhead, MailContent, SecretText, paths};
use std::sync::Arc;

/// Makes mails of letters.
pub struct Mails {
    pages: Arc<Pages>,
    from: EmailAddress,
    operator: Option<EmailAddress>,
}

impl Mails {
    /// With the sender of the configuration.
    pub fn new(pages: Arc<Pages>, config: &MailConfig) -> Self {
        Self {
            pages,
            from: config.from.clone(),
            operator: config.operator.clone(),
        }
    }

    /// What the mail says; `None` where letter and secret do not belong together.
    fn content(&self, letter: &Letter, secret: &Secret) -> Option<MailContent> {
        Some(match letter {
            Letter::Notice {
                account,
                news,
                at,
                client,
                ..
            } => MailContent::News {
                news: news.clone(),
                user_id: account.user_id.as_str().to_owned(),
                at: self.pages.date_text(*at),
                // The help desk's address says nothing to anybody.
                client: (*news != News::Reset).then(|| client.clone()),
            },
            Letter::ResetLink { account, .. } => {
                let Secret::Link { confirm, deny } = secret else {
                    return None;
                };
                // From the configuration alone (threats.md row 27).
                let own = self.pages.own_url.as_deref()?;
                let link =
                    |path: &str, token: &LinkToken| format!("{own}{path}?t={}", token.to_text());
                MailContent::Reset {
                    user_id: account.user_id.as_str().to_owned(),
                    link: link(paths::RESET_CONFIRM, confirm),
                    deny: link(paths::RESET_DENY, deny),
                    minutes: u32::try_from(LINK_SECONDS / 60).unwrap_or_default(),
                }
            }
            Letter::Code { account, .. } => MailContent::Code {
                code: code_in(secret)?,
                user_id: account.user_id.as_str().to_owned(),
                hours: u32::try_from(GRANT_SECONDS / 3_600).unwrap_or_default(),
            },
            Letter::Confirm { account, .. } => MailContent::Confirm {
                code: code_in(secret)?,
                user_id: account.user_id.as_str().to_owned(),
            },
            Letter::ResetAsked { .. } => return None,
            Letter::Operator { news, at } => for_operator(news, self.pages.date_text(*at)),
            Letter::AddressChanged {
                account,
                change,
                at,
                ..
            } => MailContent::AddressChanged {
                user_id: account.user_id.as_str().to_owned(),
                at: self.pages.date_text(*at),
                change: *change,
            },
            Letter::Trial { .. } => MailContent::Trial,
        })
    }

    /// Whose contact the mail names: the owner's, or the one for everybody.
    fn about(letter: &Letter) -> Option<(&AccountId, Option<&Role>)> {
        match letter {
            Letter::Notice { account, role, .. } | Letter::AddressChanged { account, role, .. } => {
                Some((account, role.as_ref()))
            }
            Letter::ResetLink { account, role, .. }
            | Letter::Code { account, role, .. }
            | Letter::Confirm { account, role, .. } => Some((account, Some(role))),
            Letter::ResetAsked { .. } | Letter::Operator { .. } | Letter::Trial { .. } => None,
        }
    }

    /// Its language: that of the page on which it was asked for.
    fn lang(letter: &Letter) -> Lang {
        match letter {
            Letter::ResetAsked { lang, .. }
            | Letter::ResetLink { lang, .. }
            | Letter::Code { lang, .. }
            | Letter::Confirm { lang, .. } => *lang,
            Letter::Notice { .. }
            | Letter::Operator { .. }
            | Letter::AddressChanged { .. }
            | Letter::Trial { .. } => Lang::Id,
        }
    }
}

/// The code of a letter, as people read it.
fn code_in(secret: &Secret) -> Option<SecretText> {
    match secret {
        Secret::Code(code) => Some(code.grouped().into()),
        Secret::None | Secret::Link { .. } => None,
    }
}

/// What those who run the gateway are told.
fn for_operator(news: &OperatorNews, at: String) -> MailContent {
    match news {
        OperatorNews::ProfileDrifted => MailContent::Profile { fits: false, at },
        OperatorNews::ProfileFits => MailContent::Profile { fits: true, at },
        OperatorNews::ResetDenied {
            account,
            client,
            late,
        } => MailContent::Denied {
            what: match late {
                true => Denied::ResetLate,
                false => Denied::Reset,
            },
            user_id: account.user_id.as_str().to_owned(),
            at,
            client: client.clone(),
        },
        OperatorNews::LoginDenied {
            account,
            client,
            late,
        } => MailContent::Denied {
            what: match late {
                true => Denied::LoginLate,
                false => Denied::Login,
            },
            user_id: account.user_id.as_str().to_owned(),
            at,
            client: client.clone(),
        },
    }
}

impl Composer for Mails {
    fn compose(
        &self,
        letter: &Letter,
        secret: &Secret,
        to: &EmailAddress,
        id: &str,
    ) -> Result<Mail, String> {
        let content = self
            .content(letter, secret)
            .ok_or("a letter without what it opens")?;
        let about = Self::about(letter);
        let user_type = about.map(|(account, _)| account.user_type.as_str());
        let role = about.and_then(|(_, role)| role).map(Role::as_str);
        let contacts = self.pages.contacts_of(user_type, role);
        let reply_to = contacts
            .first()
            .and_then(|contact| contact.email.as_deref())
            .and_then(|email| EmailAddress::parse(email).ok());
        let head = Letterhead {
            lang: Self::lang(letter),
            site_name: self.pages.frame.site_name.clone(),
            training: self.pages.frame.training,
            email: to.as_str().to_owned(),
            contacts,
        };
        let renderer = self.pages.renderer();
        let written = renderer
            .mail(&content, &head)
            .map_err(|error| error.to_string())?;
        Ok(Mail {
            id: id.to_owned(),
            at: self.pages.engine.now(),
            from: Party {
                name: written.from,
                address: self.from.clone(),
            },
            to: Party {
                name: written.to,
                address: to.clone(),
            },
            reply_to,
            subject: written.subject,
            text: written.text,
            html: written.html,
        })
    }

    fn operator(&self) -> Option<EmailAddress> {
        self.operator.clone()
    }
}
