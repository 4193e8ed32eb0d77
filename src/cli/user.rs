//! `gerbang user`: accounts, and what the help desk does for people.

use super::mail::address;
use super::office::{Care, Desk, Sign, Talk, change, look};
use super::{Exit, Process, Wiring, list, say};
use crate::domain::office::{Paper, Request, UserFilter, UserRef};
use crate::primitives::UnixSeconds;
use crate::primitives::date::span;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Accounts: list, show, reset, unlock, exempt, activation codes
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// List accounts that were seen
    List {
        #[command(flatten)]
        filter: Filter,
        #[command(flatten)]
        talk: Talk,
    },
    /// Show everything that is known of an account
    Show {
        #[command(flatten)]
        user: Account,
        #[command(flatten)]
        talk: Talk,
    },
    /// Take the second factor away and hand out an activation code
    Reset {
        #[command(flatten)]
        user: Account,
        #[command(flatten)]
        paper: PaperArguments,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
    /// Hand out an activation code: eight digits, good for 24 hours
    ActivationCode {
        #[command(flatten)]
        user: Account,
        #[command(flatten)]
        paper: PaperArguments,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
    /// Forget the wrong codes that were counted
    Unlock {
        #[command(flatten)]
        user: Account,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
    /// Set or correct the registered e-mail address of an account; the old and the new one are told
    Email {
        #[command(flatten)]
        user: Account,
        /// The new address; or --remove
        #[arg(
            long = "set",
            value_name = "ADDRESS",
            required_unless_present = "remove",
            conflicts_with = "remove"
        )]
        email: Option<String>,
        /// Take the help desk's address back: a list or the database counts again
        #[arg(long)]
        remove: bool,
        #[command(flatten)]
        paper: PaperArguments,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
    /// Let accounts log in without activation until a time
    Exempt {
        /// User id; or --list
        #[arg(
            value_name = "USER",
            required_unless_present = "list",
            conflicts_with = "list"
        )]
        user_id: Option<String>,
        /// User type, where the id exists for several or was never seen
        #[arg(long = "type", value_name = "TYPE", conflicts_with = "list")]
        user_type: Option<String>,
        /// CSV file: user_id,user_type; all of it or none
        #[arg(long, value_name = "FILE")]
        list: Option<PathBuf>,
        /// First moment after it; nobody is exempt for ever
        #[arg(
            long,
            value_name = "TIME",
            required_unless_present = "end",
            conflicts_with = "end"
        )]
        until: Option<String>,
        /// End the exemption now
        #[arg(long)]
        end: bool,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
}

/// One account.
#[derive(Args, Debug)]
pub(super) struct Account {
    /// User id
    #[arg(value_name = "USER")]
    user_id: String,
    /// User type, where the id exists for several or was never seen
    #[arg(long = "type", value_name = "TYPE")]
    user_type: Option<String>,
}

impl Account {
    pub(super) fn into_ref(self) -> UserRef {
        UserRef::new(self.user_id, self.user_type)
    }
}

/// What the help desk has before it.
#[derive(Args, Debug)]
struct PaperArguments {
    /// Number of the letter or ticket
    #[arg(long, value_name = "NUMBER")]
    number: String,
    /// What was checked: identity card, letter of the director, call back
    #[arg(long, value_name = "TEXT")]
    checked: String,
}

