//! What must hold in every world, judged from outside: by the wire, by what the phones show, by
//! what their shells are asked to do. It never looks into a phone to excuse it.
//!
//! Rules: no call rings or is up twice; nothing that nobody holds outlives its bound; while a hop
//! works, lines are registered, numbers ring and BYEs arrive in time; credentials go only to who
//! asked for them; stale answers change nothing; nobody floods the wire; what is for TLS never goes
//! in the clear, and a handshake that fails is named.

pub(crate) mod bounds;
mod calls;
mod duties;

use std::time::{Duration, Instant};

pub use bounds::{Bounds, TIMEOUT};
pub use calls::{Calls, End, Side, SipCall};
pub use duties::{Duties, Longest, Promise, Worst};

use failover::HopState;
use phone::input::TlsFault;
use phone::status::AccountStatus;
use sip_core::message::{HeaderName, Message, Method};
use sip_core::transport::{Hop, Transport};

use crate::proxy::guard;

/// Requests that a phone may send in one second, ACKs not counted.
const REQUESTS_PER_SECOND: u32 = 40;

/// A rule broken, before it is known when and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The rule's short name.
    pub rule: &'static str,
    /// What was seen.
    pub what: String,
}

impl Breach {
    pub(crate) fn new(rule: &'static str, what: String) -> Self {
        Self { rule, what }
    }
}

/// A rule broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// When, from the start of the world.
    pub at: Duration,
    /// The rule's short name.
    pub rule: &'static str,
    /// What was seen.
    pub what: String,
}

/// Whether a phone's datagram carries credentials for another than `proxy` (requirement F10): each
/// nonce names who issued it.
#[must_use]
pub fn misplaced_credentials(message: &Message, proxy: Option<&str>) -> Option<Breach> {
    let headers = message.headers();
    let lines =
        headers.all(&HeaderName::Authorization).chain(headers.all(&HeaderName::ProxyAuthorization));
    let mut strangers = lines.filter_map(guard::issuer).filter(|issuer| Some(*issuer) != proxy);
    let issuer = strangers.next()?;
    let Message::Request(request) = message else { return None };
    let whom = proxy.unwrap_or("somebody who is no proxy");
    let what = format!("{} to {whom} carries credentials for {issuer}", request.method);
    Some(Breach::new("credentials", what))
}

/// Whether a phone that is to say nothing in the clear does so (requirement A2).
#[must_use]
pub fn in_the_clear(message: &Message, to: Hop, secret: bool) -> Option<Breach> {
    if !secret || to.transport == Transport::Tls {
        return None;
    }
    let what = match message {
        Message::Request(request) => request.method.to_string(),
        Message::Response(response) => response.code.to_string(),
    };
    Some(Breach::new("in-the-clear", format!("{what} to {to} of a line that speaks TLS alone")))
}

/// Whether a line shows why TLS towards one of its hops did not come about (requirement A2: each fault
/// is named).
#[must_use]
pub fn unnamed_fault(line: &AccountStatus, hop: Hop, fault: TlsFault) -> Option<Breach> {
    let shown = line.hops.iter().find(|shown| shown.hop == hop)?;
    let named = shown.state == HopState::Unavailable
        && shown.cause.map(|cause| cause.to_string()) == Some(fault.to_string());
    let what = || format!("{hop} failed by {fault} and shows {:?} {:?}", shown.state, shown.cause);
    (!named).then(|| Breach::new("unnamed-fault", what()))
}

/// Counts the requests of one phone, second by second.
#[derive(Debug, Clone, Copy, Default)]
pub struct Load {
    second: u64,
    requests: u32,
}

