//! `phonectl system`: the phone's own log; start the phone again, or as it came from the factory.

use clap::{Subcommand, ValueEnum};
use control::{LogLevel, LogReport, Request, SystemRequest};

use crate::{
    answer::{self, Wording},
    client::Client,
    failure::Failure,
    output::Output,
};

#[derive(Subcommand)]
pub(crate) enum System {
    /// Show the latest lines of the phone's log, which it keeps in memory.
    Log {
        /// Only lines of this level and graver ones.
        #[arg(long, value_name = "LEVEL")]
        level: Option<Level>,
        /// Only the latest COUNT lines.
        #[arg(long, value_name = "COUNT")]
        last: Option<u32>,
    },
    /// Start the phone again; refused while calls are up.
    Restart {
        /// End the calls that are up.
        #[arg(long)]
        end_calls: bool,
    },
    /// Forget everything that the phone was ever told, and start again as from the factory.
    ///
    /// Configuration, passwords, users of the web page, its certificate, call log, phone book and
    /// journal are gone. What `phoned run` is started with stays, also the file of --provision.
    Reset {
        /// Say that this is meant.
        #[arg(long, required = true)]
        yes: bool,
    },
}

/// How grave a line is.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::Error,
            Level::Warn => Self::Warn,
            Level::Info => Self::Info,
            Level::Debug => Self::Debug,
            Level::Trace => Self::Trace,
        }
    }
}

impl System {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let (request, done) = match self {
            Self::Log { level, last } => {
                (SystemRequest::Log { level: level.map(Into::into), last }, "")
            }
            Self::Restart { end_calls } => (SystemRequest::Restart { end_calls }, "starting again"),
            Self::Reset { .. } => (SystemRequest::Reset {}, "forgetting everything"),
        };
        let payload = client.ask(&Request::System(request))?;
        answer::show(&payload, &Wording::done(done), output)
    }
}

/// The lines as the phone wrote them.
pub(crate) fn show_log(report: &LogReport, output: &mut Output) -> Result<(), Failure> {
    for line in &report.lines {
        let level = line.level.word().to_uppercase();
        output.line(&format!("{} {level:>5} {}: {}", line.t, line.target, line.text))?;
    }
    Ok(())
}
