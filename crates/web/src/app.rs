//! What every request is served from: the way to the phone, who is trusted, what was seen, and how
//! many watch.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::history::History;
use crate::limits;
use crate::metrics::Metrics;
use crate::phone::Phone;
use crate::trust::Trust;

/// Shared by all connections.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

struct Parts {
    phone: Phone,
    trust: Trust,
    history: Mutex<History>,
    metrics: Mutex<Metrics>,
    watchers: Arc<Semaphore>,
}

impl App {
    pub(crate) fn new(phone: Phone, trust: Trust) -> Self {
        Self(Arc::new(Parts {
            phone,
            trust,
            history: Mutex::default(),
            metrics: Mutex::default(),
            watchers: Arc::new(Semaphore::new(limits::WATCHERS)),
        }))
    }

    pub(crate) fn phone(&self) -> &Phone {
        &self.0.phone
    }

    pub(crate) fn trust(&self) -> &Trust {
        &self.0.trust
    }

    pub(crate) fn history(&self) -> MutexGuard<'_, History> {
        self.0.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn metrics(&self) -> MutexGuard<'_, Metrics> {
        self.0.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more who watches; `None` if all are taken.
    pub(crate) fn watcher(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.watchers).try_acquire_owned().ok()
    }
}

/// Takes what happens into the timeline and the metrics, for ever.
pub(crate) async fn record(app: App) {
    let mut events = app.phone().watch();
    loop {
        match events.recv().await {
            Ok(notification) => {
                app.history().take(&notification);
                app.metrics().take(&notification, Instant::now());
            }
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "web page: events missed by timeline and metrics");
            }
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
