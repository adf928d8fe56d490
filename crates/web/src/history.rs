//! What the timeline is drawn from: when each line used which hop, and when there were calls. Kept
//! from the phone's own notifications, in memory, bounded; failovers and failbacks themselves are in
//! the phone's journal and not written down again here.

use std::collections::VecDeque;

use control::{
    AccountState, AccountStatus, CallQuality, CallState, CallStatus, Event, Notification,
    QualityNews, Timestamp,
};

use crate::limits;

/// From `t` on the line stood like this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stood {
    pub(crate) t: Timestamp,
    pub(crate) line: u32,
    pub(crate) registered: bool,
    pub(crate) on_primary: bool,
    pub(crate) hop: Option<String>,
}

/// A call that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Talked {
    pub(crate) id: String,
    pub(crate) line: u32,
    pub(crate) remote: String,
    pub(crate) from: Timestamp,
    /// `None` while it goes on.
    pub(crate) until: Option<Timestamp>,
}

/// How a call has sounded, interval by interval, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sounded {
    pub(crate) id: String,
    pub(crate) intervals: VecDeque<CallQuality>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct History {
    stood: VecDeque<Stood>,
    talked: VecDeque<Talked>,
    sounded: VecDeque<Sounded>,
}

impl History {
    /// Changes of all lines, oldest first.
    pub(crate) fn stood(&self) -> impl Iterator<Item = &Stood> {
        self.stood.iter()
    }

    /// Answered calls, oldest first.
    pub(crate) fn talked(&self) -> impl Iterator<Item = &Talked> {
        self.talked.iter()
    }

    /// The intervals of a call, oldest first.
    pub(crate) fn sounded(&self, id: &str) -> impl Iterator<Item = &CallQuality> {
        let found = self.sounded.iter().filter(move |sounded| sounded.id == id);
        found.flat_map(|sounded| &sounded.intervals)
    }

    /// Takes what belongs here.
    pub(crate) fn take(&mut self, notification: &Notification) {
        let t = notification.t;
        if let Event::Registration(account) = &notification.event {
            self.registration(t, account);
        } else if let Event::Call(call) = &notification.event {
            self.call(t, call);
        } else if let Event::Quality(news) = &notification.event {
            self.quality(news);
        }
    }

    fn registration(&mut self, t: Timestamp, account: &AccountStatus) {
        let stood = Stood {
            t,
            line: account.line.into(),
            registered: account.state == AccountState::Registered,
            on_primary: account.on_primary,
            hop: account.hop.clone(),
        };
        let before = self.stood.iter().rev().find(|before| before.line == stood.line);
        if before.is_some_and(|before| Stood { t, ..before.clone() } == stood) {
            return;
        }
        push(&mut self.stood, stood);
    }

    fn quality(&mut self, news: &QualityNews) {
        if news.over {
            return;
        }
        if !self.sounded.iter().any(|known| known.id == news.id) {
            if self.sounded.len() >= limits::SOUNDED.0 {
                self.sounded.pop_front();
            }
            let intervals = VecDeque::new();
            self.sounded.push_back(Sounded { id: news.id.clone(), intervals });
        }
        if let Some(known) = self.sounded.iter_mut().rev().find(|known| known.id == news.id) {
            if known.intervals.len() >= limits::SOUNDED.1 {
                known.intervals.pop_front();
            }
            known.intervals.push_back(news.quality);
        }
    }

    fn call(&mut self, t: Timestamp, call: &CallStatus) {
        let known = self.talked.iter_mut().rev().find(|known| known.id == call.id);
        match (call.state, known) {
            (CallState::Ended, Some(known)) => {
                known.until.get_or_insert(t);
            }
            (CallState::Active | CallState::Held | CallState::RemoteHeld, None) => {
                let (id, remote) = (call.id.clone(), call.remote.clone());
                let line = call.line.into();
                push(&mut self.talked, Talked { id, line, remote, from: t, until: None });
            }
            (
                CallState::Dialing
                | CallState::Ringing
                | CallState::Active
                | CallState::Held
                | CallState::RemoteHeld
                | CallState::Ended,
                _,
            ) => {}
        }
    }
}

fn push<T>(ring: &mut VecDeque<T>, value: T) {
    if ring.len() >= limits::HISTORY {
        ring.pop_front();
    }
    ring.push_back(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(ms: i64, state: AccountState, hop: &str) -> Notification {
        let t = Timestamp::from_unix_ms(ms);
        let event = Event::Registration(AccountStatus {
            line: 1,
            aor: "sip:1001@example.test".into(),
            state,
            hop: Some(hop.into()),
            on_primary: hop == "udp:10.0.0.1:5060",
            since: t,
            expires_in_s: None,
            hops: Vec::new(),
            note: None,
            note_zh: String::new(),
        });
        Notification { t, mono_ms: 0.0, event }
    }

    #[test]
    fn only_what_changes_is_kept() {
        let mut history = History::default();
        history.take(&registration(1, AccountState::Registered, "udp:10.0.0.1:5060"));
        history.take(&registration(2, AccountState::Registered, "udp:10.0.0.1:5060"));
        history.take(&registration(3, AccountState::Registered, "udp:10.0.0.2:5060"));
        let kept: Vec<_> = history.stood().map(|s| (s.t.unix_ms(), s.on_primary)).collect();
        assert_eq!(kept, [(1, true), (3, false)]);
        for ms in 0..2000 {
            let hop = format!("udp:10.0.0.{}:5060", ms % 2);
            history.take(&registration(ms, AccountState::Registered, &hop));
        }
        assert_eq!(history.stood().count(), limits::HISTORY);
    }

    #[test]
    fn a_call_counts_from_its_answer_to_its_end() {
        let mut history = History::default();
        let mut at = |ms, state| {
            let t = Timestamp::from_unix_ms(ms);
            let event = Event::Call(CallStatus {
                id: "7".into(),
                line: 1,
                direction: control::Direction::Out,
                remote_name: None,
                muted: false,
                remote: "sip:1002@example.test".into(),
                state,
                hop: None,
                duration_s: 0,
                codec: None,
                note: None,
                note_zh: String::new(),
                call_id: String::new(),
                quality: None,
                ended: None,
            });
            history.take(&Notification { t, mono_ms: 0.0, event });
        };
        at(1, CallState::Ringing);
        at(5, CallState::Active);
        at(7, CallState::Held);
        at(9, CallState::Ended);
        at(10, CallState::Ended);
        let talked: Vec<_> =
            history.talked().map(|t| (t.from.unix_ms(), t.until.map(Timestamp::unix_ms))).collect();
        assert_eq!(talked, [(5, Some(9))]);
    }

    #[test]
    fn intervals_of_calls_are_kept_within_bounds_f9() {
        let mut history = History::default();
        let mut tell = |id: usize, over| {
            let quality = CallQuality { jitter_ms: id as f64, ..CallQuality::default() };
            let news = QualityNews { id: id.to_string(), line: 1, over, quality };
            let event = Event::Quality(news);
            history.take(&Notification { t: Timestamp::default(), mono_ms: 0.0, event });
        };
        for id in 0..100 {
            tell(id, false);
        }
        for _ in 0..100 {
            tell(99, false);
        }
        tell(99, true);
        assert_eq!(history.sounded.len(), limits::SOUNDED.0);
        assert_eq!(history.sounded("99").count(), limits::SOUNDED.1);
        assert_eq!(history.sounded("0").count(), 0);
    }
}
