//! Requests for the failover journal: what happened, each entry as it was told to watchers, in earlier
//! runs too.

use control::{JournalEntry, JournalRequest, Payload, Problem};
use phone::settings::LineNumber;

use super::desk::Desk;
use crate::driver::Ask;
use crate::view;

pub(super) async fn answer(request: JournalRequest, desk: &Desk) -> Result<Payload, Problem> {
    let JournalRequest { line, since } = request;
    let entries = desk.ask(|back| Ask::Journal(line.map(LineNumber), back)).await?;
    let clock = desk.clock.read();
    let entries = entries.into_iter().map(|entry| view::notification(entry.event, entry.at, clock));
    let of_line = |entry: &&JournalEntry| line.is_none_or(|line| entry.event.line() == Some(line));
    let earlier = desk.earlier.iter().filter(of_line).cloned();
    let all = earlier.chain(entries);
    Ok(Payload::Entries(all.filter(|entry| since.is_none_or(|since| entry.t >= since)).collect()))
}
