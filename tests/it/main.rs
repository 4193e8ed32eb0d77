//! Tests of the program as a whole: one file per subject, sentences as names. Each is marked
//! `cfg(test)`, so that clippy lets helpers unwrap as it lets tests.

#[cfg(test)]
mod architecture;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod bypass;
#[cfg(test)]
mod canaries;
#[cfg(test)]
mod config_cli;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod fail_closed;
#[cfg(test)]
mod front;
#[cfg(test)]
mod help;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod links;
#[cfg(test)]
mod login;
#[cfg(test)]
mod mails;
#[cfg(test)]
mod office;
#[cfg(test)]
mod ops;
#[cfg(test)]
mod package;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod phone;
#[cfg(test)]
mod post;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod reset;
#[cfg(test)]
mod scripts;
#[cfg(test)]
mod stores;
#[cfg(test)]
mod support;
#[cfg(test)]
mod totp_peers;
#[cfg(test)]
mod upgrade;
