//! Calls that are over, over a restart: who called, whom this phone has called, who was missed
//! (requirement F7).
//!
//! A ring of [`limits::CALL_LOG`] entries in the store's state table. An entry is written when its call
//! begins, is answered and ends, by the store's thread and together with what else waits there: the
//! flash sees three small transactions a call, and none while the phone is idle or a call goes on. A
//! call that was up when the phone stopped is closed by the next start.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use config_store::{Store, StoreError};
use control::{
    CallState, CallStatus, Direction, Ended, EndedBy, Event, LoggedCall, LoggedKind, Notification,
    Timestamp,
};
use serde::{Deserialize, Serialize};

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
    /// Calls that go on, by their id.
    going_on: BTreeMap<String, Slot>,
}

/// A call and its place in the ring.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Slot {
    number: u64,
    answered: bool,
    call: LoggedCall,
}

/// An entry as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    call: LoggedCall,
    /// It goes on; read after a start, the phone has stopped meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    open: bool,
}

/// Reads what earlier runs left.
///
/// # Errors
/// What the store says.
pub(crate) fn recall(store: &mut Store) -> Result<Kept, StoreError> {
    let kept = store.state_under(CALLS)?;
    let mut found: Vec<(u64, Option<Entry>)> =
        kept.values().filter_map(|text| parse(text)).collect();
    found.sort_by_key(|(number, _)| *number);
    let next = found.last().map_or(0, |(number, _)| number.saturating_add(1));
    let mut calls = VecDeque::new();
    for (number, entry) in found {
        let Some(Entry { mut call, open }) = entry else { continue };
        if open {
            call.cut_off = true;
            let closed = Entry { call: call.clone(), open: false };
            if let Some(value) = write(number, &closed) {
                store.state_put(&key(number), &value)?;
            }
        }
        calls.push_back(call);
    }
    Ok(Kept { calls, next, going_on: BTreeMap::new() })
}

fn key(number: u64) -> String {
    format!("{CALLS}{}", number % limits::CALL_LOG)
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
        let Some((number, entry)) = self.kept().note(call, notification.t) else { return };
        if let Some(value) = write(number, &entry) {
            self.notes.put(key(number), value);
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
    /// What is to be written of a call, and where; `None` where nothing of it has changed.
    fn note(&mut self, call: &CallStatus, now: Timestamp) -> Option<(u64, Entry)> {
        let known = self.going_on.remove(&call.id);
        let (mut slot, mut news) = match known {
            Some(slot) => (slot, false),
            None => (self.open(call, now), true),
        };
        let Some(ended) = &call.ended else {
            let up =
                matches!(call.state, CallState::Active | CallState::Held | CallState::RemoteHeld);
            if up && !slot.answered {
                (slot.answered, news) = (true, true);
                slot.call.kind = kind(call.direction, true, None);
            }
            let entry = Entry { call: slot.call.clone(), open: true };
            let number = slot.number;
            self.going_on.insert(call.id.clone(), slot);
            return news.then_some((number, entry));
        };
        // So many have begun since that its place is another's.
        if self.next - slot.number > limits::CALL_LOG {
            slot.number = self.take_number();
        }
        let entry = LoggedCall {
            kind: kind(call.direction, slot.answered, Some(ended)),
            duration_s: call.duration_s,
            code: ended.code.filter(|code| !slot.answered && *code >= 300),
            ..slot.call
        };
        self.calls.push_back(entry.clone());
        if u64::try_from(self.calls.len()).unwrap_or(u64::MAX) > limits::CALL_LOG {
            self.calls.pop_front();
        }
        Some((slot.number, Entry { call: entry, open: false }))
    }

    /// The entry of a call that begins.
    fn open(&mut self, call: &CallStatus, now: Timestamp) -> Slot {
        let entry = LoggedCall {
            t: now,
            kind: kind(call.direction, false, None),
            line: call.line,
            remote: call.remote.clone(),
            name: call.remote_name.clone(),
            duration_s: 0,
            code: None,
            call_id: call.call_id.clone(),
            cut_off: false,
        };
        Slot { number: self.take_number(), answered: false, call: entry }
    }

    fn take_number(&mut self) -> u64 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        number
    }
}

