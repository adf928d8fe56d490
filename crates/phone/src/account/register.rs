//! The line's own requests: REGISTER and OPTIONS, as the failover machine asks for them.
//!
//! The machine says which hop and when; this file says it in SIP, answers challenges at the same
//! hop, and gives the outcome back (requirements B1, C1, C4, F1).

use std::sync::Arc;
use std::time::{Duration, Instant};

use failover::{Attempt, Entry, EntryKind, HopState, LineState, Outcome, Output as Wish, Task};
use sip_core::endpoint::{ClientId, Tokens};
use sip_core::message::{HeaderName, Method, NameAddr, Request, Response, Uri};
use sip_core::registration::Registration;
use sip_core::transport::{Hop, Transport};

use super::auth::Tries;
use super::evidence::{Asked, Heard, Lesson, Next, judge};
use super::late::Listening;
use super::{Account, view};
use crate::core::{Core, Owner, Parcel, Reply};
use crate::input::LastGood;
use crate::output::{Event, Output, Switch};
use crate::settings::{KeepAlive, LineNumber, LineSettings};
use crate::words::Failure;

/// A request of the machine's that is in flight.
#[derive(Clone, Debug)]
pub(super) struct Running {
    attempt: Attempt,
    id: Option<ClientId>,
    hop: Hop,
    asked: Instant,
    expiry: Duration,
    /// The registration that a probe begins; others use the line's.
    probe: Option<Box<Registration>>,
    tries: Tries,
    brief: bool,
}

/// A new registration of a line, under a new Call-ID.
pub(super) fn new_registration(settings: &LineSettings, tokens: &mut Tokens) -> Registration {
    let mut aor = NameAddr::new(Uri::sip(Some(&settings.user), settings.server1.host.clone()));
    aor.display = Some(settings.display_name.clone()).filter(|name| !name.is_empty());
    Registration::new(&aor, &settings.user, Arc::clone(&settings.instance), tokens)
}

/// Does what a line's machine wants until it wants nothing more; `true` where it wanted anything.
pub(crate) fn drive(core: &mut Core, line: LineNumber, now: Instant) -> bool {
    let Some(mut account) = core.accounts.take(line) else { return false };
    let (mut moved, mut news) = (false, account.shown.is_none());
    while let Some(wish) = account.machine.poll_output() {
        moved = true;
        // An idle line's OPTIONS come and go, and nothing of it shows.
        news |= !matches!(wish, Wish::Attempt(_) | Wish::Abandon(_));
        account.grant(core, wish, now);
    }
    if news {
        account.remember(core);
        view::announce(&mut account, core, now);
    }
    account.keep_crlf(core, now);
    moved |= account.keep_standby(core, now);
    // Nearly all lines are at rest nearly always, and then keep no room for requests.
    account.running.shrink_to_fit();
    core.accounts.settle(account);
    moved
}

/// An answer, or the lack of one, to a REGISTER or OPTIONS of a line.
pub(crate) fn on_reply(
    core: &mut Core,
    line: LineNumber,
    id: ClientId,
    reply: &Reply,
    now: Instant,
) {
    let Some(mut account) = core.accounts.take(line) else { return };
    account.on_reply(core, id, reply, now);
    core.accounts.put_back(account);
}

impl Account {
    fn grant(&mut self, core: &mut Core, wish: Wish, now: Instant) {
        match wish {
            Wish::Attempt(attempt) => self.start(core, attempt, now),
            Wish::Abandon(attempt) => {
                for running in self.running.extract_if(.., |r| r.attempt.id == attempt) {
                    let_go(core, &running, now);
                }
            }
            Wish::Journal(entry) => self.publish(core, &entry, now),
            Wish::AllFailed { cause, answered } => {
                self.failure = match answered {
                    true => Failure::CannotRegister(cause),
                    false => Failure::AllFailed(cause),
                };
            }
            Wish::Refused { code, phrase, .. } => {
                self.failure = Failure::Refused(code, phrase.into());
            }
            Wish::Redundancy { left } => {
                let event = Event::Redundancy { line: self.settings.line, left };
                core.event(event, now);
            }
            Wish::Moved { .. } => {
                self.answers_options = Vec::new();
                self.stop_listening(core, Some(Task::KeepAlive), now);
            }
            Wish::KeepAliveStopped(_) | Wish::Hop(_) | Wish::Line(_) => {}
        }
    }

