//! Hands what the transaction layer says to whose it is, and settles what follows from it.
//!
//! Everything that one input causes is done before the input's handler returns: answers make
//! lessons, lessons make REGISTERs, a dead hop moves what waits there, a hop that answers lets go
//! what waited for one. `settle` repeats these until nothing is left.

use std::time::Instant;

use failover::Cause;
use sip_core::endpoint::{ClientId, Event as SipEvent, Output as SipOutput, ServerId};
use sip_core::message::{Request, Response, StatusCode};
use sip_core::transport::Hop;

use crate::account::evidence::Heard;
use crate::account::{register, standby};
use crate::call::farewell::{self, Progress};
use crate::call::incoming::{Arrival, refuse};
use crate::call::{Call, stray};
use crate::core::{Owner, Reply};
use crate::input::Undeliverable;
use crate::screen::{self, Admission};
use crate::settings::LineNumber;
use crate::way_back::Lost;
use crate::{CallId, Phone, check_sync, drill, limits};

impl Phone {
    /// Runs until nothing more follows from what has happened.
    pub(crate) fn settle(&mut self, now: Instant) {
        loop {
            let mut moved = false;
            while let Some(output) = self.core.endpoint.poll_output() {
                moved = true;
                match output {
                    SipOutput::Transmit(transmit) => self.core.transmit(transmit, now),
                    SipOutput::Event(event) => self.on_sip(event, None, now),
                }
            }
            let mut from = LineNumber::FIRST;
            while let Some(line) = self.core.accounts.touched_from(from) {
                moved |= register::drive(&mut self.core, line, now);
                from = line.next();
            }
            while let Some((line, hop, cause)) = self.core.deaths.pop_front() {
                moved = true;
                self.on_hop_dead(line, hop, &Heard::Unreachable(cause), now);
            }
            while let Some(line) = self.core.alive.pop_front() {
                moved = true;
                self.on_line_alive(line, now);
            }
            for call in self.calls.values_mut() {
                moved |= call.follow_address(&mut self.core, now);
            }
            moved |= self.settle_transfers(now);
            moved |= self.settle_turn(now);
            if !moved {
                break;
            }
        }
        self.settle_alert();
        drill::observe(&mut self.core, now);
        self.core.ping(now);
        self.ask_for_ports();
        self.ask_for_names();
    }

    /// One event of the transaction layer; `heard` tells why, where the event is `Unreachable`.
    pub(crate) fn on_sip(&mut self, event: SipEvent, heard: Option<Heard>, now: Instant) {
        match event {
            SipEvent::Provisional { id, response } => {
                self.on_reply(id, Reply::Provisional(response), now);
            }
            SipEvent::Final { id, response } => self.on_reply(id, Reply::Final(response), now),
            // To its owner a request that a drill kept here is one that met a silent hop.
            SipEvent::Silent { id } | SipEvent::TimedOut { id }
                if self.core.drills.withheld(id) =>
            {
                self.on_reply(id, Reply::Failed(Heard::Unreachable(Cause::Drill)), now);
            }
            SipEvent::Silent { id } => {
                if let Some((hop, waited)) = self.core.endpoint.place_of(id) {
                    self.core.flows.note_silence(hop, waited, now);
                }
                self.on_reply(id, Reply::Silent, now);
            }
            SipEvent::TimedOut { id } => self.on_reply(id, Reply::TimedOut, now),
            SipEvent::Unreachable { id } => {
                let heard = heard.unwrap_or(Heard::Unreachable(Cause::IcmpPort));
                self.on_reply(id, Reply::Failed(heard), now);
            }
            SipEvent::Incoming { id, request, remote, local } => {
                let arrival = Arrival { server: id, request, remote, local };
                self.on_incoming(arrival, now);
            }
            SipEvent::Ack { request, .. } => self.on_ack(&request, now),
            SipEvent::Cancelled { id, cause } => self.on_cancelled(id, cause, now),
            SipEvent::StrayFinal { response } => self.on_stray_final(&response, now),
            SipEvent::Undelivered { id, source, sent_by, tried } => {
                // Our own network's fault is the same on every way.
                if !matches!(heard, Some(Heard::LocalOutage)) {
                    self.core.answer_elsewhere(id, &Lost { source, sent_by, tried });
                }
            }
            // Its call is over by our own failure; who sent no ACK needs nothing more.
            SipEvent::AckMissing { .. } => {}
        }
    }

