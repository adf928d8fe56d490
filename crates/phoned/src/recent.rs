//! The latest lines of the log, for who cannot read the system's journal: kept in memory, bounded, and
//! gone with the process.
//!
//! A line comes here as it goes to standard error, so with the same level filter and the same mask over
//! secrets. It costs no thread and no timer: nothing happens but when something is logged.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use control::{LogLevel, LogLine, LogReport, Timestamp};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultFields, Writer};
use tracing_subscriber::layer::Context;

use crate::limits;

/// The latest lines, for all who write and read them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecentLog {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<Line>,
    /// Octets of their texts.
    octets: usize,
    forgotten: u64,
}

#[derive(Debug)]
struct Line {
    unix_ms: i64,
    level: LogLevel,
    target: &'static str,
    text: Box<str>,
}

impl RecentLog {
    /// The lines of a level and graver ones (all without one), at most the `last` of them.
    pub(crate) fn report(&self, level: Option<LogLevel>, last: Option<u32>) -> LogReport {
        let kept = self.kept();
        let most = last.map_or(usize::MAX, |last| usize::try_from(last).unwrap_or(usize::MAX));
        let wanted = kept.lines.iter().rev().filter(|line| level.is_none_or(|l| line.level <= l));
        let mut lines: Vec<LogLine> = wanted.take(most).map(Line::told).collect();
        lines.reverse();
        LogReport { lines, forgotten: kept.forgotten }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, line: Line) {
        self.octets += line.text.len();
        self.lines.push_back(line);
        while self.lines.len() > limits::LOG_LINES || self.octets > limits::LOG_OCTETS {
            let Some(old) = self.lines.pop_front() else { break };
            self.octets -= old.text.len();
            self.forgotten += 1;
        }
    }
}

impl Line {
    fn told(&self) -> LogLine {
        LogLine {
            t: Timestamp::from_unix_ms(self.unix_ms),
            level: self.level,
            target: self.target.to_owned(),
            text: self.text.clone().into_string(),
        }
    }
}

impl<S: Subscriber> Layer<S> for RecentLog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = DefaultFields::new().format_fields(Writer::new(&mut text), event);
        let metadata = event.metadata();
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = Line {
            unix_ms: i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX),
            level: level_of(*metadata.level()),
            target: metadata.target(),
            text: one_line(&text).into_boxed_str(),
        };
        self.kept().keep(line);
    }
}

fn level_of(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

/// Without what would make it two lines, and within its bound.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(limits::LOG_LINE));
    for c in text.chars() {
        if line.len() + c.len_utf8() > limits::LOG_LINE {
            line.push('…');
            break;
        }
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    fn logged(work: impl FnOnce()) -> RecentLog {
        let recent = RecentLog::default();
        let subscriber = tracing_subscriber::registry().with(recent.clone());
        tracing::subscriber::with_default(subscriber, work);
        recent
    }

    fn texts(report: &LogReport) -> Vec<&str> {
        report.lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn lines_are_kept_with_their_fields_and_read_by_level_oldest_first() {
        let recent = logged(|| {
            tracing::info!(port = 5060, "SIP port changed");
            tracing::debug!("detail");
            tracing::warn!(error = "none\nERROR forged", "renewed");
            tracing::error!("dead");
        });
        let all = recent.report(None, None);
        assert_eq!(
            texts(&all),
            [
                "SIP port changed port=5060",
                "detail",
                r#"renewed error="none\nERROR forged""#,
                "dead"
            ]
        );
        assert_eq!(all.lines[0].target, "phoned::recent::tests");
        assert_eq!(all.lines[0].level, LogLevel::Info);
        assert!(all.lines[0].t.unix_ms() > 1_700_000_000_000, "{}", all.lines[0].t);
        assert_eq!(recent.report(Some(LogLevel::Warn), None).lines.len(), 2);
        assert_eq!(texts(&recent.report(Some(LogLevel::Info), Some(2))).len(), 2);
        assert_eq!(texts(&recent.report(None, Some(1))), ["dead"]);
    }

    #[test]
    fn a_line_is_one_line_of_bounded_length_whatever_it_holds() {
        let recent = logged(|| {
            tracing::info!("a\nb\u{1b}[2J");
            tracing::info!("{}", "字".repeat(limits::LOG_LINE));
        });
        let report = recent.report(None, None);
        assert!(!report.lines[0].text.contains(char::is_control), "{:?}", report.lines[0]);
        let long = &report.lines[1].text;
        assert!(long.len() <= limits::LOG_LINE + '…'.len_utf8() && long.ends_with('…'));
    }

    #[test]
    fn as_many_lines_and_octets_are_kept_as_there_is_room_for() {
        let recent = logged(|| (0..limits::LOG_LINES + 7).for_each(|n| tracing::info!("{n}")));
        let report = recent.report(None, None);
        assert_eq!((report.lines.len(), report.forgotten), (limits::LOG_LINES, 7));
        assert_eq!(report.lines[0].text, "7");
        let long = "x".repeat(limits::LOG_LINE);
        let recent = logged(|| (0..limits::LOG_LINES).for_each(|_| tracing::info!("{long}")));
        let kept: usize = texts(&recent.report(None, None)).iter().map(|text| text.len()).sum();
        assert!(kept <= limits::LOG_OCTETS && kept > limits::LOG_OCTETS - limits::LOG_LINE);
    }
}
