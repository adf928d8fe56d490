//! The one subscriber of the process, and packets as it may show them.
//!
//! Logs go to standard error: the journal of the system takes them from there. The latest lines stay in
//! memory, too ([`RecentLog`]). ERROR means a bug or
//! a dead service, INFO what a user would notice, TRACE every packet. No secret at any level: what
//! is logged of a packet passes [`masked`] first (requirement F9).

use std::fmt;
use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::mask;
use crate::options::LogFormat;
use crate::recent::RecentLog;

/// Starts logging for the life of the process, and returns its latest lines; a second call changes
/// nothing, and its lines stay empty.
pub(crate) fn start(filter: Targets, format: LogFormat) -> RecentLog {
    let recent = RecentLog::default();
    let registry = tracing_subscriber::registry().with(filter).with(recent.clone());
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => {
            registry.with(lines.with_ansi(std::io::stderr().is_terminal())).try_init()
        }
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    drop(started);
    recent
}

/// A packet as a log may show it: without its secrets ([`mask::masked`]), and with line ends written out, so that no peer can write a line of its own into the log.
pub(crate) fn masked(packet: &[u8]) -> Masked<'_> {
    Masked(packet)
}

/// See [`masked`].
pub(crate) struct Masked<'a>(&'a [u8]);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = mask::masked(self.0);
        write!(f, "{}", String::from_utf8_lossy(&text).escape_debug())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_in_what_is_logged() {
        let packet = b"REGISTER sip:h SIP/2.0\r\nAuthorization: Digest username=\"u\",\r\n \
            response=\"hunter2\"\r\nproxy-authorization : Digest response=\"hunter2\"\r\n\
            CSeq: 2 REGISTER\r\n\r\n";
        let shown = masked(packet).to_string();
        assert!(!shown.contains("hunter2") && !shown.contains("username"), "{shown}");
        let stars = r#"\r\nAuthorization: Digest response=\"********\"\r\n"#;
        assert!(shown.contains(stars), "{shown}");
        assert!(shown.ends_with(r"CSeq: 2 REGISTER\r\n\r\n"), "{shown}");
    }

    #[test]
    fn a_packet_is_one_line_whatever_it_holds() {
        let packet =
            b"SIP/2.0 200 OK\r\nVia: x\r\n folded\n2026 ERROR forged\x1b[2J\r\n\r\nv=0\r\n";
        let shown = masked(packet).to_string();
        assert!(shown.starts_with(r"SIP/2.0 200 OK\r\nVia: x\r\n folded\n2026"), "{shown}");
        assert!(!shown.contains(char::is_control), "{shown}");
    }
}
