//! What is believed of one hop: evidence to verdict.
//!
//! Says what state a hop is in, why and since when. It refuses to decide where anything goes: that
//! is [`crate::Order`]'s and the machine's part.

use std::time::{Duration, Instant};

use crate::{Cause, limits};

/// The verdict on a hop (interfaces: hop state).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HopState {
    /// Nothing is known yet, or no more.
    Unknown,
    /// It answered.
    Available,
    /// It answered 503 to a request other than REGISTER; one REGISTER will tell.
    Suspect,
    /// It did not serve; tried last until a probe or request succeeds there.
    Unavailable,
    /// It asked to be left alone (503 with `Retry-After`).
    HeldOff,
}

/// What is known of a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// The verdict.
    pub state: HopState,
    /// Why; `None` while unknown or available.
    pub cause: Option<Cause>,
    /// Since when.
    pub since: Instant,
    /// End of the hold-off, if it is held off.
    pub held_until: Option<Instant>,
    /// It has answered an OPTIONS of the watch: silence to one is evidence (failover design §2).
    pub(crate) answers_options: bool,
}

impl Health {
    pub(crate) fn unknown(now: Instant) -> Self {
        let (state, cause, held_until) = (HopState::Unknown, None, None);
        Self { state, cause, since: now, held_until, answers_options: false }
    }

    /// Whether requests should rather go elsewhere.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !matches!(self.state, HopState::Unavailable | HopState::HeldOff)
    }

    /// It answered. A hold-off goes on: an answer to one request does not take back what the
    /// server asked for. Returns whether the verdict changed.
    pub(crate) fn answered(&mut self, now: Instant) -> bool {
        self.state != HopState::HeldOff && self.set(HopState::Available, None, now)
    }

    /// It took a REGISTER: whatever it asked for before, it serves this line now.
    pub(crate) fn registered(&mut self, now: Instant) -> bool {
        self.held_until = None;
        self.set(HopState::Available, None, now)
    }

    /// It did not serve. A hold-off goes on: it keeps the hop out already.
    pub(crate) fn unavailable(&mut self, cause: Cause, now: Instant) -> bool {
        self.state != HopState::HeldOff && self.set(HopState::Unavailable, Some(cause), now)
    }

    /// 503 without `Retry-After` to a request other than REGISTER: worse is not believed, better is.
    pub(crate) fn suspect(&mut self, cause: Cause, now: Instant) -> bool {
        self.is_usable() && self.set(HopState::Suspect, Some(cause), now)
    }

    /// 503 with `Retry-After`, clamped. The newest wish counts.
    pub(crate) fn hold_off(&mut self, wish: Duration, cause: Cause, now: Instant) -> bool {
        let (least, most) = limits::HOLD_OFF;
        self.held_until = Some(now + wish.clamp(least, most));
        self.set(HopState::HeldOff, Some(cause), now);
        true
    }

    /// Ends a hold-off whose time has come.
    pub(crate) fn release(&mut self, now: Instant) -> bool {
        if self.held_until.is_none_or(|until| until > now) {
            return false;
        }
        self.forget(now)
    }

    /// What was believed of it is believed no longer.
    pub(crate) fn forget(&mut self, now: Instant) -> bool {
        self.held_until = None;
        self.set(HopState::Unknown, None, now)
    }

    fn set(&mut self, state: HopState, cause: Option<Cause>, now: Instant) -> bool {
        if self.state != state {
            self.since = now;
        } else if self.cause == cause {
            return false;
        }
        self.state = state;
        self.cause = cause;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: Cause = Cause::Status(503);

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Failover design §1: clamped to 1…1800 s (freeswitch#2917).
    #[test]
    fn a_hold_off_is_clamped_and_ends_by_itself() {
        let t0 = crate::testing::t0();
        for (wish, real) in [(0, 1), (7, 7), (86_400, 1800)] {
            let mut health = Health::unknown(t0);
            health.hold_off(secs(wish), BUSY, t0);
            assert_eq!(health.held_until, Some(t0 + secs(real)));
            assert!(!health.release(t0 + secs(real) - Duration::from_millis(1)));
            assert!(health.release(t0 + secs(real)));
            assert_eq!(health.state, HopState::Unknown);
        }
    }

    #[test]
    fn only_a_registration_takes_a_hold_off_back() {
        let t0 = crate::testing::t0();
        let mut health = Health::unknown(t0);
        health.hold_off(secs(60), BUSY, t0);
        assert!(!health.answered(t0));
        assert!(!health.unavailable(Cause::NoAnswer, t0));
        assert!(!health.suspect(BUSY, t0));
        assert_eq!(health.state, HopState::HeldOff);
        assert!(health.registered(t0));
        assert_eq!((health.state, health.held_until), (HopState::Available, None));
    }

    #[test]
    fn since_tells_when_the_state_began_not_when_it_was_confirmed() {
        let t0 = crate::testing::t0();
        let mut health = Health::unknown(t0);
        assert!(health.unavailable(Cause::NoAnswer, t0 + secs(1)));
        assert!(!health.unavailable(Cause::NoAnswer, t0 + secs(2)));
        assert!(health.unavailable(Cause::IcmpPort, t0 + secs(3)), "the cause is news");
        assert_eq!(health.since, t0 + secs(1));
        assert!(!health.suspect(BUSY, t0 + secs(4)), "worse is known already");
        assert!(health.answered(t0 + secs(5)));
        assert_eq!((health.cause, health.since), (None, t0 + secs(5)));
    }
}
