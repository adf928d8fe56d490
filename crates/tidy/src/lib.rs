//! The rules of the house as tests: imports, purity, sizes, documentation, words, citations.
//!
//! Each module holds one rule as a function over plain text and tells what it found as
//! [`Finding`]s: where, what, and how to mend it. `tests/house.rs` runs every rule over the
//! repository (`cargo test -p tidy`); the unit test beside each rule shows that it bites.
//!
//! It refuses to judge taste: what clippy or rustfmt can hold, they hold, and this crate only
//! checks that they are told to.

pub mod citations;
pub mod imports;
pub mod links;
pub mod manifest;
pub mod opening;
pub mod places;
pub mod purity;
pub mod scripts;
pub mod size;
pub mod sleep;
mod source;
pub mod words;

pub use source::{Finding, Source, report, tracked};
