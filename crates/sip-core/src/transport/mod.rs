//! What a user agent must know about transports without having one: the name of a next hop, the
//! Via rules that make an answer find its way back (RFC 3261 §18, RFC 3581), and which URI decides
//! where a request goes.
//!
//! Sockets, flows and name resolution are not here: a hop is an IP address already.

mod hop;
mod next_hop;
mod via;

pub use hop::{Hop, HopParseError, Transport};
pub use next_hop::next_hop_uri;
pub use via::{mark_received, own_via, response_hop};