    fn start(&mut self, core: &mut Core, attempt: Attempt, now: Instant) {
        let at = usize::from(attempt.hop.0);
        let Some(entry) = self.hops.get(at).cloned() else {
            let gone = Outcome::Unavailable(failover::Cause::DnsFailure);
            self.machine.handle_outcome(attempt.id, gone, now);
            return;
        };
        let probe = (attempt.task == Task::Probe)
            .then(|| Box::new(self.registration.with_new_call_id(&mut core.tokens)));
        let mut running = Running {
            attempt,
            id: None,
            hop: entry.hop,
            asked: now,
            expiry: self.registrar_at(at).expiry,
            probe,
            tries: Tries::default(),
            brief: false,
        };
        self.send(core, &mut running, None, now);
        self.running.push(running);
    }

    /// Sends a running attempt's request, with credentials for a challenge; `false` where the
    /// challenge must not be answered.
    fn send(
        &mut self,
        core: &mut Core,
        running: &mut Running,
        challenge: Option<&Response>,
        now: Instant,
    ) -> bool {
        let (token, cnonce) = (core.tokens.call_id(), core.tokens.cnonce());
        let mut request = self.build(running, &token);
        match challenge {
            Some(response) => {
                let tries = &mut running.tries;
                if !self.answer(running.hop, response, &mut request, tries, &cnonce) {
                    return false;
                }
            }
            None if request.method == Method::Register => {
                self.preempt(running.hop, &mut request, &cnonce);
            }
            None => {}
        }
        let local = self.hops.get(usize::from(running.attempt.hop.0)).map(|entry| entry.local);
        let Some(local) = local else { return false };
        let (line, patience) = (self.settings.line, running.attempt.wait);
        let parcel = Parcel { line, request, to: running.hop, local, patience };
        running.id = Some(core.send(Owner::Line(line), parcel, now));
        true
    }

    fn build(&mut self, running: &mut Running, token: &str) -> Request {
        let at = usize::from(running.attempt.hop.0);
        if matches!(running.attempt.task, Task::KeepAlive | Task::Watch) {
            return self.options(at, token);
        }
        let registrar = self.domain_uri(at);
        let here = self.here(running);
        let registration = running.probe.as_deref_mut().unwrap_or(&mut self.registration);
        let mut request = match running.attempt.task {
            Task::Unregister => registration.unregister(&registrar, here),
            Task::Register | Task::Probe | Task::SuspectCheck | Task::KeepAlive | Task::Watch => {
                registration.register(&registrar, here, seconds(running.expiry))
            }
        };
        self.suit(at, &mut request);
        request
    }

    /// What a REGISTER says differently at this hop: SIP Server 2 has a domain of its own, and a
    /// registrar may want no `reg-id`.
    pub(super) fn suit(&self, at: usize, request: &mut Request) {
        if self.registrar_at(at) != &self.settings.server1 {
            let aor = self.aor_at(at);
            for name in [HeaderName::From, HeaderName::To] {
                let held = request.headers.addresses(name.clone()).unwrap_or_default();
                for mut address in held.into_iter().take(1) {
                    address.uri = aor.clone();
                    request.headers.set(name.clone(), address);
                }
            }
        }
        self.suit_outbound(request);
    }

    /// Our own address towards the hop of a running attempt.
    fn here(&self, running: &Running) -> Hop {
        let local = self.hops.get(usize::from(running.attempt.hop.0)).map(|entry| entry.local);
        Hop { transport: running.hop.transport, addr: local.unwrap_or(running.hop.addr) }
    }

