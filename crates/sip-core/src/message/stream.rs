//! Messages out of a byte stream: TCP and TLS (RFC 3261 §18.3, RFC 5626 §3.5.1).
//!
//! On a stream Content-Length is all that says where a message ends, so a message without one, or
//! with one that cannot be believed, ends the stream: nothing after it can be found. Memory is
//! bounded by [`limits`]. This knows no socket; it is fed octets and asked for frames.

use super::{Message, ReadError, limits, read_datagram, reader};

/// What a stream has brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A whole message, or a request to refuse: framing holds either way.
    Message(Box<Result<Message, ReadError>>),
    /// CRLF CRLF: the peer asks for a pong, a single CRLF (RFC 5626 §4.4.1).
    Ping,
    /// CRLF: the answer to our ping.
    Pong,
}

/// The stream cannot be read any further and is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// A header section that does not end.
    #[error("a header section longer than {} octets", limits::STREAM_HEADER_OCTETS)]
    HeadersTooLong,
    /// A message that announces more than we take.
    #[error("a message longer than {} octets", limits::MESSAGE_OCTETS)]
    MessageTooLong,
    /// Content-Length is missing or cannot be believed.
    #[error("no usable Content-Length")]
    NoLength,
}

/// Cuts a stream into frames.
#[derive(Debug, Clone, Default)]
pub struct StreamReader {
    held: Vec<u8>,
    dead: Option<StreamError>,
}

impl StreamReader {
    /// A reader at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes octets from the stream. Call [`StreamReader::next_frame`] until it says `Ok(None)`
    /// before the next `feed`, so that no more than one message and one read are held.
    pub fn feed(&mut self, octets: &[u8]) {
        if self.dead.is_none() {
            self.held.extend_from_slice(octets);
        }
    }

    /// Octets held that no frame has taken yet.
    pub fn pending(&self) -> usize {
        self.held.len()
    }

    /// The next frame, or `None` if more octets are needed.
    ///
    /// # Errors
    /// The stream is of no more use; every later call says the same.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, StreamError> {
        if let Some(error) = self.dead {
            return Err(error);
        }
        if let Some(frame) = self.keep_alive() {
            return Ok(frame);
        }
        match message_length(&self.held) {
            Ok(Some(length)) if length <= self.held.len() => {
                let rest = self.held.split_off(length);
                let message = std::mem::replace(&mut self.held, rest);
                Ok(Some(Frame::Message(Box::new(read_datagram(&message)))))
            }
            Ok(_) => Ok(None),
            Err(error) => {
                self.held = Vec::new();
                self.dead = Some(error);
                Err(error)
            }
        }
    }

    /// A keep-alive at the front: `Some(None)` if it may yet become one.
    fn keep_alive(&mut self) -> Option<Option<Frame>> {
        if self.held.starts_with(b"\r\n\r\n") {
            self.held.drain(..4);
            return Some(Some(Frame::Ping));
        }
        // A ping whose halves arrive apart is taken for two pongs. Waiting for the second half would
        // keep a true pong, which nothing may follow for a long time, from being seen.
        match self.held.as_slice() {
            [] | [b'\r'] | [b'\r', b'\n', b'\r'] => Some(None),
            [b'\r', b'\n', ..] => {
                self.held.drain(..2);
                Some(Some(Frame::Pong))
            }
            _ => None,
        }
    }
}

/// The length of the message that begins the octets `held`; `None` until its header section is
/// complete. The message itself may not be.
///
/// # Errors
/// The stream is of no more use.
pub fn message_length(held: &[u8]) -> Result<Option<usize>, StreamError> {
    let Some(end) = header_end(held) else {
        let too_long = held.len() > limits::STREAM_HEADER_OCTETS;
        return if too_long { Err(StreamError::HeadersTooLong) } else { Ok(None) };
    };
    if end > limits::STREAM_HEADER_OCTETS {
        return Err(StreamError::HeadersTooLong);
    }
    let section = held.get(..end).unwrap_or_default();
    let after_start = section.iter().position(|octet| *octet == b'\n').map_or(end, |at| at + 1);
    let lines = section.get(after_start..).unwrap_or_default();
    let Ok(Some(body)) = reader::read_length(lines) else {
        return Err(StreamError::NoLength);
    };
    match end.checked_add(body) {
        Some(length) if length <= limits::MESSAGE_OCTETS => Ok(Some(length)),
        Some(_) | None => Err(StreamError::MessageTooLong),
    }
}