    fn on_reply(&mut self, id: ClientId, reply: Reply, now: Instant) {
        match self.core.owner(id) {
            Some(Owner::Line(line)) => register::on_reply(&mut self.core, line, id, &reply, now),
            Some(Owner::Standby(line)) => {
                standby::on_reply(&mut self.core, line, id, &reply, now);
            }
            Some(Owner::Leg(call)) => {
                self.with_call(call, |call, core| call.on_leg(core, id, reply, now));
            }
            Some(Owner::Check(call)) => {
                self.with_call(call, |call, core| call.on_check(core, id, &reply, now));
            }
            Some(Owner::InDialog(call)) => {
                self.with_call(call, |call, core| call.on_in_dialog(core, id, &reply, now));
            }
            Some(Owner::Farewell(bye)) => farewell::with(&mut self.core, bye, |farewell, core| {
                farewell.on_reply(core, bye, id, &reply, now)
            }),
            Some(Owner::Stray) => stray::on_reply(&mut self.core, id, &reply, now),
            Some(Owner::Cancel { line, hop, invite }) => {
                self.on_cancel_reply(line, hop, &reply, now);
                if reply.is_loss_of_cancel() {
                    stray::on_cancel_lost(&mut self.core, invite, now);
                }
            }
            None => {}
        }
    }

    /// Requirement B1: a CANCEL that got no answer in A3's time re-REGISTERs the line.
    fn on_cancel_reply(&mut self, line: LineNumber, hop: Hop, reply: &Reply, now: Instant) {
        let Some(account) = self.core.accounts.get_mut(&line) else { return };
        match reply {
            Reply::Silent => account.cancel_timed_out(hop, now),
            Reply::Failed(Heard::Unreachable(cause)) => {
                account.learn_at(hop, *cause, now);
            }
            Reply::Provisional(_) | Reply::Final(_) | Reply::TimedOut | Reply::Failed(_) => {}
        }
    }

    fn on_incoming(&mut self, arrival: Arrival, now: Instant) {
        let owner = self.calls.iter().find(|(_, call)| call.has_dialog(&arrival.request));
        if let Some(id) = owner.map(|(id, _)| *id) {
            return self.with_call(id, |call, core| call.on_request(core, arrival, now));
        }
        if self.meets_farewell(&arrival, now) {
            return;
        }
        if check_sync::is_one(&arrival.request) {
            return self.on_check_sync(&arrival, now);
        }
        match screen::admit(&mut self.core, &mut self.strangers, &arrival, now) {
            Admission::Answered => {}
            Admission::Ring(line, key) => {
                let join = self.core.accounts.get(&line).is_none_or(|a| a.settings.join_copies);
                if let Some(call) = self.calls.values_mut().find(|call| call.is_copy(&key)) {
                    return call.on_copy(&mut self.core, arrival, join, now);
                }
                if self.recent.has(&key) {
                    return refuse(&mut self.core, &arrival, StatusCode::LOOP_DETECTED, now);
                }
                match self.to_replace(&arrival.request) {
                    Ok(old) => self.ring(line, key, arrival, old, now),
                    Err(code) => refuse(&mut self.core, &arrival, code, now),
                }
            }
        }
    }

    fn ring(
        &mut self,
        line: LineNumber,
        key: crate::call::incoming::Key,
        arrival: Arrival,
        replaced: Option<CallId>,
        now: Instant,
    ) {
        if let Some(turned_away) = self.turned_away(line, replaced) {
            return self.turn_away(turned_away, line, key, &arrival, now);
        }
        let id = self.new_call_id();
        match Call::ring(&mut self.core, id, line, key.clone(), arrival, now) {
            Ok(call) => {
                self.recent.note(key);
                self.calls.insert(id, call);
                if let Some(old) = replaced {
                    self.replace(old, id, now);
                }
            }
            Err(unfit) => refuse(&mut self.core, &unfit.arrival, unfit.code, now),
        }
    }

    /// A BYE that crosses ours ends the farewell as well as its answer would.
    fn meets_farewell(&mut self, arrival: &Arrival, now: Instant) -> bool {
        let matches = |farewell: &&farewell::Farewell| farewell.session().owns(&arrival.request);
        let mut farewells = self.core.farewells.iter();
        let Some(id) = farewells.find(|(_, farewell)| matches(farewell)).map(|(id, _)| *id) else {
            return false;
        };
        let bye = arrival.request.method == sip_core::message::Method::Bye;
        let code = if bye { StatusCode::OK } else { StatusCode::CALL_DOES_NOT_EXIST };
        let response = crate::call::incoming::tagged(&arrival.request, code, "");
        self.core.endpoint.respond(arrival.server, response, now);
        if bye {
            farewell::with(&mut self.core, id, |_, _| Progress::Over);
        }
        true
    }

    fn on_ack(&mut self, ack: &Request, now: Instant) {
        let owner = self.calls.iter().find(|(_, call)| call.has_dialog(ack)).map(|(id, _)| *id);
        if let Some(id) = owner {
            self.with_call(id, |call, core| call.on_ack(core, ack, now));
        }
    }

