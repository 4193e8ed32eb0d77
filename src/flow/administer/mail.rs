//! `mail list`, `mail retry`, `mail test`.

use super::Desk;
use crate::domain::mail::{Letter, Outbound};
use crate::domain::office::answer::LetterLine;
use crate::domain::office::{Answer, OfficeError};
use crate::primitives::EmailAddress;
use crate::store::Expect;
use data_encoding::HEXLOWER;

impl Desk<'_> {
    pub(super) async fn letters(&self, dead: bool) -> Result<Answer, OfficeError> {
        let all = self.engine.records()?.all::<Outbound>().await?;
        let wanted = all
            .into_iter()
            .filter(|(_, stored)| !dead || stored.value.dead.is_some());
        let letters = wanted.map(|(key, stored)| {
            let Outbound {
                letter,
                made,
                tries,
                due,
                why,
                dead,
            } = stored.value;
            LetterLine {
                id: HEXLOWER.encode(&key),
                kind: letter.kind().to_owned(),
                account: letter.account().cloned(),
                made,
                tries,
                due: dead.is_none().then_some(due),
                why,
            }
        });
        Ok(Answer::Letters {
            letters: letters.collect(),
            open: self.engine.outbox.is_open(),
        })
    }

    pub(super) async fn retry_letters(&self, id: Option<&str>) -> Result<Answer, OfficeError> {
        let records = self.engine.records()?;
        let now = self.engine.now();
        let mut found = false;
        let mut revived = 0;
        for (key, stored) in records.all::<Outbound>().await? {
            if id.is_some_and(|id| id != HEXLOWER.encode(&key)) {
                continue;
            }
            found = true;
            let mut letter = stored.value;
            if letter.revive(now) {
                let expect = Expect::Version(stored.version);
                let draft = records.draft().put(&key, expect, &letter);
                records.commit(draft).await?;
                revived += 1;
            }
        }
        match (id, found, revived) {
            (Some(id), false, _) => {
                let message = format!("there is no letter {id:?}; see `mail list`");
                return Err(OfficeError::unknown(message));
            }
            (Some(_), true, 0) => {
                return Err(OfficeError::refused(
                    "that letter waits for its next try already",
                ));
            }
            _ => {}
        }
        self.engine.outbox.ring();
        let lines = vec![match revived {
            1 => "1 letter is tried again".to_owned(),
            count => format!("{count} letters are tried again"),
        }];
        Ok(Answer::Done {
            lines,
            dry_run: false,
        })
    }

    pub(super) async fn try_mail(&self, to: EmailAddress) -> Result<Answer, OfficeError> {
        if !self.engine.outbox.is_open() {
            let message = "no mail server is configured ([mail] host)";
            return Err(OfficeError::refused(message));
        }
        if !self.engine.outbox.has_room() {
            return Err(OfficeError::refused("the outbox is full; see `mail list`"));
        }
        let records = self.engine.records()?;
        let draft = self
            .engine
            .with_letter(records.draft(), Letter::Trial { to })?;
        records.commit(draft).await?;
        self.engine.outbox.ring();
        let lines = vec![
            "a trial letter was written; `mail list` tells what becomes of it, and the outbox is \
             empty once the mail server has taken it"
                .to_owned(),
        ];
        Ok(Answer::Done {
            lines,
            dry_run: false,
        })
    }
}
