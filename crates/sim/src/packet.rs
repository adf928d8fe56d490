//! A datagram on the wire of a world: its octets, and the message that whoever has looked at it
//! already made of them, so that nobody else has to.

use sip_core::message::{Message, read_datagram};

/// See the module.
#[derive(Debug, Clone)]
pub struct Packet {
    /// What is sent.
    pub bytes: Vec<u8>,
    message: Option<Box<Message>>,
}

impl Packet {
    /// Octets that have been read as that.
    #[must_use]
    pub fn known(bytes: Vec<u8>, message: Message) -> Self {
        Self { bytes, message: Some(Box::new(message)) }
    }

    /// The message, if it is one.
    #[must_use]
    pub fn into_message(self) -> Option<Message> {
        let Self { bytes, message } = self;
        message.map_or_else(|| read_datagram(&bytes).ok(), |message| Some(*message))
    }
}

impl From<Vec<u8>> for Packet {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, message: None }
    }
}

/// The Call-ID of a message as sip-core writes one, without reading the rest.
#[must_use]
pub fn call_id(bytes: &[u8]) -> Option<&str> {
    let mut lines = bytes.split(|octet| *octet == b'\n').take_while(|line| *line != b"\r");
    let value = lines.find_map(|line| line.strip_prefix(b"Call-ID: "))?;
    std::str::from_utf8(value.trim_ascii_end()).ok()
}

/// Whether it is a final response.
#[must_use]
pub fn is_final(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b"SIP/2.0 ").and_then(<[u8]>::first).is_some_and(|class| *class >= b'2')
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: &[u8] =
        b"SIP/2.0 486 Busy Here\r\nFrom: <sip:a@x>\r\nCall-ID: c 1\r\n\r\nCall-ID: no\r\n";

    #[test]
    fn a_look_at_the_octets_tells_what_reading_them_tells() {
        assert_eq!(call_id(BUSY), Some("c 1"));
        assert_eq!(call_id(b"SIP/2.0 486 Busy Here\r\n\r\nCall-ID: no\r\n"), None);
        assert!(is_final(BUSY) && !is_final(b"SIP/2.0 180 Ringing\r\n") && !is_final(b"BYE x"));
    }

    #[test]
    fn a_packet_is_the_same_message_whoever_reads_it() {
        let read = read_datagram(BUSY).unwrap();
        let known = Packet::known(BUSY.to_vec(), read.clone());
        assert_eq!(known.into_message(), Some(read.clone()));
        assert_eq!(Packet::from(BUSY.to_vec()).into_message(), Some(read));
        assert_eq!(Packet::from(Vec::new()).into_message(), None);
    }
}
