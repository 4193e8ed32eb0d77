//! Gerbang ("gate"): a second factor for SPSE 4.4, as a reverse proxy in front of the unmodified
//! application.

pub mod app;
pub mod authenticator;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod entropy;
pub mod flow;
pub mod pages;
pub mod primitives;
pub mod profile;
pub mod proxy;
pub mod render;
pub mod seal;
pub mod store;
