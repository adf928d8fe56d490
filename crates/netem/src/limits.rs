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

/// Octets that may wait at one end of a connection to be acknowledged; one that is written to
/// beyond that ends as if its peer had not answered. Linux begins with less and grows to more.
pub const UNACKNOWLEDGED: usize = 256 * 1024;

/// Octets of one segment: Ethernet's 1500 without the headers of IPv4 and TCP, with time stamps.
pub const SEGMENT: usize = 1_448;
