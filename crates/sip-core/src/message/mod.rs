//! SIP messages: read from the wire, looked at, changed and written back (RFC 3261 §7, §19, §20, §25).
//!
//! Reading goes in two steps. [`read_datagram`] cuts a message into its start line, header lines and
//! body, and refuses only what cannot be cut. What a header line means is read when somebody asks,
//! by the typed accessors of [`Headers`], so that a header nobody needs cannot spoil a message.
//! [`Request::validate`] and [`Response::validate`] then say whether the mandatory ones hold.
//!
//! Unknown methods, schemes, transports and headers are values here, never errors. This module knows
//! nothing of transactions, dialogs or sockets, and nothing that is read can make it panic.

mod challenge;
mod cseq;
mod error;
pub(crate) mod grammar;
mod headers;
mod host;
pub mod limits;
mod method;
mod name;
mod name_addr;
mod params;
mod reader;
mod request;
mod response;
mod status;
pub mod stream;
mod text;
mod typed;
mod uri;
mod uri_match;
mod validate;
mod via;

pub use challenge::Challenge;
pub use cseq::CSeq;
pub use error::{Fault, HeaderError, Problem, ReadError, ValueError};
pub use headers::Headers;
pub use host::Host;
pub use method::Method;
pub use name::HeaderName;
pub use name_addr::{Contacts, NameAddr};
pub use params::Params;
pub use reader::read_datagram;
pub use request::Request;
pub use response::Response;
pub use status::StatusCode;
pub use uri::{Scheme, Uri};
pub use via::{Transport, Via};

/// A SIP message: one or the other kind (RFC 3261 §7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Asks for something.
    Request(Request),
    /// Answers a request.
    Response(Response),
}

impl Message {
    /// The header lines, whichever kind it is.
    pub fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => &request.headers,
            Self::Response(response) => &response.headers,
        }
    }

    /// The body, whichever kind it is.
    pub fn body(&self) -> &[u8] {
        match self {
            Self::Request(request) => &request.body,
            Self::Response(response) => &response.body,
        }
    }

    /// The octets that go on the wire; see [`Request::to_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Request(request) => request.to_bytes(),
            Self::Response(response) => response.to_bytes(),
        }
    }
}
