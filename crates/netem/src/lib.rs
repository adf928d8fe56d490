//! A pure lossy wire for tests: datagrams and connections between endpoints named by socket
//! address, in virtual time, from one seed.
//!
//! A [`Wire`] answers for what a network does to a datagram: delay and jitter, loss, duplication,
//! reorder, partitions, a host that is frozen ([`Wire::hold`]) or unplugged, and a closed port
//! that answers with ICMP port unreachable, quoting what it refused. The words are those of
//! turmoil (partition, repair, hold, release).
//!
//! [`Streams`] answers for what becomes of TCP there, as its applications see it: set up, refused,
//! reset, half open, stuck.
//!
//! It refuses to know what it carries: the payload is any `Clone` value. It reads no clock and
//! opens no socket; the same seed and the same calls give the same deliveries.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use netem::{Link, Output, Wire};
//!
//! # let start = Instant::now();
//! let (a, b) = ("10.0.0.1:5060".parse()?, "10.0.0.2:5060".parse()?);
//! let mut wire = Wire::new(Link::delayed(Duration::from_millis(5)), 1);
//! wire.send(a, b, "hello", start);
//! let (at, _why) = wire.poll_timeout().ok_or("a packet is on its way")?;
//! assert_eq!(at, start + Duration::from_millis(5));
//! wire.handle_timeout(at);
//! assert!(matches!(wire.poll_output(), Some(Output::Delivery(d)) if d.payload == "hello"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod icmp;
pub mod limits;
mod link;
mod stream;
mod topology;
mod wire;

pub use icmp::IcmpLimit;
pub use link::Link;
pub use stream::{Ending, News, Pair, Streams};
pub use wire::{Counts, Delivery, Output, Unreachable, Wire};
