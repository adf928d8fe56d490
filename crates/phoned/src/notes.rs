//! Entries on their way into the store's state table. Handing one in never waits: what comes while
//! the store is busy waits here, the newest for each key, and is then written in one transaction,
//! because when a site's proxy dies thousands of lines move within seconds.
//!
//! The bound is that of the keys: a caller has a fixed set of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store_thread::StoreHandle;

/// See the module.
#[derive(Debug)]
pub(crate) struct Notes {
    /// What they are, for the log.
    what: &'static str,
    store: StoreHandle,
    waiting: Arc<Mutex<BTreeMap<String, String>>>,
    /// A job that takes what waits is with the store.
    posted: Arc<AtomicBool>,
}

impl Notes {
    /// A way into the store for entries of one kind.
    pub(crate) fn new(what: &'static str, store: StoreHandle) -> Self {
        Self { what, store, waiting: Arc::default(), posted: Arc::default() }
    }

    /// Drops what waits.
    pub(crate) fn forget(&self) {
        taken(&self.waiting).clear();
    }

    /// Has an entry written some time soon.
    pub(crate) fn put(&self, key: String, value: String) {
        taken(&self.waiting).insert(key, value);
        if self.posted.swap(true, Ordering::AcqRel) {
            return;
        }
        let (what, waiting, posted) =
            (self.what, Arc::clone(&self.waiting), Arc::clone(&self.posted));
        let accepted = self.store.post(move |store| {
            // In this order: what is added from here on posts a job of its own.
            posted.store(false, Ordering::Release);
            let entries = std::mem::take(&mut *taken(&waiting));
            if let Err(error) = store.state_put_all(&entries) {
                tracing::warn!(what, entries = entries.len(), %error, "cannot remember");
            }
        });
        if !accepted {
            self.posted.store(false, Ordering::Release);
            tracing::debug!(what, "the store is busy: remembered later");
        }
    }
}

/// The map itself; there is no half-done change that a panic elsewhere could have left.
fn taken<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
