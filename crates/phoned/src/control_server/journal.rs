//! Requests for the failover journal: what happened, each entry as it was told to watchers, in earlier
//! runs too.

use control::{JournalRequest, Payload, Problem};
use phone::settings::LineNumber;

use super::account;
use super::desk::Desk;
use crate::driver::Ask;
use crate::view;

pub(super) async fn answer(request: JournalRequest, desk: &Desk) -> Result<Payload, Problem> {
    let JournalRequest { line, since } = request;
    let entries = desk.ask(|back| Ask::Journal(line.map(LineNumber), back)).await?;
    let clock = desk.clock.read();
    let entries = entries.into_iter().map(|entry| view::notification(entry.event, entry.at, clock));
    let earlier = desk.earlier.entries(line).await;
    let earlier = earlier.map_err(|error| {
        let zh = format!("无法读取以前的切换记录：{}", error.chinese());
        Problem::new(format!("the journal of earlier runs cannot be read: {error}"), zh)
    })?;
    let all: Vec<_> = earlier.into_iter().chain(entries).collect();
    // What a line has told outlives the line.
    if let Some(line) = line.filter(|_| all.is_empty()) {
        account::show(line, desk).await?;
    }
    let all = all.into_iter();
    Ok(Payload::Entries(all.filter(|entry| since.is_none_or(|since| entry.t >= since)).collect()))
}
