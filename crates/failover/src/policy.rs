//! Every tunable of failover: default, unit, range and reason.
//!
//! Ranges are held twice: [`Policy::check`] names a wrong value to whoever sets it, and the machine
//! clamps what it is given, so that no policy can make it overflow or spin. Names of the settings
//! as users see them are not known here.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::{Budget, limits};

/// RFC 3261 §17.1.1.1: estimate of the round-trip time.
pub const T1: Duration = Duration::from_millis(500);

/// RFC 3261 §17.1.2.2: longest interval between retransmissions of a non-INVITE request.
pub const T2: Duration = Duration::from_secs(4);

/// RFC 3261 §17.1: 64·T1, the longest wait for an answer.
pub const TIMEOUT: Duration = Duration::from_secs(32);

/// How long a request is tried at a hop that is not its last (requirement A3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// V3: this many transmissions, the first included, 1…10.
    Transmissions(u8),
    /// V2: for this long, 1…32 s.
    Time(Duration),
}

impl Retry {
    /// The wait at one hop, never more than 64·T1. In V3 it ends when the transmission after the
    /// last counted one would be due: Timer A doubles without limit for INVITE, Timer E up to T2
    /// for the rest (RFC 3261 §17.1.1.2, §17.1.2.2).
    #[must_use]
    pub fn wait(self, invite: bool) -> Duration {
        let count = match self {
            Self::Time(time) => return time.clamp(Duration::from_secs(1), TIMEOUT),
            Self::Transmissions(count) => count.clamp(1, 10),
        };
        let (mut total, mut interval) = (Duration::ZERO, T1);
        for _ in 0..count {
            total += interval;
            interval = if invite { interval * 2 } else { (interval * 2).min(T2) };
        }
        total.min(TIMEOUT)
    }
}

/// How a line fails over and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// *Signal Retry*: how long a request is tried at a hop that is not its last. Default 3
    /// transmissions, 3.5 s (A3).
    pub retry: Retry,
    /// *Enable Failback*: probe the primary every interval while on a backup. Default on (C4).
    pub register_failback: bool,
    /// *Failback Interval*: time between probes, 1 s…7 days. Default 1800 s (C4).
    pub failback_interval: Duration,
    /// *Signal Failback*: refresh, INVITE and BYE start at the primary. Default off (C1–C3).
    pub signal_failback: bool,
    /// Least time between two requests that start at the primary for signal failback, 0…1 day: each
    /// costs its user the whole wait while the primary is dead. Default 0 s, as the document.
    pub signal_hold_off: Duration,
    /// OPTIONS to the current hop, start to start, 1…3600 s; `None` is off. Default 30 s (F1): an
    /// idle line finds a silent primary within 33.5 s.
    pub keep_alive: Option<Duration>,
    /// Wait for the answer to a keep-alive, 0.5…32 s; `None` is that of `retry`. Default `None`:
    /// failover design §6 puts keep-alives under A3.
    pub keep_alive_budget: Option<Duration>,
    /// A keep-alive comes early by a random part of its interval, up to 0…50 %: phones that came
    /// up together drift apart. With any spread, the second one of a registration comes after a
    /// random part of the whole interval: they are apart at once, and a fleet whose proxy dies
    /// silently comes to the backup over a whole interval (F6). Default 10 %; only shortens, so
    /// that the bound holds.
    pub keep_alive_spread: u8,
    /// OPTIONS to the hops not in use, one hop every so long, 1…3600 s; `None` is off. Default
    /// `None`: it costs a request per interval, and the line works without.
    pub watch: Option<Duration>,
    /// First wait after every hop failed, 1…3600 s. Default 30 s (RFC 5626 §4.5).
    pub backoff_base: Duration,
    /// Longest such wait, `backoff_base`…1 day. Default 300 s: RFC 5626's 1800 s is long for a
    /// phone on a desk.
    pub backoff_cap: Duration,
    /// Random part of that wait, 0…100 %. Default 50 %: 50 to 100 % of it are waited (RFC 5626).
    pub backoff_spread: u8,
    /// Least time between two REGISTERs that check a suspect hop, 1…3600 s. Default 30 s.
    pub suspect_interval: Duration,
    /// A hop found unavailable is tried last until it answers. Default on: a long call does not
    /// wait for a known-dead hop with every request.
    pub known_dead_last: bool,
    /// A failback that fails again soon doubles the interval, up to four times. Default on.
    pub flap_damping: bool,
    /// How soon, 0…1 day. Default 120 s.
    pub flap_window: Duration,
    /// After a boot or a long link loss, register after a random wait of up to this, 0…3600 s.
    /// Default 30 s (F6): as long as a keep-alive interval, so that a site that boots together is no
    /// more of a load to its backup than one whose primary dies silently.
    pub boot_spread: Duration,
    /// The failback interval varies by up to this, 0…50 %. Default 10 % (F6): a fleet does not
    /// probe its primary in one burst.
    pub failback_jitter: u8,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retry: Retry::Transmissions(3),
            register_failback: true,
            failback_interval: Duration::from_secs(1800),
            signal_failback: false,
            signal_hold_off: Duration::ZERO,
            keep_alive: Some(Duration::from_secs(30)),
            keep_alive_budget: None,
            keep_alive_spread: 10,
            watch: None,
            backoff_base: Duration::from_secs(30),
            backoff_cap: Duration::from_secs(300),
            backoff_spread: 50,
            suspect_interval: Duration::from_secs(30),
            known_dead_last: true,
            flap_damping: true,
            flap_window: Duration::from_secs(120),
            boot_spread: Duration::from_secs(30),
            failback_jitter: 10,
        }
    }
}

