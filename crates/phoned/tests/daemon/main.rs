//! The daemon as a process, on loopback: what it says, what it sends, how it ends.
//!
//! `daemon` starts one and listens to its log, `registrar` is a scripted server, `client` speaks on
//! the control socket. Everything waits for events with a bound; nothing sleeps.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail loudly")]

mod client;
mod control;
mod daemon;
mod registrar;
mod service;
mod start;
