//! The rules, pure: values in, verdicts out; no clock, no randomness, no I/O, no HTTP.

pub mod policy_file;
