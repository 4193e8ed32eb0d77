//! `gerbang policy`: what is asked of whom.

use super::office::{Care, Desk, Sign, Talk, change, look, refused};
use super::{Exit, Process, Wiring, list, say};
use crate::domain::approval::Confirm;
use crate::domain::office::{Answer, Request};
use crate::domain::policy::act::Act;
use crate::domain::policy::{Change, Rollback};
use crate::domain::policy_file::{Demand, Mode, Proof, Subject, Unread};
use crate::primitives::{Role, UserType};
use clap::{Args, Subcommand};

/// What is asked of whom: modes by role and user type, plans, freezes
#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Show the policy in force and what is planned
    Show {
        #[command(flatten)]
        talk: Talk,
    },
    /// Change what is asked of roles or user types, at once
    Set {
        #[command(flatten)]
        whom: Whom,
        #[command(flatten)]
        what: What,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
    /// Take the rule of roles or user types away; what holds for everybody else holds for them
    Unset {
        #[command(flatten)]
        whom: Whom,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
    /// Change the most that is asked of anybody
    Ceiling {
        /// off, observe, optional, encouraged or required
        #[arg(value_parser = mode)]
        mode: Mode,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
    /// Plan a change for a later time
    Schedule {
        /// When: 2026-12-01, "2026-12-01 08:00", or 2d from now on
        #[arg(long, value_name = "TIME")]
        at: String,
        #[command(flatten)]
        whom: Whom,
        #[command(flatten)]
        what: What,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
    /// Take a planned change back
    Unschedule {
        /// Its number
        id: u32,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
    /// A window in which nothing becomes stricter for vendors (a tender closes)
    Freeze {
        /// First moment; now by default
        #[arg(long, value_name = "TIME", default_value = "now")]
        from: String,
        /// First moment after it
        #[arg(long, value_name = "TIME")]
        until: String,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
    /// End a freeze, or take a planned one back
    Thaw {
        /// Its number
        id: u32,
        #[command(flatten)]
        sign: Sign,
        #[command(flatten)]
        talk: Talk,
    },
    /// Whom the policy would stop today, by role
    Forecast {
        #[command(flatten)]
        whom: Whom,
        /// As if this mode were set for --role, --type or --everybody
        #[arg(long, value_parser = mode)]
        mode: Option<Mode>,
        /// The accounts that would be stopped, as CSV
        #[arg(long)]
        csv: bool,
        #[command(flatten)]
        talk: Talk,
    },
}

/// Whom it is for.
#[derive(Args, Debug)]
struct Whom {
    /// A role, as the application's pages write it; may be given several times
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
    /// A user type; with --role: only accounts of this type in that role
    #[arg(long = "type", value_name = "TYPE")]
    user_type: Option<String>,
    /// Everybody whom no rule fits, unknown roles included
    #[arg(long)]
    everybody: bool,
}

/// What is asked.
#[derive(Args, Debug)]
struct What {
    /// off, observe, optional, encouraged or required
    #[arg(long, value_parser = mode)]
    mode: Mode,
    /// required: its start date; encouraged before
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// encouraged: how often "nanti saja" may be chosen
    #[arg(long, value_name = "TIMES")]
    skips: Option<u32>,
    /// encouraged: until when "nanti saja" may be chosen
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Whose word an activation takes: first-use (before the start date), email or counter
    #[arg(long, value_parser = proof, default_value = "first-use")]
    proof: Proof,
    /// Logins whose page cannot be read after an update of the application: closed or open
    #[arg(long, value_parser = unread, default_value = "closed")]
    unread: Unread,
    /// What a phone has to do to approve a login: number (type what the page shows) or tap
    #[arg(long, value_parser = approval, default_value = "number")]
    approval: Confirm,
    /// Take it back when more than PERCENT of the accounts fail within MINUTES, like 20/30
    #[arg(long, value_name = "PERCENT/MINUTES", value_parser = rollback)]
    rollback: Option<Rollback>,
}

fn word<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        crate::config::nearest::suggestion(text, words.iter().map(|(word, _)| *word))
    })
}

fn mode(text: &str) -> Result<Mode, String> {
    word(text, &Mode::WORDS)
}

fn proof(text: &str) -> Result<Proof, String> {
    word(text, &Proof::WORDS)
}

fn unread(text: &str) -> Result<Unread, String> {
    word(text, &Unread::WORDS)
}

fn approval(text: &str) -> Result<Confirm, String> {
    word(text, &Confirm::WORDS)
}

/// Accounts that must have tried before anything is taken back.
const ROLLBACK_LEAST: u32 = 10;

fn rollback(text: &str) -> Result<Rollback, String> {
    let parts = text.split_once('/');
    let numbers =
        parts.and_then(|(percent, minutes)| Some((percent.parse().ok()?, minutes.parse().ok()?)));
    let (percent, minutes) = numbers.ok_or("write PERCENT/MINUTES, like 20/30")?;
    Ok(Rollback {
        percent,
        minutes,
        least: ROLLBACK_LEAST,
    })
}

impl Whom {
    fn subjects(&self) -> Result<Vec<Subject>, String> {
        let named = !self.role.is_empty() || self.user_type.is_some();
        match (self.everybody, named) {
            (true, true) => return Err("--everybody stands alone".into()),
            (true, false) => return Ok(vec![Subject::default()]),
            (false, false) => {
                return Err("say for whom: --role, --type or --everybody".into());
            }
            (false, true) => {}
        }
        let parse = |name: &str| Role::parse(name).map_err(|why| format!("a name is {why}"));
        let user_type = match &self.user_type {
            Some(name) => Some(UserType::parse(name).map_err(|why| format!("the type is {why}"))?),
            None => None,
        };
        if self.role.is_empty() {
            return Ok(vec![Subject {
                user_type,
                role: None,
            }]);
        }
        self.role
            .iter()
            .map(|name| {
                Ok(Subject {
                    user_type: user_type.clone(),
                    role: Some(parse(name)?),
                })
            })
            .collect()
    }
}

impl What {
    fn change(&self, whom: &Whom, desk: &Desk) -> Result<Change, String> {
        let demand = Demand {
            mode: self.mode,
            from: desk.maybe_time(self.from.as_ref())?,
            skips: self.skips,
            until: desk.maybe_time(self.until.as_ref())?,
            proof: self.proof,
            unread: self.unread,
            approval: self.approval,
        };
        Ok(Change {
            subjects: whom.subjects()?,
            demand: Some(demand),
        })
    }
}

/// What an act is made of once the desk is open.
type Make = Box<dyn FnOnce(&Desk) -> Result<(Act, Care), String>>;

pub(super) fn run(arguments: Arguments, process: Process<'_>, wiring: &Wiring) -> Exit {
    let (talk, sign, make) = match arguments.verb {
        Verb::Show { talk } => return look(talk, process, wiring, |_| Ok(Request::PolicyShow)),
        Verb::Forecast {
            whom,
            mode,
            csv,
            talk,
        } => return forecast(talk, (whom, mode, csv), process, wiring),
        Verb::Set {
            whom,
            what,
            sign,
            talk,
        } => (talk, sign, set(whom, what)),
        Verb::Unset { whom, sign, talk } => (talk, sign, unset(whom)),
        Verb::Ceiling { mode, sign, talk } => (talk, sign, plain(Act::Ceiling { mode }, Care::Ask)),
        Verb::Schedule {
            at,
            whom,
            what,
            sign,
            talk,
        } => (talk, sign, schedule(at, whom, what)),
        Verb::Unschedule { id, sign, talk } => {
            (talk, sign, plain(Act::Unschedule { id }, Care::None))
        }
        Verb::Freeze {
            from,
            until,
            sign,
            talk,
        } => (talk, sign, freeze(from, until)),
        Verb::Thaw { id, sign, talk } => (talk, sign, plain(Act::Thaw { id }, Care::Ask)),
    };
    change(talk, &sign, process, wiring, |desk| {
        let (act, care) = make(desk)?;
        let signature = desk.signature(&sign);
        let request = Request::PolicyAct {
            act,
            signature,
            seen: None,
            dry_run: false,
        };
        Ok((request, care))
    })
}

fn plain(act: Act, care: Care) -> Make {
    Box::new(move |_| Ok((act, care)))
}

fn set(whom: Whom, what: What) -> Make {
    Box::new(move |desk| {
        let change = what.change(&whom, desk)?;
        let rollback = what.rollback;
        Ok((Act::Set { change, rollback }, Care::Ask))
    })
}

fn unset(whom: Whom) -> Make {
    Box::new(move |_| {
        let change = Change {
            subjects: whom.subjects()?,
            demand: None,
        };
        let rollback = None;
        Ok((Act::Set { change, rollback }, Care::Ask))
    })
}

fn schedule(at: String, whom: Whom, what: What) -> Make {
    Box::new(move |desk| {
        let act = Act::Schedule {
            at: desk.time(&at)?,
            change: what.change(&whom, desk)?,
            rollback: what.rollback,
        };
        Ok((act, Care::Ask))
    })
}

fn freeze(from: String, until: String) -> Make {
    Box::new(move |desk| {
        let (from, until) = (desk.time(&from)?, desk.time(&until)?);
        Ok((Act::Freeze { from, until }, Care::None))
    })
}

fn forecast(
    talk: Talk,
    (whom, mode, csv): (Whom, Option<Mode>, bool),
    process: Process<'_>,
    wiring: &Wiring,
) -> Exit {
    let make = |_: &Desk| {
        let act = match mode {
            Some(mode) => Some(Act::Set {
                change: Change {
                    subjects: whom.subjects()?,
                    demand: Some(mode.into()),
                },
                rollback: None,
            }),
            None if whom.everybody || whom.user_type.is_some() || !whom.role.is_empty() => {
                return Err("--role, --type and --everybody belong to --mode".to_owned());
            }
            None => None,
        };
        Ok(Request::Forecast { act })
    };
    if !csv {
        return look(talk, process, wiring, make);
    }
    super::office::fetch(talk, process, wiring, make, |answer, desk, mut process| {
        let Answer::Forecast(forecast) = answer else {
            return Exit::Failed;
        };
        match list::write(&forecast.stopped, &desk.zone) {
            Ok(text) => {
                say(process.out, text.trim_end());
                Exit::Done
            }
            Err(error) => refused(
                &crate::domain::office::OfficeError::refused(error.to_string()),
                &mut process,
                false,
            ),
        }
    })
}
