//! One connection to the control socket: lines in, answers out in the same order, and the stream of
//! events once it was asked for.
//!
//! What cannot be read as a request gets an error and the connection goes on; a line that is too
//! long ends it. Errors of the connection itself are the client's business and end in silence.

use std::io;
use std::sync::Arc;

use control::{Decoder, Notification, Payload, Problem, Reply, Request, TraceRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use web::{Intent, Trail};

use super::desk::Desk;
use super::{
    account, audio, call, config, contact, drill, journal, network, provision, system, trace,
};
use crate::limits;
use crate::trace::Filter;

/// Octets taken from the socket at once.
const READ: usize = 4096;

/// Serves one client until it leaves, or misbehaves.
pub(super) async fn serve(stream: UnixStream, desk: Desk, trail: Option<Trail>) {
    let (reader, writer) = stream.into_split();
    let ended = Client { reader, writer, desk, trail }.serve().await;
    if let Err(error) = ended {
        tracing::debug!(%error, "control client dropped");
    }
}

struct Client {
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    desk: Desk,
    /// Where changes are written down; the page keeps it.
    trail: Option<Trail>,
}

impl Client {
    async fn serve(mut self) -> io::Result<()> {
        let mut decoder = Decoder::new();
        let mut buffer = [0; READ];
        loop {
            while let Some(line) = decoder.next_line() {
                let line = match line {
                    Ok(line) => line,
                    Err(error) => return self.refuse(error.into()).await,
                };
                match control::decode::<Request>(&line) {
                    Ok(Request::Watch {}) => return self.watch().await,
                    Ok(Request::Trace(TraceRequest::Follow { line, call_id })) => {
                        let filter = Filter { line, call_id, ..Filter::default() };
                        return self.follow(filter).await;
                    }
                    Ok(request) => {
                        let intent = Intent::of(&request);
                        let reply = answer(request, &self.desk).await;
                        if let (Ok(payload), Some(trail)) = (&reply, &self.trail) {
                            trail.note(intent, payload);
                        }
                        self.reply(&reply.map_or_else(Reply::Error, Reply::Ok)).await?;
                    }
                    Err(error) => self.refuse(error.into()).await?,
                }
            }
            match self.reader.read(&mut buffer).await? {
                0 => return Ok(()),
                length => decoder.push(buffer.get(..length).unwrap_or_default()),
            }
        }
    }

    async fn refuse(&mut self, problem: Problem) -> io::Result<()> {
        self.reply(&Reply::Error(problem)).await
    }

    async fn reply(&mut self, reply: &Reply) -> io::Result<()> {
        let line = match control::encode(reply) {
            Ok(line) => line,
            Err(error) => {
                let problem =
                    Problem::new(format!("the answer does not fit: {error}"), "应答过长，无法发送");
                control::encode(&Reply::Error(problem)).map_err(io::Error::other)?
            }
        };
        self.write(&line).await
    }

    /// Writes one line, unless the client leaves it lying.
    async fn write(&mut self, line: &[u8]) -> io::Result<()> {
        tokio::time::timeout(limits::CLIENT_PATIENCE, self.writer.write_all(line))
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "it does not read"))?
    }

    /// Everything from now on, until the client closes or falls behind.
    async fn watch(mut self) -> io::Result<()> {
        // Subscribed before the answer: nothing that happens after it is missed.
        let mut events = self.desk.events.watch();
        self.reply(&Reply::Ok(Payload::Watching {})).await?;
        let mut ignored = [0; 64];
        loop {
            tokio::select! {
                event = next(&mut events) => {
                    let line = control::encode(&*event?).map_err(io::Error::other)?;
                    self.write(&line).await?;
                }
                read = self.reader.read(&mut ignored) => if read? == 0 { return Ok(()) },
            }
        }
    }

    /// Every SIP message from now on, until the client closes. One that falls behind misses those that
    /// have given way meanwhile: their numbers are left out.
    async fn follow(mut self, mut filter: Filter) -> io::Result<()> {
        let mut latest = self.desk.trace.latest();
        filter.since = *latest.borrow_and_update();
        self.reply(&Reply::Ok(Payload::Watching {})).await?;
        let mut ignored = [0; 64];
        loop {
            tokio::select! {
                changed = latest.changed() => changed.map_err(io::Error::other)?,
                read = self.reader.read(&mut ignored) => {
                    if read? == 0 {
                        return Ok(());
                    }
                    continue;
                }
            }
            let news = trace::news(&mut filter, &self.desk).await;
            for message in news.map_err(|problem| io::Error::other(problem.message))? {
                let line = control::encode(&message).map_err(io::Error::other)?;
                self.write(&line).await?;
            }
        }
    }
}

async fn next(events: &mut Receiver<Arc<Notification>>) -> io::Result<Arc<Notification>> {
    events.recv().await.map_err(|error| match error {
        RecvError::Lagged(missed) => {
            io::Error::other(format!("it watches too slowly: {missed} events behind"))
        }
        RecvError::Closed => io::ErrorKind::UnexpectedEof.into(),
    })
}

/// Answers one request, whoever brought it.
pub(crate) async fn answer(request: Request, desk: &Desk) -> Result<Payload, Problem> {
    match request {
        Request::Account(request) => account::answer(request, desk).await,
        Request::Call(request) => call::answer(request, desk).await,
        Request::Audio(request) => audio::answer(request, desk).await,
        Request::Contact(request) => contact::answer(request, desk).await,
        Request::Config(request) => config::answer(request, desk).await,
        Request::Journal(request) => journal::answer(request, desk).await,
        Request::Drill(request) => drill::answer(request, desk).await,
        Request::Network(_) => network::answer(desk).await,
        Request::Provision(request) => provision::answer(request, desk).await,
        Request::Timing(_) => Ok(Payload::Timing(desk.trace.timing())),
        Request::Trace(request) => trace::answer(request, desk).await,
        Request::System(request) => system::answer(&request, desk).await,
        Request::Status {} => account::status(desk).await,
        Request::Watch {} => Ok(Payload::Watching {}),
    }
}

#[cfg(test)]
mod tests {
    use control::{Event, Timestamp};
    use tokio::sync::broadcast;

    use super::*;

    #[test]
    fn a_watcher_that_falls_behind_is_dropped_with_a_reason() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (sender, mut events) = broadcast::channel(limits::EVENTS);
        let event = Event::Config { items: Vec::new() };
        let event = Arc::new(Notification { t: Timestamp::default(), mono_ms: 0.0, event });
        // The sender never waits, however far behind the watcher is.
        for _ in 0..limits::EVENTS + 3 {
            sender.send(Arc::clone(&event)).unwrap();
        }
        let error = runtime.block_on(next(&mut events)).unwrap_err();
        assert_eq!(error.to_string(), "it watches too slowly: 3 events behind");
    }
}
