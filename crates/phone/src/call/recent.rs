//! Calls that have rung here, so that a late copy of one does not ring again.
//!
//! A proxy that was frozen delivers on its thaw what it had queued: an INVITE whose call another
//! proxy brought long before, and which is over by now. While a call lives its copies join it
//! (failover design §4); this remembers those that are over. It holds no call, only what names one.

use std::collections::VecDeque;

use super::incoming::Key;
use crate::limits;

/// The latest calls that rang, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent(VecDeque<Key>);

impl Recent {
    /// A call rings.
    pub(crate) fn note(&mut self, key: Key) {
        if self.0.len() == limits::RECENT_CALLS {
            self.0.pop_front();
        }
        self.0.push_back(key);
    }

    /// Whether that call has rung.
    pub(crate) fn has(&self, key: &Key) -> bool {
        self.0.contains(key)
    }
}
