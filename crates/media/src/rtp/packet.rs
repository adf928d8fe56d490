//! The RTP packet (RFC 3550 §5.1): read from a datagram without copying, written to a buffer.
//! Judges only the form; whether a packet belongs to a stream is `source`'s and `session`'s
//! question. Contributing sources and header extensions are stepped over.

use super::{MalformedError, Reader};

const VERSION: u8 = 2;
const PADDED: u8 = 0x20;
const EXTENDED: u8 = 0x10;
const MARKED: u8 = 0x80;

/// A packet with its payload, padding removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// First packet of a talkspurt, or of an event (RFC 3551 §4.1, RFC 4733 §2.5.1.1).
    pub marker: bool,
    /// What the payload is, 0–127.
    pub payload_type: u8,
    /// Counts packets, modulo 2¹⁶.
    pub sequence: u16,
    /// Sampling instant of the first sample, modulo 2³².
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
    /// The payload.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// When it is cut, of another version, or wrongly padded (RFC 3550 appendix A.1).
    pub fn parse(datagram: &'a [u8]) -> Result<Self, MalformedError> {
        let mut reader = Reader::new(datagram);
        let first = reader.u8("header")?;
        if first >> 6 != VERSION {
            return Err(MalformedError::Version(first >> 6));
        }
        let second = reader.u8("header")?;
        let sequence = reader.u16("header")?;
        let timestamp = reader.u32("header")?;
        let ssrc = reader.u32("header")?;
        reader.take(usize::from(first & 15) * 4, "list of contributing sources")?;
        if first & EXTENDED != 0 {
            reader.u16("header extension")?;
            let words = reader.u16("header extension")?;
            reader.take(usize::from(words) * 4, "header extension")?;
        }
        Ok(Self {
            marker: second & MARKED != 0,
            payload_type: second & !MARKED,
            sequence,
            timestamp,
            ssrc,
            payload: without_padding(first & PADDED != 0, reader.rest)?,
        })
    }

    /// Appends the packet to `out`, without padding, contributing sources or extension.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(VERSION << 6);
        out.push(self.payload_type & !MARKED | if self.marker { MARKED } else { 0 });
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.ssrc.to_be_bytes());
        out.extend_from_slice(self.payload);
    }
}

/// The last octet counts the padding, itself included.
fn without_padding(padded: bool, payload: &[u8]) -> Result<&[u8], MalformedError> {
    if !padded {
        return Ok(payload);
    }
    let count = payload.last().copied().map(usize::from).ok_or(MalformedError::Padding)?;
    match payload.len().checked_sub(count) {
        Some(rest) if count > 0 => Ok(&payload[..rest]),
        _ => Err(MalformedError::Padding),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_packet_with_everything_in_its_header_gives_its_bare_payload() {
        let octets = [
            0xB1, 0x88, 0x12, 0x34, 0, 0, 0, 160, 0xDE, 0xAD, 0xBE, 0xEF, // header, one CSRC
            1, 2, 3, 4, // the CSRC
            0xBE, 0xDE, 0, 1, 9, 9, 9, 9, // extension of one word
            7, 8, 0, 0, 3, // payload 7 8, padding of three
        ];
        let packet = Packet::parse(&octets).unwrap();
        assert_eq!(
            packet,
            Packet {
                marker: true,
                payload_type: 8,
                sequence: 0x1234,
                timestamp: 160,
                ssrc: 0xDEAD_BEEF,
                payload: &[7, 8]
            }
        );
    }

    #[test]
    fn what_is_not_rtp_says_why() {
        let header = [0x80u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let with_first = |first: u8, more: &[u8]| {
            let mut octets = header.to_vec();
            octets[0] = first;
            octets.extend_from_slice(more);
            Packet::parse(&octets).map(|_| ()).unwrap_err()
        };
        assert_eq!(Packet::parse(&[]), Err(MalformedError::Short("header")));
        assert_eq!(Packet::parse(&header[..11]), Err(MalformedError::Short("header")));
        assert_eq!(with_first(0x40, &[]), MalformedError::Version(1));
        assert_eq!(
            with_first(0x82, &[0; 7]),
            MalformedError::Short("list of contributing sources")
        );
        assert_eq!(with_first(0x90, &[0, 0, 0, 2, 0]), MalformedError::Short("header extension"));
        assert_eq!(with_first(0xA0, &[]), MalformedError::Padding);
        assert_eq!(with_first(0xA0, &[1, 0]), MalformedError::Padding);
        assert_eq!(with_first(0xA0, &[1, 3]), MalformedError::Padding);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            marker: bool, payload_type in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32,
            payload in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let packet = Packet { marker, payload_type, sequence, timestamp, ssrc, payload: &payload };
            let mut octets = Vec::new();
            packet.write(&mut octets);
            prop_assert_eq!(Packet::parse(&octets), Ok(packet));
        }

        #[test]
        fn no_datagram_panics(octets in proptest::collection::vec(any::<u8>(), 0..200), first in 0x80u8..0xC0) {
            let _ = Packet::parse(&octets);
            let mut likely = octets;
            if let Some(octet) = likely.first_mut() {
                *octet = first;
            }
            if let Ok(packet) = Packet::parse(&likely) {
                prop_assert!(packet.payload.len() + 12 <= likely.len());
            }
        }
    }
}
