//! Every bound of the wire in one place. A test that meets one has lost control of its traffic:
//! what does not fit is dropped and counted in [`crate::Counts::overflowed`], as a kernel drops
//! what its buffers cannot take.

/// Packets and ICMP messages on their way at once.
pub const IN_FLIGHT: usize = 65_536;

/// Packets that wait for one held endpoint; Linux's default receive buffer (212,992 bytes, each
/// datagram charged with its bookkeeping) takes about this many SIP messages.
pub const HELD: usize = 128;

/// Directed pairs whose last delivery is remembered so that order can be kept.
pub const ORDERED_PAIRS: usize = 4_096;

/// Pairs of hosts whose ICMP allowance is remembered.
pub const ICMP_PAIRS: usize = 4_096;
