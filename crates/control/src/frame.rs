//! Framing: one JSON object a line, each at most [`MAX_FRAME`] octets, in both directions.
//!
//! Sans I/O: [`encode`] makes the octets of one line, [`Decoder`] cuts a stream into lines however
//! it was split on the way, [`decode`] reads one line. Blank lines are skipped. A line that is too
//! long cannot be resynchronised safely, so the decoder stays in error from there on and the
//! connection is to be closed; a line that is not what was expected is an error of that line only.

use serde::{Serialize, de::DeserializeOwned};

use crate::Problem;
use crate::limits::MAX_FRAME;

/// What may be wrong with one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The line exceeds [`MAX_FRAME`]; the stream is of no further use.
    #[error("control line longer than {MAX_FRAME} octets")]
    TooLong,
    /// The line is not the JSON that was expected here.
    #[error("control line: {0}")]
    Malformed(String),
    /// The value does not fit into JSON (never so for the types of this crate).
    #[error("control line not written: {0}")]
    Unwritable(String),
}

impl From<FrameError> for Problem {
    fn from(error: FrameError) -> Self {
        let zh = match &error {
            FrameError::TooLong => format!("控制行超过 {MAX_FRAME} 字节"),
            FrameError::Malformed(why) => format!("控制行有误：「{why}」"),
            FrameError::Unwritable(why) => format!("无法写出控制行：「{why}」"),
        };
        Self::new(error.to_string(), zh)
    }
}

/// The octets of `value` as one line, its line feed included.
///
/// # Errors
/// [`FrameError::TooLong`] if the line would exceed [`MAX_FRAME`].
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, FrameError> {
    let mut line =
        serde_json::to_vec(value).map_err(|error| FrameError::Unwritable(error.to_string()))?;
    if line.len() > MAX_FRAME {
        return Err(FrameError::TooLong);
    }
    line.push(b'\n');
    Ok(line)
}

/// Reads one line (with or without its line feed) as a `T`.
///
/// # Errors
/// [`FrameError::Malformed`] with the reason, and the column where the reader knows it.
pub fn decode<T: DeserializeOwned>(line: &[u8]) -> Result<T, FrameError> {
    serde_json::from_slice(line).map_err(|error| {
        let text = error.to_string();
        // serde_json ends its messages with line and column where it still knows them; the line
        // is always the first.
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
        FrameError::Malformed(match error.column() {
            0 => reason.to_owned(),
            column => format!("{reason}, column {column}"),
        })
    })
}

/// Cuts a stream of octets into lines.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// How far `buffer` has been searched for a line feed already.
    searched: usize,
    broken: bool,
}

impl Decoder {
    /// A decoder at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what the socket delivered. Call [`Self::next_line`] until it returns `None` before
    /// pushing more, so that no more than one read is held beyond [`MAX_FRAME`].
    pub fn push(&mut self, octets: &[u8]) {
        if !self.broken {
            self.buffer.extend_from_slice(octets);
        }
    }

    /// The next whole line without its line end, or `None` until more octets have come.
    ///
    /// # Errors
    /// [`FrameError::TooLong`], from then on for ever.
    pub fn next_line(&mut self) -> Option<Result<Vec<u8>, FrameError>> {
        while !self.broken {
            let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
            let Some(at) = unsearched.iter().position(|&octet| octet == b'\n') else {
                self.searched = self.buffer.len();
                if self.buffer.len() <= MAX_FRAME {
                    return None;
                }
                break;
            };
            let length = self.searched + at;
            if length > MAX_FRAME {
                break;
            }
            let mut line: Vec<u8> = self.buffer.drain(..=length).collect();
            self.searched = 0;
            line.truncate(line.trim_ascii_end().len());
            if !line.is_empty() {
                return Some(Ok(line));
            }
        }
        self.broken = true;
        self.buffer = Vec::new();
        Some(Err(FrameError::TooLong))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Request;

    #[test]
    fn a_line_that_is_cut_anywhere_is_put_together_again() {
        let line = encode(&Request::Status {}).unwrap();
        for cut in 0..line.len() {
            let mut decoder = Decoder::new();
            decoder.push(&line[..cut]);
            assert_eq!(decoder.next_line(), None);
            decoder.push(&line[cut..]);
            let whole = decoder.next_line().unwrap().unwrap();
            assert_eq!(decode::<Request>(&whole), Ok(Request::Status {}));
            assert_eq!(decoder.next_line(), None);
        }
    }

    #[test]
    fn blank_lines_and_carriage_returns_are_skipped() {
        let mut decoder = Decoder::new();
        decoder.push(b"\r\n\n  \n{\"a\":1}\r\n\n");
        assert_eq!(decoder.next_line(), Some(Ok(b"{\"a\":1}".to_vec())));
        assert_eq!(decoder.next_line(), None);
    }

    #[test]
    fn a_line_of_the_limit_passes_and_one_octet_more_breaks_the_stream_for_good() {
        let mut decoder = Decoder::new();
        decoder.push(&vec![b'x'; MAX_FRAME]);
        assert_eq!(decoder.next_line(), None);
        decoder.push(b"\n");
        assert_eq!(decoder.next_line().unwrap().unwrap().len(), MAX_FRAME);

        decoder.push(&vec![b'x'; MAX_FRAME + 1]);
        assert_eq!(decoder.next_line(), Some(Err(FrameError::TooLong)));
        decoder.push(b"\n{}\n");
        assert_eq!(decoder.next_line(), Some(Err(FrameError::TooLong)));
    }

    #[test]
    fn an_error_says_what_is_wrong_and_where() {
        let error = decode::<Request>(br#"{"account":{"verb":"show"}}"#).unwrap_err();
        assert_eq!(error.to_string(), "control line: missing field `line`");
        let error = decode::<Request>(b"{\"account\":").unwrap_err();
        assert_eq!(error.to_string(), "control line: EOF while parsing a value, column 11");
    }

    proptest! {
        #[test]
        fn no_octets_make_the_decoder_panic_and_lines_come_out_whole(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)
        ) {
            let mut decoder = Decoder::new();
            let mut lines = Vec::new();
            for chunk in &chunks {
                decoder.push(chunk);
                while let Some(line) = decoder.next_line() {
                    lines.push(line.unwrap());
                }
            }
            let stream = chunks.concat();
            let complete = stream.iter().rposition(|&octet| octet == b'\n').map_or(0, |at| at + 1);
            let expected: Vec<Vec<u8>> = stream[..complete]
                .split(|&octet| octet == b'\n')
                .map(|line| line.trim_ascii_end().to_vec())
                .filter(|line| !line.is_empty())
                .collect();
            prop_assert_eq!(&lines, &expected);
            for line in lines {
                let _ = decode::<Request>(&line);
            }
        }
    }
}
