//! TLS on the connections of a world, as the shells of phones and proxies keep it: before anything
//! can be said, a hello goes there, a certificate comes back, and whoever has opened the connection
//! finishes or refuses. That is a round trip more than TCP, and more that can go wrong.
//!
//! Nothing is enciphered, and no name is compared: what a certificate is worth is said by who shows
//! it. Every handshake is whole; none is shortened by an earlier one.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use netem::{News, Pair};
use phone::input::TlsFault;
use sip_core::transport::Transport;

/// Where TLS is taken (RFC 3261 §19.1.2).
const PORT: u16 = 5061;

/// As long as those of TLS 1.3 are; what they say is who sends them.
const HELLO: [u8; 300] = [1; 300];
const FINISHED: [u8; 60] = [20; 60];

/// The flight with the certificate; its last octet is the verdict.
const CERTIFICATE: usize = 1_200;

/// What is wrong with a certificate, by the last octet less one.
const FAULTS: [TlsFault; 4] =
    [TlsFault::Expired, TlsFault::WrongName, TlsFault::UnknownIssuer, TlsFault::NotYetValid];

/// How a host that takes connections deals with a hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conduct {
    /// It shows a good certificate.
    Serves,
    /// It says nothing, ever.
    Silent,
    /// It closes the connection.
    Closes,
    /// It shows a certificate that is refused for this.
    Shows(TlsFault),
}

/// The address for a transport on a host with this SIP address.
#[must_use]
pub fn at(transport: Transport, addr: SocketAddr) -> SocketAddr {
    match transport {
        Transport::Udp | Transport::Tcp => addr,
        Transport::Tls => SocketAddr::new(addr.ip(), PORT),
    }
}

/// What is spoken over a connection: one of its ends is where TLS is taken, or none is.
#[must_use]
pub fn transport_of(pair: Pair) -> Transport {
    let secured = pair.local.port() == PORT || pair.remote.port() == PORT;
    if secured { Transport::Tls } else { Transport::Tcp }
}

/// What follows from what has happened to a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Its application hears that.
    Hear(News),
    /// Octets go out.
    Write(Pair, Vec<u8>),
    /// It is closed; its application has not heard of it yet.
    Close(Pair),
    /// It is reset, and its application hears that TLS did not come about.
    Refuse(Pair, TlsFault),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Of the opener: TCP is being set up.
    Connecting,
    /// Of the opener: a certificate is awaited.
    Asking,
    /// Of the other: a hello is awaited.
    Accepted,
    /// Of the other: it has shown its certificate.
    Shown,
    /// Of the other: it will never say anything.
    Stuck,
    Open,
}

#[derive(Debug, Clone)]
struct Session {
    stage: Stage,
    /// What has come of the other's flight.
    got: Vec<u8>,
    /// What the opener's application has written meanwhile.
    queue: Vec<u8>,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Sessions {
    table: BTreeMap<Pair, Session>,
}

impl Sessions {
    /// An application opens a connection.
    pub fn begin(&mut self, pair: Pair) {
        self.put(pair, Stage::Connecting);
    }

    /// It has let one go.
    pub fn end(&mut self, pair: Pair) {
        self.table.remove(&pair);
    }

