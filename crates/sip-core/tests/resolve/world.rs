//! A resolver, a zone that can change and fail, and a clock.

use sip_core::transport::Transport;
use sip_core::transport::resolve::{
    Answer, Kind, Lookup, Naptr, Output, Query, Record, Resolver, Srv, State, Target,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// What the name server does with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Answers,
    /// Every question fails after a while, as when no server is there.
    Fails,
    /// Nothing comes back yet.
    Silent,
}

pub(crate) struct World {
    pub(crate) resolver: Resolver,
    pub(crate) zone: BTreeMap<Query, Vec<Record>>,
    pub(crate) ttl: Duration,
    pub(crate) mood: Mood,
    pub(crate) now: Instant,
    /// Every question asked so far.
    pub(crate) asked: Vec<String>,
    open: Vec<Query>,
    pub(crate) keeps: u32,
}

impl World {
    pub(crate) fn new(zone: &[&str]) -> Self {
        let mut world = Self {
            resolver: Resolver::new([7; 32]),
            zone: BTreeMap::new(),
            ttl: Duration::from_secs(60),
            mood: Mood::Answers,
            now: start(),
            asked: Vec::new(),
            open: Vec::new(),
            keeps: 0,
        };
        world.set(zone);
        world
    }

    /// Replaces the zone; lines as `SRV name priority weight port target` and the like.
    pub(crate) fn set(&mut self, zone: &[&str]) {
        self.zone.clear();
        for line in zone {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |at: usize| words[at].parse().unwrap();
            let (kind, record) = match words[0] {
                "A" => (Kind::A, Record::Address(words[2].parse().unwrap())),
                "AAAA" => (Kind::Aaaa, Record::Address(words[2].parse().unwrap())),
                "SRV" => (
                    Kind::Srv,
                    Record::Srv(Srv {
                        priority: number(2),
                        weight: number(3),
                        port: number(4),
                        target: words[5].to_owned(),
                    }),
                ),
                _ => (
                    Kind::Naptr,
                    Record::Naptr(Naptr {
                        order: number(2),
                        preference: number(3),
                        flags: words[4].to_owned(),
                        service: words[5].to_owned(),
                        replacement: words[6].to_owned(),
                    }),
                ),
            };
            self.zone.entry(Query::new(kind, words[1])).or_default().push(record);
        }
    }

    pub(crate) fn want(&mut self, target: &Target) {
        self.resolver.want(&BTreeSet::from([target.clone()]), self.now);
        self.settle();
    }

    /// Answers everything that is open, as the mood is.
    pub(crate) fn settle(&mut self) {
        loop {
            while let Some(output) = self.resolver.poll_output() {
                match output {
                    Output::Ask(query) => {
                        self.asked.push(query.to_string());
                        self.open.push(query);
                    }
                    Output::Changed => {}
                    Output::Keep => self.keeps += 1,
                }
            }
            if self.open.is_empty() || self.mood == Mood::Silent {
                return;
            }
            for query in std::mem::take(&mut self.open) {
                let answer = match (self.mood, self.zone.get(&query)) {
                    (Mood::Answers, Some(records)) => {
                        Answer::Records { records: records.clone(), ttl: self.ttl }
                    }
                    (Mood::Answers, None) => Answer::Nothing { ttl: None },
                    (Mood::Fails | Mood::Silent, _) => Answer::Failed,
                };
                self.resolver.handle_answer(&query, answer, self.now);
            }
        }
    }

    /// Lets time pass, with everything that becomes due in it.
    pub(crate) fn pass(&mut self, seconds: u64) {
        let until = self.now + Duration::from_secs(seconds);
        let mut turns = 0;
        while let Some((at, _)) = self.resolver.poll_timeout().filter(|(at, _)| *at <= until) {
            turns += 1;
            assert!(turns < 100_000, "the resolver does not come to rest");
            self.now = self.now.max(at);
            self.resolver.handle_timeout(self.now);
            self.settle();
        }
        self.now = until;
    }

    pub(crate) fn hops(&self, target: &Target) -> Vec<String> {
        let resolution = self.resolver.resolution(target).unwrap();
        resolution.hops.iter().map(|hop| hop.hop.to_string()).collect()
    }

    pub(crate) fn former(&self, target: &Target) -> Vec<String> {
        let resolution = self.resolver.resolution(target).unwrap();
        resolution.former.iter().map(|hop| hop.hop.to_string()).collect()
    }

    pub(crate) fn state(&self, target: &Target) -> State {
        self.resolver.resolution(target).unwrap().state
    }

    /// A new process that has what this one kept.
    pub(crate) fn restart(&mut self) {
        let kept = self.resolver.kept();
        self.resolver = Resolver::new([9; 32]);
        self.resolver.restore(&kept);
        self.open.clear();
    }
}

#[expect(clippy::disallowed_methods, reason = "a world begins at some moment")]
fn start() -> Instant {
    Instant::now()
}

/// The domain with nothing but its name configured, over UDP.
pub(crate) fn domain() -> Target {
    server(None, Transport::Udp, None)
}

pub(crate) fn server(port: Option<u16>, transport: Transport, lookup: Option<Lookup>) -> Target {
    Target::server("example.test", port, transport, lookup)
}

pub(crate) const PAIR: [&str; 4] = [
    "SRV _sip._udp.example.test 10 0 5060 p1.example.test",
    "SRV _sip._udp.example.test 20 0 5070 p2.example.test",
    "A p1.example.test 10.0.0.1",
    "A p2.example.test 10.0.0.2",
];
