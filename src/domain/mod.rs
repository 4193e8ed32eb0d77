//! The rules, pure: functions take values and return an enum; nothing here waits, stores or reads
//! a clock.
//!
//! May import: primitives, authenticator, profile. To add a rule: a file with the question as its
//! name, a pure function, its table of tests. Words: a *waiting login* has a password that was
//! accepted and waits for the second factor; *activation* is our flow that ends in a binding (in
//! NIST SP 800-63B the word means unlocking an authenticator: not so here).

pub mod approval;
pub mod audit;
pub mod directory;
pub mod enforcement;
pub mod enrollment;
pub mod gate;
pub mod invitation;
pub mod jar;
pub mod login;
pub mod mail;
pub mod office;
pub mod policy;
pub mod policy_file;
pub mod push;
pub mod puzzle;
pub mod recovery;
pub mod requests;
pub mod reset;
pub mod retention;
pub mod session;
pub mod standing;
pub mod throttle;
pub mod upstream_session;
