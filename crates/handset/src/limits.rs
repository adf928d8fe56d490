//! Every bound of this crate in one place (architecture, invariant 6).

use std::time::Duration;

/// Digits of a number being typed; further ones are not taken.
pub(crate) const TYPED: usize = 64;

/// Outputs that wait for their owner; if it never asks, the oldest goes first.
pub(crate) const OUTPUTS: usize = 256;

/// The pause after which a number typed with the handset lifted is complete.
pub(crate) const COMPLETE: Duration = Duration::from_secs(4);

/// The pause after which a number typed with the handset on its cradle is forgotten: whoever began
/// it has gone.
pub(crate) const FORGET: Duration = Duration::from_secs(30);

/// How long a lifted handset gives its dial tone.
pub(crate) const DIAL_TONE: Duration = Duration::from_secs(20);

/// Half a period of a lamp that blinks slowly.
pub(crate) const SLOW: Duration = Duration::from_millis(1000);

/// Half a period of a lamp that blinks fast.
pub(crate) const FAST: Duration = Duration::from_millis(250);
