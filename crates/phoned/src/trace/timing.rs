//! How long servers take to answer, measured where messages meet the wire: from a request to the first
//! response to it at each hop, and from a REGISTER to the registration.
//!
//! Only requests that were sent once count for a hop (Karn's rule). Every table is bounded; what does
//! not fit is not measured.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use control::{Durations, HopTiming, TimingReport};
use sip_core::transport::Hop;

use super::glance::Glance;

/// Upper ends of the buckets, seconds: 0.5 s is T1, 3.5 s a server that does not answer three
/// transmissions, 32 s 64·T1 (RFC 3261 §17.1.1.1).
const ROUND_TRIPS: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 4.0];
const REGISTRATIONS: &[f64] = &[0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 4.0, 8.0, 16.0, 33.0];

/// Requests that wait for their first response; a transaction is over after 64·T1.
const WAITING: usize = 2048;
const OVER: Duration = Duration::from_secs(32);
/// Hops that are told apart.
const HOPS: usize = 64;

/// A request that waits for its first response.
#[derive(Debug)]
struct Asked {
    at: Instant,
    once: bool,
}

/// REGISTERs of one Call-ID, the first of which has not led to a registration yet.
#[derive(Debug)]
struct Registering {
    since: Instant,
    latest: Instant,
}

/// Round trips of one hop.
#[derive(Debug)]
struct Answers {
    last: Duration,
    all: Durations,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Timing {
    asked: HashMap<(Hop, String), Asked>,
    registering: HashMap<String, Registering>,
    registered: Durations,
    hops: BTreeMap<Hop, Answers>,
}

impl Timing {
    pub(super) fn new() -> Self {
        Self {
            asked: HashMap::new(),
            registering: HashMap::new(),
            registered: Durations::new(REGISTRATIONS),
            hops: BTreeMap::new(),
        }
    }

    /// A message was handed to the wire.
    pub(super) fn sent(&mut self, hop: Hop, message: &[u8], now: Instant) {
        let glance = Glance::at(message);
        let (method, branch) = (glance.method(), glance.branch());
        // Neither has a response of its own branch: an ACK none, a CANCEL shares that of its INVITE.
        if glance.code().is_some() || branch.is_empty() || matches!(method, "" | "ACK" | "CANCEL") {
            return;
        }
        if make_room(&mut self.asked, |asked| asked.at, now) {
            let asked = self.asked.entry((hop, branch.to_owned()));
            asked.and_modify(|asked| asked.once = false).or_insert(Asked { at: now, once: true });
        }
        if method == "REGISTER" && make_room(&mut self.registering, |chain| chain.latest, now) {
            let fresh = Registering { since: now, latest: now };
            let chain = self.registering.entry(glance.call_id().to_owned()).or_insert(fresh);
            // Nothing came of the one before, and it is over.
            if now.saturating_duration_since(chain.latest) > OVER {
                chain.since = now;
            }
            chain.latest = now;
        }
    }

    /// A message has come.
    pub(super) fn received(&mut self, hop: Hop, message: &[u8], now: Instant) {
        let glance = Glance::at(message);
        let Some(code) = glance.code() else { return };
        let key = (hop, glance.branch().to_owned());
        if let Some(asked) = self.asked.remove(&key).filter(|asked| asked.once) {
            self.answered(hop, now.saturating_duration_since(asked.at));
        }
        if glance.method() == "REGISTER" {
            match code {
                // Another REGISTER follows at once (RFC 3261 §22, §10.2.8).
                100..200 | 401 | 407 | 423 => {}
                200..300 => {
                    if let Some(chain) = self.registering.remove(glance.call_id()) {
                        let took = now.saturating_duration_since(chain.since);
                        self.registered.take(took.as_secs_f64());
                    }
                }
                // May be tried at another hop: what that takes is part of it.
                500..600 => {}
                _ => drop(self.registering.remove(glance.call_id())),
            }
        }
    }

    fn answered(&mut self, hop: Hop, took: Duration) {
        if self.hops.len() >= HOPS && !self.hops.contains_key(&hop) {
            return;
        }
        let fresh = Answers { last: took, all: Durations::new(ROUND_TRIPS) };
        let answers = self.hops.entry(hop).or_insert(fresh);
        answers.last = took;
        answers.all.take(took.as_secs_f64());
    }

