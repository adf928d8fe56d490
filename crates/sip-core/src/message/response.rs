//! A response: status code, reason phrase, headers, body (RFC 3261 §7.2), and how one is made from
//! the request it answers (§8.2.6).

use super::{HeaderName, Headers, Request, StatusCode, request::write};

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub code: StatusCode,
    /// The reason phrase, for people; may be empty.
    pub reason: String,
    /// The header lines.
    pub headers: Headers,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

impl Response {
    /// A response without headers or body, with the usual reason phrase.
    pub fn new(code: StatusCode) -> Self {
        let reason = code.default_reason().to_owned();
        Self { code, reason, headers: Headers::new(), body: Vec::new() }
    }

    /// A response to `request`: its Via, From, To, Call-ID and CSeq lines as they stand
    /// (RFC 3261 §8.2.6.2), Timestamp in a 100 (§8.2.6.1), and Record-Route where the response may
    /// create a dialog (§12.1.1). The To tag is the caller's to add.
    pub fn to(request: &Request, code: StatusCode) -> Self {
        let mut response = Self::new(code);
        let creates_dialog = request.method.creates_dialog()
            && (code.is_success() || code.is_provisional() && code != StatusCode::TRYING);
        let copied = [
            (HeaderName::Via, true),
            (HeaderName::RecordRoute, creates_dialog),
            (HeaderName::From, true),
            (HeaderName::To, true),
            (HeaderName::CallId, true),
            (HeaderName::CSeq, true),
            (HeaderName::Timestamp, code == StatusCode::TRYING),
        ];
        for (name, _) in copied.iter().filter(|(_, wanted)| *wanted) {
            response.headers.copy(name, &request.headers);
        }
        response
    }

    /// The octets that go on the wire; see [`Request::to_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let reason = self.reason.replace(['\r', '\n'], " ");
        write(&format!("SIP/2.0 {} {reason}", self.code), &self.headers, &self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Method;

    fn invite() -> Request {
        let mut request = Request::new(Method::Invite, "sip:a@h".parse().unwrap());
        for (name, value) in [
            ("Via", "SIP/2.0/UDP one, SIP/2.0/UDP two"),
            ("Record-Route", "<sip:p2;lr>"),
            ("Via", "SIP/2.0/UDP three"),
            ("Record-Route", "<sip:p1;lr>"),
            ("From", "<sip:b@h>;tag=1"),
            ("To", "<sip:a@h>"),
            ("Call-ID", "c"),
            ("CSeq", "1 INVITE"),
            ("Timestamp", "54"),
            ("Subject", "x"),
        ] {
            request.headers.push(name.into(), value);
        }
        request
    }

    #[test]
    fn a_response_carries_what_identifies_its_request() {
        let busy = String::from_utf8(Response::to(&invite(), StatusCode::BUSY_HERE).to_bytes());
        let expected = "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP one, SIP/2.0/UDP two\r\n\
                        Via: SIP/2.0/UDP three\r\nFrom: <sip:b@h>;tag=1\r\nTo: <sip:a@h>\r\n\
                        Call-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(busy.unwrap(), expected);
    }

    #[test]
    fn record_route_goes_only_where_a_dialog_may_begin() {
        let lines = |code| {
            let headers = Response::to(&invite(), code).headers;
            (
                headers.all(&HeaderName::RecordRoute).count(),
                headers.all(&HeaderName::Timestamp).count(),
            )
        };
        assert_eq!(lines(StatusCode::RINGING), (2, 0));
        assert_eq!(lines(StatusCode::OK), (2, 0));
        assert_eq!(lines(StatusCode::TRYING), (0, 1));
        assert_eq!(lines(StatusCode::NOT_FOUND), (0, 0));
        let mut bye = invite();
        bye.method = Method::Bye;
        assert_eq!(Response::to(&bye, StatusCode::OK).headers.get(&HeaderName::RecordRoute), None);
    }
}