    fn on_reply(&mut self, core: &mut Core, id: ClientId, reply: &Reply, now: Instant) {
        let Some(at) = self.running.iter().position(|running| running.id == Some(id)) else {
            return self.on_late_reply(core, id, reply, now);
        };
        let Some(heard) = reply.heard() else { return };
        let mut running = self.running.remove(at);
        let asked = match running.attempt.task {
            Task::KeepAlive | Task::Watch => Asked::Options,
            Task::Register | Task::Probe | Task::SuspectCheck | Task::Unregister => Asked::Register,
        };
        let verdict = judge(asked, &heard, self.knobs());
        let outcome = match (verdict.next, reply) {
            (Next::Authenticate, Reply::Final(response)) => {
                running.tries.went_out(core.endpoint.transmissions(id));
                if self.send(core, &mut running, Some(response), now) {
                    self.running.push(running);
                    return;
                }
                refused(response)
            }
            (Next::MinExpires, Reply::Final(response)) if !running.brief => {
                running.brief = true;
                let least = response.headers.min_expires().unwrap_or_default();
                running.expiry = running.expiry.max(Duration::from_secs(u64::from(least)));
                self.send(core, &mut running, None, now);
                self.running.push(running);
                return;
            }
            // RFC 5626 §6: 439 means "not with `reg-id`".
            (Next::WithoutOutbound, Reply::Final(_)) if self.give_up_outbound() => {
                self.send(core, &mut running, None, now);
                self.running.push(running);
                return;
            }
            (Next::OtherExtensions, Reply::Final(response)) if self.adapt_outbound(response) => {
                self.send(core, &mut running, None, now);
                self.running.push(running);
                return;
            }
            (_, Reply::Final(response)) if response.code.is_success() => {
                self.accepted(&mut running, response)
            }
            _ if asked == Asked::Options && verdict.lesson == Lesson::Alive => Outcome::Alive,
            _ => outcome_of(verdict.lesson, &heard, reply),
        };
        self.conclude(core, &running, outcome, now);
        let listening = Listening::to(&running.attempt, id, running.hop, running.asked);
        match listening.filter(|held| matches!(reply, Reply::Silent) && self.may_hear(held)) {
            Some(listening) => self.listen(core, listening, now),
            None => let_go(core, &running, now),
        }
    }

    fn accepted(&mut self, running: &mut Running, response: &Response) -> Outcome {
        match running.attempt.task {
            Task::KeepAlive | Task::Watch => return Outcome::Alive,
            Task::Unregister => return Outcome::Unregistered,
            Task::Register | Task::Probe | Task::SuspectCheck => {}
        }
        self.note_outbound(running.hop, response);
        let here = self.here(running);
        let asked = seconds(running.expiry);
        let granted = self.registration.granted(response, here, asked).expires;
        let expires = Duration::from_secs(u64::from(granted));
        if let Some(probe) = running.probe.take() {
            // Failover design §6: the probe's registration becomes the line's.
            self.registration = *probe;
        }
        Outcome::Registered { expires }
    }

    fn conclude(&mut self, core: &mut Core, running: &Running, outcome: Outcome, now: Instant) {
        let line = self.settings.line;
        self.last_transmissions = running.id.map_or(0, |id| core.endpoint.transmissions(id));
        let answered = matches!(outcome, Outcome::Registered { .. } | Outcome::Alive);
        if outcome == Outcome::Alive {
            self.note_answer_to_options(running.hop);
        }
        self.machine.handle_outcome(running.attempt.id, outcome, now);
        let health = self.machine.health(running.attempt.hop).copied();
        let dead = health.filter(|health| health.state == HopState::Unavailable);
        if answered {
            core.alive.push_back(line);
        } else if let Some(cause) = dead.and_then(|health| health.cause) {
            core.deaths.push_back((line, running.hop, cause));
        }
    }

    /// The machine's journal, in the words of the interface.
    fn publish(&mut self, core: &mut Core, entry: &Entry, now: Instant) {
        let line = self.settings.line;
        let hop = |id: Option<failover::HopId>| {
            id.and_then(|id| self.hops.get(usize::from(id.0))).map(|entry| entry.hop)
        };
        let event = match (entry.kind, hop(entry.to)) {
            (EntryKind::Unavailable, _) => view::unavailable(line, entry.cause),
            (EntryKind::Failover | EntryKind::Failback, None) => return,
            (kind, Some(to)) => {
                let switch = Switch {
                    line,
                    method: entry.method.to_string(),
                    from: hop(entry.from),
                    to,
                    cause: entry.cause,
                    attempts: match entry.kind {
                        EntryKind::Failover => self.last_transmissions,
                        EntryKind::Failback | EntryKind::Unavailable => entry.attempts,
                    },
                    elapsed: entry.elapsed,
                };
                match kind {
                    EntryKind::Failback => Event::Failback(switch),
                    EntryKind::Failover | EntryKind::Unavailable => Event::Failover(switch),
                }
            }
        };
        core.event(event, now);
    }

