//! What is known of one sender from its packets alone: sequence numbers judged and counted (RFC
//! 3550 appendix A.1), loss (A.3) and interarrival jitter (A.8). Knows one SSRC; which one is
//! listened to is `session`'s choice.

use super::rtcp::ReportBlock;

/// A jump forward by more than this is another stream, not a loss (appendix A.1).
const MAX_DROPOUT: u16 = 3000;
/// A packet older than this is another stream, not a late one (appendix A.1).
const MAX_MISORDER: u16 = 100;

/// Counters of one synchronisation source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    ssrc: u32,
    base: u32,
    highest: u16,
    cycles: u32,
    /// The number that would follow a packet far out of order: two in a row are a restart.
    restart: Option<u16>,
    received: u32,
    expected_before: u32,
    received_before: u32,
    transit: Option<u32>,
    /// Sixteen times the jitter, so that integer arithmetic keeps the fraction.
    jitter_16: u32,
}

impl Source {
    /// A source whose first packet has this sequence number. That packet still goes through
    /// [`Source::receive`].
    #[must_use]
    pub fn new(ssrc: u32, first: u16) -> Self {
        Self {
            ssrc,
            base: u32::from(first),
            highest: first,
            cycles: 0,
            restart: None,
            received: 0,
            expected_before: 0,
            received_before: 0,
            transit: None,
            jitter_16: 0,
        }
    }

    /// Whose counters these are.
    #[must_use]
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Counts a packet. `arrival` is its time of arrival in timestamp units. False: its number is so
    /// far off that it is not believed until the next one confirms it.
    pub fn receive(&mut self, sequence: u16, timestamp: u32, arrival: u32) -> bool {
        let ahead = sequence.wrapping_sub(self.highest);
        if ahead < MAX_DROPOUT {
            if sequence < self.highest {
                self.cycles = self.cycles.wrapping_add(1 << 16);
            }
            self.highest = sequence;
        } else if ahead <= u16::MAX - MAX_MISORDER {
            if self.restart != Some(sequence) {
                self.restart = Some(sequence.wrapping_add(1));
                return false;
            }
            *self = Self::new(self.ssrc, sequence);
        }
        self.restart = None;
        self.received = self.received.wrapping_add(1);
        self.measure_jitter(timestamp, arrival);
        true
    }

    /// RFC 3550 §6.4.1: J += (|D| − J) / 16, D the difference of two packets' transit times.
    fn measure_jitter(&mut self, timestamp: u32, arrival: u32) {
        let transit = arrival.wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let difference = (transit.wrapping_sub(before) as i32).unsigned_abs();
            // A timestamp that leaps (another clock after a transfer) says nothing of the network.
            if difference < 1 << 20 {
                self.jitter_16 = self.jitter_16 + difference - ((self.jitter_16 + 8) >> 4);
            }
        }
    }

    /// Packets counted, duplicates and late ones included.
    #[must_use]
    pub fn received(&self) -> u32 {
        self.received
    }

    /// Packets expected less packets counted; negative where duplicates outweigh losses.
    #[must_use]
    pub fn lost(&self) -> i32 {
        self.expected().wrapping_sub(self.received) as i32
    }

    /// Interarrival jitter, timestamp units.
    #[must_use]
    pub fn jitter(&self) -> u32 {
        self.jitter_16 >> 4
    }

    /// The report on this source since the last one. `last_report` and `delay` are left 0.
    pub fn report(&mut self) -> ReportBlock {
        let expected = self.expected();
        let expected_now = expected.wrapping_sub(self.expected_before);
        let received_now = self.received.wrapping_sub(self.received_before);
        (self.expected_before, self.received_before) = (expected, self.received);
        let lost_now = i64::from(expected_now) - i64::from(received_now);
        let fraction = if lost_now <= 0 { 0 } else { lost_now * 256 / i64::from(expected_now) };
        ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            lost: self.lost(),
            highest: self.extended(),
            jitter: self.jitter(),
            last_report: 0,
            delay: 0,
        }
    }

    fn extended(&self) -> u32 {
        self.cycles.wrapping_add(u32::from(self.highest))
    }

    fn expected(&self) -> u32 {
        self.extended().wrapping_sub(self.base).wrapping_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that has received these numbers, 20 ms apart, without jitter.
    fn source(sequences: impl IntoIterator<Item = u16>) -> Source {
        let mut sequences = sequences.into_iter().peekable();
        let mut source = Source::new(1, *sequences.peek().unwrap());
        for sequence in sequences {
            let time = u32::from(sequence) * 160;
            source.receive(sequence, time, time);
        }
        source
    }

    #[test]
    fn loss_is_counted_across_the_wrap_of_the_sequence_number() {
        let mut source = source((65_500..=65_535).chain(0..60).filter(|n| n % 10 != 5));
        // 96 numbers, of which 65505 … 65535 and 5 … 55 end in 5: 4 + 6 are missing.
        assert_eq!(source.lost(), 10);
        let report = source.report();
        assert_eq!(report.highest, (1 << 16) + 59);
        assert_eq!(report.fraction_lost, (10 * 256 / 96) as u8);
    }

    #[test]
    fn the_fraction_counts_only_since_the_last_report() {
        let mut source = source((0..100).filter(|n| *n < 50 || n % 2 == 1));
        assert_eq!(source.report().fraction_lost, (25 * 256 / 100) as u8);
        for sequence in 100..200u16 {
            source.receive(sequence, 0, 0);
        }
        let report = source.report();
        assert_eq!((report.fraction_lost, report.lost), (0, 25));
    }

    #[test]
    fn duplicates_make_the_loss_negative_and_the_fraction_zero() {
        let mut source = source([1, 2, 2, 2, 3]);
        let report = source.report();
        assert_eq!((report.lost, report.fraction_lost), (-2, 0));
    }

    #[test]
    fn late_packets_are_counted_and_do_not_move_the_highest_number() {
        let mut source = source([10, 12, 11, 13]);
        assert_eq!((source.lost(), source.received()), (0, 4));
        assert_eq!(source.report().highest, 13);
    }

    #[test]
    fn a_lone_wild_number_is_not_believed_and_two_in_a_row_are_a_restart() {
        let mut source = source(0..10);
        assert!(!source.receive(30_000, 0, 0));
        assert!(source.receive(10, 0, 0));
        assert_eq!(source.lost(), 0);
        assert!(!source.receive(40_000, 0, 0));
        assert!(source.receive(40_001, 0, 0));
        assert_eq!((source.received(), source.lost()), (1, 0));
    }

    #[test]
    fn jitter_follows_the_formula_of_the_rfc() {
        // Transit times alternate by 80 units: every |D| is 80, J tends to 80.
        let mut source = Source::new(1, 0);
        let mut model = 0.0f64;
        for n in 0..200u16 {
            let sent = u32::from(n) * 160;
            source.receive(n, sent, sent + 80 * u32::from(n % 2));
            if n > 0 {
                model += (80.0 - model) / 16.0;
            }
            assert!((f64::from(source.jitter()) - model).abs() < 2.0, "{n}");
        }
        assert!((78..=80).contains(&source.jitter()));
    }
}
