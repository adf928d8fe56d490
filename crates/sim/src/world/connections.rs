//! The connections of the phones, as their shells keep them: opened when a phone asks for one, taken
//! when a peer opens one, told of when they end. Streams are handed in message by message, so that
//! the oracle can tell to which call a reaction belongs.

use std::net::SocketAddr;

use netem::{Ending, News, Pair};
use phone::input::{FlowFault, Input, TlsFault};
use sip_core::message::Message;
use sip_core::message::stream::{Frame, StreamReader};
use sip_core::transport::{Hop, Transport};

use super::World;
use crate::oracle;
use crate::tls::{self, Conduct, Step};

/// Where a phone's own port is taken, connections leave from here on.
const FIRST_PORT: u16 = 50_000;

/// A connection of a phone.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    pair: Pair,
    open: bool,
    reader: StreamReader,
    /// Octets of a message that has not come whole.
    begun: usize,
}

impl Flow {
    fn new(pair: Pair, open: bool) -> Self {
        Self { pair, open, reader: StreamReader::new(), begun: 0 }
    }

    /// Cuts octets after each message, which comes with its piece. What cannot be read any further is
    /// one piece.
    fn cut(&mut self, octets: &[u8]) -> Vec<(Vec<u8>, Option<Message>)> {
        let mut pieces = Vec::new();
        let mut rest = octets;
        self.reader.feed(octets);
        let mut held = self.begun + octets.len();
        while let Ok(Some(frame)) = self.reader.next_frame() {
            let taken = held - self.reader.pending();
            held = self.reader.pending();
            let (piece, after) = rest.split_at((taken - self.begun.min(taken)).min(rest.len()));
            self.begun = 0;
            rest = after;
            let message = match frame {
                Frame::Message(message) => message.ok(),
                Frame::Ping | Frame::Pong => None,
            };
            pieces.push((piece.to_vec(), message));
        }
        self.begun = self.reader.pending();
        if !rest.is_empty() {
            pieces.push((rest.to_vec(), None));
        }
        pieces
    }
}

fn fault(why: Ending) -> FlowFault {
    match why {
        Ending::Refused => FlowFault::Refused,
        Ending::Reset => FlowFault::Reset,
        Ending::Closed => FlowFault::Closed,
        Ending::TimedOut => FlowFault::TimedOut,
    }
}

