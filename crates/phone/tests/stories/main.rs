//! Stories of the phone: named situations, read top to bottom, in virtual time.
//!
//! Each file is one thing that a user does or that happens to them; `rig` holds the two proxies.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "a story that cannot go on has failed"
)]

mod both;
mod bye;
mod callee;
mod check_sync;
mod drill;
mod early;
mod extensions;
mod flows;
mod invite;
mod keep_alive;
mod large_requests;
mod many;
mod names;
mod outbound;
mod register;
mod register_first;
mod returning;
mod rig;
mod servers;
mod session;
mod session_timer;
mod transfer;
mod turn;
mod waiting;
mod way_back;
