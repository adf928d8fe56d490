//! Who can reach whom: partitions between pairs, unplugged endpoints, closed ports. It answers
//! yes or no and holds no packets. Datagrams know endpoints, connections know hosts.

use std::collections::BTreeSet;

/// The ways that are cut. An address that was never named is plugged, open and reachable.
#[derive(Debug, Clone)]
pub(crate) struct Topology<A> {
    cut: BTreeSet<(A, A)>,
    unplugged: BTreeSet<A>,
    closed: BTreeSet<A>,
}

impl<A> Default for Topology<A> {
    fn default() -> Self {
        Self { cut: BTreeSet::new(), unplugged: BTreeSet::new(), closed: BTreeSet::new() }
    }
}

impl<A: Ord + Copy> Topology<A> {
    pub(crate) fn cut(&mut self, from: A, to: A) {
        self.cut.insert((from, to));
    }

    pub(crate) fn mend(&mut self, from: A, to: A) {
        self.cut.remove(&(from, to));
    }

    pub(crate) fn unplug(&mut self, addr: A) {
        self.unplugged.insert(addr);
    }

    pub(crate) fn plug(&mut self, addr: A) {
        self.unplugged.remove(&addr);
    }

    pub(crate) fn close(&mut self, addr: A) {
        self.closed.insert(addr);
    }

    pub(crate) fn open(&mut self, addr: A) {
        self.closed.remove(&addr);
    }

    pub(crate) fn carries(&self, from: A, to: A) -> bool {
        !self.cut.contains(&(from, to))
            && !self.unplugged.contains(&from)
            && !self.unplugged.contains(&to)
    }

    pub(crate) fn is_closed(&self, addr: A) -> bool {
        self.closed.contains(&addr)
    }

    /// Mends everything: no cuts, all plugged, all open.
    pub(crate) fn heal(&mut self) {
        *self = Self::default();
    }
}
