//! Tests of the program as a whole: one file per subject, sentences as names. Each is marked
//! `cfg(test)`, so that clippy lets helpers unwrap as it lets tests.

#[cfg(test)]
mod bypass;
#[cfg(test)]
mod config_cli;
#[cfg(test)]
mod login;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod scripts;
#[cfg(test)]
mod stores;
#[cfg(test)]
mod support;
