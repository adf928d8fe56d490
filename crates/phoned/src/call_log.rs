//! Calls that are over, over a restart: who called, whom this phone has called, who was missed
//! (requirement F7).
//!
//! A ring of [`limits::CALL_LOG`] entries in the store's state table. An entry is written once, when
//! its call ends, by the store's thread and together with what else waits there: the flash sees one
//! small transaction a call, and none while the phone is idle.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use config_store::{Store, StoreError};
use control::{
    CallState, CallStatus, Direction, EndedBy, Event, LoggedCall, LoggedKind, Notification,
    Timestamp,
};

use crate::archive::{parse, write};
use crate::limits;
use crate::notes::Notes;
use crate::store_thread::{StoreGone, StoreHandle};

/// The place in the ring follows.
const CALLS: &str = "calls/";

/// The log, for all who read and write it.
#[derive(Clone, Debug)]
pub(crate) struct CallLog {
    kept: Arc<Mutex<Kept>>,
    notes: Arc<Notes>,
    store: StoreHandle,
}

/// What is known of calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Oldest first.
    calls: VecDeque<LoggedCall>,
    /// The number of the next one.
    next: u64,
    /// Calls that go on: when each began, and whether it was answered.
    going_on: BTreeMap<String, (Timestamp, bool)>,
}

/// Reads what earlier runs left.
///
/// # Errors
/// What the store says.
pub(crate) fn recall(store: &mut Store) -> Result<Kept, StoreError> {
    let kept = store.state_under(CALLS)?;
    let mut found: Vec<(u64, Option<LoggedCall>)> =
        kept.values().filter_map(|text| parse(text)).collect();
    found.sort_by_key(|(number, _)| *number);
    let next = found.last().map_or(0, |(number, _)| number.saturating_add(1));
    let calls = found.into_iter().filter_map(|(_, call)| call).collect();
    Ok(Kept { calls, next, going_on: BTreeMap::new() })
}

impl CallLog {
    /// Goes on where earlier runs ended.
    pub(crate) fn new(store: StoreHandle, kept: Kept) -> Self {
        let notes = Arc::new(Notes::new("call log", store.clone()));
        Self { kept: Arc::new(Mutex::new(kept)), notes, store }
    }

    /// Takes note of a call; of every other event nothing.
    pub(crate) fn take(&self, notification: &Notification) {
        let Event::Call(call) = &notification.event else { return };
        let mut kept = self.kept();
        let number = kept.next;
        let Some(entry) = kept.note(call, notification.t) else { return };
        if let Some(value) = write(number, &entry) {
            self.notes.put(format!("{CALLS}{}", number % limits::CALL_LOG), value);
        }
    }

    /// All of it, the latest first.
    pub(crate) fn entries(&self) -> Vec<LoggedCall> {
        self.kept().calls.iter().rev().cloned().collect()
    }

    /// Whom this phone has called last, and on which line.
    pub(crate) fn last_dialled(&self) -> Option<(u16, String)> {
        let kept = self.kept();
        let dialled = |call: &&LoggedCall| call.kind == LoggedKind::Dialled;
        kept.calls.iter().rev().find(dialled).map(|call| (call.line, call.remote.clone()))
    }

