//! The line and its connections: which hop is whose, and what the loss of one means for it.

use std::time::Instant;

use failover::Evidence;
use sip_core::transport::Hop;

use super::{Account, hop_id};
use crate::limits;

impl Account {
    /// The place of a hop in the line's list.
    pub(crate) fn place_of(&self, hop: Hop) -> Option<usize> {
        self.hops.iter().position(|entry| entry.hop == hop)
    }

    /// Whether the line is registered through this hop.
    pub(crate) fn is_registered_through(&self, hop: Hop) -> bool {
        self.place_of(hop).is_some_and(|at| self.is_registered_at(at))
    }

    /// Shows the machine what has become known of a hop.
    pub(crate) fn show(&mut self, hop: Hop, evidence: Evidence, now: Instant) {
        if let Some(id) = self.place_of(hop).and_then(hop_id) {
            self.machine.handle_evidence(id, evidence, now);
        }
    }

    /// The connection to the current hop was lost while nothing was in flight (failover design §1).
    pub(crate) fn flow_broke(&mut self, hop: Hop, now: Instant) {
        self.show(hop, Evidence::FlowBroke, now);
    }

    /// Whether a lost connection is worth another: not to a server that ends each as it comes.
    pub(crate) fn reopens(&mut self, now: Instant) -> bool {
        self.reopened.retain(|at| *at + limits::REOPENED_WITHIN > now);
        if self.reopened.len() >= limits::REOPENED {
            return false;
        }
        self.reopened.push(now);
        true
    }
}
