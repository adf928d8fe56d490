//! The latest lines of the phone's own log.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// How grave a line of the log is, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// A bug, or a dead service.
    Error,
    /// Something is not as it should be.
    Warn,
    /// What a user would notice.
    Info,
    /// How it came about.
    Debug,
    /// Every packet.
    Trace,
}

impl LogLevel {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// As it is written in JSON and asked for.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// The latest lines of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LogReport {
    /// The lines, oldest first.
    pub lines: Vec<LogLine>,
    /// How many of this run have given way to newer ones, of whatever level.
    pub forgotten: u64,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When, by the calendar of then.
    pub t: Timestamp,
    /// How grave it is.
    pub level: LogLevel,
    /// Which part of the program tells it.
    pub target: String,
    /// What it tells, in English; one line, its end cut where it is very long.
    pub text: String,
}
