//! Reliable provisional responses: their numbers, and a 18x of ours until its PRACK (RFC 3262).
//!
//! The callee's side repeats the response at T1, doubling without a cap, until the PRACK comes; after
//! 64·T1 the INVITE is to be refused. It does not know the response; its owner matches the PRACK.

use crate::message::{HeaderName, Headers};
use crate::transaction::{Reliability, Retransmit, Timers};
use std::collections::VecDeque;
use std::fmt;
use std::time::Instant;

/// The option tag.
pub const TAG: &str = "100rel";

/// The RSeq of a response that demands a PRACK; `None` if it demands none, or its number can't be
/// read.
pub fn rseq(headers: &Headers) -> Option<u32> {
    let demanded = headers.require().iter().any(|tag| tag.eq_ignore_ascii_case(TAG));
    let number = headers.get(&HeaderName::RSeq).filter(|_| demanded)?.trim().parse().ok()?;
    (number > 0).then_some(number)
}

/// Which response a PRACK is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RAck {
    /// Its RSeq.
    pub rseq: u32,
    /// The CSeq of its INVITE.
    pub cseq: u32,
}

impl RAck {
    /// What a PRACK says; `None` if that cannot be read.
    pub fn of(headers: &Headers) -> Option<Self> {
        let mut parts = headers.get(&HeaderName::RAck)?.split_ascii_whitespace();
        let (rseq, cseq) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        (parts.next() == Some("INVITE") && parts.next().is_none()).then_some(Self { rseq, cseq })
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} INVITE", self.rseq, self.cseq)
    }
}

/// What is to be done about the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReliableOutput {
    /// Give the same response to the server transaction again.
    Retransmit,
    /// No PRACK in 64·T1: refuse the INVITE with a 5xx.
    Unacknowledged,
}

/// A reliable provisional response that waits for its PRACK.
#[derive(Debug, Clone)]
pub struct Reliable {
    waiting: Option<(Option<Retransmit>, Instant)>,
    outputs: VecDeque<ReliableOutput>,
}

impl Reliable {
    /// The response has just been sent for the first time.
    pub fn new(timers: Timers, now: Instant) -> Self {
        // Over reliable transports too: a hop further on may not be.
        let repeat = Retransmit::start(Reliability::Unreliable, timers.t1, now);
        Self { waiting: Some((repeat, now + timers.timeout())), outputs: VecDeque::new() }
    }

    /// Its PRACK has come.
    pub fn handle_prack(&mut self) {
        self.waiting = None;
        self.outputs.clear();
    }

    /// Whether its PRACK is still waited for.
    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// What to do next, if anything.
    pub fn poll_output(&mut self) -> Option<ReliableOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let (repeat, timeout) = self.waiting?;
        match repeat.filter(|timer| timer.at < timeout) {
            Some(timer) => Some((timer.at, "reliable 1xx: repeat until PRACK")),
            None => Some((timeout, "reliable 1xx: no PRACK")),
        }
    }

    /// Does what has become due by `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        let Some((repeat, timeout)) = self.waiting else { return };
        if timeout <= now {
            self.waiting = None;
            self.outputs.push_back(ReliableOutput::Unacknowledged);
        } else if let Some(timer) = repeat.filter(|timer| timer.at <= now) {
            self.outputs.push_back(ReliableOutput::Retransmit);
            self.waiting = Some((Some(timer.again(2 * timer.interval, now)), timeout));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn origin() -> Instant {
        Instant::now()
    }

    fn headers(lines: &[(HeaderName, &str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in lines {
            headers.push(name.clone(), value);
        }
        headers
    }

    /// RFC 3262 §3.
    #[test]
    fn a_response_is_repeated_doubling_until_its_prack_or_64_t1() {
        let start = origin();
        let mut reliable = Reliable::new(Timers::default(), start);
        let mut said = Vec::new();
        while let Some((at, _)) = reliable.poll_timeout() {
            reliable.handle_timeout(at);
            while let Some(output) = reliable.poll_output() {
                said.push(((at - start).as_millis(), output));
            }
        }
        let times: Vec<u128> = said.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [500, 1500, 3500, 7500, 15500, 31500, 32000]);
        assert_eq!(said.last().unwrap().1, ReliableOutput::Unacknowledged);
        let mut answered = Reliable::new(Timers::default(), start);
        answered.handle_prack();
        assert!(!answered.is_waiting());
        assert_eq!(answered.poll_timeout(), None);
    }

    #[test]
    fn only_a_response_that_demands_it_is_reliable() {
        let rseq_of = |require, number| {
            rseq(&headers(&[(HeaderName::Require, require), (HeaderName::RSeq, number)]))
        };
        assert_eq!(rseq_of("100rel", "988789"), Some(988_789));
        assert_eq!(rseq_of("timer", "1"), None);
        for number in ["0", "", "x", "-1", "99999999999"] {
            assert_eq!(rseq_of("100REL", number), None, "{number}");
        }
    }

    #[test]
    fn rack_is_read_and_written() {
        let read = |text| RAck::of(&headers(&[(HeaderName::RAck, text)]));
        assert_eq!(read("776656 1 INVITE"), Some(RAck { rseq: 776_656, cseq: 1 }));
        assert_eq!(read("776656 1 INVITE").unwrap().to_string(), "776656 1 INVITE");
        for text in ["", "1", "1 2", "1 2 BYE", "1 2 INVITE x", "a b INVITE"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