    /// It writes: the octets if they can go out now; otherwise they wait.
    pub fn write<'a>(&mut self, pair: Pair, octets: &'a [u8]) -> Option<&'a [u8]> {
        match self.table.get_mut(&pair) {
            Some(session) if session.stage != Stage::Open => {
                session.queue.extend_from_slice(octets);
                None
            }
            Some(_) | None => Some(octets),
        }
    }

    /// The ends that wait for what will never come: no fault is left behind in them.
    #[must_use]
    pub fn stuck(&self) -> Vec<Pair> {
        let stuck = self.table.iter().filter(|(_, session)| session.stage == Stage::Stuck);
        stuck.map(|(pair, _)| *pair).collect()
    }

    /// Whether something is said of a connection sooner or later.
    #[must_use]
    pub fn is_well(&self, pair: Pair) -> bool {
        let stuck =
            |pair| self.table.get(&pair).is_some_and(|session| session.stage == Stage::Stuck);
        !stuck(pair) && !stuck(pair.reversed())
    }

    /// Something has happened to a connection; `conduct` is that of its host.
    pub fn handle(&mut self, news: News, conduct: Conduct) -> Vec<Step> {
        match news {
            News::Accepted(pair) => {
                self.put(pair, Stage::Accepted);
                Vec::new()
            }
            News::Opened(pair) => match self.table.get_mut(&pair) {
                Some(session) => {
                    session.stage = Stage::Asking;
                    vec![Step::Write(pair, HELLO.to_vec())]
                }
                None => Vec::new(),
            },
            News::Octets(pair, octets) => self.take(pair, octets, conduct),
            News::Over(pair, why) => match self.table.remove(&pair).map(|session| session.stage) {
                Some(Stage::Asking) => vec![Step::Refuse(pair, TlsFault::Failed)],
                Some(Stage::Accepted | Stage::Shown | Stage::Stuck) | None => Vec::new(),
                Some(Stage::Connecting | Stage::Open) => vec![Step::Hear(News::Over(pair, why))],
            },
        }
    }

    fn put(&mut self, pair: Pair, stage: Stage) {
        self.table.insert(pair, Session { stage, got: Vec::new(), queue: Vec::new() });
    }

    fn take(&mut self, pair: Pair, octets: Vec<u8>, conduct: Conduct) -> Vec<Step> {
        let Some(session) = self.table.get_mut(&pair) else { return Vec::new() };
        if session.stage == Stage::Open {
            return vec![Step::Hear(News::Octets(pair, octets))];
        }
        session.got.extend(octets);
        match session.stage {
            Stage::Accepted if session.got.len() >= HELLO.len() => {
                session.got.drain(..HELLO.len());
                self.answer(pair, conduct)
            }
            Stage::Shown if session.got.len() >= FINISHED.len() => {
                self.open(pair, FINISHED.len(), News::Accepted(pair), Vec::new())
            }
            Stage::Asking if session.got.len() >= CERTIFICATE => {
                let verdict = session.got.get(CERTIFICATE - 1).copied().map(usize::from);
                let fault = verdict.and_then(|at| FAULTS.get(at.checked_sub(1)?));
                match fault {
                    Some(fault) => {
                        self.table.remove(&pair);
                        vec![Step::Refuse(pair, *fault)]
                    }
                    None => self.open(pair, CERTIFICATE, News::Opened(pair), FINISHED.to_vec()),
                }
            }
            Stage::Connecting
            | Stage::Asking
            | Stage::Accepted
            | Stage::Shown
            | Stage::Stuck
            | Stage::Open => Vec::new(),
        }
    }

    /// A hello has come.
    fn answer(&mut self, pair: Pair, conduct: Conduct) -> Vec<Step> {
        let Some(session) = self.table.get_mut(&pair) else { return Vec::new() };
        let worth = match conduct {
            Conduct::Silent => {
                session.stage = Stage::Stuck;
                return Vec::new();
            }
            Conduct::Closes => {
                self.table.remove(&pair);
                return vec![Step::Close(pair)];
            }
            Conduct::Serves => 0,
            Conduct::Shows(fault) => {
                FAULTS.iter().position(|known| *known == fault).map_or(1, |at| at + 1)
            }
        };
        session.stage = Stage::Shown;
        let mut flight = vec![2; CERTIFICATE - 1];
        flight.push(u8::try_from(worth).unwrap_or(1));
        vec![Step::Write(pair, flight)]
    }

    /// The handshake is over: `flight` and what has waited go out, and what came behind it is heard.
    fn open(&mut self, pair: Pair, read: usize, news: News, mut flight: Vec<u8>) -> Vec<Step> {
        let Some(session) = self.table.get_mut(&pair) else { return Vec::new() };
        session.stage = Stage::Open;
        let rest = session.got.split_off(read.min(session.got.len()));
        session.got.clear();
        flight.append(&mut session.queue);
        let write = (!flight.is_empty()).then_some(Step::Write(pair, flight));
        let behind = (!rest.is_empty()).then_some(Step::Hear(News::Octets(pair, rest)));
        write.into_iter().chain([Step::Hear(news)]).chain(behind).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netem::Ending;

    fn ends() -> (Pair, Pair) {
        let ours = Pair {
            local: SocketAddr::from(([10, 0, 1, 1], PORT)),
            remote: SocketAddr::from(([10, 0, 0, 11], PORT)),
        };
        (ours, ours.reversed())
    }

    /// Two ends between which nothing is lost; what their applications hear.
    fn play(conduct: Conduct, written: &[u8]) -> (Sessions, Vec<Step>) {
        let (ours, theirs) = ends();
        let mut sessions = Sessions::default();
        sessions.begin(ours);
        assert_eq!(sessions.write(ours, written), None, "nothing goes out before the handshake");
        let mut steps = sessions.handle(News::Accepted(theirs), conduct);
        steps.extend(sessions.handle(News::Opened(ours), conduct));
        let mut heard = Vec::new();
        while !steps.is_empty() {
            let step = steps.remove(0);
            match step {
                Step::Write(pair, octets) => {
                    // Cut in two, as a segment may be.
                    let (one, two) = octets.split_at(octets.len() / 2);
                    for part in [one, two] {
                        let news = News::Octets(pair.reversed(), part.to_vec());
                        steps.extend(sessions.handle(news, conduct));
                    }
                }
                Step::Close(pair) => {
                    let news = News::Over(pair.reversed(), Ending::Closed);
                    steps.extend(sessions.handle(news, conduct));
                }
                Step::Hear(_) | Step::Refuse(..) => heard.push(step),
            }
        }
        (sessions, heard)
    }

    #[test]
    fn what_was_written_early_arrives_behind_the_handshake_and_not_before() {
        let (ours, theirs) = ends();
        let (mut sessions, heard) = play(Conduct::Serves, b"hi");
        let octets = heard.iter().filter_map(|step| {
            let Step::Hear(News::Octets(pair, octets)) = step else { return None };
            (*pair == theirs).then_some(&octets[..])
        });
        assert_eq!(octets.collect::<Vec<_>>().concat(), b"hi");
        let hears = |news: News| heard.contains(&Step::Hear(news));
        assert!(hears(News::Opened(ours)) && hears(News::Accepted(theirs)));
        assert_eq!(sessions.write(theirs, b"ho"), Some(&b"ho"[..]));
    }

    #[test]
    fn a_refused_certificate_and_a_closed_handshake_are_told_to_the_opener_alone() {
        let (ours, _) = ends();
        for fault in FAULTS {
            let (_, heard) = play(Conduct::Shows(fault), b"hi");
            assert_eq!(heard, [Step::Refuse(ours, fault)]);
        }
        assert_eq!(play(Conduct::Closes, b"hi").1, [Step::Refuse(ours, TlsFault::Failed)]);
    }

    #[test]
    fn a_silent_handshake_goes_nowhere_and_is_known_as_stuck() {
        let (ours, theirs) = ends();
        let (sessions, heard) = play(Conduct::Silent, b"hi");
        assert_eq!(heard, []);
        assert_eq!(sessions.stuck(), [theirs]);
        assert!(!sessions.is_well(ours) && !sessions.is_well(theirs));
    }
}
