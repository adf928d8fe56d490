//! The configuration store on a thread of its own: SQLite may wait for the disk, the driver never.
//!
//! Jobs run one after the other in the order given, so what was kept first is written first. The
//! thread sleeps while there is nothing to do and ends when all handles are gone.

use std::thread::JoinHandle;

use config_store::Store;
use tokio::sync::{mpsc, oneshot};

use crate::limits;

type Job = Box<dyn FnOnce(&mut Store) + Send>;

/// The store's thread is gone; its own message says why.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the configuration store has stopped")]
pub(crate) struct StoreGone;

impl StoreGone {
    /// The same as its `Display` form, in Chinese.
    pub(crate) const fn chinese(self) -> &'static str {
        "配置存储已停止"
    }
}

impl From<StoreGone> for control::Problem {
    fn from(error: StoreGone) -> Self {
        Self::new(error.to_string(), error.chinese())
    }
}

/// A way to the store.
#[derive(Clone, Debug)]
pub(crate) struct StoreHandle {
    jobs: mpsc::Sender<Job>,
}

/// Puts an open store on its thread. The receiver tells, by closing, that the thread has ended.
///
/// # Errors
/// What the system says where no thread can be made.
pub(crate) fn start(
    mut store: Store,
) -> std::io::Result<(StoreHandle, oneshot::Receiver<()>, JoinHandle<()>)> {
    let (jobs, mut queue) = mpsc::channel::<Job>(limits::STORE_JOBS);
    let (alive, ended) = oneshot::channel();
    let thread = std::thread::Builder::new().name("store".into()).spawn(move || {
        let _alive = alive;
        while let Some(job) = queue.blocking_recv() {
            job(&mut store);
        }
    })?;
    Ok((StoreHandle { jobs }, ended, thread))
}

impl StoreHandle {
    /// Runs `work` on the store and returns what it gave.
    ///
    /// # Errors
    /// [`StoreGone`] where the thread has died, of this very work perhaps.
    pub(crate) async fn with<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> R + Send + 'static,
    ) -> Result<R, StoreGone> {
        let (back, answer) = oneshot::channel();
        let job: Job = Box::new(move |store| drop(back.send(work(store))));
        self.jobs.send(job).await.map_err(|_| StoreGone)?;
        answer.await.map_err(|_| StoreGone)
    }

    /// Has `work` done some time soon; `false` where too much waits already.
    pub(crate) fn post(&self, work: impl FnOnce(&mut Store) + Send + 'static) -> bool {
        self.jobs.try_send(Box::new(work)).is_ok()
    }
}
