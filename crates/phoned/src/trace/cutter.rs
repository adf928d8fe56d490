//! Cuts the octets of one connection into messages, to record each by itself. Keep-alives (CRLF) are
//! left out. A stream that cannot be cut any more is not recorded further; the phone ends it anyway.

use sip_core::message::stream::message_length;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    held: Vec<u8>,
    dead: bool,
}

impl Cutter {
    /// Takes octets and hands each message that is whole to `take`. Holds one incomplete message at
    /// most, whose size `sip_core::message::limits` bounds.
    pub(super) fn feed(&mut self, octets: &[u8], mut take: impl FnMut(&[u8])) {
        if self.dead {
            return;
        }
        self.held.extend_from_slice(octets);
        loop {
            let blank = self.held.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
            self.held.drain(..blank);
            match message_length(&self.held) {
                Ok(Some(length)) if length <= self.held.len() => {
                    take(self.held.get(..length).unwrap_or_default());
                    self.held.drain(..length);
                }
                Ok(_) => break,
                Err(_) => {
                    (self.dead, self.held) = (true, Vec::new());
                    return;
                }
            }
        }
        if self.held.is_empty() {
            // An idle connection holds no memory.
            self.held = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_whole_however_the_stream_is_chopped_and_keep_alives_are_left_out() {
        let one = "OPTIONS sip:a SIP/2.0\r\nl: 3\r\n\r\nabc";
        let two = "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";
        let stream = format!("\r\n\r\n{one}\r\n{two}{one}\r\n\r\n");
        for size in 1..=stream.len() {
            let (mut cutter, mut seen) = (Cutter::default(), Vec::new());
            for chunk in stream.as_bytes().chunks(size) {
                cutter.feed(chunk, |message| {
                    seen.push(String::from_utf8_lossy(message).into_owned())
                });
            }
            assert_eq!(seen, [one, two, one], "chunks of {size}");
            assert_eq!(cutter.held.capacity(), 0);
        }
    }

    #[test]
    fn a_stream_that_cannot_be_cut_is_left_alone() {
        let mut cutter = Cutter::default();
        for _ in 0..3 {
            cutter.feed(b"OPTIONS sip:a SIP/2.0\r\nl: x\r\n\r\n", |_| panic!("nothing is whole"));
        }
        assert!(cutter.dead && cutter.held.is_empty());
    }
}
