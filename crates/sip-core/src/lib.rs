//! A pure RFC 3261 user agent: messages, transactions, dialogs, digest, registration.
//!
//! *Pure* means that nothing here touches the world. There is no socket, clock, thread or random
//! device; time is the last argument of whatever needs it, randomness comes from one seed, and what
//! is to be sent comes out as data. So a test, a simulator and a daemon drive the same code, and a
//! run can be repeated octet for octet.
//!
//! # The parts
//!
//! | module | answers for |
//! |---|---|
//! | [`message`] | reading and writing messages, URIs, headers |
//! | [`sdp`] | session descriptions, offer and answer |
//! | [`transaction`] | the four state machines of RFC 3261 §17 and RFC 6026; no messages |
//! | [`endpoint`] | the transaction layer: the one door for datagrams, in both directions |
//! | [`transport`] | hops, Via rules, which URI decides where a request goes, names to hops (RFC 3263) |
//! | [`dialog`] | what two user agents remember of each other between requests |
//! | [`usage`] | what a dialog is used for: a 2xx until its ACK, reliable ringing, session timers, transfers |
//! | [`digest`] | answers to 401 and 407 |
//! | [`registration`] | making REGISTERs and reading what they are granted |
//! | [`deadlines`] | which of thousands of timers is due next |
//!
//! What is *not* here: which hop a request goes to and what follows when one fails (the `failover`
//! crate), what a call is (the `phone` crate), sockets and the asking of DNS (the daemon).
//!
//! # The loop
//!
//! Every machine has the same shape. Something happens: call `handle_*` (or a request method) with
//! `now`. Then drain `poll_output` until it says `None`. Then ask `poll_timeout` when to call
//! `handle_timeout`, which also says why, for the log. Nothing else is needed, and nothing blocks.
//!
//! Here two endpoints talk over a wire that is a queue, one asking and one answering. A daemon does
//! the same with a socket in place of the queue, and a clock in place of the jump to the next timer:
//! `examples/register.rs` is such a shell, whole, that registers at a real server with a password.
//!
//! ```
//! use sip_core::endpoint::{Endpoint, Event, Output, Transmit};
//! use sip_core::message::{HeaderName, Method, Request, Response, StatusCode};
//! use sip_core::transaction::{Kind, Timers};
//! use sip_core::transport::Hop;
//! use std::collections::VecDeque;
//! use std::time::{Duration, Instant};
//!
//! let (alice_at, bob_at) = ("127.0.0.1:5060".parse()?, "127.0.0.2:5060".parse()?);
//! let mut alice = Endpoint::new([1; 32]); // the seed comes from the system, once
//! let mut bob = Endpoint::new([2; 32]);
//! let mut now = Instant::now(); // read once per turn of the loop
//!
//! // A request without Via: the endpoint adds that, and Max-Forwards.
//! let mut options = Request::new(Method::Options, "sip:bob@127.0.0.2".parse()?);
//! options.headers.push(HeaderName::From, "<sip:alice@127.0.0.1>;tag=a1");
//! options.headers.push(HeaderName::To, "<sip:bob@127.0.0.2>");
//! options.headers.push(HeaderName::CallId, "one-of-a-kind");
//! options.headers.push(HeaderName::CSeq, "1 OPTIONS");
//! let patience = Timers::default().patience_for(Kind::from(&options.method), 3); // 3.5 s
//! let asked = alice.send(options, Hop::udp(bob_at), alice_at, patience, now);
//!
//! let mut wire: VecDeque<Transmit> = VecDeque::new();
//! let mut lost_one = false;
//! let answer = 'turns: loop {
//!     // Drain both ends: datagrams onto the wire, events to whoever decides.
//!     while let Some(output) = alice.poll_output() {
//!         match output {
//!             Output::Transmit(datagram) if !lost_one => lost_one = drop_it(datagram),
//!             Output::Transmit(datagram) => wire.push_back(datagram),
//!             Output::Event(Event::Final { id, response }) if id == asked => {
//!                 break 'turns Some(response.code);
//!             }
//!             Output::Event(Event::Silent { .. } | Event::Unreachable { .. }) => {
//!                 break 'turns None; // the next hop's turn
//!             }
//!             Output::Event(_) => {}
//!         }
//!     }
//!     while let Some(output) = bob.poll_output() {
//!         match output {
//!             Output::Transmit(datagram) => wire.push_back(datagram),
//!             Output::Event(Event::Incoming { id, request, .. }) => {
//!                 bob.respond(id, Response::to(&request, StatusCode::OK), now);
//!             }
//!             Output::Event(_) => {}
//!         }
//!     }
//!     // A datagram comes in ...
//!     if let Some(datagram) = wire.pop_front() {
//!         let Transmit { local: from, to, bytes, .. } = datagram;
//!         let receiver = if to.addr == bob_at { &mut bob } else { &mut alice };
//!         receiver.handle_datagram(to.addr, from, to.transport, &bytes, now);
//!         continue;
//!     }
//!     // ... or the next timer is waited for.
//!     let timeouts = [alice.poll_timeout(), bob.poll_timeout()];
//!     let Some((at, _why)) = timeouts.into_iter().flatten().min() else { break None };
//!     now = at;
//!     alice.handle_timeout(now);
//!     bob.handle_timeout(now);
//! };
//! assert_eq!(answer, Some(StatusCode::OK)); // the retransmission after 500 ms got through
//!
//! fn drop_it(_: Transmit) -> bool {
//!     true
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a stranger should know
//!
//! - *Nothing that a peer sends is an error here.* It becomes an event, a reply or a number in
//!   [`endpoint::Counters`]. `Err` means that our own caller, or the text it read, is wrong.
//! - *Everything is bounded*: see [`limits`] and [`message::limits`].
//! - *A hop is an address*, never a name: see [`transport::Hop`].

pub mod deadlines;
pub mod dialog;
pub mod digest;
pub mod endpoint;
pub mod limits;
pub mod message;
pub mod registration;
pub mod sdp;
pub mod transaction;
pub mod transport;
pub mod usage;
