//! What happened in a world, line by line, and a fingerprint of it. Two runs are the same run if
//! their fingerprints are equal: each covers every datagram with its time and every note.
//!
//! Lines are made only when somebody will read them; the fingerprint is always kept.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// The record of one run.
#[derive(Debug, Clone)]
pub struct Trace {
    start: Instant,
    lines: Option<Vec<String>>,
    fingerprint: u64,
}

impl Trace {
    /// A record that begins at `start`; with `keep` its lines can be read.
    #[must_use]
    pub fn new(start: Instant, keep: bool) -> Self {
        // FNV-1a, 64 bits: offset basis.
        Self { start, lines: keep.then(Vec::new), fingerprint: 0xcbf2_9ce4_8422_2325 }
    }

    /// Notes something said in words. `what` is called only if lines are kept.
    pub fn note(&mut self, now: Instant, who: &str, what: impl FnOnce() -> String) {
        let at = now.duration_since(self.start);
        self.stir(&at.as_nanos().to_le_bytes());
        self.stir(who.as_bytes());
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{} {who:<8} {}", clock(at), what()));
        }
    }

    /// Notes a datagram by its bytes; the line shows its first line and what tells it apart.
    pub fn datagram(&mut self, now: Instant, who: &str, arrow: &str, peer: &str, bytes: &[u8]) {
        let at = now.duration_since(self.start);
        self.stir(&at.as_nanos().to_le_bytes());
        self.stir(bytes);
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{} {who:<8} {arrow} {peer:<8} {}", clock(at), gist(bytes)));
        }
    }

    /// Whether lines are kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.lines.is_some()
    }

    /// The kept lines.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }

    /// What sums up the whole run so far.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    fn stir(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.fingerprint ^= u64::from(*byte);
            // FNV-1a, 64 bits: prime.
            self.fingerprint = self.fingerprint.wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// Seconds with milliseconds, right-aligned.
fn clock(at: Duration) -> String {
    format!("{:>8}.{:03}", at.as_secs(), at.subsec_millis())
}

/// The first line of a message with CSeq, tags and branch, as much as one line takes.
fn gist(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let mut gist = lines.next().unwrap_or("").trim_end().to_owned();
    for line in lines.take_while(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        let shown = match name {
            "CSeq" => format!("cseq {value}"),
            "Via" if gist.contains(" via ") => continue,
            "Via" => format!("via {}", after(value, "branch=").unwrap_or(value)),
            "From" => format!("from-tag {}", after(value, "tag=").unwrap_or("-")),
            "To" => format!("to-tag {}", after(value, "tag=").unwrap_or("-")),
            "Call-ID" => format!("call-id {value}"),
            "Route" | "Record-Route" | "Contact" | "Retry-After" | "Expires" => {
                format!("{} {value}", name.to_lowercase())
            }
            _ => continue,
        };
        let _infallible = write!(gist, " | {shown}");
    }
    gist
}

fn after<'a>(value: &'a str, key: &str) -> Option<&'a str> {
    let at = value.find(key)? + key.len();
    value[at..].split([';', '>', ',']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn the_same_happenings_have_the_same_fingerprint_and_others_do_not() {
        let start = start();
        let run = |later: u64, text: &'static str| {
            let mut trace = Trace::new(start, false);
            trace.note(start, "user", || "dials".to_owned());
            trace.datagram(start + Duration::from_millis(later), "a", "->", "b", text.as_bytes());
            trace.fingerprint()
        };
        assert_eq!(run(1, "x"), run(1, "x"));
        assert_ne!(run(1, "x"), run(2, "x"));
        assert_ne!(run(1, "x"), run(1, "y"));
    }

    #[test]
    fn a_line_shows_what_tells_a_message_apart() {
        let start = start();
        let mut trace = Trace::new(start, true);
        let invite = b"INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKa;rport\r\nCSeq: 7 INVITE\r\n\r\nv=0\r\n";
        trace.datagram(start + Duration::from_millis(1_500), "phone1", "->", "p1", invite);
        let line = &trace.lines()[0];
        assert!(
            line.contains(
                "1.500 phone1   -> p1       INVITE sip:b@x SIP/2.0 | via z9hG4bKa | cseq 7 INVITE"
            ),
            "{line}"
        );
    }
}
