//! The Real-time Transport Protocol as data and machines: one RFC topic a file. No socket, no
//! clock: datagrams go in and come out as octets, time is passed in.

pub mod dtmf;
pub mod packet;
pub mod rtcp;
pub mod session;
pub mod source;

use thiserror::Error;

pub use packet::Packet;
pub use session::{FarEnd, NtpClock, Reception, Session};

/// Why a datagram is not RTP or RTCP. It is counted and dropped; nobody is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MalformedError {
    /// Shorter than its own fields say.
    #[error("packet ends inside its {0}")]
    Short(&'static str),
    /// Version other than 2.
    #[error("version {0} is not RTP version 2")]
    Version(u8),
    /// The padding count is zero or exceeds the payload.
    #[error("padding does not fit")]
    Padding,
    /// A compound packet that does not open with a report (RFC 3550 §6.1).
    #[error("compound packet does not begin with a report")]
    NoReport,
}

/// Big-endian fields read from the front of a slice, or the name of what was cut off.
#[derive(Debug, Clone)]
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }

    fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], MalformedError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(MalformedError::Short(what))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], MalformedError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(MalformedError::Short(what))?;
        self.rest = rest;
        Ok(*taken)
    }

    fn u8(&mut self, what: &'static str) -> Result<u8, MalformedError> {
        self.array(what).map(u8::from_be_bytes)
    }

    fn u16(&mut self, what: &'static str) -> Result<u16, MalformedError> {
        self.array(what).map(u16::from_be_bytes)
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, MalformedError> {
        self.array(what).map(u32::from_be_bytes)
    }
}
