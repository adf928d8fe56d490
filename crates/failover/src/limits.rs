//! Every bound of this crate in one place (architecture, invariant 6).
//!
//! A value that a peer or a settings file gives is brought into these ranges where it comes in, so
//! that no sum of times overflows and no server can make the line spin or sleep for ever.

use std::time::Duration;

/// Hops of one line; further ones are not used.
pub(crate) const HOPS: usize = 32;

/// Outputs that wait for their owner; if it never asks, the oldest goes first.
pub(crate) const OUTPUTS: usize = 1024;

/// Shortest and longest time that a `Retry-After` keeps a hop out (failover design §1).
pub(crate) const HOLD_OFF: (Duration, Duration) =
    (Duration::from_secs(1), Duration::from_secs(1800));

/// Shortest and longest registration that is believed: a server that grants less is refreshed as
/// if it had granted this, so that it cannot make the line flood it.
pub(crate) const EXPIRES: (Duration, Duration) =
    (Duration::from_secs(4), Duration::from_secs(30 * 24 * 3600));

/// Shortest time between a registration and its refresh.
pub(crate) const REFRESH_GAP: Duration = Duration::from_secs(1);

/// Spare time between the end of a refresh's last budget and the expiry (failover design §6).
pub(crate) const REFRESH_MARGIN: Duration = Duration::from_secs(5);

/// A link that was down for less registers at once when it returns (failover design §6).
pub(crate) const SHORT_LINK_LOSS: Duration = Duration::from_secs(60);

/// Flap damping multiplies the failback interval by at most this (failover design §6).
pub(crate) const DAMPING: u32 = 4;

/// Intervals between OPTIONS to a hop that answers REGISTER and none of them: at first, and at most.
pub(crate) const KEEP_ALIVE_PAUSE: (u32, u32) = (2, 8);
