//! Whether a message that could be read may be acted on (RFC 3261 §8.1.1, §8.2, §16.3).
//!
//! Only the headers that processing needs are looked at: a malformed one that nobody reads must be
//! ignored (§8.2.2). What the phone supports (methods, extensions, schemes) is not asked here.

use super::{Fault, HeaderError, HeaderName, Headers, Method, Problem, Request, Response};

/// Headers that stand in every message exactly once.
const SINGLE: [HeaderName; 4] =
    [HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq];

impl Request {
    /// Whether the mandatory headers are there once and can be read, and agree with the start line.
    ///
    /// Max-Forwards may be absent, as RFC 2543 peers leave it out.
    ///
    /// # Errors
    /// The fault to answer with: always 400 here; 505 is found while reading.
    pub fn validate(&self) -> Result<(), Fault> {
        mandatory(&self.headers)?;
        at_most_once(&self.headers, HeaderName::MaxForwards)?;
        self.headers.max_forwards()?;
        if self.headers.cseq()?.method != self.method {
            return Err(Fault::bad_request("CSeq names another method"));
        }
        if self.uri.headers.is_some() {
            return Err(Fault::bad_request("headers in the Request-URI"));
        }
        if self.needs_contact() {
            self.headers.contacts()?;
        }
        self.headers.record_routes()?;
        Ok(())
    }

    /// Whether the Contact of this request is read by anybody.
    fn needs_contact(&self) -> bool {
        self.method.creates_dialog() || matches!(self.method, Method::Register | Method::Update)
    }
}

impl Response {
    /// Whether the mandatory headers are there once and can be read.
    ///
    /// # Errors
    /// What is wrong; the response is to be dropped, its code means nothing.
    pub fn validate(&self) -> Result<(), Fault> {
        mandatory(&self.headers)?;
        self.headers.cseq()?;
        Ok(())
    }
}

fn mandatory(headers: &Headers) -> Result<(), HeaderError> {
    for name in SINGLE {
        at_most_once(headers, name)?;
    }
    headers.via()?;
    headers.from()?;
    headers.to()?;
    headers.cseq()?;
    headers.call_id().ok_or(HeaderError::missing(HeaderName::CallId))?;
    Ok(())
}

fn at_most_once(headers: &Headers, name: HeaderName) -> Result<(), HeaderError> {
    if headers.all(&name).nth(1).is_some() {
        return Err(HeaderError { header: name, problem: Problem::Repeated });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{StatusCode, Uri};

    const GOOD: [(&str, &str); 7] = [
        ("Via", "SIP/2.0/UDP h;branch=z9hG4bK1"),
        ("From", "<sip:a@h>;tag=1"),
        ("To", "<sip:b@h>"),
        ("Call-ID", "c"),
        ("CSeq", "1 INVITE"),
        ("Contact", "<sip:a@h>"),
        ("Max-Forwards", "70"),
    ];

    fn invite(lines: &[(&str, &str)]) -> Request {
        let mut request = Request::new(Method::Invite, "sip:b@h".parse::<Uri>().unwrap());
        for (name, value) in lines {
            request.headers.push((*name).into(), value);
        }
        request
    }

    #[test]
    fn a_complete_request_is_fine_with_and_without_max_forwards() {
        assert_eq!(invite(&GOOD).validate(), Ok(()));
        assert_eq!(invite(&GOOD[..6]).validate(), Ok(()));
    }

    #[test]
    fn each_mandatory_header_is_missed_and_named() {
        for (name, _) in &GOOD[..5] {
            let mut request = invite(&GOOD);
            request.headers.remove(&HeaderName::from(*name));
            let fault = request.validate().unwrap_err();
            assert_eq!(fault.code, StatusCode::BAD_REQUEST);
            assert_eq!(fault.what, format!("{name} header is missing"));
            let response = Response::to(&request, StatusCode::OK);
            assert_eq!(response.validate().unwrap_err().what, format!("{name} header is missing"));
        }
    }

    #[test]
    fn what_must_stand_once_may_not_stand_twice() {
        for (name, value) in GOOD.iter().filter(|(name, _)| !["Via", "Contact"].contains(name)) {
            let mut request = invite(&GOOD);
            request.headers.push((*name).into(), value);
            assert_eq!(request.validate().unwrap_err().what, format!("{name} header is repeated"));
        }
    }

    #[test]
    fn the_start_line_and_cseq_must_agree() {
        let mut request = invite(&GOOD);
        request.method = Method::Options;
        assert_eq!(request.validate().unwrap_err().what, "CSeq names another method");
    }

    #[test]
    fn a_malformed_header_counts_only_where_it_is_read() {
        let mut request = invite(&GOOD);
        request.headers.set(HeaderName::Date, "Fri, 01 Jan 2010 16:00:00 EST");
        assert_eq!(request.validate(), Ok(()));
        request.headers.set(HeaderName::Contact, "<sip:a@h>;;");
        assert!(request.validate().unwrap_err().what.starts_with("Contact header is malformed"));
        request.method = Method::Info;
        request.headers.set(HeaderName::CSeq, "1 INFO");
        assert_eq!(request.validate(), Ok(()));
    }
}
