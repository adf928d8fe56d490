//! Registered at both: a second registration at a hop that is not the line's own (failover design §3,
//! §6; RFC 5626 §4.2), so that calls come through it before anybody has noticed that the first hop is
//! dead.
//!
//! A small machine beside the failover machine, which knows nothing of it: it has a Call-ID and
//! `reg-id=2` of its own, its own refresh and its own back-off, and never moves the line. What its
//! REGISTERs show of a hop the line learns like anything else. A registrar without outbound ignores
//! the `reg-id`, or refuses it (439) and gets it without: then the two are plain bindings of one
//! Contact. When the line moves to the hop of its second registration, that one is left to expire
//! and another hop is taken; un-registering it would remove the only binding where both servers share
//! a location table. A call that arrives by both bindings rings once (failover design §4).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use failover::LineState;
use sip_core::endpoint::ClientId;
use sip_core::message::Response;
use sip_core::registration::Registration;
use sip_core::transport::Hop;

use super::auth::Tries;
use super::evidence::{Asked, Next, judge};
use super::outbound::Agreed;
use super::{Account, register, view};
use crate::core::{Core, Owner, Parcel, Reply};
use crate::limits;
use crate::settings::LineNumber;

/// `reg-id` of the second registration (RFC 5626 §4.2); the line's own has 1 at every hop.
const REG_ID: u8 = 2;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Standby {
    registration: Option<Registration>,
    bound: Option<Bound>,
    running: Option<Running>,
    /// After a failure: not before this time.
    retry_at: Option<Instant>,
    failures: u32,
    /// When its connection was lost lately.
    lost: Vec<Instant>,
}

/// A binding that a registrar has granted.
#[derive(Clone, Copy, Debug)]
struct Bound {
    hop: Hop,
    local: SocketAddr,
    refresh_at: Instant,
    expires_at: Instant,
    /// The flow that its registrar keeps.
    flow: Option<Agreed>,
}

/// A REGISTER in flight.
#[derive(Clone, Debug)]
struct Running {
    id: Option<ClientId>,
    hop: Hop,
    local: SocketAddr,
    expiry: Duration,
    removes: bool,
    brief: bool,
    tries: Tries,
    since: Instant,
}

/// An answer, or the lack of one, to a REGISTER of a line's second registration.
pub(crate) fn on_reply(
    core: &mut Core,
    line: LineNumber,
    id: ClientId,
    reply: &Reply,
    now: Instant,
) {
    let Some(mut account) = core.accounts.take(line) else { return };
    if let Some(mut standby) = account.standby.take() {
        account.on_standby_reply(&mut standby, core, id, reply, now);
        account.standby = Some(standby);
        view::announce(&mut account, core, now);
    }
    core.accounts.put_back(account);
}

impl Account {
    /// Sends what the second registration needs now; whether it sent anything.
    pub(super) fn keep_standby(&mut self, core: &mut Core, now: Instant) -> bool {
        let state = self.machine.state();
        let wanted = self.settings.register_both
            && !matches!(state, LineState::Disabled | LineState::Unregistered);
        if !wanted && self.standby.is_none() {
            return false;
        }
        let mut standby = self.standby.take().unwrap_or_default();
        let sent = if wanted {
            self.advance_standby(&mut standby, core, now)
        } else {
            self.take_standby_back(&mut standby, core, state != LineState::Disabled, now)
        };
        self.standby = Some(standby).filter(|standby| wanted || standby.running.is_some());
        sent
    }

    /// When something of it is due.
    pub(super) fn standby_due(&self) -> Option<Instant> {
        let standby = self.standby.as_ref().filter(|standby| standby.running.is_none())?;
        let bound = standby.bound.map(|bound| bound.refresh_at);
        bound.or(standby.retry_at.filter(|_| self.is_registered()))
    }

    /// Where the second registration is, if anywhere.
    pub(crate) fn standby_hop(&self) -> Option<Hop> {
        self.standby.as_ref()?.bound.map(|bound| bound.hop)
    }

    /// The flow that its registrar keeps.
    pub(super) fn standby_flow(&self) -> Option<Agreed> {
        self.standby.as_ref()?.bound?.flow
    }

