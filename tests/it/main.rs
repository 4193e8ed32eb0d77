//! Everything that is tested through the crate's public face.

mod pages;
