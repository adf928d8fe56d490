//! What happens to a fleet, and when: worked out from its settings, so that each chapter is over
//! before the next begins.

use std::time::Duration;

use failover::HopId;

use super::Fleet;

/// The primary's fate and the site's, in time since the first power-on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// The primary falls silent.
    pub dies: Duration,
    /// The site's power fails and comes back: every phone boots anew.
    pub reboot: Duration,
    /// The primary is back.
    pub back: Duration,
    /// Long enough after that for every phone to have returned.
    pub ends: Duration,
}

impl Story {
    /// The story for these settings.
    #[must_use]
    pub fn of(fleet: &Fleet) -> Self {
        let policy = &fleet.policy;
        let pause = Duration::from_secs(60);
        let keep_alive = policy.keep_alive.unwrap_or_default();
        let settled = policy.boot_spread + fleet.boot_scatter + pause;
        // Every line has had an OPTIONS answered twice.
        let dies = whole(settled + keep_alive * 2);
        let reboot = whole(dies + keep_alive + policy.keep_alive_wait() * 2 + pause);
        let back = whole(reboot + settled + policy.keep_alive_wait());
        let jitter = u32::from(policy.failback_jitter);
        let interval = policy.failback_interval * (100 + jitter) / 100;
        Self { dies, reboot, back, ends: whole(back.max(reboot + settled + interval) + pause) }
    }

    /// Whether a hop answers at a time since the start. Only the primary ever fails.
    #[must_use]
    pub fn answers(&self, hop: HopId, at: Duration) -> bool {
        !hop.is_primary() || at < self.dies || at >= self.back
    }
}

/// Rounded up to seconds, the width of a bin.
fn whole(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0))
}