    /// A 2xx to an INVITE whose transaction is long over: its dialog may still want the ACK.
    fn on_stray_final(&mut self, response: &Response, now: Instant) {
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for id in ids {
            self.with_call(id, |call, core| call.on_stray_final(core, response, now));
        }
    }

    fn on_cancelled(&mut self, server: ServerId, cause: Option<u16>, now: Instant) {
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for id in ids {
            self.with_call(id, |call, core| call.on_cancelled(core, server, cause, now));
        }
    }

    /// The network says that a datagram was not delivered (requirement F2). Only *unreachable*
    /// counts, and only for a request in flight; then every unanswered one there goes with it.
    pub(crate) fn on_undeliverable(
        &mut self,
        to: Hop,
        quoted: &[u8],
        why: Undeliverable,
        now: Instant,
    ) {
        let heard = match why {
            Undeliverable::Net => Heard::Unreachable(Cause::IcmpNet),
            Undeliverable::Host => Heard::Unreachable(Cause::IcmpHost),
            Undeliverable::Protocol => Heard::Unreachable(Cause::IcmpProtocol),
            Undeliverable::Port => Heard::Unreachable(Cause::IcmpPort),
            Undeliverable::Prohibited => Heard::Unreachable(Cause::IcmpProhibited),
            Undeliverable::Local => Heard::LocalOutage,
            Undeliverable::TooBig => {
                return self.core.endpoint.handle_too_large(to, quoted, now);
            }
            Undeliverable::Soft => return,
        };
        if let (Heard::Unreachable(cause), true) = (&heard, is_crlf(quoted)) {
            let lines: Vec<LineNumber> = self.core.accounts.trusting(to.addr.ip()).collect();
            for line in lines {
                if let Some(account) = self.core.accounts.get_mut(&line) {
                    account.crlf_undeliverable(to, *cause, now);
                }
            }
            return;
        }
        self.core.endpoint.handle_unreachable(to, quoted, now);
        if self.hear(&heard, now) {
            self.core.endpoint.handle_unreachable(to, b"", now);
            self.hear(&heard, now);
        }
    }

    /// A hop was found unavailable by any evidence: what only waits there moves on.
    fn on_hop_dead(&mut self, line: LineNumber, hop: Hop, heard: &Heard, now: Instant) {
        for id in self.calls_of(line) {
            self.with_call(id, |call, core| call.on_hop_dead(core, hop, heard, now));
        }
    }

    fn calls_of(&self, line: LineNumber) -> Vec<CallId> {
        let of_line = |(_, call): &(&CallId, &Call)| call.line == line && !call.is_over();
        self.calls.iter().filter(of_line).map(|(id, _)| *id).collect()
    }

    /// Some hop of a line answers: a BYE that waits for one goes (failover design §5, rung 3), and so do a
    /// late refresh and an INVITE that waits for a registration.
    fn on_line_alive(&mut self, line: LineNumber, now: Instant) {
        for id in self.calls_of(line) {
            self.with_call(id, |call, core| call.on_line_alive(core, now));
        }
        let of_line = |(_, bye): &(&u32, &farewell::Farewell)| bye.session().line == line;
        let ids: Vec<u32> = self.core.farewells.iter().filter(of_line).map(|(id, _)| *id).collect();
        for id in ids {
            farewell::with(&mut self.core, id, |bye, core| bye.on_hop_alive(core, id, now));
        }
    }

    /// Forgets what is long over, and turns a tone off that has been heard.
    pub(crate) fn tidy_up(&mut self, now: Instant) {
        let mut ended: Vec<CallId> =
            self.calls.iter().filter(|(_, call)| call.is_over()).map(|(id, _)| *id).collect();
        let surplus = ended.len().saturating_sub(limits::ENDED_CALLS);
        self.calls.retain(|_, call| call.listed_until().is_none_or(|at| at > now));
        for id in ended.drain(..surplus) {
            self.calls.remove(&id);
        }
        self.core.farewells.retain(|_, bye| !bye.is_over(now));
        self.core.strays.retain(|_, stray| stray.until > now);
        self.core.forget_the_dead();
        if self.core.tone_until.is_some_and(|at| at <= now) {
            self.core.tone(None, now);
        }
    }

    pub(crate) fn live_calls(&self) -> usize {
        self.calls.values().filter(|call| !call.is_over()).count()
    }

    pub(crate) fn new_call_id(&mut self) -> CallId {
        self.next_call = self.next_call.wrapping_add(1);
        CallId(self.next_call)
    }
}

/// Whether what the network quotes is a keep-alive of ours and no request.
fn is_crlf(quoted: &[u8]) -> bool {
    !quoted.is_empty() && quoted.iter().all(|octet| matches!(octet, b'\r' | b'\n'))
}
