//! A peer-to-peer relation of two user agents: RFC 3261 §12.
//!
//! [`Dialog`] holds what both sides must remember between requests: who is who, where the other is,
//! by which route, and which number comes next. It makes the requests inside itself and judges the
//! numbers of the other side's. One INVITE may found many dialogs, one for each To tag that answers
//! it (forking, §12.1.2); each is a `Dialog` of its own, and keeping them apart by [`DialogId`] is
//! their owner's.
//!
//! It does not send, does not know sessions or their state, and does not repair a route set whose
//! first proxy has died: [`Dialog::request_with`] takes the repaired one.

mod id;
mod routing;

pub use id::DialogId;

use crate::limits::ROUTE_SET;
use crate::message::{
    CSeq, HeaderError, HeaderName, Headers, Method, NameAddr, Request, Response, StatusCode, Uri,
};
use thiserror::Error;

/// Why a message founds no dialog.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DialogError {
    /// A header that it takes is missing or unreadable.
    #[error("no dialog: {0}")]
    Header(#[from] HeaderError),
    /// A provisional response without To tag: nobody in particular has answered yet.
    #[error("no dialog: provisional response without to tag")]
    NoTag,
}

/// The other side's request has a number that is over: to be answered with 500 (RFC 3261 §12.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("cseq {got} in a dialog that has seen {seen}")]
pub struct OldCseq {
    /// The number of the request.
    pub got: u32,
    /// The highest so far.
    pub seen: u32,
}

/// The state of a dialog (RFC 3261 §12). All of it is plain data that its owner may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    /// What messages of this dialog are known by.
    pub id: DialogId,
    /// Ourselves, with our tag: From of our requests.
    pub local: NameAddr,
    /// The other side, with its tag: To of our requests.
    pub remote: NameAddr,
    /// Where the other side wants requests: its latest Contact.
    pub remote_target: Uri,
    /// The proxies between, the one next to us first.
    pub route_set: Vec<NameAddr>,
    /// The number of our latest request; 0 before the first of a callee.
    pub local_cseq: u32,
    /// The number of the other side's latest request.
    pub remote_cseq: Option<u32>,
    /// Whether a final answer has founded it; else it is early.
    pub confirmed: bool,
}

impl Dialog {
    /// The caller's side of what a 1xx with To tag or a 2xx to `request` founds (§12.1.2). The route
    /// set is the response's Record-Route, turned round.
    ///
    /// A response without Contact, as some servers send with 180, leaves the request's target; a 2xx
    /// without To tag comes from an RFC 2543 peer and has the empty tag.
    pub fn from_response(request: &Request, response: &Response) -> Result<Self, DialogError> {
        let (local, remote) = (response.headers.from()?, response.headers.to()?);
        let confirmed = response.code.is_success();
        if remote.tag().is_none() && !confirmed {
            return Err(DialogError::NoTag);
        }
        let mut dialog = Self {
            id: DialogId::new(&response.headers, &local, &remote)?,
            local,
            remote,
            remote_target: request.uri.clone(),
            route_set: Vec::new(),
            local_cseq: request.headers.cseq()?.number,
            remote_cseq: None,
            confirmed,
        };
        dialog.take_over(&response.headers)?;
        Ok(dialog)
    }

    /// The callee's side of what answering `request` with `local_tag` founds (§12.1.1). The route
    /// set is the request's Record-Route as it stands. It is early until [`Self::confirmed`] is set.
    pub fn from_request(request: &Request, local_tag: &str) -> Result<Self, DialogError> {
        let headers = &request.headers;
        let (local, remote) = (headers.to()?.with_tag(local_tag), headers.from()?);
        let mut route_set = headers.record_routes()?;
        route_set.truncate(ROUTE_SET);
        Ok(Self {
            id: DialogId::new(headers, &local, &remote)?,
            local,
            remote,
            remote_target: headers.contact()?.uri,
            route_set,
            local_cseq: 0,
            remote_cseq: Some(headers.cseq()?.number),
            confirmed: false,
        })
    }

    /// A 2xx confirms an early dialog of the caller, and its route set and target replace those of
    /// the provisional response (§13.2.2.4).
    pub fn confirm(&mut self, response: &Response) {
        self.confirmed = true;
        // What of the 2xx can't be read leaves what was known: an answered call is not given up
        // for a header.
        let _ = self.take_over(&response.headers);
    }

    fn take_over(&mut self, headers: &Headers) -> Result<(), DialogError> {
        self.target_refresh(headers);
        let mut route_set = headers.record_routes()?;
        route_set.reverse();
        route_set.truncate(ROUTE_SET);
        self.route_set = route_set;
        Ok(())
    }

    /// Takes the Contact of a target refresh (re-INVITE, UPDATE, or the 2xx to one) as the other
    /// side's new place (§12.2). Without a readable one nothing changes.
    pub fn target_refresh(&mut self, headers: &Headers) {
        if let Ok(contact) = headers.contact() {
            self.remote_target = contact.uri;
        }
    }

    /// The next request inside the dialog, with the next number (§12.2.1.1). Via and Max-Forwards
    /// are the endpoint's to add; Contact, body and credentials the caller's.
    pub fn request(&mut self, method: Method) -> Request {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.request_with(method, self.local_cseq, &self.route_set)
    }

    /// A request inside the dialog with a given number, by a given route.
    pub fn request_with(&self, method: Method, cseq: u32, route: &[NameAddr]) -> Request {
        let (uri, route) = routing::apply(&self.remote_target, route);
        let mut request = Request::new(method.clone(), uri);
        for entry in route {
            request.headers.push(HeaderName::Route, entry);
        }
        request.headers.push(HeaderName::From, &self.local);
        request.headers.push(HeaderName::To, &self.remote);
        request.headers.push(HeaderName::CallId, &self.id.call_id);
        request.headers.push(HeaderName::CSeq, CSeq::new(cseq, method));
        request
    }

    /// The ACK for a 2xx to the INVITE numbered `cseq` (§13.2.2.4). The INVITE's credentials belong
    /// in it too.
    pub fn ack(&self, cseq: u32) -> Request {
        self.request_with(Method::Ack, cseq, &self.route_set)
    }

    /// A response to a request of this dialog, with our tag.
    pub fn response(&self, request: &Request, code: StatusCode) -> Response {
        let mut response = Response::to(request, code);
        if code != StatusCode::TRYING
            && let Ok(to) = response.headers.to()
        {
            response.headers.set(HeaderName::To, to.with_tag(&self.id.local_tag));
        }
        response
    }

    /// Judges the number of the other side's request and remembers it (§12.2.2). ACK and CANCEL
    /// have that of their INVITE and always pass.
    pub fn check(&mut self, request: &Request) -> Result<(), OldCseq> {
        if matches!(request.method, Method::Ack | Method::Cancel) {
            return Ok(());
        }
        let Ok(cseq) = request.headers.cseq() else { return Ok(()) };
        let got = cseq.number;
        match self.remote_cseq {
            Some(seen) if got < seen => Err(OldCseq { got, seen }),
            Some(_) | None => {
                self.remote_cseq = Some(got);
                Ok(())
            }
        }
    }

    /// The URI that decides where the dialog's requests go first: the route set's first, or the
    /// remote target. [`crate::transport::Hop::of_uri`] makes a hop of it.
    pub fn first_hop_uri(&self) -> &Uri {
        self.route_set.first().map_or(&self.remote_target, |entry| &entry.uri)
    }
}
