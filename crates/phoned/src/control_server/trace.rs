//! Requests for recent SIP messages. What is recorded, and without which secrets it is shown, is the
//! recorder's business.

use control::{Document, Payload, Problem, TraceMessage, TraceRequest};

use super::desk::Desk;
use crate::trace::{Filter, Lines};

pub(super) async fn answer(request: TraceRequest, desk: &Desk) -> Result<Payload, Problem> {
    match request {
        TraceRequest::Show { line, call_id, since, last } => {
            let filter = Filter { line, call_id, since: since.unwrap_or(0), last, until: None };
            let lines = lines(desk).await?;
            Ok(Payload::Trace(desk.trace.report(&filter, &lines, desk.clock.read())))
        }
        TraceRequest::Message { id } => {
            let filter =
                Filter { since: id.saturating_sub(1), until: Some(id), ..Filter::default() };
            let lines = lines(desk).await?;
            let report = desk.trace.report(&filter, &lines, desk.clock.read());
            if report.messages.is_empty() {
                return Err(Problem::new(
                    format!("message {id} is not recorded, or not any more"),
                    format!("消息 {id} 没有记录，或已不再保留"),
                ));
            }
            Ok(Payload::Trace(report))
        }
        TraceRequest::Pcap { line, call_id, with_secrets } => {
            let filter = Filter { line, call_id, ..Filter::default() };
            let lines = lines(desk).await?;
            let file = desk.trace.pcapng(&filter, &lines, desk.clock.read(), with_secrets);
            let document = Document::from_octets(&file);
            document.map(Payload::Document).map_err(Problem::from)
        }
        TraceRequest::Follow { .. } => Ok(Payload::Watching {}),
    }
}

/// Messages after the one that `filter` names; it names the latest of them afterwards.
pub(super) async fn news(filter: &mut Filter, desk: &Desk) -> Result<Vec<TraceMessage>, Problem> {
    let lines = lines(desk).await?;
    let report = desk.trace.report(filter, &lines, desk.clock.read());
    if let Some(latest) = report.messages.last() {
        filter.since = latest.id;
    }
    Ok(report.messages)
}

async fn lines(desk: &Desk) -> Result<Lines, Problem> {
    desk.accounts().await.map(|accounts| Lines::of(&accounts))
}
