//! One RTP session with one peer (RFC 3550): numbers what is sent, chooses the one source that is
//! listened to, and keeps the RTCP conversation: when a report is due, what it says, and the round
//! trip that the peer's reports give.
//!
//! Does not know sockets, addresses, codecs or sound; whether a datagram may come from where it
//! came from is the engine's check before it gets here.

use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::packet::Packet;
use super::rtcp::{self, Control, ReportBlock, SenderInfo};
use super::source::Source;
use super::{MalformedError, rtcp::parse};

/// Mean time between reports (RFC 3550 §6.2: five seconds is the minimum, and two parties need no
/// more).
const REPORT_INTERVAL: Duration = Duration::from_secs(5);

/// Packets in a row that a new source needs to take the place of the current one (RFC 3550 appendix
/// A.1, MIN_SEQUENTIAL). A packet of the current one in between starts the count again, so that two
/// that speak at once do not take turns.
const PROBATION: u8 = 2;

/// A report answered later than this gives no round trip.
const RTT_BOUND: Duration = Duration::from_secs(60);

/// Ties the monotonic clock to the wall clock that reports carry. Steps of the wall clock after the
/// start do not show.
#[derive(Debug, Clone, Copy)]
pub struct NtpClock {
    anchor: Instant,
    ntp: u64,
}

impl NtpClock {
    /// At `anchor` the wall clock read `since_1970`.
    #[must_use]
    pub fn new(anchor: Instant, since_1970: Duration) -> Self {
        const FROM_1900_TO_1970: u64 = 2_208_988_800;
        let seconds = since_1970.as_secs().wrapping_add(FROM_1900_TO_1970);
        Self { anchor, ntp: seconds << 32 | fraction(since_1970) }
    }

    /// NTP time at `now`: seconds since 1900 in 32.32 fixed point.
    #[must_use]
    pub fn at(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.anchor);
        self.ntp.wrapping_add(passed.as_secs() << 32).wrapping_add(fraction(passed))
    }
}

fn fraction(time: Duration) -> u64 {
    (u64::from(time.subsec_nanos()) << 32) / 1_000_000_000
}

/// What became of a received packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// Counted, from the source listened to.
    Accepted,
    /// Counted; with it another source is listened to than before.
    NewSource,
    /// Not believed (yet): another source, or a wild number.
    Refused,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    ssrc: u32,
    next: u16,
    seen: u8,
}

/// The last sender report of the peer.
#[derive(Debug, Clone, Copy)]
struct LastReport {
    middle: u32,
    arrival: Instant,
}

/// What the peer has last said of our packets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FarEnd {
    /// Share (0 to 1) of them that it has not got, since its start.
    pub lost: f64,
    /// Interarrival jitter.
    pub jitter: Duration,
}

/// State of a session; see the module.
#[derive(Debug, Clone)]
pub struct Session {
    ssrc: u32,
    cname: String,
    clock_rate: u32,
    clock: NtpClock,
    rng: ChaCha8Rng,
    sequence: u16,
    timestamp: u32,
    packets: u32,
    octets: u32,
    reported_packets: u32,
    source: Option<Source>,
    candidate: Option<Candidate>,
    /// Counters of sources that were listened to before the current one.
    received_before: u64,
    lost_before: u64,
    last_report: Option<LastReport>,
    round_trip: Option<Duration>,
    /// The first sequence number that we sent: the peer's cumulative loss counts from there.
    first: u16,
    far_end: Option<FarEnd>,
    report_due: Instant,
}

