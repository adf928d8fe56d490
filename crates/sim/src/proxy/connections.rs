//! The connections of a scripted proxy: which there are with whom, what their streams bring, and over
//! which of them something goes. It reads no message and makes none.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use netem::Pair;
use sip_core::message::Message;
use sip_core::message::stream::{Frame, StreamReader};
use sip_core::transport::{Hop, Transport};

use crate::plan::TcpStyle;
use crate::tls;

/// RFC 5626 §4.4.1.
const PONG: &[u8] = b"\r\n";

/// Connections of a proxy's own leave from here on, as from an ephemeral port.
const FIRST_PORT: u16 = 40_000;

/// Whom a proxy speaks to, and over which connection it heard of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) hop: Hop,
    pub(super) over: Option<Pair>,
}

impl From<Hop> for Peer {
    fn from(hop: Hop) -> Self {
        Self { hop, over: None }
    }
}

/// What a proxy does to the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Sends a datagram.
    Datagram(SocketAddr, Vec<u8>),
    /// Opens a connection.
    Connect(Pair),
    /// Writes to one.
    Write(Pair, Vec<u8>),
    /// Closes one.
    Close(Pair),
}

#[derive(Debug, Clone)]
struct Connection {
    reader: StreamReader,
    number: u64,
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    me: SocketAddr,
    style: TcpStyle,
    table: BTreeMap<Pair, Connection>,
    next: u64,
    out: VecDeque<Action>,
}

impl Connections {
    pub(super) fn new(me: SocketAddr, style: TcpStyle) -> Self {
        Self { me, style, table: BTreeMap::new(), next: 0, out: VecDeque::new() }
    }

    /// All are gone, as with the process; ports are not used again.
    pub(super) fn restart(&mut self) {
        *self = Self { next: self.next, ..Self::new(self.me, self.style) };
    }

    pub(super) fn poll_output(&mut self) -> Option<Action> {
        self.out.pop_front()
    }

    /// Sends something to a peer: over the connection that it came by, over one that fits, or over a
    /// new one.
    pub(super) fn send(&mut self, to: Peer, bytes: Vec<u8>) {
        if to.hop.transport == Transport::Udp {
            return self.out.push_back(Action::Datagram(to.hop.addr, bytes));
        }
        let known = to.over.filter(|pair| self.table.contains_key(pair));
        let pair = known.or_else(|| self.with(to.hop)).unwrap_or_else(|| self.open(to.hop.addr));
        self.out.push_back(Action::Write(pair, bytes));
    }

    /// The connection over which something new for a hop would go.
    fn with(&self, hop: Hop) -> Option<Pair> {
        let there = |pair: &Pair| match self.style.reuses {
            true => pair.remote.ip() == hop.addr.ip(),
            false => pair.remote == hop.addr,
        };
        let fits = |pair: &Pair| there(pair) && tls::transport_of(*pair) == hop.transport;
        let fitting = self.table.iter().filter(|(pair, _)| fits(pair));
        fitting.max_by_key(|(_, connection)| connection.number).map(|(pair, _)| *pair)
    }

    fn open(&mut self, addr: SocketAddr) -> Pair {
        let port = FIRST_PORT + u16::try_from(self.next % 20_000).unwrap_or_default();
        let pair = Pair { local: SocketAddr::new(self.me.ip(), port), remote: addr };
        self.add(pair);
        self.out.push_back(Action::Connect(pair));
        pair
    }

    fn add(&mut self, pair: Pair) {
        self.next += 1;
        let connection = Connection { reader: StreamReader::new(), number: self.next };
        self.table.insert(pair, connection);
    }

    /// A peer has opened one.
    pub(super) fn accepted(&mut self, pair: Pair) {
        self.add(pair);
    }

    /// One is over, or could not be had.
    pub(super) fn over(&mut self, pair: Pair) {
        self.table.remove(&pair);
    }

    /// Takes octets; the messages that they complete. Pings are answered here.
    pub(super) fn feed(&mut self, pair: Pair, octets: &[u8]) -> Vec<Message> {
        let mut messages = Vec::new();
        let Some(connection) = self.table.get_mut(&pair) else { return messages };
        connection.reader.feed(octets);
        loop {
            match connection.reader.next_frame() {
                Ok(Some(Frame::Message(message))) => messages.extend(*message),
                Ok(Some(Frame::Ping)) if self.style.answers_pings => {
                    self.out.push_back(Action::Write(pair, PONG.to_vec()));
                }
                Ok(Some(Frame::Ping | Frame::Pong)) => {}
                Ok(None) => return messages,
                Err(_) => {
                    self.table.remove(&pair);
                    self.out.push_back(Action::Close(pair));
                    return messages;
                }
            }
        }
    }
}
