//! Names to hops against a name server that is a table, in virtual time (requirements A1, F5).

#![expect(clippy::unwrap_used, reason = "a test may give up")]

mod keeping;
mod properties;
mod rules;
mod world;
