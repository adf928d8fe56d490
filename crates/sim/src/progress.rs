//! How far a long run is, for whoever waits for it.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// A bar on a terminal until the other end of `over` is gone; elsewhere nothing, for a log is no place
/// for one.
pub(crate) fn show(what: &str, all: u64, played: &AtomicU64, over: Receiver<()>) {
    const WIDTH: u64 = 40;
    let mut out = std::io::stderr();
    if !out.is_terminal() {
        return;
    }
    let all = all.max(1);
    while over.recv_timeout(Duration::from_millis(200)) == Err(RecvTimeoutError::Timeout) {
        let played = played.load(Ordering::Relaxed);
        let full = usize::try_from(played * WIDTH / all).unwrap_or(0);
        let bar = format!("{:<1$}", "#".repeat(full), WIDTH as usize);
        let _unseen = write!(out, "\r[{bar}] {:>3} % of {all} {what}", played * 100 / all);
        let _unseen = out.flush();
    }
    let _unseen = write!(out, "\r\x1b[K");
}
