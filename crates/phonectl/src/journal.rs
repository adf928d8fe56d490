//! `phonectl journal`: what has happened, as the phone has written it down. Filtering is done by the
//! phone.

use clap::Args;
use control::{JournalEntry, JournalRequest, Request, Timestamp};

use crate::{
    answer::{self, Wording},
    client::Client,
    event,
    failure::Failure,
    output::Output,
    span,
};

#[derive(Args)]
pub(crate) struct Journal {
    /// Only what concerns this line.
    #[arg(long, value_name = "N")]
    line: Option<u16>,
    /// Only from this time on: 2026-11-22T13:37:00Z, or how long ago: 90s, 10m, 2h, 1d.
    #[arg(long, value_name = "T", value_parser = span::since)]
    since: Option<Timestamp>,
}

impl Journal {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let request = JournalRequest { line: self.line, since: self.since };
        let payload = client.ask(&Request::Journal(request))?;
        answer::show(&payload, &Wording::default(), output)
    }
}

/// Shows entries, one a line.
pub(crate) fn show(entries: &[JournalEntry], output: &mut Output) -> Result<(), Failure> {
    if entries.is_empty() {
        return output.line("nothing has happened");
    }
    entries.iter().try_for_each(|entry| output.line(&event::line(entry)))
}