/// What a call was to the user. Nobody has missed one that was turned away here or answered at another
/// phone.
fn kind(direction: Direction, answered: bool, ended: Option<&Ended>) -> LoggedKind {
    match (direction, answered, ended) {
        (Direction::Out, _, _) => LoggedKind::Dialled,
        (Direction::In, true, _) => LoggedKind::Received,
        (Direction::In, false, Some(Ended { by: EndedBy::Local, .. })) => LoggedKind::Refused,
        (Direction::In, false, Some(Ended { code: Some(200), .. })) => LoggedKind::Elsewhere,
        (Direction::In, false, _) => LoggedKind::Missed,
    }
}

#[cfg(test)]
mod tests {
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
            note_zh: String::new(),
            call_id: format!("{id}@10.0.0.9"),
            quality: None,
            ended: by.map(|by| Ended {
                by,
                code: Some(486),
                reason: "Busy Here".into(),
                reason_zh: String::new(),
            }),
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
            let mut written = Vec::new();
            for (step, state) in [Ringing, Ringing].iter().chain(states).chain(states).enumerate() {
                let step = i64::try_from(step).unwrap();
                let told = kept.note(&call(7, direction, *state, None), at(1000 + step));
                written.extend(told.map(|(_, entry)| entry.open));
            }
            assert_eq!(written.len(), 1 + states.len(), "at its beginning and its answer");
            let ended = kept.note(&call(7, direction, Ended, Some(by)), at(9000)).unwrap();
            let entry = ended.1.call;
            assert_eq!((entry.kind, entry.t), (kind, at(1000)), "its beginning counts");
            assert_eq!(entry.code.is_some(), states.is_empty(), "a code says why none answered");
            assert_eq!(entry.call_id, "7@10.0.0.9");
            assert_eq!(kept.going_on.len(), 0);
        }
    }

    /// RFC 3326; requirement F7.
    #[test]
    fn a_call_that_never_rang_or_was_answered_elsewhere_is_not_missed() {
        let mut kept = Kept::default();
        let at = Timestamp::from_unix_ms;
        let turned_away = call(1, Direction::In, CallState::Ended, Some(EndedBy::Local));
        let (_, entry) = kept.note(&turned_away, at(1000)).unwrap();
        assert_eq!((entry.call.kind, entry.call.code), (LoggedKind::Refused, Some(486)));
        assert_eq!(entry.call.t, at(1000));
        kept.note(&call(2, Direction::In, CallState::Ringing, None), at(2000)).unwrap();
        let mut elsewhere = call(2, Direction::In, CallState::Ended, Some(EndedBy::Remote));
        elsewhere.ended.as_mut().unwrap().code = Some(200);
        let (_, entry) = kept.note(&elsewhere, at(3000)).unwrap();
        assert_eq!((entry.call.kind, entry.call.code), (LoggedKind::Elsewhere, None));
    }

    #[test]
    fn a_call_that_outlives_its_place_in_the_ring_takes_a_new_one() {
        let mut kept = Kept::default();
        let at = Timestamp::from_unix_ms;
        let first = kept.note(&call(0, Direction::Out, CallState::Active, None), at(1)).unwrap().0;
        for id in 1..=limits::CALL_LOG {
            let over = call(id, Direction::Out, CallState::Ended, Some(EndedBy::Remote));
            kept.note(&over, at(2)).unwrap();
        }
        let over = call(0, Direction::Out, CallState::Ended, Some(EndedBy::Local));
        let last = kept.note(&over, at(3)).unwrap().0;
        assert_eq!((first, last), (0, limits::CALL_LOG + 1));
    }

    #[test]
    fn a_call_that_was_up_when_the_phone_stopped_is_in_the_log_after_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (handle, _ended, thread) =
            store_thread::start(Store::open(folder.path()).unwrap()).unwrap();
        let log = CallLog::new(handle.clone(), Kept::default());
        log.take(&told(call(1, Direction::In, CallState::Ringing, None), 1000));
        log.take(&told(call(1, Direction::In, CallState::Active, None), 2000));
        log.take(&told(call(2, Direction::In, CallState::Ringing, None), 3000));
        assert_eq!(log.entries(), [], "they go on");
        runtime.block_on(handle.with(|_| ())).unwrap();
        drop((log, handle));
        thread.join().unwrap();
        for _ in 0..2 {
            let kept = recall(&mut Store::open(folder.path()).unwrap()).unwrap();
            let found: Vec<_> = kept.calls.iter().map(|c| (c.kind, c.cut_off)).collect();
            assert_eq!(found, [(LoggedKind::Received, true), (LoggedKind::Missed, true)]);
            assert_eq!(kept.next, 2);
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
