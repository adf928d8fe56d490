//! The failover design told as stories: one test for each rule, its name the rule.
//!
//! `line` is §1 (column *Line*), `order` §2, `finding_out`, `returning`, `waiting` and `watch` are §6,
//! `control` is what users and settings want, `records` and `drill` §7.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests: a surprise shall panic, and only some outputs matter"
)]

mod control;
mod drill;
mod finding_out;
mod line;
mod order;
mod records;
mod returning;
mod waiting;
mod watch;
mod world;