/// A value out of its range.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{field} is {value} {unit}, allowed are {least} to {most}")]
pub struct PolicyError {
    /// The field's name.
    pub field: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// What was asked for.
    pub value: u64,
    /// Least value allowed.
    pub least: u64,
    /// Greatest value allowed.
    pub most: u64,
}

const DAY: u64 = 24 * 3600;

impl Policy {
    /// How long a request that is not INVITE waits at a hop.
    #[must_use]
    pub fn wait(&self, budget: Budget) -> Duration {
        match budget {
            Budget::Retry => self.retry.wait(false),
            Budget::Full => TIMEOUT,
        }
    }

    /// How long a keep-alive waits for its answer.
    #[must_use]
    pub fn keep_alive_wait(&self) -> Duration {
        self.keep_alive_budget.map_or_else(|| self.wait(Budget::Retry), |wait| wait.min(TIMEOUT))
    }

    /// The longest time from the start of a REGISTER to the end of its last hop's budget.
    #[must_use]
    pub fn longest_round(&self, hops: usize) -> Duration {
        let before_last = u32::try_from(hops.clamp(1, limits::HOPS) - 1).unwrap_or(0);
        self.wait(Budget::Retry) * before_last + TIMEOUT
    }

    /// From the start of a registration to its refresh: every hop's budget and 5 s before the
    /// expiry, but never before half of it (failover design §6).
    #[must_use]
    pub fn refresh_after(&self, expires: Duration, hops: usize) -> Duration {
        let lead = self.longest_round(hops) + limits::REFRESH_MARGIN;
        expires.saturating_sub(lead).max(expires / 2)
    }

    /// Names the first field that is out of its range.
    ///
    /// # Errors
    /// A [`PolicyError`] with the field, the value and the range.
    pub fn check(&self) -> Result<(), PolicyError> {
        match self.retry {
            Retry::Transmissions(count) => {
                ranged("retry", "transmissions", u64::from(count), 1, 10)?;
            }
            Retry::Time(time) => ranged_secs("retry", time, 1, 32)?,
        }
        ranged_secs("failback_interval", self.failback_interval, 1, 7 * DAY)?;
        ranged_secs("signal_hold_off", self.signal_hold_off, 0, DAY)?;
        if let Some(interval) = self.keep_alive {
            ranged_secs("keep_alive", interval, 1, 3600)?;
        }
        if let Some(wait) = self.keep_alive_budget {
            let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            ranged("keep_alive_budget", "ms", millis, 500, 32_000)?;
        }
        ranged("keep_alive_spread", "%", u64::from(self.keep_alive_spread), 0, 50)?;
        if let Some(interval) = self.watch {
            ranged_secs("watch", interval, 1, 3600)?;
        }
        ranged_secs("backoff_base", self.backoff_base, 1, 3600)?;
        ranged_secs("backoff_cap", self.backoff_cap, self.backoff_base.as_secs(), DAY)?;
        ranged("backoff_spread", "%", u64::from(self.backoff_spread), 0, 100)?;
        ranged_secs("suspect_interval", self.suspect_interval, 1, 3600)?;
        ranged_secs("flap_window", self.flap_window, 0, DAY)?;
        ranged_secs("boot_spread", self.boot_spread, 0, 3600)?;
        ranged("failback_jitter", "%", u64::from(self.failback_jitter), 0, 50)
    }

    /// The policy itself, shared with whoever else has it, where every field is in its range; else
    /// the nearest one of which that holds.
    pub(crate) fn in_range(policy: Arc<Self>) -> Arc<Self> {
        let clamped = Self::clone(&policy).clamped();
        if clamped == *policy { policy } else { Arc::new(clamped) }
    }

