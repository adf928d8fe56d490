//! What the service manager hears: ready, still alive, stopping.
//!
//! Without systemd all of this is silent. The watchdog is fed only while the driver answers and the
//! sound thread, if a call or a tone needs one, ticks; where no watchdog is set, nothing wakes up for
//! it.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::{mpsc, oneshot};

use crate::driver::{Ask, Message};

/// Questions in the watchdog's time. One that finds the sound thread just started, before its first
/// tick, must not cost the daemon its life.
const QUESTIONS: u32 = 3;

/// The sockets are open.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The end has begun.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Feeds the watchdog in its time; never ends, and only waits where none is set. It goes through the
/// driver's own queue: a driver that hangs, or does not come to its queue, is not vouched for.
pub(crate) async fn feed_watchdog(driver: mpsc::Sender<Message>) {
    let Some(period) = sd_notify::watchdog_enabled().filter(|period| !period.is_zero()) else {
        return std::future::pending().await;
    };
    let mut ticks = tokio::time::interval((period / QUESTIONS).max(Duration::from_millis(1)));
    let mut heart = Heart::default();
    loop {
        ticks.tick().await;
        let (back, answer) = oneshot::channel();
        // A driver that is gone ends the daemon by itself.
        let _ = driver.send(Message::Ask(Ask::Pulse(back))).await;
        let Ok(pulse) = answer.await else { continue };
        if heart.beats(pulse) {
            tell(&[NotifyState::Watchdog]);
        } else {
            tracing::warn!("the sound thread did not tick since the last time");
        }
    }
}

/// Compares the sound thread's ticks with those of the last time.
#[derive(Debug, Default)]
struct Heart {
    last: Option<u64>,
}

impl Heart {
    /// Whether the thread has ticked since the last time, or need not.
    fn beats(&mut self, pulse: Option<u64>) -> bool {
        let before = std::mem::replace(&mut self.last, pulse);
        pulse.is_none() || pulse != before
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "cannot notify the service manager");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requirement F11.
    #[test]
    fn a_sound_thread_that_stands_still_is_not_vouched_for() {
        let mut heart = Heart::default();
        assert!(heart.beats(None), "no sound is wanted");
        assert!(heart.beats(Some(7)), "it has begun");
        assert!(heart.beats(Some(500)));
        assert!(!heart.beats(Some(500)), "it stands");
        assert!(!heart.beats(Some(500)), "it still stands");
        assert!(heart.beats(Some(501)));
        assert!(heart.beats(None), "the call is over");
    }
}
