//! Gerbang ("gate"): a second factor for SPSE 4.4, as a reverse proxy in front of the unmodified
//! application.

pub mod clock;
pub mod entropy;
pub mod primitives;
pub mod profile;
