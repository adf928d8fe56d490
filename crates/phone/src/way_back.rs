//! Another way for a response that the network did not take (requirement A5; RFC 3261 §18.2.2,
//! RFC 3263 §5).
//!
//! A response goes back to where its request came from. If that fails it goes to the sent-by port at
//! the same address, then to the other hops that the sent-by host of the request leads to. A sent-by
//! is the sender's word: it is followed only where the request came from a server of a line, and only
//! to other servers of that line, so that nobody can have our answers sent to a third party, and no
//! name of a stranger is looked up.

use std::net::{IpAddr, SocketAddr};

use sip_core::endpoint::ServerId;
use sip_core::message::Host;
use sip_core::transport::{Hop, Transport};

use crate::account::Account;
use crate::core::Core;
use crate::input::LineHop;

/// A response that was not delivered.
#[derive(Clone, Debug)]
pub(crate) struct Lost {
    /// Where its request came from.
    pub(crate) source: Hop,
    /// The host and port in the topmost Via of that.
    pub(crate) sent_by: (Host, Option<u16>),
    /// The ways that have failed.
    pub(crate) tried: Vec<Hop>,
}

impl Core {
    /// Sends a response by the next way that there is, if there is one.
    pub(crate) fn answer_elsewhere(&mut self, id: ServerId, lost: &Lost) {
        let fresh = |(hop, _): &(Hop, _)| !lost.tried.contains(hop);
        let at_source = std::iter::once((lost.at_source(), None)).filter(fresh);
        let at_source = at_source.filter(|(hop, _)| {
            // An address is no identity: over TLS only a configured server is written to.
            hop.transport != Transport::Tls || self.is_ours(*hop)
        });
        let lines = self.accounts.trusting(lost.source.addr.ip());
        let lines = lines.filter_map(|line| self.accounts.get(&line));
        let others = lines.flat_map(|account| lost.others(account)).filter(fresh);
        let next = at_source.chain(others).next();
        if let Some((to, local)) = next {
            self.endpoint.redirect(id, to, local);
        }
    }
}

impl Lost {
    /// RFC 3261 §18.2.2: the address that the request came from, at the port of its sent-by.
    fn at_source(&self) -> Hop {
        let Hop { transport, addr } = self.source;
        let port = self.sent_by.1.unwrap_or(transport.default_port());
        Hop { transport, addr: SocketAddr::new(addr.ip(), port) }
    }

    /// A line's hops behind the sent-by host, those that serve first, with our address towards each.
    fn others(&self, account: &Account) -> Vec<(Hop, Option<SocketAddr>)> {
        let entries = account.hops.iter().enumerate();
        let there = entries.filter(|(_, entry)| self.is_behind(entry));
        let (up, down): (Vec<_>, Vec<_>) = there.partition(|(at, _)| account.is_usable(*at));
        let ways = up.into_iter().chain(down);
        ways.map(|(_, entry)| (entry.hop, Some(entry.local))).collect()
    }

    fn is_behind(&self, entry: &LineHop) -> bool {
        let (host, port) = &self.sent_by;
        let at = |ip: IpAddr| entry.hop.addr.ip() == ip;
        let behind = match host {
            Host::V4(ip) => at(IpAddr::V4(*ip)),
            Host::V6(ip) => at(IpAddr::V6(*ip)),
            Host::Name(name) => entry.names.iter().any(|known| known.eq_ignore_ascii_case(name)),
        };
        // RFC 3263 §5: with a port the name has only addresses; without one the records name ports.
        behind
            && entry.hop.transport == self.source.transport
            && port.is_none_or(|port| port == entry.hop.addr.port())
    }
}