/// Which accounts.
#[derive(Args, Debug)]
struct Filter {
    /// Beginning of the user id
    #[arg(value_name = "BEGINS")]
    begins: Option<String>,
    /// Role of the last login
    #[arg(long)]
    role: Option<String>,
    /// User type
    #[arg(long = "type", value_name = "TYPE")]
    user_type: Option<String>,
    /// With a second factor
    #[arg(long, conflicts_with = "inactive")]
    active: bool,
    /// Without a second factor
    #[arg(long)]
    inactive: bool,
    /// Exempt now
    #[arg(long)]
    exempt: bool,
    /// Would be stopped at a login today
    #[arg(long)]
    stopped: bool,
    /// Seen within, like 30d, or since a date
    #[arg(long, value_name = "TIME")]
    seen: Option<String>,
    /// At most so many; 0 for all
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

pub(super) fn run(arguments: Arguments, process: Process<'_>, wiring: &Wiring) -> Exit {
    match arguments.verb {
        Verb::List { filter, talk } => look(talk, process, wiring, |desk| filter.request(desk)),
        Verb::Show { user, talk } => look(talk, process, wiring, |_| {
            let user = user.into_ref();
            Ok(Request::UserShow { user })
        }),
        Verb::Reset {
            user,
            paper,
            sign,
            talk,
        } => change(talk, &sign, process, wiring, |desk| {
            let request = Request::UserReset {
                user: user.into_ref(),
                paper: paper.signed(desk.signature(&sign)),
                dry_run: false,
            };
            Ok((request, Care::Ask))
        }),
        Verb::ActivationCode {
            user,
            paper,
            sign,
            talk,
        } => change(talk, &sign, process, wiring, |desk| {
            let request = Request::UserCode {
                user: user.into_ref(),
                paper: paper.signed(desk.signature(&sign)),
                dry_run: false,
            };
            Ok((request, Care::None))
        }),
        Verb::Unlock { user, sign, talk } => change(talk, &sign, process, wiring, |desk| {
            let request = Request::UserUnlock {
                user: user.into_ref(),
                signature: desk.signature(&sign),
                dry_run: false,
            };
            Ok((request, Care::None))
        }),
        Verb::Email {
            user,
            email,
            paper,
            sign,
            talk,
            ..
        } => change(talk, &sign, process, wiring, |desk| {
            set_email(user, email, paper.signed(desk.signature(&sign)))
        }),
        Verb::Exempt {
            user_id,
            user_type,
            list,
            until,
            sign,
            talk,
            ..
        } => {
            let users = match (user_id, list) {
                (Some(user_id), _) => Ok(vec![UserRef::new(user_id, user_type)]),
                (None, Some(file)) => listed(&file),
                (None, None) => Err(vec!["name a user or a list".to_owned()]),
            };
            exempt(users, until, (talk, sign), process, wiring)
        }
    }
}

fn set_email(
    user: Account,
    email: Option<String>,
    paper: Paper,
) -> Result<(Request, Care), String> {
    let request = Request::UserEmail {
        user: user.into_ref(),
        email: email.as_deref().map(address).transpose()?,
        paper,
        dry_run: false,
    };
    Ok((request, Care::Ask))
}

impl Filter {
    fn request(self, desk: &Desk) -> Result<Request, String> {
        let ago = |text: &String| match span(text) {
            Some(seconds) => Ok(UnixSeconds(desk.now.0.saturating_sub(seconds))),
            None => desk.time(text),
        };
        Ok(Request::UserList(UserFilter {
            seen_since: self.seen.as_ref().map(ago).transpose()?,
            begins: self.begins,
            role: self.role,
            user_type: self.user_type,
            active: match (self.active, self.inactive) {
                (true, _) => Some(true),
                (false, true) => Some(false),
                (false, false) => None,
            },
            exempt: self.exempt,
            stopped: self.stopped,
            limit: self.limit,
        }))
    }
}

impl PaperArguments {
    fn signed(self, signature: crate::domain::policy::Signature) -> Paper {
        Paper {
            signature,
            number: self.number,
            checked: self.checked,
        }
    }
}

fn listed(file: &std::path::Path) -> Result<Vec<UserRef>, Vec<String>> {
    let bytes =
        std::fs::read(file).map_err(|error| vec![format!("{}: {error}", file.display())])?;
    list::read(&bytes)
}

fn exempt(
    users: Result<Vec<UserRef>, Vec<String>>,
    until: Option<String>,
    (talk, sign): (Talk, Sign),
    process: Process<'_>,
    wiring: &Wiring,
) -> Exit {
    let users = match users {
        Ok(users) => users,
        Err(problems) => {
            for problem in problems {
                say(process.err, &format!("error: {problem}"));
            }
            say(process.err, "nothing was done");
            return Exit::Usage;
        }
    };
    change(talk, &sign, process, wiring, |desk| {
        let request = Request::UserExempt {
            users,
            until: desk.maybe_time(until.as_ref())?,
            signature: desk.signature(&sign),
            dry_run: false,
        };
        Ok((request, Care::Ask))
    })
}