    pub(super) fn report(&self) -> TimingReport {
        let told = |(hop, answers): (&Hop, &Answers)| HopTiming {
            hop: hop.to_string(),
            last_s: answers.last.as_secs_f64(),
            round_trip: answers.all.clone(),
        };
        TimingReport {
            registration: self.registered.clone(),
            hops: self.hops.iter().map(told).collect(),
        }
    }
}

/// Whether one more fits, where need be after those that are over have gone.
fn make_room<K: Eq + std::hash::Hash, V>(
    table: &mut HashMap<K, V>,
    at: impl Fn(&V) -> Instant,
    now: Instant,
) -> bool {
    if table.len() >= WAITING {
        table.retain(|_, entry| now.saturating_duration_since(at(entry)) <= OVER);
    }
    table.len() < WAITING
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(address: &str) -> Hop {
        address.parse().unwrap()
    }

    fn request(method: &str, branch: &str, call_id: &str) -> Vec<u8> {
        format!(
            "{method} sip:h SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch={branch};rport\r\n\
             Call-ID: {call_id}\r\nCSeq: 1 {method}\r\n\r\n"
        )
        .into_bytes()
    }

    fn response(code: u16, method: &str, branch: &str, call_id: &str) -> Vec<u8> {
        let request = String::from_utf8(request(method, branch, call_id)).unwrap();
        let (_, headers) = request.split_once("\r\n").unwrap();
        format!("SIP/2.0 {code} x\r\n{headers}").into_bytes()
    }

    const PRIMARY: &str = "udp:10.0.0.1:5060";
    const BACKUP: &str = "udp:10.0.0.2:5060";

    #[test]
    fn a_round_trip_is_from_a_request_to_its_first_response_f9() {
        let (mut timing, start) = (Timing::new(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        timing.sent(hop(PRIMARY), &request("INVITE", "z9hG4bK1", "c"), at(0));
        timing.received(hop(PRIMARY), &response(100, "INVITE", "z9hG4bK1", "c"), at(8));
        timing.received(hop(PRIMARY), &response(200, "INVITE", "z9hG4bK1", "c"), at(900));
        let report = timing.report();
        assert_eq!(report.hops.len(), 1);
        assert_eq!((report.hops[0].hop.as_str(), report.hops[0].last_s), (PRIMARY, 0.008));
        assert_eq!(report.hops[0].round_trip.count(), 1);
    }

    #[test]
    fn a_request_that_was_sent_twice_says_nothing_of_the_round_trip_f9() {
        let (mut timing, now) = (Timing::new(), Instant::now());
        for _ in 0..2 {
            timing.sent(hop(PRIMARY), &request("OPTIONS", "z9hG4bK1", "c"), now);
        }
        timing.received(hop(PRIMARY), &response(200, "OPTIONS", "z9hG4bK1", "c"), now);
        timing.received(hop(PRIMARY), &response(200, "OPTIONS", "z9hG4bKother", "c"), now);
        assert!(timing.report().hops.is_empty());
    }

    #[test]
    fn a_registration_takes_its_challenge_and_its_failover_with_it_f9() {
        let (mut timing, start) = (Timing::new(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        timing.sent(hop(PRIMARY), &request("REGISTER", "z9hG4bK1", "r"), at(0));
        timing.sent(hop(BACKUP), &request("REGISTER", "z9hG4bK2", "r"), at(3500));
        timing.received(hop(BACKUP), &response(401, "REGISTER", "z9hG4bK2", "r"), at(3502));
        timing.sent(hop(BACKUP), &request("REGISTER", "z9hG4bK3", "r"), at(3502));
        timing.received(hop(BACKUP), &response(200, "REGISTER", "z9hG4bK3", "r"), at(3506));
        let registration = timing.report().registration;
        assert_eq!(registration.count(), 1);
        assert!((registration.sum_s - 3.506).abs() < 1e-9, "{registration:?}");
        // The refresh is another one; so is one long after an attempt that came to nothing.
        timing.sent(hop(BACKUP), &request("REGISTER", "z9hG4bK4", "r"), at(60_000));
        timing.sent(hop(BACKUP), &request("REGISTER", "z9hG4bK5", "r"), at(100_000));
        timing.received(hop(BACKUP), &response(200, "REGISTER", "z9hG4bK5", "r"), at(100_010));
        let registration = timing.report().registration;
        assert_eq!((registration.count(), registration.counts[1]), (2, 1));
    }

    #[test]
    fn a_refused_registration_is_not_one_f9() {
        let (mut timing, now) = (Timing::new(), Instant::now());
        timing.sent(hop(PRIMARY), &request("REGISTER", "z9hG4bK1", "r"), now);
        timing.received(hop(PRIMARY), &response(403, "REGISTER", "z9hG4bK1", "r"), now);
        timing.received(hop(PRIMARY), &response(200, "REGISTER", "z9hG4bK1", "r"), now);
        assert_eq!(timing.report().registration.count(), 0);
    }

    #[test]
    fn tables_stay_bounded_whatever_is_sent() {
        let (mut timing, now) = (Timing::new(), Instant::now());
        for n in 0..2 * WAITING {
            let peer = hop(&format!("udp:10.0.{}.{}:5060", n / 256, n % 256));
            let branch = format!("z9hG4bK{n}");
            timing.sent(peer, &request("REGISTER", &branch, &branch), now);
            timing.received(peer, &response(200, "OPTIONS", &branch, &branch), now);
            timing.sent(peer, &request("REGISTER", &format!("{branch}x"), &branch), now);
        }
        assert!(timing.asked.len() <= WAITING && timing.registering.len() <= WAITING);
        assert_eq!(timing.hops.len(), HOPS);
        timing.sent(hop(PRIMARY), &request("REGISTER", "z9hG4bKlate", "late"), now + 2 * OVER);
        assert!(timing.registering.contains_key("late"), "what is over gives way");
    }
}