    /// Forgets all of it.
    ///
    /// # Errors
    /// Where the store is gone.
    pub(crate) async fn clear(&self) -> Result<Result<(), StoreError>, StoreGone> {
        self.kept().calls.clear();
        self.notes.forget();
        self.store.with(|store| store.state_remove_under(CALLS)).await
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// The entry of a call that is over; `None` for one that goes on.
    fn note(&mut self, call: &CallStatus, now: Timestamp) -> Option<LoggedCall> {
        let (began, answered) = self.going_on.remove(&call.id).unwrap_or((now, false));
        let Some(ended) = &call.ended else {
            let up =
                matches!(call.state, CallState::Active | CallState::Held | CallState::RemoteHeld);
            self.going_on.insert(call.id.clone(), (began, answered || up));
            return None;
        };
        let kind = match (call.direction, answered, ended.by) {
            (Direction::Out, _, _) => LoggedKind::Dialled,
            (Direction::In, true, _) => LoggedKind::Received,
            (Direction::In, false, EndedBy::Local) => LoggedKind::Refused,
            (Direction::In, false, EndedBy::Remote | EndedBy::Failure) => LoggedKind::Missed,
        };
        let entry = LoggedCall {
            t: began,
            kind,
            line: call.line,
            remote: call.remote.clone(),
            name: call.remote_name.clone(),
            duration_s: call.duration_s,
            code: ended.code.filter(|_| !answered),
        };
        self.calls.push_back(entry.clone());
        if u64::try_from(self.calls.len()).unwrap_or(u64::MAX) > limits::CALL_LOG {
            self.calls.pop_front();
        }
        self.next = self.next.saturating_add(1);
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use control::Ended;

    use super::*;
    use crate::store_thread;

    fn call(id: u64, direction: Direction, state: CallState, by: Option<EndedBy>) -> CallStatus {
        CallStatus {
            id: id.to_string(),
            line: 1,
            direction,
            remote: format!("sip:{id}@example.test"),
            remote_name: None,
            state,
            hop: None,
            duration_s: 0,
            codec: None,
            muted: false,
            note: None,
            quality: None,
            ended: by.map(|by| Ended { by, code: Some(486), reason: "Busy Here".into() }),
        }
    }

    fn told(call: CallStatus, at_ms: i64) -> Notification {
        let t = Timestamp::from_unix_ms(at_ms);
        Notification { t, mono_ms: 0.0, event: Event::Call(call) }
    }

    /// Requirement F7.
    #[test]
    fn what_a_call_was_follows_from_its_direction_its_answer_and_who_ended_it() {
        use CallState::{Active, Ended, Ringing};
        let mut kept = Kept::default();
        for (direction, states, by, kind) in [
            (Direction::Out, &[Active][..], EndedBy::Local, LoggedKind::Dialled),
            (Direction::Out, &[], EndedBy::Failure, LoggedKind::Dialled),
            (Direction::In, &[Active], EndedBy::Remote, LoggedKind::Received),
            (Direction::In, &[], EndedBy::Local, LoggedKind::Refused),
            (Direction::In, &[], EndedBy::Remote, LoggedKind::Missed),
            (Direction::In, &[], EndedBy::Failure, LoggedKind::Missed),
        ] {
            let at = Timestamp::from_unix_ms;
            for (step, state) in [Ringing].iter().chain(states).enumerate() {
                let step = i64::try_from(step).unwrap();
                assert_eq!(kept.note(&call(7, direction, *state, None), at(1000 + step)), None);
            }
            let entry = kept.note(&call(7, direction, Ended, Some(by)), at(9000)).unwrap();
            assert_eq!((entry.kind, entry.t), (kind, at(1000)), "its beginning counts");
            assert_eq!(entry.code.is_some(), states.is_empty(), "a code says why none answered");
            assert_eq!(kept.going_on.len(), 0);
        }
    }

    #[test]
    fn the_log_outlives_a_restart_is_bounded_and_can_be_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        // One run: what it finds, then `work`.
        let run = |work: &dyn Fn(&CallLog, &tokio::runtime::Runtime)| {
            let mut store = Store::open(folder.path()).unwrap();
            let kept = recall(&mut store).unwrap();
            let found = kept.calls.len();
            let (handle, _ended, thread) = store_thread::start(store).unwrap();
            let log = CallLog::new(handle.clone(), kept);
            work(&log, &runtime);
            drop((log, handle));
            thread.join().unwrap();
            found
        };
        let ended = |id| call(id, Direction::Out, CallState::Ended, Some(EndedBy::Remote));
        let many = limits::CALL_LOG + 3;
        let fill = |log: &CallLog, runtime: &tokio::runtime::Runtime| {
            for id in 0..many {
                log.take(&told(ended(id), 5000));
            }
            assert_eq!(log.last_dialled(), Some((1, format!("sip:{}@example.test", many - 1))));
            runtime.block_on(log.store.with(|_| ())).unwrap();
        };
        assert_eq!(run(&fill), 0);
        let bound = usize::try_from(limits::CALL_LOG).unwrap();
        let again = |log: &CallLog, runtime: &tokio::runtime::Runtime| {
            let entries = log.entries();
            assert_eq!(entries[0].remote, format!("sip:{}@example.test", many - 1));
            assert_eq!(entries[bound - 1].remote, "sip:3@example.test", "older ones gave way");
            runtime.block_on(log.clear()).unwrap().unwrap();
            assert_eq!(log.entries(), []);
        };
        assert_eq!(run(&again), bound);
        assert_eq!(run(&|_, _| ()), 0);
    }
}