impl World<'_> {
    /// A phone asks for a connection. It leaves from the phone's own port where that can be had.
    pub(super) fn connect(&mut self, phone: usize, hop: Hop, local: SocketAddr) {
        self.say(phone, || format!("connects to {hop}"));
        if self.faults.is_unlinked(phone) {
            let input = Input::FlowFailed { hop, why: FlowFault::Local };
            return self.stations[phone].phone_mut().handle_input(input, self.now);
        }
        self.disconnect(phone, hop);
        let pair = |port: u16| Pair { local: SocketAddr::new(local.ip(), port), remote: hop.addr };
        let ports = [local.port()].into_iter().chain(FIRST_PORT..);
        let free = ports.map(pair).find(|pair| !self.network.streams.has(*pair));
        let Some(pair) = free else { return };
        self.flows[phone].insert(hop, Flow::new(pair, false));
        self.open_stream(pair);
    }

    /// Somebody opens a connection.
    pub(super) fn open_stream(&mut self, pair: Pair) {
        if tls::transport_of(pair) == Transport::Tls {
            self.sessions.begin(pair);
        }
        self.network.streams.connect(pair, self.now);
    }

    /// Somebody writes to one.
    pub(super) fn write_stream(&mut self, pair: Pair, bytes: &[u8]) {
        if let Some(bytes) = self.sessions.write(pair, bytes) {
            self.network.streams.write(pair, bytes, self.now);
        }
    }

    /// A phone ends a connection: by a reset, as phoned's shell does.
    pub(super) fn disconnect(&mut self, phone: usize, hop: Hop) {
        if let Some(flow) = self.flows[phone].remove(&hop) {
            self.sessions.end(flow.pair);
            self.network.streams.end(flow.pair, self.now);
        }
    }

    /// A phone writes to a connection; what cannot be written yet waits for it.
    pub(super) fn write(&mut self, phone: usize, hop: Hop, bytes: &[u8]) {
        if let Some(pair) = self.flows[phone].get(&hop).map(|flow| flow.pair) {
            self.write_stream(pair, bytes);
        }
    }

    /// Whether a phone has a connection that is set up.
    pub(super) fn has_flow(&self, phone: usize, hop: Hop) -> bool {
        self.flows[phone].get(&hop).is_some_and(|flow| flow.open)
    }

    /// What has happened to connections, until nothing is left to hear.
    pub(super) fn hear_all(&mut self) {
        while let Some(news) = self.network.streams.poll_output() {
            let pair = news.pair();
            if tls::transport_of(pair) != Transport::Tls {
                self.hear(news);
                continue;
            }
            let proxy = self.proxy_on(pair.local.ip());
            let conduct = proxy.map_or(Conduct::Serves, |at| self.faults.conduct(at));
            for step in self.sessions.handle(news, conduct) {
                match step {
                    Step::Hear(news) => self.hear(news),
                    Step::Write(pair, octets) => {
                        self.network.streams.write(pair, &octets, self.now);
                    }
                    Step::Close(pair) => self.network.streams.close(pair, self.now),
                    Step::Refuse(pair, fault) => self.refuse(pair, fault),
                }
            }
        }
    }

    /// Whoever has opened a connection hears that TLS did not come about.
    fn refuse(&mut self, pair: Pair, fault: TlsFault) {
        self.network.streams.end(pair, self.now);
        let Some(phone) = self.phone_on(pair.local.ip()) else {
            return self.hear(News::Over(pair, Ending::Reset));
        };
        let hop = Hop { transport: Transport::Tls, addr: pair.remote };
        if self.flows[phone].get(&hop).is_none_or(|flow| flow.pair != pair) {
            return;
        }
        self.flows[phone].remove(&hop);
        self.say(phone, || format!("connection to {hop}: {fault}"));
        self.tell(phone, Input::FlowFailed { hop, why: FlowFault::Tls(fault) }, None);
        let lines = self.stations[phone].phone().accounts();
        let unnamed = lines.iter().filter_map(|line| oracle::unnamed_fault(line, hop, fault));
        self.oracle.accuse(unnamed, self.now);
    }

    /// What is over for good is ended, as with all that is mended: handshakes that nobody answers.
    pub(super) fn end_stuck_handshakes(&mut self) {
        for pair in self.sessions.stuck() {
            self.sessions.end(pair);
            self.network.streams.end(pair, self.now);
        }
    }

    fn hear(&mut self, news: News) {
        let pair = news.pair();
        if let Some(phone) = self.phone_on(pair.local.ip()) {
            self.tell_phone(phone, news);
        } else if let Some(at) = self.proxy_on(pair.local.ip()) {
            self.tell_proxy(at, news);
        }
    }

    fn tell_proxy(&mut self, at: usize, news: News) {
        let proxy = &mut self.proxies[at];
        match news {
            News::Accepted(pair) => proxy.handle_accepted(pair),
            News::Opened(_) => {}
            News::Octets(pair, octets) => {
                self.note_datagram(pair.local, "<-", pair.remote, &octets);
                self.proxies[at].handle_octets(pair, &octets, &mut self.table, self.now);
            }
            News::Over(pair, _) => proxy.handle_over(pair),
        }
        self.drain_proxy(at);
    }

    fn tell_phone(&mut self, phone: usize, news: News) {
        let transport = tls::transport_of(news.pair());
        if let News::Accepted(pair) = news {
            let hop = Hop { transport, addr: pair.remote };
            if self.flows[phone].insert(hop, Flow::new(pair, true)).is_some() {
                let why = FlowFault::Closed;
                self.tell(phone, Input::FlowClosed { hop, why }, None);
            }
            return self.tell(phone, Input::FlowAccepted { hop, local: pair.local }, None);
        }
        let pair = news.pair();
        let hop = Hop { transport, addr: pair.remote };
        let Some(flow) = self.flows[phone].get_mut(&hop).filter(|flow| flow.pair == pair) else {
            return;
        };
        match news {
            News::Accepted(_) => {}
            News::Opened(_) => {
                flow.open = true;
                self.tell(phone, Input::FlowOpened { hop }, None);
            }
            News::Octets(_, octets) => self.receive_octets(phone, hop, &octets),
            News::Over(_, why) => {
                let (open, why) = (flow.open, fault(why));
                self.flows[phone].remove(&hop);
                self.say(phone, || format!("connection to {hop}: {why:?}"));
                let input = match open {
                    true => Input::FlowClosed { hop, why },
                    false => Input::FlowFailed { hop, why },
                };
                self.tell(phone, input, None);
            }
        }
    }

    fn receive_octets(&mut self, phone: usize, hop: Hop, octets: &[u8]) {
        let Some(flow) = self.flows[phone].get_mut(&hop) else { return };
        let pair = flow.pair;
        for (bytes, message) in flow.cut(octets) {
            // What one message leads to may end the connection, and what follows in it is lost.
            if self.flows[phone].get(&hop).is_none_or(|flow| flow.pair != pair) {
                return;
            }
            self.note_datagram(pair.local, "<-", pair.remote, &bytes);
            let call_id = message.as_ref().and_then(|m| m.headers().call_id()).map(str::to_owned);
            if let Some(Message::Response(response)) = &message
                && response.code.is_final()
            {
                self.remember_answer(phone, hop, response.to_bytes());
            }
            self.tell(phone, Input::Stream { hop, bytes }, call_id.as_deref());
        }
    }

    /// Whether all that these phones and the proxies send each other now arrives at once, as far as
    /// their connections go: over one that somebody believes in and that is half open, or waits for
    /// what was lost, nothing can be promised.
    pub(super) fn connections_well(&self, phones: [usize; 2]) -> bool {
        let hosts = phones.map(|phone| self.stations[phone].addr.ip());
        let ours = hosts.into_iter().flat_map(|host| self.network.streams.of(host));
        let proxies = self.proxies.iter().map(|proxy| proxy.identity().addr.ip());
        let theirs = proxies.flat_map(|host| self.network.streams.of(host));
        let theirs = theirs.filter(|pair| hosts.contains(&pair.remote.ip()));
        let streams = &self.network.streams;
        let is_well = |pair| {
            (streams.is_sound(pair) || streams.is_opening(pair)) && self.sessions.is_well(pair)
        };
        ours.chain(theirs).all(is_well)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow() -> Flow {
        let addr = |n: u8| SocketAddr::from(([10, 0, 0, n], 5060));
        Flow::new(Pair { local: addr(1), remote: addr(2) }, true)
    }

    fn options(call_id: &str) -> String {
        format!(
            "OPTIONS sip:a@x SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: {call_id}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        )
    }

    fn seen(pieces: &[(Vec<u8>, Option<Message>)]) -> Vec<(usize, Option<&str>)> {
        pieces
            .iter()
            .map(|(bytes, m)| (bytes.len(), m.as_ref().and_then(|m| m.headers().call_id())))
            .collect()
    }

    #[test]
    fn a_stream_is_cut_after_each_message_however_it_came() {
        let (one, two) = (options("one"), options("two"));
        let both = format!("{one}\r\n{two}");
        let mut whole = flow();
        let pieces = whole.cut(both.as_bytes());
        assert_eq!(seen(&pieces), [(one.len(), Some("one")), (2, None), (two.len(), Some("two"))]);
        let mut parts = flow();
        let (first, second) = both.as_bytes().split_at(50);
        assert_eq!(seen(&parts.cut(first)), [(50, None)]);
        assert_eq!(
            seen(&parts.cut(second)),
            [(one.len() - 50, Some("one")), (2, None), (two.len(), Some("two"))]
        );
    }
}
