//! What the phone has put on the wire, as a test looks at it.

use sip_core::message::{HeaderName, Message, Method, Request, Response};
use sip_core::transport::Hop;

/// A datagram that the phone sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// Milliseconds since the test began.
    pub(crate) at: u128,
    pub(crate) to: Hop,
    pub(crate) bytes: Vec<u8>,
    pub(crate) message: Message,
}

impl Sent {
    pub(crate) fn request(&self) -> &Request {
        match &self.message {
            Message::Request(request) => request,
            Message::Response(response) => panic!("a response {}", response.code.as_u16()),
        }
    }

    pub(crate) fn response(&self) -> &Response {
        match &self.message {
            Message::Response(response) => response,
            Message::Request(request) => panic!("a request {}", request.method),
        }
    }

    pub(crate) fn is(&self, method: Method) -> bool {
        matches!(&self.message, Message::Request(request) if request.method == method)
    }

    pub(crate) fn is_response(&self) -> bool {
        matches!(&self.message, Message::Response(_))
    }

    pub(crate) fn header(&self, name: HeaderName) -> String {
        self.message.headers().get(&name).unwrap_or_default().to_owned()
    }

    pub(crate) fn cseq(&self) -> u32 {
        self.message.headers().cseq().unwrap().number
    }

    pub(crate) fn branch(&self) -> String {
        self.message.headers().via().unwrap().branch().unwrap().to_owned()
    }
}
