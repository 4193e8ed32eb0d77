//! Gerbang ("gate"): a second factor for SPSE 4.4, as a reverse proxy in front of the unmodified
//! application.
//!
//! Read in this order: `README.md`, this page, a folder's `mod.rs`, the file. The life of a login
//! with file names stands at the head of `app.rs`.
//!
//! | room | what it is |
//! |---|---|
//! | [`primitives`] | newtypes: account, role, secret, code, time, ids |
//! | [`clock`], [`entropy`] | the only places that touch the system's time and randomness |
//! | [`authenticator`] | one file per second factor, pure |
//! | [`profile`] | what is known of the upstream application, from a TOML file |
//! | [`domain`] | the rules, pure: gate, session states, login, enrollment, enforcement, throttle |
//! | [`config`] | raw file → checked configuration, all problems at once |
//! | [`seal`], [`store`], [`render`] | keys; durable records; pages and their words |
//! | [`directory`] | registered addresses that the application's own database keeps |
//! | [`mail`] | letters as they travel, by SMTP |
//! | [`push`] | messages that wake a phone: sealed for its browser, signed by the operator's key |
//! | [`observe`] | the audit log as others read it; numbers for the operator |
//! | [`flow`] | use cases, async, without HTTP framing and without pingora |
//! | [`pages`] | the gateway's own pages: request in, response out |
//! | [`control`] | the control socket: how the command line talks to the gateway that runs |
//! | [`proxy`] | the only room that names pingora |
//! | [`app`] | picks concrete adapters |
//! | [`cli`] | the command line |
//!
//! Imports run downwards only, in this order from the bottom: primitives, clock, entropy,
//! authenticator, profile, domain, config, seal, store, render, mail, push, directory, observe, flow, control and pages,
//! proxy, app. The command line needs domain and config alone: what it asks of a gateway is plain
//! data (`domain/office.rs`), carried out by `flow/administer`; `app` is known to it through function
//! pointers that `main` hands it, so that it is tested without a server.
//!
//! Where this house differs from the first plan: the store room has one engine trait (versioned
//! records, compare-and-swap batches) with typed records on top, instead of one trait per noun: what
//! belongs together is written in one durable step, across nouns. Guarded pages (evidence 4) and
//! known logins go by the gateway's own client, since pingora's body filters cannot wait.

pub mod app;
pub mod authenticator;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod directory;
pub mod domain;
pub mod entropy;
pub mod flow;
pub mod mail;
pub mod observe;
pub mod pages;
pub mod primitives;
pub mod profile;
pub mod proxy;
pub mod push;
pub mod render;
pub mod seal;
pub mod store;
