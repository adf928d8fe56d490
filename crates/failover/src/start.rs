//! Where a line begins: what is remembered over a restart, and what kind of restart it was.
//!
//! Plain data. What follows from it stands in failover design §2 and §6.

use crate::HopId;

/// What the line remembers of its last run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastGood {
    /// The hop it was registered through.
    pub hop: HopId,
    /// The primary was unavailable then: only in this case the line begins at [`Self::hop`].
    pub primary_was_unavailable: bool,
}

/// What started the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The device: a fleet after a power cut; waits a random part of the policy's `boot_spread`.
    Boot,
    /// The process alone: registers at once.
    Restart,
}

/// How a line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// What started it.
    pub trigger: Trigger,
    /// What it remembers.
    pub last_good: Option<LastGood>,
}

impl Start {
    /// Nothing remembered, nothing to wait for.
    #[must_use]
    pub const fn cold() -> Self {
        Self { trigger: Trigger::Restart, last_good: None }
    }

    /// A restart of the process with this memory.
    #[must_use]
    pub const fn remembering(last_good: LastGood) -> Self {
        Self { trigger: Trigger::Restart, last_good: Some(last_good) }
    }

    /// The same after a boot of the device.
    #[must_use]
    pub const fn after_boot(self) -> Self {
        Self { trigger: Trigger::Boot, ..self }
    }

    /// The hop to begin at and, where that is a backup, to return from at once.
    pub(crate) fn begin_at(self, hops: usize) -> Option<HopId> {
        self.last_good
            .filter(|memory| memory.primary_was_unavailable && !memory.hop.is_primary())
            .map(|memory| memory.hop)
            .filter(|hop| hop.index() < hops)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Failover design §2: "only if the primary was unavailable at shutdown".
    #[test]
    fn a_line_begins_at_its_last_hop_only_if_the_primary_was_unavailable() {
        let memory = |hop, primary_was_unavailable| {
            let hop = HopId(hop);
            Start::remembering(LastGood { hop, primary_was_unavailable }).begin_at(2)
        };
        assert_eq!(memory(1, true), Some(HopId(1)));
        assert_eq!(memory(1, false), None);
        assert_eq!(memory(0, true), None, "the primary needs no memory");
        assert_eq!(memory(5, true), None, "the list is shorter now");
        assert_eq!(Start::cold().begin_at(2), None);
    }
}