    /// The connection that the second registration was made by is no more, or is silent: no call would
    /// come by it, so it is made again, at once unless its server ends each as it comes.
    pub(crate) fn standby_flow_lost(&mut self, hop: Hop, now: Instant) {
        let base = self.settings.policy.backoff_base;
        let Some(standby) = &mut self.standby else { return };
        if standby.bound.take_if(|bound| bound.hop == hop).is_none() {
            return;
        }
        standby.lost.retain(|at| *at + limits::REOPENED_WITHIN > now);
        let again = standby.lost.len() < limits::REOPENED;
        standby.lost.push(now);
        standby.retry_at = Some(if again { now } else { now + base });
    }

    pub(super) fn standby_is_quiet(&self) -> bool {
        self.standby.as_ref().is_none_or(|standby| standby.running.is_none())
    }

    /// What was registered speaks for another identity, or our link was away: begins anew.
    pub(super) fn renew_standby(&mut self) {
        if let Some(standby) = &mut self.standby {
            (standby.registration, standby.bound, standby.retry_at) = (None, None, None);
            standby.failures = 0;
        }
    }

    fn advance_standby(&mut self, standby: &mut Standby, core: &mut Core, now: Instant) -> bool {
        if standby.running.is_some() {
            return false;
        }
        let current = self.current_hop();
        standby.bound = standby.bound.filter(|bound| {
            let listed = |entry: &crate::input::LineHop| {
                entry.hop == bound.hop && entry.local == bound.local
            };
            now < bound.expires_at && current != Some(bound.hop) && self.hops.iter().any(listed)
        });
        if standby.bound.is_none() && !self.is_registered() {
            // First the registration that people wait for.
            return false;
        }
        let Some(at) = self.standby_place(standby) else {
            standby.retry_at = None;
            return false;
        };
        if standby.bound.is_none() && standby.retry_at.is_none() && !self.is_usable(at) {
            standby.retry_at = Some(now + self.standby_wait(standby, core));
        }
        let due = standby.bound.map(|bound| bound.refresh_at).or(standby.retry_at);
        if due.is_some_and(|due| due > now) {
            return false;
        }
        let Some(entry) = self.hops.get(at) else { return false };
        let running = Running {
            id: None,
            hop: entry.hop,
            local: entry.local,
            expiry: self.registrar_at(at).expiry,
            removes: false,
            brief: false,
            tries: Tries::default(),
            since: now,
        };
        self.send_standby(standby, running, None, core, now)
    }

    /// The hop that holds it, else the first that is not the line's own, one that serves if any does.
    fn standby_place(&self, standby: &Standby) -> Option<usize> {
        let bound = standby.bound.map(|bound| bound.hop);
        let held = self.hops.iter().position(|entry| Some(entry.hop) == bound);
        let current = self.current_hop();
        let others =
            || (0..self.hops.len()).filter(|at| self.hops.get(*at).map(|e| e.hop) != current);
        held.or_else(|| others().find(|at| self.is_usable(*at))).or_else(|| others().next())
    }

    /// As the failover machine waits after a failed round (failover design §6).
    fn standby_wait(&self, standby: &Standby, core: &mut Core) -> Duration {
        let policy = &self.settings.policy;
        let doubled = policy.backoff_base * 2_u32.saturating_pow(standby.failures.min(10));
        let longest = doubled.min(policy.backoff_cap);
        longest / 2 + longest / 2 * (core.random_u32() % 1001) / 1000
    }

    /// Sends a REGISTER, with credentials for a challenge; `false` where that cannot be.
    fn send_standby(
        &mut self,
        standby: &mut Standby,
        mut running: Running,
        challenge: Option<&Response>,
        core: &mut Core,
        now: Instant,
    ) -> bool {
        let Some(at) = self.hops.iter().position(|entry| entry.hop == running.hop) else {
            return false;
        };
        let cnonce = core.tokens.cnonce();
        let (domain, line) = (self.domain_uri(at), self.settings.line);
        let here = Hop { transport: running.hop.transport, addr: running.local };
        let tokens = &mut core.tokens;
        let registration = standby.registration.get_or_insert_with(|| {
            register::new_registration(&self.settings, tokens).with_reg_id(REG_ID)
        });
        let mut request = match running.removes {
            true => registration.unregister(&domain, here),
            false => registration.register(&domain, here, register::seconds(running.expiry)),
        };
        self.suit(at, &mut request);
        match challenge {
            Some(response) => {
                let tries = &mut running.tries;
                if !self.answer(running.hop, response, &mut request, tries, &cnonce) {
                    return false;
                }
            }
            None => self.preempt(running.hop, &mut request, &cnonce),
        }
        let (to, local, patience) = (running.hop, running.local, self.patience(false, false));
        let parcel = Parcel { line, request, to, local, patience };
        running.id = Some(core.send(Owner::Standby(line), parcel, now));
        standby.running = Some(running);
        true
    }