    /// The nearest policy whose every field is in its range.
    pub(crate) fn clamped(mut self) -> Self {
        let secs = |time: Duration, least: u64, most: u64| {
            time.clamp(Duration::from_secs(least), Duration::from_secs(most))
        };
        self.failback_interval = secs(self.failback_interval, 1, 7 * DAY);
        self.signal_hold_off = secs(self.signal_hold_off, 0, DAY);
        self.keep_alive = self.keep_alive.map(|time| secs(time, 1, 3600));
        self.keep_alive_budget = self.keep_alive_budget.map(|time| time.clamp(T1, TIMEOUT));
        self.keep_alive_spread = self.keep_alive_spread.min(50);
        self.watch = self.watch.map(|time| secs(time, 1, 3600));
        self.backoff_base = secs(self.backoff_base, 1, 3600);
        self.backoff_cap = secs(self.backoff_cap, 1, DAY).max(self.backoff_base);
        self.backoff_spread = self.backoff_spread.min(100);
        self.suspect_interval = secs(self.suspect_interval, 1, 3600);
        self.flap_window = secs(self.flap_window, 0, DAY);
        self.boot_spread = secs(self.boot_spread, 0, 3600);
        self.failback_jitter = self.failback_jitter.min(50);
        self
    }
}

fn ranged(
    field: &'static str,
    unit: &'static str,
    value: u64,
    least: u64,
    most: u64,
) -> Result<(), PolicyError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(PolicyError { field, unit, value, least, most })
}

fn ranged_secs(
    field: &'static str,
    time: Duration,
    least: u64,
    most: u64,
) -> Result<(), PolicyError> {
    ranged(field, "s", time.as_secs(), least, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(retry: Retry, invite: bool) -> u128 {
        retry.wait(invite).as_millis()
    }

    /// Requirement A3 and failover design §8.
    #[test]
    fn three_transmissions_take_three_and_a_half_seconds() {
        assert_eq!(millis(Retry::Transmissions(3), false), 3500);
        assert_eq!(millis(Retry::Transmissions(3), true), 3500);
        assert_eq!(millis(Retry::Transmissions(1), true), 500);
    }

    /// Failover design §8: Timer A doubles without limit, Timer E up to T2.
    #[test]
    fn five_transmissions_take_longer_for_an_invite() {
        assert_eq!(millis(Retry::Transmissions(5), true), 15_500);
        assert_eq!(millis(Retry::Transmissions(5), false), 11_500);
    }

    #[test]
    fn no_wait_is_longer_than_64_t1() {
        assert_eq!(millis(Retry::Transmissions(10), true), 32_000);
        assert_eq!(millis(Retry::Transmissions(10), false), 31_500);
        assert_eq!(millis(Retry::Time(Duration::from_secs(99)), false), 32_000);
    }

    /// Failover design §6.
    #[test]
    fn a_refresh_leaves_every_hop_its_budget_but_never_comes_before_half() {
        let policy = Policy::default();
        let after = |expires, hops| policy.refresh_after(Duration::from_secs(expires), hops);
        assert_eq!(after(3600, 2).as_millis(), 3_600_000 - 3500 - 32_000 - 5000);
        assert_eq!(after(3600, 1).as_millis(), 3_600_000 - 32_000 - 5000);
        assert_eq!(after(60, 2), Duration::from_secs(30));
    }

    #[test]
    fn a_value_out_of_range_is_named_with_its_range() {
        assert_eq!(Policy::default().check(), Ok(()));
        let wrong = Policy { retry: Retry::Transmissions(0), ..Policy::default() };
        let error = wrong.check().unwrap_err().to_string();
        assert_eq!(error, "retry is 0 transmissions, allowed are 1 to 10");
        let wrong = Policy { backoff_cap: Duration::from_secs(9), ..Policy::default() };
        let error = wrong.check().unwrap_err().to_string();
        assert_eq!(error, "backoff_cap is 9 s, allowed are 30 to 86400");
    }

    #[test]
    fn a_clamped_policy_passes_the_check() {
        let wild = Policy {
            failback_interval: Duration::MAX,
            signal_hold_off: Duration::MAX,
            keep_alive: Some(Duration::ZERO),
            keep_alive_budget: Some(Duration::ZERO),
            keep_alive_spread: 255,
            watch: Some(Duration::MAX),
            backoff_base: Duration::MAX,
            backoff_cap: Duration::ZERO,
            backoff_spread: 255,
            suspect_interval: Duration::ZERO,
            flap_window: Duration::MAX,
            boot_spread: Duration::MAX,
            failback_jitter: 255,
            ..Policy::default()
        };
        assert_eq!(wild.clamped().check(), Ok(()));
    }
}
