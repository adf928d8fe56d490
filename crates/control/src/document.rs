//! A configuration file inside a JSON line, octet for octet. Files are mostly UTF-8, but a file from
//! an old phone may hold names in another encoding, and these must come back as they were.
//!
//! What a document says is none of this module's business.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Problem;
use crate::limits::MAX_DOCUMENT;

/// The octets of a configuration file.
///
/// Text whose only control characters are tabs and line ends travels as a JSON string, where no
/// octet takes more than two; anything else travels as hexadecimal digits, two an octet. Hence the
/// bound [`crate::limits::MAX_FRAME`]. Its `Debug` form shows the length only, for it holds
/// passwords.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Document {
    /// UTF-8 text.
    Text(String),
    /// Any octets, as pairs of hexadecimal digits.
    Hex(String),
}

/// Why a document is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is longer than the phone takes.
    #[error("configuration file of {0} octets, more than the {MAX_DOCUMENT} that are allowed")]
    TooLong(usize),
    /// The digits do not come in pairs of hexadecimal digits.
    #[error("hexadecimal document, digit {0}: not a pair of hexadecimal digits")]
    BadHex(usize),
}

impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        let zh = match error {
            DocumentError::TooLong(octets) => {
                format!("文件有 {octets} 字节，超过允许的 {MAX_DOCUMENT} 字节")
            }
            DocumentError::BadHex(digit) => {
                format!("十六进制文件的第 {digit} 位：不是十六进制数字对")
            }
        };
        Self::new(error.to_string(), zh)
    }
}

impl Document {
    /// A document of these octets.
    ///
    /// # Errors
    /// [`DocumentError::TooLong`] above [`MAX_DOCUMENT`].
    pub fn from_octets(octets: &[u8]) -> Result<Self, DocumentError> {
        if octets.len() > MAX_DOCUMENT {
            return Err(DocumentError::TooLong(octets.len()));
        }
        let plain = |octet: &u8| *octet >= b' ' || matches!(octet, b'\t' | b'\r' | b'\n');
        match std::str::from_utf8(octets) {
            Ok(text) if octets.iter().all(plain) => Ok(Self::Text(text.to_owned())),
            Ok(_) | Err(_) => Ok(Self::Hex(hex(octets))),
        }
    }

    /// The octets of the file.
    ///
    /// # Errors
    /// [`DocumentError`] if the peer sent more than [`MAX_DOCUMENT`] octets or bad digits.
    pub fn octets(&self) -> Result<Vec<u8>, DocumentError> {
        let octets = match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Hex(digits) => unhex(digits.as_bytes())?,
        };
        if octets.len() > MAX_DOCUMENT {
            return Err(DocumentError::TooLong(octets.len()));
        }
        Ok(octets)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Document({} octets)", text.len()),
            Self::Hex(digits) => write!(f, "Document({} octets)", digits.len() / 2),
        }
    }
}

fn hex(octets: &[u8]) -> String {
    let digit = |value: u8| char::from(if value < 10 { b'0' + value } else { b'a' + value - 10 });
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}

fn unhex(digits: &[u8]) -> Result<Vec<u8>, DocumentError> {
    let value = |digit: &u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    };
    let pair = |(index, pair): (usize, &[u8])| {
        match pair {
            [high, low] => value(high).zip(value(low)).map(|(high, low)| high << 4 | low),
            _ => None,
        }
        .ok_or(DocumentError::BadHex(2 * index + 1))
    };
    digits.chunks(2).enumerate().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ConfigRequest, Request, decode, encode, limits::MAX_FRAME};

    proptest! {
        #[test]
        fn any_octets_survive_the_way_over_the_wire(
            octets in proptest::collection::vec(any::<u8>(), 0..200)
        ) {
            let document = Document::from_octets(&octets).unwrap();
            let line = encode(&document).unwrap();
            let back: Document = decode(&line).unwrap();
            prop_assert_eq!(back.octets(), Ok(octets));
        }
    }

    #[test]
    fn the_largest_document_fits_into_a_line_whatever_it_holds() {
        for octet in [b'\n', b'\\', b'"', b'\x01', b'\xff', b'x'] {
            let document = Document::from_octets(&vec![octet; MAX_DOCUMENT]).unwrap();
            let request =
                Request::Config(ConfigRequest::Import { document, replace: false, dry_run: false });
            assert!(encode(&request).unwrap().len() <= MAX_FRAME);
        }
        let error = Document::from_octets(&vec![0; MAX_DOCUMENT + 1]).unwrap_err();
        assert_eq!(error, DocumentError::TooLong(MAX_DOCUMENT + 1));
        let error = Document::Text("x".repeat(MAX_DOCUMENT + 1)).octets().unwrap_err();
        assert_eq!(error, DocumentError::TooLong(MAX_DOCUMENT + 1));
    }

    #[test]
    fn bad_digits_are_named_by_their_place() {
        assert_eq!(Document::Hex("0g".into()).octets(), Err(DocumentError::BadHex(1)));
        assert_eq!(Document::Hex("000".into()).octets(), Err(DocumentError::BadHex(3)));
        assert_eq!(Document::Hex("00fF".into()).octets(), Ok(vec![0, 255]));
    }

    #[test]
    fn debug_output_holds_no_content() {
        let document = Document::from_octets(b"SIP1 Register Pswd :hunter2").unwrap();
        assert_eq!(format!("{document:?}"), "Document(27 octets)");
    }
}
