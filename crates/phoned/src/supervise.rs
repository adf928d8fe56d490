//! What the service manager hears: ready, still alive, stopping.
//!
//! Without systemd all of this is silent. The watchdog is fed from the runtime's only thread, so a
//! driver that hangs is noticed; where no watchdog is set, nothing wakes up for it.

use std::time::Duration;

use sd_notify::NotifyState;

/// The sockets are open.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The end has begun.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Feeds the watchdog twice in its time; never ends, and only waits where none is set.
pub(crate) async fn feed_watchdog() {
    let Some(period) = sd_notify::watchdog_enabled().filter(|period| !period.is_zero()) else {
        return std::future::pending().await;
    };
    let mut ticks = tokio::time::interval((period / 2).max(Duration::from_millis(1)));
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "cannot notify the service manager");
    }
}
