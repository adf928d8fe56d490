//! Stale answers, played back: what a proxy that has been frozen for a while sends on its thaw, at
//! its worst. A phone must take each as if it had not come (failover design §6): nothing it shows
//! may change, and nothing may be sent but the ACK or BYE that a stray 2xx to an INVITE asks for.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use phone::input::Input;
use phone::output::Output;
use sip_core::message::{Message, Method, read_datagram};
use sip_core::transport::{Hop, Transport};

use super::World;
use crate::oracle::Breach;

/// Final answers that are kept for each phone.
const KEPT: usize = 64;

/// When every transaction that an answer could belong to is over: 64·T1 for the transaction, and as
/// much again for the legs that wait for a late 2xx, and a little.
const STALE: Duration = Duration::from_secs(70);

/// The final answers that a phone got, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(VecDeque<(Instant, Hop, Vec<u8>)>);

impl Memory {
    fn keep(&mut self, from: Hop, bytes: Vec<u8>, now: Instant) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back((now, from, bytes));
    }
}

impl World<'_> {
    /// Keeps a final answer that a phone has got.
    pub(super) fn remember_answer(&mut self, phone: usize, from: Hop, bytes: Vec<u8>) {
        self.memories[phone].keep(from, bytes, self.now);
    }

    pub(super) fn flood(&mut self) {
        for phone in 0..self.stations.len() {
            if !self.stations[phone].on {
                continue;
            }
            let stale: Vec<(Hop, Vec<u8>)> = self.memories[phone]
                .0
                .iter()
                .filter(|(at, _, _)| *at + STALE <= self.now)
                .map(|(_, from, bytes)| (*from, bytes.clone()))
                .collect();
            for (from, bytes) in stale {
                self.play_back(phone, from, bytes);
            }
        }
    }

    fn play_back(&mut self, phone: usize, from: Hop, bytes: Vec<u8>) {
        // Over a connection only what is there can bring anything.
        if from.transport != Transport::Udp && !self.has_flow(phone, from) {
            return;
        }
        let station = &mut self.stations[phone];
        let shown = |phone: &phone::Phone| (phone.accounts(), phone.calls(self.now));
        let before = shown(station.phone());
        let first_line = String::from_utf8_lossy(&bytes).lines().next().unwrap_or("").to_owned();
        let local = station.addr;
        self.trace.datagram(self.now, &station.name, "<-", "a flood", &bytes);
        let input = match from.transport {
            Transport::Udp => Input::Datagram { local, remote: from.addr, bytes },
            Transport::Tcp | Transport::Tls => Input::Stream { hop: from, bytes },
        };
        station.phone_mut().handle_input(input, self.now);
        let mut said = Vec::new();
        while let Some(output) = station.phone_mut().poll_output() {
            let allowed = matches!(&output, Output::Transmit { bytes, .. } if is_farewell(bytes));
            if allowed {
                said.push(output);
            } else {
                let what = format!("{}: a stale {first_line} led to {output:?}", station.name);
                self.oracle.accuse([Breach::new("stale-answer", what)], self.now);
            }
        }
        let after = shown(station.phone());
        if before != after {
            let what =
                format!("{}: a stale {first_line} changed {before:?} to {after:?}", station.name);
            self.oracle.accuse([Breach::new("stale-answer", what)], self.now);
        }
        for output in said {
            if let Output::Transmit { local, to, bytes } = output {
                match to.transport {
                    Transport::Udp => {
                        self.network.wire.send(local, to.addr, bytes.into(), self.now)
                    }
                    Transport::Tcp | Transport::Tls => self.write(phone, to, &bytes),
                }
            }
        }
    }
}

/// The ACK or BYE that follows a 2xx to an INVITE.
fn is_farewell(bytes: &[u8]) -> bool {
    match read_datagram(bytes) {
        Ok(Message::Request(request)) => {
            request.method == Method::Ack || request.method == Method::Bye
        }
        Ok(Message::Response(_)) | Err(_) => false,
    }
}
