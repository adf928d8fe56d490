//! What must hold when DNS says anything, and when any text is found for what an earlier run has kept.
//!
//! The input: the kept text, a zero octet, then answers. Each answer is a letter for its kind and what
//! follows up to the next zero octet. Used by the fuzz target and by the replay of its corpus.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use sip_core::limits;
use sip_core::transport::Transport;
use sip_core::transport::resolve::{Answer, Naptr, Output, Query, Record, Resolver, Srv, Target};

/// Answers that are given.
const ANSWERS: usize = 64;

/// Panics if anything does not hold. `start` is where virtual time begins.
pub(crate) fn check(octets: &[u8], start: Instant) {
    let mut parts = octets.split(|octet| *octet == 0);
    let kept = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let mut resolver = Resolver::new([1; 32]);
    resolver.restore(&kept);
    let targets: BTreeSet<Target> = [
        Target::server("example.test", None, Transport::Udp, None),
        Target::server("p1.example.test", Some(5070), Transport::Tls, None),
    ]
    .into();
    let mut now = start;
    resolver.want(&targets, now);
    let mut asked: Vec<Query> = Vec::new();
    for part in parts.take(ANSWERS) {
        while let Some(output) = resolver.poll_output() {
            if let Output::Ask(query) = output {
                asked.push(query);
            }
        }
        let Some((kind, rest)) = part.split_first() else { continue };
        if *kind == b'w' {
            now += Duration::from_secs(rest.iter().map(|octet| u64::from(*octet)).sum());
            resolver.handle_timeout(now);
        } else if let Some(query) = asked.pop() {
            resolver.handle_answer(&query, answer(*kind, rest), now);
        }
        holds(&resolver, &targets, &kept, now);
    }
}

/// What an answer says: `n`, `s`, `a`: records, one a line, words with blanks between; `-`: there is
/// none; anything else: nobody answers.
fn answer(kind: u8, rest: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(rest);
    let number = |word: Option<&&str>| word.and_then(|word| word.parse().ok()).unwrap_or_default();
    let text_of = |word: Option<&&str>| word.map_or_else(String::new, |word| (*word).to_owned());
    let record = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        match kind {
            b'n' => Some(Record::Naptr(Naptr {
                order: number(words.first()),
                preference: number(words.get(1)),
                flags: text_of(words.get(2)),
                service: text_of(words.get(3)),
                replacement: text_of(words.get(4)),
            })),
            b's' => Some(Record::Srv(Srv {
                priority: number(words.first()),
                weight: number(words.get(1)),
                port: number(words.get(2)),
                target: text_of(words.get(3)),
            })),
            _ => line.parse::<IpAddr>().ok().map(Record::Address),
        }
    };
    match kind {
        b'n' | b's' | b'a' => Answer::Records {
            records: text.lines().filter_map(record).collect(),
            ttl: Duration::from_secs(u64::from(rest.first().copied().unwrap_or_default())),
        },
        b'-' => Answer::Nothing { ttl: rest.first().map(|ttl| Duration::from_secs((*ttl).into())) },
        _ => Answer::Failed,
    }
}

/// Lists are bounded, no hop is in one twice, and what is kept is read back with nothing added.
fn holds(resolver: &Resolver, targets: &BTreeSet<Target>, kept: &str, now: Instant) {
    for target in targets {
        let found = resolver.resolution(target).expect("it is wanted");
        let hops: BTreeSet<_> = found.hops.iter().map(|entry| entry.hop).collect();
        assert_eq!(hops.len(), found.hops.len(), "each hop once");
        assert!(found.hops.len() <= limits::RECORDS * limits::RECORDS, "a list is bounded");
        assert!(found.former.iter().all(|old| !hops.contains(&old.hop)), "former is not now");
    }
    assert!(resolver.poll_timeout().is_none_or(|(at, _)| at + Duration::from_secs(1) > now));
    let written = resolver.kept();
    assert!(written.lines().count() <= limits::KEPT_LINES);
    let mut again = Resolver::new([2; 32]);
    again.restore(&written);
    again.want(targets, now);
    // What an earlier run was led to counts as lost until DNS has spoken.
    for line in again.kept().lines().filter(|line| !line.starts_with("LOST ")) {
        assert!(written.contains(line), "{line:?} was never written: {written:?} of {kept:?}");
    }
}