    fn on_standby_reply(
        &mut self,
        standby: &mut Standby,
        core: &mut Core,
        id: ClientId,
        reply: &Reply,
        now: Instant,
    ) {
        let Some(heard) = reply.heard() else { return };
        let Some(mut running) = standby.running.take_if(|running| running.id == Some(id)) else {
            return;
        };
        let verdict = judge(Asked::Register, &heard, self.knobs());
        running.tries.went_out(core.endpoint.transmissions(id));
        core.endpoint.give_up(id, now);
        core.forget(id);
        let (hop, removes) = (running.hop, running.removes);
        let again = match (verdict.next, reply) {
            (Next::Authenticate, Reply::Final(response)) => Some(Some(response)),
            (Next::MinExpires, Reply::Final(response)) if !running.brief => {
                running.brief = true;
                let least = response.headers.min_expires().unwrap_or_default();
                running.expiry = running.expiry.max(Duration::from_secs(u64::from(least)));
                Some(None)
            }
            (Next::WithoutOutbound, Reply::Final(_)) if self.give_up_outbound() => Some(None),
            (Next::OtherExtensions, Reply::Final(response)) if self.adapt_outbound(response) => {
                Some(None)
            }
            _ => None,
        };
        if let Some(challenge) = again
            && self.send_standby(standby, running.clone(), challenge, core, now)
        {
            return;
        }
        if let Some(at) = self.hops.iter().position(|entry| entry.hop == hop)
            && self.current_hop() != Some(hop)
        {
            self.learn(at, verdict.lesson, now);
        }
        let granted = match reply {
            Reply::Final(response) => Some(response).filter(|response| response.code.is_success()),
            Reply::Provisional(_) | Reply::Silent | Reply::TimedOut | Reply::Failed(_) => None,
        };
        match granted.filter(|_| !removes) {
            Some(response) => self.standby_granted(standby, &running, response),
            None if removes => *standby = Standby::default(),
            None => {
                standby.bound = None;
                standby.retry_at = Some(now + self.standby_wait(standby, core));
                standby.failures = standby.failures.saturating_add(1);
            }
        }
    }

    fn standby_granted(&self, standby: &mut Standby, running: &Running, response: &Response) {
        let here = Hop { transport: running.hop.transport, addr: running.local };
        let asked = register::seconds(running.expiry);
        let Some(registration) = &standby.registration else { return };
        let granted = registration.granted(response, here, asked).expires;
        let (least, most) = limits::STANDBY_EXPIRES;
        let expires = Duration::from_secs(u64::from(granted)).clamp(least, most);
        standby.bound = Some(Bound {
            hop: running.hop,
            local: running.local,
            refresh_at: running.since + self.settings.policy.refresh_after(expires, 1),
            expires_at: running.since + expires,
            flow: Agreed::of(running.hop, response),
        });
        (standby.retry_at, standby.failures) = (None, 0);
    }

    /// The line is not registered any more, by wish: neither is this. A line whose registration is
    /// switched off sends no REGISTER, not even to un-register.
    fn take_standby_back(
        &mut self,
        standby: &mut Standby,
        core: &mut Core,
        tell: bool,
        now: Instant,
    ) -> bool {
        if standby.running.as_ref().is_some_and(|running| running.removes) {
            return false;
        }
        let asked = standby.running.take();
        if let Some(id) = asked.as_ref().and_then(|running| running.id) {
            core.endpoint.give_up(id, now);
            core.forget(id);
        }
        let bound = standby.bound.take().map(|bound| (bound.hop, bound.local));
        // The REGISTER in flight may have made a binding already.
        let Some((hop, local)) = bound.or(asked.map(|running| (running.hop, running.local))) else {
            return false;
        };
        let running = Running {
            id: None,
            hop,
            local,
            expiry: Duration::ZERO,
            removes: true,
            brief: false,
            tries: Tries::default(),
            since: now,
        };
        tell && self.send_standby(standby, running, None, core, now)
    }
}
