//! Stories of the phone: named situations, read top to bottom, in virtual time.
//!
//! Each file is one thing that a user does or that happens to them; `rig` holds the two proxies.

mod bye;
mod callee;
mod invite;
mod keep_alive;
mod register;
mod rig;
