//! What happens, told to all who listen: the log, everyone who watches the control socket, and the
//! journal that outlives a restart.
//!
//! The log gets at INFO what a user would notice; a registration is told again only when its state
//! or its hop is another one. Watchers get every event; one that does not keep up is cut off by the
//! control server, and never waited for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use control::{Notification, QualityNews};
use phone::JournalEntry;
use phone::output::{Event, Switch};
use phone::settings::LineNumber;
use phone::status::{AccountStatus, CallState, CallStatus, DrillStatus, LineState};
use sip_core::transport::Hop;
use tokio::sync::broadcast;

use crate::archive::Archive;
use crate::call_log::CallLog;
use crate::clock::{Clock, Reading};
use crate::phone_book::PhoneBook;
use crate::{limits, view};

/// Where events go in and watchers subscribe.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    sender: broadcast::Sender<Arc<Notification>>,
    clock: Clock,
}

impl Events {
    /// A stream that nobody watches yet.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { sender: broadcast::channel(limits::EVENTS).0, clock }
    }

    /// Everything from now on.
    pub(crate) fn watch(&self) -> broadcast::Receiver<Arc<Notification>> {
        self.sender.subscribe()
    }

    /// Where all events go, for a part that lets others watch.
    pub(crate) fn stream(&self) -> broadcast::Sender<Arc<Notification>> {
        self.sender.clone()
    }

    /// Tells watchers of something that happened just now outside the phone.
    pub(crate) fn tell(&self, event: control::Event) {
        let clock = self.clock.read();
        let now = clock.now();
        self.send(Notification { t: clock.calendar(now), mono_ms: clock.mono_ms(now), event });
    }

    fn send(&self, notification: Notification) {
        // Nobody watching is no error.
        let _ = self.sender.send(Arc::new(notification));
    }
}

/// Tells log and watchers what the phone says.
#[derive(Debug)]
pub(crate) struct Reporter {
    events: Events,
    archive: Archive,
    calls: CallLog,
    book: PhoneBook,
    told: BTreeMap<LineNumber, (LineState, Option<Hop>)>,
}

impl Reporter {
    /// A reporter that has told nothing yet.
    pub(crate) fn new(events: Events, archive: Archive, calls: CallLog, book: PhoneBook) -> Self {
        Self { events, archive, calls, book, told: BTreeMap::new() }
    }

    /// Something happened at `now` to a phone that has so many lines.
    pub(crate) fn event(&mut self, event: Event, lines: usize, clock: Reading, now: Instant) {
        match &event {
            Event::Registration(status) => self.log_registration(status),
            Event::Call(status) => log_call(status),
            Event::Failover(switch) => log_switch("failover", switch),
            Event::Failback(switch) => log_switch("failback", switch),
            Event::Unavailable { line, method, cause } => {
                let cause = cause.to_string();
                tracing::warn!(line = line.0, method, cause, "no server serves");
            }
            Event::Redundancy { line, left: false } => {
                tracing::warn!(line = line.0, "no redundancy left: no other server answers");
            }
            Event::Redundancy { line, left: true } => {
                tracing::info!(line = line.0, "another server answers again");
            }
            Event::Drill(status) => log_drill(status),
        }
        let belongs_in_journal = JournalEntry::holds(&event);
        let mut notification = view::notification(event, now, clock);
        if let control::Event::Call(call) = notification.event {
            notification.event = control::Event::Call(self.book.name(call));
        }
        if belongs_in_journal {
            self.archive.keep(&notification, lines);
        }
        // Before watchers hear of it: they ask for the log.
        self.calls.take(&notification);
        self.events.send(notification);
    }

    /// How a call sounds; in the log only at its end.
    pub(crate) fn quality(&self, news: QualityNews) {
        let QualityNews { id, line, over, quality } = &news;
        if *over {
            let (mos, loss, jitter) = (quality.mos, quality.loss_percent, quality.jitter_ms);
            tracing::info!(id, line, mos, loss_percent = loss, jitter_ms = jitter, "call quality");
        }
        self.events.tell(control::Event::Quality(news));
    }

    fn log_registration(&mut self, status: &AccountStatus) {
        let news = (status.state, status.hop);
        let AccountStatus { line, aor, message: note, .. } = status;
        let (state, note) = (view::word(&view::account_state(status.state)), note.to_string());
        if self.told.insert(*line, news) == Some(news) {
            tracing::debug!(line = line.0, aor, %state, note, "registration");
            return;
        }
        let hop = text(status.hop);
        tracing::info!(line = line.0, aor, %state, hop, note, "registration");
    }
}

fn log_call(status: &CallStatus) {
    let CallStatus { id, line, remote, .. } = status;
    if let (CallState::Ended, Some(ended)) = (status.state, &status.ended) {
        let by = view::word(&view::ended_by(ended.by));
        let code = Some(ended.code).filter(|code| *code > 0);
        let reason = ended.reason.to_string();
        tracing::info!(%id, line = line.0, remote, %by, code, reason, "call ended");
        return;
    }
    let (state, hop) = (view::word(&view::call_state(status.state)), text(status.hop));
    let (direction, note) = (
        view::word(&view::direction(status.direction)),
        status.note.as_ref().map(ToString::to_string),
    );
    tracing::info!(%id, line = line.0, %direction, remote, %state, hop, note, "call");
}

fn log_switch(what: &str, switch: &Switch) {
    let Switch { line, method, to, cause, attempts, elapsed, .. } = switch;
    let (from, to, cause) = (text(switch.from), text(Some(*to)), cause.to_string());
    tracing::info!(line = line.0, method, from, to, cause, attempts, ?elapsed, "{what}");
}

fn log_drill(status: &DrillStatus) {
    let DrillStatus { line, hop, state, length, served, to, outage, calls_moved } = status;
    let (to, outage) = (text(*to), outage.map(|outage| outage.as_secs_f64()));
    let (line, state) = (line.0, view::word(&view::drill_state(*state)));
    tracing::info!(line, %hop, %state, ?length, served, to, outage, calls_moved, "drill");
}

fn text(hop: Option<Hop>) -> String {
    hop.map_or_else(|| "none".to_owned(), |hop| hop.to_string())
}
