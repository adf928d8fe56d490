//! An endpoint with a clock, and what it sends and says.

use sip_core::endpoint::{ClientId, Endpoint, Event, Output, ServerId, Transmit};
use sip_core::message::{
    HeaderName, Message, Method, Request, Response, StatusCode, read_datagram,
};
use sip_core::transport::{Hop, Transport};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn hop(n: u8) -> Hop {
    Hop::udp(SocketAddr::from(([127, 0, 0, n], 5060)))
}

pub(crate) const LOCAL: &str = "127.0.0.1:5060";

pub(crate) struct Bench {
    pub(crate) endpoint: Endpoint,
    pub(crate) start: Instant,
    pub(crate) now: Instant,
    pub(crate) sent: Vec<(u64, Transmit)>,
    pub(crate) said: Vec<(u64, Event)>,
}

impl Bench {
    #[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let endpoint = Endpoint::new([42; 32]);
        Self { endpoint, start: now, now, sent: Vec::new(), said: Vec::new() }
    }

    /// Takes what the endpoint has to say.
    pub(crate) fn drain(&mut self) {
        let at = u64::try_from((self.now - self.start).as_millis()).unwrap();
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Transmit(transmit) => self.sent.push((at, transmit)),
                Output::Event(event) => self.said.push((at, event)),
            }
        }
    }

    /// Lets time pass to `until` milliseconds after the start.
    pub(crate) fn run_to(&mut self, until: u64) {
        self.drain();
        let until = self.start + ms(until);
        while let Some((at, _)) = self.endpoint.poll_timeout().filter(|(at, _)| *at <= until) {
            assert!(at >= self.now, "a stale timer");
            self.now = at;
            self.endpoint.handle_timeout(at);
            let next = self.endpoint.poll_timeout();
            assert!(next.is_none_or(|(next, _)| next > at), "firing a timer did not get on");
            self.drain();
        }
        self.now = until;
    }

    pub(crate) fn send(&mut self, request: Request, to: Hop) -> ClientId {
        let id = self.endpoint.send(request, to, addr(LOCAL), ms(3500), self.now);
        self.drain();
        id
    }

    pub(crate) fn cancel(&mut self, id: ClientId) -> Option<ClientId> {
        let cancel = self.endpoint.cancel(id, ms(3500), self.now);
        self.drain();
        cancel
    }

    pub(crate) fn respond(&mut self, id: ServerId, response: Response) {
        self.endpoint.respond(id, response, self.now);
        self.drain();
    }

    pub(crate) fn receive(&mut self, from: &str, bytes: &[u8]) {
        self.endpoint.handle_datagram(addr(LOCAL), addr(from), Transport::Udp, bytes, self.now);
        self.drain();
    }

    pub(crate) fn unreachable(&mut self, to: Hop, quoted: &[u8]) {
        self.endpoint.handle_unreachable(to, quoted, self.now);
        self.drain();
    }

    /// The last message sent, which must be a request.
    pub(crate) fn last_request(&self) -> Request {
        request_in(&self.sent.last().unwrap().1)
    }

    /// The last message sent, which must be a response.
    pub(crate) fn last_response(&self) -> Response {
        match read_datagram(&self.sent.last().unwrap().1.bytes).unwrap() {
            Message::Response(response) => response,
            Message::Request(request) => panic!("sent {}", request.method),
        }
    }

    /// The requests sent and not yet asked for, with their times.
    pub(crate) fn requests(&mut self) -> Vec<(u64, Method)> {
        let method = |(at, transmit)| (at, request_in(&transmit).method);
        self.sent.drain(..).map(method).collect()
    }

    /// The status codes sent and not yet asked for, with their times.
    pub(crate) fn codes(&mut self) -> Vec<(u64, u16)> {
        let code = |(at, transmit): (u64, Transmit)| match read_datagram(&transmit.bytes).unwrap() {
            Message::Response(response) => (at, response.code.as_u16()),
            Message::Request(request) => panic!("sent {}", request.method),
        };
        self.sent.drain(..).map(code).collect()
    }

    /// The events not yet asked for, without their times.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        self.said.drain(..).map(|(_, event)| event).collect()
    }

    /// The one event not yet asked for, which must be a new request.
    pub(crate) fn incoming(&mut self) -> (ServerId, Request) {
        let mut events = self.events();
        match (events.pop(), events.pop()) {
            (Some(Event::Incoming { id, request, .. }), None) => (id, request),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn request_in(transmit: &Transmit) -> Request {
    match read_datagram(&transmit.bytes).unwrap() {
        Message::Request(request) => request,
        Message::Response(response) => panic!("sent {}", response.code),
    }
}

/// A request as a user of the endpoint makes it: without Via.
pub(crate) fn request(method: Method) -> Request {
    let mut request = Request::new(method.clone(), "sip:bob@example.test".parse().unwrap());
    request.headers.push(HeaderName::From, "<sip:alice@example.test>;tag=a1");
    request.headers.push(HeaderName::To, "<sip:bob@example.test>");
    request.headers.push(HeaderName::CallId, "call");
    request.headers.push(HeaderName::CSeq, format!("7 {method}"));
    request.headers.push(HeaderName::Contact, "<sip:alice@127.0.0.1>");
    request
}

/// The peer's answer to a request that was sent.
pub(crate) fn answer(request: &Request, code: StatusCode, tag: &str) -> Vec<u8> {
    let mut response = Response::to(request, code);
    let to = response.headers.to().unwrap().with_tag(tag);
    response.headers.set(HeaderName::To, to);
    response.to_bytes()
}
