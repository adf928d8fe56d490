//! A request: method, Request-URI, headers, body (RFC 3261 §7.1).

use super::{Headers, Method, Uri, text};

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub method: Method,
    /// Of whom.
    pub uri: Uri,
    /// The header lines.
    pub headers: Headers,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers or body.
    pub fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, headers: Headers::new(), body: Vec::new() }
    }

    /// The octets that go on the wire, headers in their order and a Content-Length that is true,
    /// whatever the headers say.
    pub fn to_bytes(&self) -> Vec<u8> {
        let start = format!("{} {} SIP/2.0", self.method, self.uri);
        write(&start, &self.headers, &self.body)
    }
}

/// Writes a message after its start line.
pub(super) fn write(start: &str, headers: &Headers, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(start.len() + 64 * headers.len() + body.len() + 32);
    text::encode(start, &mut out);
    out.extend_from_slice(b"\r\n");
    headers.write(&mut out);
    out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::HeaderName;

    #[test]
    fn a_request_is_written_in_order_with_its_true_length() {
        let mut request = Request::new(Method::Message, "sip:a@h".parse().unwrap());
        request.headers.push(HeaderName::Via, "SIP/2.0/UDP h;branch=z9hG4bK1");
        request.headers.push(HeaderName::ContentLength, "99");
        request.headers.push(HeaderName::Subject, "J\u{f6}rg");
        request.body = b"hello".to_vec();
        let expected = "MESSAGE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
                        Subject: J\u{f6}rg\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(request.to_bytes(), expected.as_bytes());
    }
}
