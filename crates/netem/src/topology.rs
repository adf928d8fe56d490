//! Who can reach whom: partitions between pairs, unplugged endpoints, closed ports. It answers
//! yes or no and holds no packets.

use std::collections::BTreeSet;
use std::net::SocketAddr;

/// The ways that are cut. An address that was never named is plugged, open and reachable.
#[derive(Debug, Clone, Default)]
pub(crate) struct Topology {
    cut: BTreeSet<(SocketAddr, SocketAddr)>,
    unplugged: BTreeSet<SocketAddr>,
    closed: BTreeSet<SocketAddr>,
}

impl Topology {
    pub(crate) fn cut(&mut self, from: SocketAddr, to: SocketAddr) {
        self.cut.insert((from, to));
    }

    pub(crate) fn mend(&mut self, from: SocketAddr, to: SocketAddr) {
        self.cut.remove(&(from, to));
    }

    pub(crate) fn unplug(&mut self, addr: SocketAddr) {
        self.unplugged.insert(addr);
    }

    pub(crate) fn plug(&mut self, addr: SocketAddr) {
        self.unplugged.remove(&addr);
    }

    pub(crate) fn close(&mut self, addr: SocketAddr) {
        self.closed.insert(addr);
    }

    pub(crate) fn open(&mut self, addr: SocketAddr) {
        self.closed.remove(&addr);
    }

    pub(crate) fn carries(&self, from: SocketAddr, to: SocketAddr) -> bool {
        !self.cut.contains(&(from, to))
            && !self.unplugged.contains(&from)
            && !self.unplugged.contains(&to)
    }

    pub(crate) fn is_closed(&self, addr: SocketAddr) -> bool {
        self.closed.contains(&addr)
    }

    /// Mends everything: no cuts, all plugged, all open.
    pub(crate) fn heal(&mut self) {
        *self = Self::default();
    }
}
