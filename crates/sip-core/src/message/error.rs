//! What can be wrong with a message, by who must act on it.
//!
//! [`ReadError`] is for the one who received octets, [`Fault`] for the one who answers a request,
//! [`HeaderError`] for the one who asked for a header, [`ValueError`] for the reader of one value.

use super::{HeaderName, Method, Request, Response, StatusCode};

/// A value that does not follow its grammar; the text says what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(pub &'static str);

/// A header that was asked for and cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{header} header {problem}")]
pub struct HeaderError {
    /// Which header.
    pub header: HeaderName,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The message has none.
    #[error("is missing")]
    Missing,
    /// The message has several where one is allowed.
    #[error("is repeated")]
    Repeated,
    /// Its value does not follow the grammar.
    #[error("is malformed: {0}")]
    Malformed(ValueError),
}

impl HeaderError {
    /// The header is absent.
    pub(crate) fn missing(header: HeaderName) -> Self {
        Self { header, problem: Problem::Missing }
    }

    /// The header's value could not be read.
    pub(crate) fn malformed(header: HeaderName, error: ValueError) -> Self {
        Self { header, problem: Problem::Malformed(error) }
    }
}

/// Why a message that could be cut apart must not be acted on (RFC 3261 §8.2, §8.1.3).
///
/// A request with a fault is answered with `code` and `what` as the reason phrase; a response with a
/// fault is dropped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} {what}")]
pub struct Fault {
    /// The status code a request earns: 400 or 505.
    pub code: StatusCode,
    /// What is wrong, fit for a reason phrase and a log.
    pub what: String,
}

impl Fault {
    pub(crate) fn bad_request(what: impl Into<String>) -> Self {
        Self { code: StatusCode::BAD_REQUEST, what: what.into() }
    }
}

impl From<HeaderError> for Fault {
    fn from(error: HeaderError) -> Self {
        Self::bad_request(error.to_string())
    }
}

/// Why octets are not a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not SIP, a keep-alive, or a response that cannot be read: stay silent.
    #[error("not a SIP message: {what}")]
    Garbage {
        /// What was seen, for a counter or a trace.
        what: &'static str,
    },
    /// Clearly a request, but one that cannot be served.
    #[error("malformed request: {what}")]
    Malformed {
        /// As much of the request as could be read; a Request-URI that could not be read is kept
        /// verbatim (see [`super::Uri::unreadable`]).
        request: Box<Request>,
        /// 400, 505 or 513.
        code: StatusCode,
        /// What is wrong, fit for a reason phrase.
        what: &'static str,
    },
}

impl ReadError {
    /// The response to send for it, if it deserves one.
    ///
    /// Garbage gets none. Neither does an ACK, which is never answered (RFC 3261 §17), nor a request
    /// without a Via: where a response would go is not known.
    pub fn reply(&self) -> Option<Response> {
        let Self::Malformed { request, code, what } = self else { return None };
        if request.method == Method::Ack || request.headers.get(&HeaderName::Via).is_none() {
            return None;
        }
        let mut response = Response::to(request, *code);
        response.reason = (*what).to_owned();
        Some(response)
    }
}
