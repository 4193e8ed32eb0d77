//! Letters in words: the same words, contacts and dates as on the pages.

use super::Pages;
use crate::config::Mail as MailConfig;
use crate::domain::mail::{Letter, News, OperatorNews};
use crate::flow::post::Composer;
use crate::mail::{Mail, Party};
use crate::primitives::{AccountId, EmailAddress, Lang, Role};
use crate::render::{Letterhead, MailContent};
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

    fn content(&self, letter: &Letter) -> MailContent {
        match letter {
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
            Letter::Operator { news, at } => MailContent::Profile {
                fits: *news == OperatorNews::ProfileFits,
                at: self.pages.date_text(*at),
            },
            Letter::AddressChanged {
                account,
                is_new,
                at,
                ..
            } => MailContent::AddressChanged {
                user_id: account.user_id.as_str().to_owned(),
                at: self.pages.date_text(*at),
                is_new: *is_new,
            },
            Letter::Trial { .. } => MailContent::Trial,
        }
    }

    /// Whose contact the mail names: the owner's, or the one for everybody.
    fn about(letter: &Letter) -> Option<(&AccountId, Option<&Role>)> {
        match letter {
            Letter::Notice { account, role, .. } | Letter::AddressChanged { account, role, .. } => {
                Some((account, role.as_ref()))
            }
            Letter::Operator { .. } | Letter::Trial { .. } => None,
        }
    }
}

impl Composer for Mails {
    fn compose(&self, letter: &Letter, to: &EmailAddress, id: &str) -> Result<Mail, String> {
        let about = Self::about(letter);
        let user_type = about.map(|(account, _)| account.user_type.as_str());
        let role = about.and_then(|(_, role)| role).map(Role::as_str);
        let contacts = self.pages.contacts_of(user_type, role);
        let reply_to = contacts
            .first()
            .and_then(|contact| contact.email.as_deref())
            .and_then(|email| EmailAddress::parse(email).ok());
        let head = Letterhead {
            lang: Lang::Id,
            site_name: self.pages.frame.site_name.clone(),
            training: self.pages.frame.training,
            email: to.as_str().to_owned(),
            contacts,
        };
        let renderer = self.pages.renderer();
        let written = renderer
            .mail(&self.content(letter), &head)
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
