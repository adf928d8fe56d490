//! The network of a world: the wire for datagrams and the connections beside it, broken and mended
//! together. A fault of the network is one call here, whatever is spoken over it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use netem::{Link, Streams, Wire};

use crate::packet::Packet;

/// 64·T1: what phoned's shell and a careful proxy set as `TCP_USER_TIMEOUT`.
const UNACKNOWLEDGED: Duration = Duration::from_secs(32);

/// See the module.
#[derive(Debug, Clone)]
pub struct Network {
    /// Datagrams.
    pub wire: Wire<Packet>,
    /// Connections.
    pub streams: Streams,
}

impl Network {
    /// A network with this link between all hosts, drawing from two seeds.
    #[must_use]
    pub fn new(link: Link, seeds: [u64; 2]) -> Self {
        Self {
            wire: Wire::new(link, seeds[0]),
            streams: Streams::new(link, UNACKNOWLEDGED, seeds[1]),
        }
    }

    /// Changes every link.
    pub fn set_link(&mut self, link: Link) {
        self.wire.set_link(link);
        self.streams.set_link(link);
    }

    /// Whether datagrams, and whether segments of connections, pass from one host to another.
    pub fn set_way(&mut self, from: SocketAddr, to: SocketAddr, datagrams: bool, segments: bool) {
        match datagrams {
            true => self.wire.repair_oneway(from, to),
            false => self.wire.partition_oneway(from, to),
        }
        match segments {
            true => self.streams.repair_oneway(from.ip(), to.ip()),
            false => self.streams.partition_oneway(from.ip(), to.ip()),
        }
    }

    /// Whether a host can be reached at all.
    pub fn set_plugged(&mut self, addr: SocketAddr, plugged: bool) {
        match plugged {
            true => {
                self.wire.plug(addr);
                self.streams.plug(addr.ip());
            }
            false => {
                self.wire.unplug(addr);
                self.streams.unplug(addr.ip());
            }
        }
    }

    /// Whether connections to `addr` are taken.
    pub fn set_listening(&mut self, addr: SocketAddr, listening: bool) {
        match listening {
            true => self.streams.listen(addr),
            false => self.streams.stop_listening(addr),
        }
    }

    /// The process at `addr` ends: its port is closed, its connections are reset.
    pub fn kill(&mut self, addr: SocketAddr, now: Instant) {
        self.wire.close(addr);
        self.streams.kill(addr.ip(), now);
    }

    /// It is started again.
    pub fn revive(&mut self, addr: SocketAddr) {
        self.wire.open(addr);
    }

    /// The process at `addr` is stopped; what comes for it waits.
    pub fn hold(&mut self, addr: SocketAddr) {
        self.wire.hold(addr);
        self.streams.hold(addr.ip());
    }

    /// It goes on.
    pub fn release(&mut self, addr: SocketAddr) {
        self.wire.release(addr);
        self.streams.release(addr.ip());
    }

    /// When something next arrives or is sent again.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        [self.wire.poll_timeout(), self.streams.poll_timeout()].into_iter().flatten().min()
    }

    /// Lets happen what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.wire.handle_timeout(now);
        self.streams.handle_timeout(now);
    }
}
