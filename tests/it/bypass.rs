//! Ways around the second factor.

mod inside;
mod routes;
mod subsets;
