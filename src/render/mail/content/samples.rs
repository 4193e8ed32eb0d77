//! A sample of every mail.

use super::{Denied, MailContent};
use crate::domain::mail::{AddressChange, News};
use crate::render::secret_text::SecretText;

impl MailContent {
    /// Every mail in every state, with a name for each.
    pub fn samples() -> Vec<(String, Self)> {
        let profile = |fits| Self::Profile {
            fits,
            at: "22 November 2026 10:15 WIB".to_owned(),
        };
        let address = |change| Self::AddressChanged {
            user_id: "PPK2".to_owned(),
            at: "22 November 2026 10:15 WIB".to_owned(),
            change,
        };
        let denied = |what| Self::Denied {
            what,
            user_id: "PPK2".to_owned(),
            at: "22 November 2026 10:15 WIB".to_owned(),
            client: "203.0.113.9".to_owned(),
        };
        let mut all = news_samples();
        all.extend([
            ("profile_drifted".to_owned(), profile(false)),
            ("profile_fits".to_owned(), profile(true)),
            (
                "reset".to_owned(),
                Self::Reset {
                    user_id: "PPK2".to_owned(),
                    link: "https://spse.example.go.id/eproc4/gerbang/reset/confirm?t=AAECAwQF"
                        .to_owned(),
                    deny: "https://spse.example.go.id/eproc4/gerbang/reset/deny?t=BQQDAgEA"
                        .to_owned(),
                    minutes: 30,
                },
            ),
            (
                "code".to_owned(),
                Self::Code {
                    code: SecretText::new("1234 5678".to_owned()),
                    user_id: "PPK2".to_owned(),
                    hours: 24,
                },
            ),
            (
                "confirm".to_owned(),
                Self::Confirm {
                    code: SecretText::new("1234 5678".to_owned()),
                    user_id: "PPK2".to_owned(),
                },
            ),
            ("address_new".to_owned(), address(AddressChange::Registered)),
            (
                "address_own_new".to_owned(),
                address(AddressChange::OwnRegistered),
            ),
            (
                "address_own_old".to_owned(),
                address(AddressChange::OwnReplaced),
            ),
            (
                "address_own_ended".to_owned(),
                address(AddressChange::OwnEnded),
            ),
            ("address_old".to_owned(), address(AddressChange::Replaced)),
            ("denied".to_owned(), denied(Denied::Reset)),
            ("denied_late".to_owned(), denied(Denied::ResetLate)),
            ("denied_login".to_owned(), denied(Denied::Login)),
            ("denied_login_late".to_owned(), denied(Denied::LoginLate)),
            ("trial".to_owned(), Self::Trial),
        ]);
        all
    }
}

/// A mail for each kind of news.
fn news_samples() -> Vec<(String, MailContent)> {
    let news = |name: &str, news| {
        let client = (news != News::Reset).then(|| "203.0.113.9".to_owned());
        let sample = MailContent::News {
            news,
            user_id: "PPK2".to_owned(),
            at: "22 November 2026 10:15 WIB".to_owned(),
            client,
        };
        (format!("news_{name}"), sample)
    };
    let activated = |replaced| News::Activated {
        entry: "B".to_owned(),
        replaced,
        phone: replaced.then(|| "Chrome (Android)".to_owned()),
    };
    vec![
        news("activated", activated(false)),
        news("replaced", activated(true)),
        news("disabled", News::Disabled),
        news("reset", News::Reset),
        news("new_browser", News::NewBrowser),
        news("recovery_used", News::RecoveryUsed { left: 3 }),
        news("recovery_made", News::RecoveryMade),
        news("codes_wrong", News::CodesWrong { failures: 3 }),
        news("login_denied", News::LoginDenied { late: false }),
        news("login_denied_late", News::LoginDenied { late: true }),
    ]
}
