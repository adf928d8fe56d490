//! The transaction layer as dialogues in virtual time: an endpoint, and the test as its peer.

#![expect(clippy::unwrap_used, reason = "a test may give up")]

mod bench;
mod carrier;
mod client;
mod doubt;
mod errors;
mod peer;
mod server;