impl Session {
    /// A session of the given clock rate (Hz). `seed` gives the first sequence number, the first
    /// timestamp (RFC 3550 §5.1: unpredictable) and the spread of reports.
    #[must_use]
    pub fn new(
        ssrc: u32,
        cname: String,
        clock_rate: u32,
        clock: NtpClock,
        seed: u64,
        now: Instant,
    ) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let start = rng.next_u64();
        let mut session = Self {
            ssrc,
            cname,
            clock_rate,
            clock,
            rng,
            sequence: (start >> 32) as u16,
            timestamp: start as u32,
            packets: 0,
            octets: 0,
            reported_packets: 0,
            source: None,
            candidate: None,
            received_before: 0,
            lost_before: 0,
            last_report: None,
            round_trip: None,
            first: (start >> 32) as u16,
            far_end: None,
            report_due: now,
        };
        // RFC 3550 §6.2: the first report comes after half the interval.
        session.report_due = now + session.interval() / 2;
        session
    }

    /// Our own synchronisation source.
    #[must_use]
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Timestamp of the sample that is spoken now.
    #[must_use]
    pub fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Time passes by this many samples, sent or not.
    pub fn advance(&mut self, samples: u32) {
        self.timestamp = self.timestamp.wrapping_add(samples);
    }

    /// Appends the next packet to `out`.
    pub fn send(
        &mut self,
        payload_type: u8,
        marker: bool,
        timestamp: u32,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) {
        let (sequence, ssrc) = (self.sequence, self.ssrc);
        Packet { marker, payload_type, sequence, timestamp, ssrc, payload }.write(out);
        self.sequence = self.sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(payload.len() as u32);
    }

    /// Takes a packet that arrived at `arrival`. One that bears our own SSRC is heard like any
    /// other: it comes from the peer's address, so it is no loop but an echo service that sends
    /// packets back as they are.
    pub fn receive(&mut self, packet: &Packet<'_>, arrival: Instant) -> Reception {
        let units = self.units(arrival);
        let heard = self.source.is_some();
        if let Some(source) = self.source.as_mut().filter(|source| source.ssrc() == packet.ssrc) {
            self.candidate = None;
            let believed = source.receive(packet.sequence, packet.timestamp, units);
            return if believed { Reception::Accepted } else { Reception::Refused };
        }
        if heard && !self.passes_probation(packet) {
            return Reception::Refused;
        }
        self.listen_to(packet, units);
        Reception::NewSource
    }

    fn passes_probation(&mut self, packet: &Packet<'_>) -> bool {
        let seen = match self.candidate {
            Some(c) if c.ssrc == packet.ssrc && c.next == packet.sequence => c.seen + 1,
            Some(_) | None => 1,
        };
        let next = packet.sequence.wrapping_add(1);
        self.candidate = Some(Candidate { ssrc: packet.ssrc, next, seen });
        seen >= PROBATION
    }

    fn listen_to(&mut self, packet: &Packet<'_>, units: u32) {
        if let Some(before) = &self.source {
            self.received_before += u64::from(before.received());
            self.lost_before += u64::from(before.lost().max(0).unsigned_abs());
        }
        let mut source = Source::new(packet.ssrc, packet.sequence);
        source.receive(packet.sequence, packet.timestamp, units);
        self.source = Some(source);
        self.candidate = None;
        self.last_report = None;
    }

    /// An instant in timestamp units; only differences mean something.
    fn units(&self, at: Instant) -> u32 {
        let passed = at.saturating_duration_since(self.clock.anchor).as_nanos();
        (passed * u128::from(self.clock_rate) / 1_000_000_000) as u32
    }

    /// Takes an RTCP datagram that arrived at `arrival`.
    ///
    /// # Errors
    /// When it is no valid compound packet; nothing of it is used.
    pub fn receive_rtcp(
        &mut self,
        datagram: &[u8],
        arrival: Instant,
    ) -> Result<(), MalformedError> {
        for control in parse(datagram)? {
            match control {
                Control::Report { ssrc, sender, blocks } => {
                    if let Some(info) = sender
                        && self.source.as_ref().is_none_or(|source| source.ssrc() == ssrc)
                    {
                        let middle = (info.ntp >> 16) as u32;
                        self.last_report = Some(LastReport { middle, arrival });
                    }
                    let ours = self.ssrc;
                    for block in blocks.iter().filter(|block| block.ssrc == ours) {
                        self.measure_round_trip(block, arrival);
                        self.take_report(block);
                    }
                }
                Control::Cname { .. } | Control::Bye(_) => {}
            }
        }
        Ok(())
    }

    /// RFC 3550 §6.4.1: the cumulative loss, of as many packets as the peer has seen numbers of.
    fn take_report(&mut self, block: &ReportBlock) {
        let seen = block.highest.wrapping_sub(u32::from(self.first)).wrapping_add(1);
        let lost = f64::from(block.lost.max(0)) / f64::from(seen.max(1));
        let jitter = Duration::from_secs(1) * block.jitter / self.clock_rate;
        self.far_end = Some(FarEnd { lost: lost.min(1.0), jitter });
    }

    /// RFC 3550 §6.4.1: the time since our report, less the time the peer held it.
    fn measure_round_trip(&mut self, block: &ReportBlock, arrival: Instant) {
        if block.last_report == 0 {
            return;
        }
        let now = (self.clock.at(arrival) >> 16) as u32;
        let units = now.wrapping_sub(block.last_report).wrapping_sub(block.delay);
        // A trip below the clock's steps can come out slightly negative.
        let units = if units > u32::MAX / 2 { 0 } else { units };
        let trip = Duration::from_secs(1) * units / 65_536;
        if trip < RTT_BOUND {
            self.round_trip = Some(trip);
        }
    }

    /// When [`Session::report`] wants to be called.
    #[must_use]
    pub fn report_due(&self) -> Instant {
        self.report_due
    }

    /// Appends the compound report that is due at `now` to `out`, and plans the next.
    pub fn report(&mut self, now: Instant, out: &mut Vec<u8>) {
        self.report_due = now + self.interval();
        self.write_report(now, out);
    }

    /// Appends the farewell: a last report with BYE (RFC 3550 §6.6).
    pub fn bye(&mut self, now: Instant, out: &mut Vec<u8>) {
        self.write_report(now, out);
        rtcp::write(&Control::Bye(vec![self.ssrc]), out);
    }

    fn write_report(&mut self, now: Instant, out: &mut Vec<u8>) {
        let spoke = self.packets != self.reported_packets;
        self.reported_packets = self.packets;
        let sender = spoke.then(|| SenderInfo {
            ntp: self.clock.at(now),
            timestamp: self.timestamp,
            packets: self.packets,
            octets: self.octets,
        });
        let mut blocks: Vec<ReportBlock> = self.source.iter_mut().map(Source::report).collect();
        if let (Some(block), Some(last)) = (blocks.first_mut(), self.last_report) {
            let held = now.saturating_duration_since(last.arrival);
            block.last_report = last.middle;
            block.delay = u32::try_from(held.as_nanos() * 65_536 / 1_000_000_000).unwrap_or(0);
        }
        rtcp::write(&Control::Report { ssrc: self.ssrc, sender, blocks }, out);
        rtcp::write(&Control::Cname { ssrc: self.ssrc, name: self.cname.clone() }, out);
    }

    /// RFC 3550 §6.3.1: between half and one and a half of the mean, over e − 3/2.
    fn interval(&mut self) -> Duration {
        let share = f64::from(self.rng.next_u32()) / f64::from(u32::MAX);
        REPORT_INTERVAL.mul_f64((0.5 + share) / 1.218_28)
    }

    /// Packets sent.
    #[must_use]
    pub fn sent(&self) -> u32 {
        self.packets
    }

    /// Packets received, of all sources listened to.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received_before + self.source.as_ref().map_or(0, |s| u64::from(s.received()))
    }

    /// Packets lost on the way here; duplicates hide as many.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let now = self.source.as_ref().map_or(0, |s| s.lost().max(0).unsigned_abs());
        self.lost_before + u64::from(now)
    }

    /// Interarrival jitter of the current source.
    #[must_use]
    pub fn jitter(&self) -> Duration {
        let units = self.source.as_ref().map_or(0, Source::jitter);
        Duration::from_secs(1) * units / self.clock_rate
    }

    /// What the peer has last said of our packets; none until it has.
    #[must_use]
    pub fn far_end(&self) -> Option<FarEnd> {
        self.far_end
    }

    /// The last measured round trip; none until the peer has answered one of our reports.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