/// Where the header section ends: just after the first empty line.
fn header_end(octets: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        let end = start + octets.get(start..)?.iter().position(|octet| *octet == b'\n')?;
        let line = octets.get(start..end)?;
        if line.is_empty() || line == b"\r" {
            return Some(end + 1);
        }
        start = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "OPTIONS sip:a SIP/2.0\r\nl: 3\r\n\r\nabc";
    const TWO: &str = "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";

    fn frames(reader: &mut StreamReader) -> Vec<Frame> {
        std::iter::from_fn(|| reader.next_frame().unwrap()).collect()
    }

    fn message(text: &str) -> Frame {
        Frame::Message(Box::new(read_datagram(text.as_bytes())))
    }

    #[test]
    fn messages_are_cut_alike_however_the_stream_is_chopped() {
        let stream = format!("{ONE}\r\n\r\n{TWO}{ONE}\r\n{TWO}");
        let expected =
            [message(ONE), Frame::Ping, message(TWO), message(ONE), Frame::Pong, message(TWO)];
        for size in 1..stream.len() {
            let mut reader = StreamReader::new();
            let mut seen = Vec::new();
            for chunk in stream.as_bytes().chunks(size) {
                reader.feed(chunk);
                seen.extend(frames(&mut reader));
            }
            // A chunk that ends between the two CRLFs of a ping makes two pongs of it.
            let seen: Vec<_> =
                seen.into_iter().filter(|f| matches!(f, Frame::Message(_))).collect();
            let messages = expected.iter().filter(|frame| matches!(frame, Frame::Message(_)));
            assert!(seen.iter().eq(messages), "chunks of {size}");
        }
        let mut reader = StreamReader::new();
        reader.feed(stream.as_bytes());
        assert_eq!(frames(&mut reader), expected);
    }

    #[test]
    fn a_stream_without_length_or_bound_is_given_up() {
        let endless = "X: y\r\n".repeat(limits::STREAM_HEADER_OCTETS);
        for (text, error) in [
            ("OPTIONS sip:a SIP/2.0\r\n\r\n", StreamError::NoLength),
            ("OPTIONS sip:a SIP/2.0\r\nl: x\r\n\r\n", StreamError::NoLength),
            ("OPTIONS sip:a SIP/2.0\r\nl: 99999\r\n\r\n", StreamError::MessageTooLong),
            (
                "OPTIONS sip:a SIP/2.0\r\nl: 99999999999999999999999\r\n\r\n",
                StreamError::MessageTooLong,
            ),
            (&endless, StreamError::HeadersTooLong),
        ] {
            let mut reader = StreamReader::new();
            reader.feed(text.as_bytes());
            assert_eq!(reader.next_frame(), Err(error));
            reader.feed(ONE.as_bytes());
            assert_eq!(reader.next_frame(), Err(error), "it stays dead");
            assert!(reader.held.is_empty(), "and holds nothing");
        }
    }

    #[test]
    fn a_malformed_request_does_not_end_the_stream() {
        let mut reader = StreamReader::new();
        reader.feed(format!("OPTIONS <x> SIP/2.0\r\nl: 0\r\n\r\n{TWO}").as_bytes());
        let frames = frames(&mut reader);
        let Frame::Message(first) = &frames[0] else { panic!("no message") };
        assert!(matches!(**first, Err(ReadError::Malformed { .. })));
        assert_eq!(frames[1], message(TWO));
    }
}
