//! What a user agent must know about transports without having one: the name of a next hop, the
//! Via rules that make an answer find its way back (RFC 3261 §18, RFC 3581), which URI decides where a
//! request goes, and which hops a name leads to (RFC 3263, in [`resolve`]).
//!
//! Sockets and flows are not here, and DNS is only asked for: a hop is an IP address already.

mod hop;
mod next_hop;
pub mod resolve;
mod via;

pub use hop::{Hop, HopParseError, Transport};
pub use next_hop::next_hop_uri;
pub use via::{mark_received, own_via, response_alternative, response_hop};
