//! Gerbang ("gate"): a second factor for SPSE 4.4, as a reverse proxy in front of the unmodified
//! application.

pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod entropy;
pub mod primitives;
pub mod profile;
pub mod render;
pub mod store;
