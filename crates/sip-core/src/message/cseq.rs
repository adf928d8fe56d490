//! The CSeq value: a number and a method (RFC 3261 §20.16).

use std::{fmt, str::FromStr};

use super::{Method, ValueError, grammar::is_token};

/// A CSeq value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CSeq {
    /// The sequence number. A sender keeps it below 2³¹; any that fits 32 bits is read.
    pub number: u32,
    /// The method, equal to the request line's.
    pub method: Method,
}

impl CSeq {
    /// A CSeq of its parts.
    pub fn new(number: u32, method: Method) -> Self {
        Self { number, method }
    }
}

impl FromStr for CSeq {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
        let (Some(number), Some(method), None) = (words.next(), words.next(), words.next()) else {
            return Err(ValueError("expected a number and a method"));
        };
        if !number.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err(ValueError("the number is not a number"));
        }
        if !is_token(method) {
            return Err(ValueError("the method is not a token"));
        }
        let number = number.parse().map_err(|_| ValueError("the number exceeds 32 bits"))?;
        Ok(Self { number, method: method.into() })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_and_wide_spaces_are_fine() {
        assert_eq!("0009   INVITE".parse(), Ok(CSeq::new(9, Method::Invite)));
    }

    #[test]
    fn a_number_beyond_32_bits_and_a_missing_part_are_refused() {
        for text in
            ["36893488147419103232 REGISTER", "1", "INVITE", "-1 INVITE", "1 INVITE x", "1 IN(VITE"]
        {
            assert!(text.parse::<CSeq>().is_err(), "{text}");
        }
    }
}
