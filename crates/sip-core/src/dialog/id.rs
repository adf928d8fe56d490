//! What messages of one dialog are known by (RFC 3261 §12): Call-ID and the two tags, and nothing
//! else. In particular not where they come from: after a failover that changes (failover design §5).

use crate::message::{HeaderError, HeaderName, Headers, NameAddr, Problem, Request, Response};

/// A dialog ID, seen from our side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DialogId {
    /// The Call-ID.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// The other side's tag; empty for an RFC 2543 peer, which has none.
    pub remote_tag: String,
}

impl DialogId {
    pub(super) fn new(
        headers: &Headers,
        local: &NameAddr,
        remote: &NameAddr,
    ) -> Result<Self, HeaderError> {
        let missing = HeaderError { header: HeaderName::CallId, problem: Problem::Missing };
        Ok(Self {
            call_id: headers.call_id().ok_or(missing)?.to_owned(),
            local_tag: local.tag().unwrap_or_default().to_owned(),
            remote_tag: remote.tag().unwrap_or_default().to_owned(),
        })
    }

    /// The dialog that a request from the other side belongs to; `None` if it is outside any, having
    /// no To tag, or can't be read.
    pub fn of_request(request: &Request) -> Option<Self> {
        let (to, from) = (request.headers.to().ok()?, request.headers.from().ok()?);
        to.tag()?;
        Self::new(&request.headers, &to, &from).ok()
    }

    /// The dialog that a response to our request belongs to; `None` if it can't be read.
    pub fn of_response(response: &Response) -> Option<Self> {
        let (to, from) = (response.headers.to().ok()?, response.headers.from().ok()?);
        Self::new(&response.headers, &from, &to).ok()
    }
}
