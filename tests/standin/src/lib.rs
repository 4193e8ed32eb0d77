//! Stand-in for SPSE 4.4.