    /// Failover design §2: where to begin after a restart.
    fn remember(&mut self, core: &mut Core) {
        let current = self.machine.current().filter(|_| self.is_registered());
        let last_good = current
            .and_then(|id| self.hops.get(usize::from(id.0)))
            .map(|entry| LastGood { hop: entry.hop, primary_was_unavailable: !self.is_usable(0) });
        if last_good.is_some() && last_good != self.remembered {
            self.remembered = last_good;
            core.output(Output::Remember { line: self.settings.line, last_good });
        }
    }

    /// A bare CRLF keeps a NAT open; on UDP its silence is no evidence (failover design §6).
    fn keep_crlf(&mut self, core: &mut Core, now: Instant) {
        let KeepAlive::Crlf(every) = self.settings.keep_alive else {
            self.crlf = None;
            return;
        };
        let current = self.machine.current().filter(|_| self.is_registered());
        let current = current.and_then(|id| self.hops.get(usize::from(id.0)));
        // Connections have pings of their own, which are answered.
        let Some(entry) = current.filter(|entry| entry.hop.transport == Transport::Udp) else {
            self.crlf = None;
            return;
        };
        if self.crlf.is_none_or(|(_, due)| due <= now) {
            let (local, to) = (entry.local, entry.hop);
            if !core.drills.covers(self.settings.line, to) {
                core.output(Output::Transmit { local, to, bytes: b"\r\n\r\n".to_vec() });
            }
            // Lines that came up together are at different places in the interval from the second on,
            // as with OPTIONS (requirement F6).
            let part = if self.crlf.is_none() { core.random_u32() % 1000 + 1 } else { 1000 };
            self.crlf = Some((now, now + every * part / 1000));
        }
    }

    /// When something of the line is due.
    pub(crate) fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let crlf = self.crlf.map(|(_, due)| (due, "line: CRLF keep-alive"));
        let second = self.standby_due().map(|at| (at, "line: second registration"));
        self.machine.poll_timeout().into_iter().chain(crlf).chain(second).min_by_key(|(at, _)| *at)
    }

    /// Does what is due; its outputs are taken by [`drive`].
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.machine.poll_timeout().is_some_and(|(at, _)| at <= now) {
            self.machine.handle_timeout(now);
        }
    }

    /// Takes the registration back and stays silent: the phone shuts down.
    pub(crate) fn shut_down(&mut self, now: Instant) {
        self.machine.unregister(now);
    }

    /// Whether nothing of the line is in flight and nothing is registered.
    pub(crate) fn is_quiet(&self) -> bool {
        let quiet = self.running.is_empty() && self.standby_is_quiet();
        quiet && !matches!(self.machine.state(), LineState::Registered { .. })
    }
}

pub(super) fn seconds(expiry: Duration) -> u32 {
    u32::try_from(expiry.as_secs()).unwrap_or(u32::MAX)
}

fn let_go(core: &mut Core, running: &Running, now: Instant) {
    if let Some(id) = running.id {
        core.endpoint.give_up(id, now);
        core.forget(id);
    }
}

fn refused(response: &Response) -> Outcome {
    Outcome::Refused { code: response.code.as_u16(), phrase: response.reason.clone() }
}

fn outcome_of(lesson: Lesson, heard: &Heard, reply: &Reply) -> Outcome {
    match (lesson, heard, reply) {
        (_, Heard::LocalOutage, _) => Outcome::LocalOutage,
        (Lesson::Unavailable(cause) | Lesson::Suspect(cause), _, _) => Outcome::Unavailable(cause),
        (Lesson::HeldOff(for_, cause), _, _) => Outcome::HeldOff { for_, cause },
        (Lesson::Alive | Lesson::Nothing, _, Reply::Final(response)) => refused(response),
        (Lesson::Alive | Lesson::Nothing, _, _) => Outcome::Alive,
    }
}
