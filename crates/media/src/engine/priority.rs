//! The media thread goes before all others where the system lets it (`LimitRTPRIO` of the unit, or
//! root): a tick that comes late is a gap in the sound. Where it does not, sound is as good as the
//! machine is idle.

use thread_priority::unix::{set_thread_priority_and_policy, thread_native_id};
use thread_priority::{RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};

use crate::limits::REALTIME_PRIORITY;

/// Raises the calling thread.
pub(super) fn raise() {
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let raised = REALTIME_PRIORITY
        .try_into()
        .map(ThreadPriority::Crossplatform)
        .map(|priority| set_thread_priority_and_policy(thread_native_id(), priority, policy));
    match raised {
        Ok(Ok(())) => tracing::debug!("the media thread has real-time priority"),
        other => tracing::debug!(?other, "the media thread has no real-time priority"),
    }
}
