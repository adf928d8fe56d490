//! Every bound of this crate's message and session-description readers, in one place.
//!
//! A peer chooses how large a message is; these say where we stop listening. They are far above what
//! deployed servers send, and low enough that a flood of worst cases costs little memory.

/// Octets of one message, headers and body together. A UDP datagram cannot carry more.
pub const MESSAGE_OCTETS: usize = 65_535;

/// Header lines of one message, folded lines counted once.
pub const HEADER_LINES: usize = 256;

/// Parameters of one URI or header value; comparing two URIs takes the square of it.
pub const PARAMETERS: usize = 64;

/// Octets of a stream that may wait for the end of a header section (RFC 3261 §18.3).
pub const STREAM_HEADER_OCTETS: usize = 16_384;

/// Media descriptions (`m=` lines) of one session description.
pub const SDP_MEDIA: usize = 32;

/// Lines of one session description, blank ones not counted.
pub const SDP_LINES: usize = 1_024;

/// Formats (payload types) of one media description.
pub const SDP_FORMATS: usize = 64;
