//! What an ICMP error gives back of the datagram it is about.
//!
//! Routers quote between 8 octets of UDP (so nothing of the message) and most of the datagram. Ours
//! begin with the request line and our own Via, so a few hundred octets name the transaction.

use crate::message::Method;

/// What a quoted payload says about the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Quote<'a> {
    /// The method and top Via branch are there.
    Named { method: Method, branch: &'a str },
    /// It breaks off before: all that can be asked is which requests begin like this.
    Beginning(&'a [u8]),
    /// Not a request of ours.
    Foreign,
}

impl<'a> Quote<'a> {
    pub(super) fn read(quoted: &'a [u8]) -> Self {
        let text = match std::str::from_utf8(quoted) {
            Ok(text) => text,
            Err(broken) => {
                let (valid, _) = quoted.split_at(broken.valid_up_to());
                std::str::from_utf8(valid).unwrap_or_default()
            }
        };
        if text.starts_with("SIP/") {
            return Self::Foreign;
        }
        match named(text) {
            Some((method, branch)) => Self::Named { method: Method::from(method), branch },
            None => Self::Beginning(quoted),
        }
    }
}

/// The method and the branch, if the text goes on behind the branch.
fn named(text: &str) -> Option<(&str, &str)> {
    let (request_line, rest) = text.split_once("\r\n")?;
    let (method, _) = request_line.split_once(' ')?;
    let via = rest.strip_prefix("Via:")?;
    let (_, branch) = via.split_once(";branch=")?;
    let (branch, _) = branch.split_once([';', ',', ' ', '\r'])?;
    Some((method, branch))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &[u8] = b"INVITE sip:a@b SIP/2.0\r\n\
        Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1;rport\r\nMax-Forwards: 70\r\n\r\n";

    #[test]
    fn the_method_and_the_first_vias_branch_name_the_request() {
        let named = Quote::Named { method: Method::Invite, branch: "z9hG4bK1" };
        assert_eq!(Quote::read(INVITE), named);
        let (cut, _) = INVITE.split_at(72);
        assert_eq!(Quote::read(cut), named, "cut off behind the branch");
    }

    #[test]
    fn a_quote_that_breaks_off_in_the_branch_is_only_a_beginning() {
        for length in [0, 1, 23, 60, 71] {
            let (cut, _) = INVITE.split_at(length);
            assert_eq!(Quote::read(cut), Quote::Beginning(cut), "{length}");
        }
    }

    #[test]
    fn a_response_of_ours_is_no_request() {
        assert_eq!(Quote::read(b"SIP/2.0 200 OK\r\n"), Quote::Foreign);
    }

    #[test]
    fn octets_that_are_no_text_are_read_up_to_there() {
        let mut quote = INVITE.to_vec();
        quote.push(0xff);
        assert!(matches!(Quote::read(&quote), Quote::Named { .. }));
    }
}
