//! The recorder of SIP messages (F9): what the phone has sent and received lately, for the web page,
//! the command line and a capture file.
//!
//! [`Tap`] is held by the driver and sees every message pass, also those of TLS, in order. [`Trace`]
//! is how others read what was recorded, and how long servers take to answer. Recording is one copy into a ring that is bounded in octets;
//! reading, masking and sorting by line and call are done for whoever looks, when they look. Nothing
//! leaves with secrets in it but a capture file for which that was asked.

mod cutter;
mod glance;
mod pcapng;
mod ring;
mod show;
mod timing;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use control::{TimingReport, TraceReport, Way};
use phone::input::Input;
use sip_core::transport::{Hop, Transport};
use tokio::sync::watch;

use crate::clock::Reading;
use crate::mask::masked;
use cutter::Cutter;
use ring::Ring;
pub(crate) use show::{Filter, Lines};
use timing::Timing;

/// What was recorded, shared by all who read it.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    ring: Arc<Mutex<Ring>>,
    timing: Arc<Mutex<Timing>>,
    latest: watch::Sender<u64>,
}

impl Trace {
    /// A recorder of at most `limit` octets; with 0 it records nothing.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            ring: Arc::new(Mutex::new(Ring::new(limit))),
            timing: Arc::new(Mutex::new(Timing::new())),
            latest: watch::Sender::new(0),
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn measured(&self) -> MutexGuard<'_, Timing> {
        self.timing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long servers take to answer; measured also where nothing is recorded.
    pub(crate) fn timing(&self) -> TimingReport {
        self.measured().report()
    }

    /// Changes whenever a message is recorded: its number.
    pub(crate) fn latest(&self) -> watch::Receiver<u64> {
        self.latest.subscribe()
    }

    /// What is recorded and fits, secrets masked.
    pub(crate) fn report(&self, filter: &Filter, lines: &Lines, clock: Reading) -> TraceReport {
        show::report(&self.ring(), filter, lines, clock)
    }

    /// The same as a capture file, secrets masked unless they are asked for.
    pub(crate) fn pcapng(
        &self,
        filter: &Filter,
        lines: &Lines,
        clock: Reading,
        with_secrets: bool,
    ) -> Vec<u8> {
        let ring = self.ring();
        let entries = show::select(&ring, filter, lines);
        pcapng::write(entries, clock, |entry| {
            if with_secrets { entry.message.to_vec() } else { masked(&entry.message) }
        })
    }
}

/// A connection whose octets are cut into messages.
#[derive(Debug)]
struct Flow {
    local: SocketAddr,
    cutter: Cutter,
}

/// Sees what passes between the phone and the wire.
#[derive(Debug)]
pub(crate) struct Tap {
    trace: Trace,
    flows: BTreeMap<Hop, Flow>,
}

impl Tap {
    /// Records into `trace`.
    pub(crate) fn new(trace: Trace) -> Self {
        Self { trace, flows: BTreeMap::new() }
    }

    /// The phone has handed a message to the wire.
    pub(crate) fn sent(&self, local: SocketAddr, hop: Hop, bytes: &[u8], now: Instant) {
        record(&self.trace, now, Way::Sent, (local, hop), bytes);
    }

    /// The phone opens a connection.
    pub(crate) fn connects(&mut self, hop: Hop, local: SocketAddr) {
        self.flows.insert(hop, Flow { local, cutter: Cutter::default() });
    }

    /// The phone ends a connection.
    pub(crate) fn disconnects(&mut self, hop: Hop) {
        self.flows.remove(&hop);
    }

    /// Something reaches the phone.
    pub(crate) fn heard(&mut self, input: &Input, now: Instant) {
        if let Input::Datagram { local, remote, bytes } = input {
            let hop = Hop { transport: Transport::Udp, addr: *remote };
            record(&self.trace, now, Way::Received, (*local, hop), bytes);
        } else if let Input::Stream { hop, bytes } = input {
            if let Some(Flow { local, cutter }) = self.flows.get_mut(hop) {
                let (trace, ends) = (&self.trace, (*local, *hop));
                cutter.feed(bytes, |message| record(trace, now, Way::Received, ends, message));
            }
        } else if let Input::FlowAccepted { hop, local } = input {
            self.connects(*hop, *local);
        } else if let Input::FlowFailed { hop, .. } | Input::FlowClosed { hop, .. } = input {
            self.disconnects(*hop);
        }
    }
}

/// Measures and records a message; keep-alives of empty lines are none.
fn record(trace: &Trace, at: Instant, way: Way, ends: (SocketAddr, Hop), message: &[u8]) {
    if message.iter().all(u8::is_ascii_whitespace) {
        return;
    }
    match way {
        Way::Sent => trace.measured().sent(ends.1, message, at),
        Way::Received => trace.measured().received(ends.1, message, at),
    }
    let mut ring = trace.ring();
    if ring.limit() == 0 {
        return;
    }
    ring.record(at, way, ends, message);
    let latest = ring.latest();
    drop(ring);
    trace.latest.send_replace(latest);
}

#[cfg(test)]
mod tests;