impl Load {
    /// One more datagram; a breach when it is one too many.
    pub fn count(&mut self, message: &Message, since_start: Duration) -> Option<Breach> {
        match message {
            Message::Request(request) if request.method != Method::Ack => {}
            Message::Request(_) | Message::Response(_) => return None,
        }
        if self.second != since_start.as_secs() {
            *self = Self { second: since_start.as_secs(), requests: 0 };
        }
        self.requests += 1;
        (self.requests == REQUESTS_PER_SECOND)
            .then(|| Breach::new("flood", format!("{REQUESTS_PER_SECOND} requests in one second")))
    }
}

/// Everything that is watched in one world.
#[derive(Debug, Clone)]
pub struct Oracle {
    start: Instant,
    /// The bounds that promises are held to.
    pub bounds: Bounds,
    /// Calls from both ends.
    pub calls: Calls,
    /// Promises that fall due.
    pub duties: Duties,
    /// Each phone's load on the wire.
    pub load: Vec<Load>,
    failures: Vec<Failure>,
}

impl Oracle {
    /// An oracle for a plan that begins at `start`.
    #[must_use]
    pub fn new(plan: &crate::plan::Plan, start: Instant) -> Self {
        Self {
            start,
            bounds: Bounds::of(plan),
            calls: Calls::default(),
            duties: Duties::new(plan),
            load: vec![Load::default(); plan.phones],
            failures: Vec::new(),
        }
    }

    /// Takes note of breaches.
    pub fn accuse(&mut self, breaches: impl IntoIterator<Item = Breach>, now: Instant) {
        let at = now.duration_since(self.start);
        self.failures.extend(breaches.into_iter().map(|Breach { rule, what }| Failure {
            at,
            rule,
            what,
        }));
    }

    /// What has been found so far, in order of time.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// When something falls due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let due = [self.calls.poll_timeout(), self.duties.poll_timeout()];
        due.into_iter().flatten().min().map(|at| (at, "a promise falls due"))
    }

    /// Judges what has fallen due.
    pub fn handle_timeout(&mut self, now: Instant) {
        let mut breaches = self.calls.handle_timeout(now);
        breaches.extend(self.duties.handle_timeout(now));
        self.accuse(breaches, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip_core::message::read_datagram;

    fn request(nonce: &str) -> Message {
        let text = format!(
            "REGISTER sip:sim.test SIP/2.0\r\nAuthorization: Digest username=\"1001\", realm=\"sim.test\", nonce=\"{nonce}\", uri=\"sip:sim.test\", response=\"0\"\r\n\r\n"
        );
        read_datagram(text.as_bytes()).unwrap()
    }

    #[test]
    fn credentials_for_another_than_who_asked_are_found() {
        assert_eq!(misplaced_credentials(&request("p1-3"), Some("p1")), None);
        assert_eq!(
            misplaced_credentials(&request("p1-3"), Some("p2")).unwrap().rule,
            "credentials"
        );
        assert_eq!(misplaced_credentials(&request("p1-3"), None).unwrap().rule, "credentials");
    }

    #[test]
    fn a_line_that_speaks_tls_alone_says_nothing_in_the_clear() {
        let to = |hop: &str| hop.parse::<Hop>().unwrap();
        let rule = |hop, secret| in_the_clear(&request("x"), to(hop), secret).map(|b| b.rule);
        assert_eq!(rule("tls:10.0.0.11:5061", true), None);
        assert_eq!(rule("tcp:10.0.0.11:5060", false), None);
        for hop in ["tcp:10.0.0.11:5060", "udp:10.0.0.11:5060"] {
            assert_eq!(rule(hop, true), Some("in-the-clear"));
        }
    }

    #[test]
    fn a_flood_of_requests_is_found_within_a_second_only() {
        let mut load = Load::default();
        let count = |load: &mut Load, second: u64| {
            let at = Duration::from_secs(second);
            (1..REQUESTS_PER_SECOND).all(|_| load.count(&request("x"), at).is_none())
        };
        assert!(count(&mut load, 1) && count(&mut load, 2));
        assert_eq!(load.count(&request("x"), Duration::from_secs(2)).unwrap().rule, "flood");
    }
}
