//! The way to the phone: one request at a time goes out and its reply comes back, and everything
//! that happens can be watched. Both are in the words of the crate `control`; this crate knows
//! nothing else of the phone.

use std::sync::Arc;

use control::{ChangeReport, ConfigDescription, ConfigRequest, DaemonStatus, Items, LineCheck};
use control::{Notification, Payload, Problem, Reply, Request, TimingReport, TimingRequest};
use tokio::sync::{broadcast, mpsc, oneshot, watch};

/// A request on its way, and the way back for its reply.
#[derive(Debug)]
pub struct Asked {
    /// What is asked for.
    pub request: Request,
    /// Where the reply goes; whoever asked may have left.
    pub back: oneshot::Sender<Reply>,
}

/// The phone as the web page sees it.
#[derive(Debug, Clone)]
pub struct Phone {
    asks: mpsc::Sender<Asked>,
    events: broadcast::Sender<Arc<Notification>>,
    traffic: watch::Receiver<u64>,
}

impl Phone {
    /// A phone that answers what comes out of `asks` and tells what happens through `events`;
    /// `traffic` changes with each SIP message that it records.
    #[must_use]
    pub fn new(
        asks: mpsc::Sender<Asked>,
        events: broadcast::Sender<Arc<Notification>>,
        traffic: watch::Receiver<u64>,
    ) -> Self {
        Self { asks, events, traffic }
    }

    /// Asks, and waits for the reply.
    ///
    /// # Errors
    /// The phone's refusal, or that it is shutting down.
    pub(crate) async fn ask(&self, request: Request) -> Result<Payload, Problem> {
        let ending = || Problem::new("the phone is shutting down", "话机正在关机");
        let (back, reply) = oneshot::channel();
        self.asks.send(Asked { request, back }).await.map_err(|_| ending())?;
        match reply.await.map_err(|_| ending())? {
            Reply::Ok(payload) => Ok(payload),
            Reply::Error(problem) => Err(problem),
        }
    }

    /// Everything from now on.
    pub(crate) fn watch(&self) -> broadcast::Receiver<Arc<Notification>> {
        self.events.subscribe()
    }

    /// Changes with each SIP message from now on.
    pub(crate) fn traffic(&self) -> watch::Receiver<u64> {
        let mut traffic = self.traffic.clone();
        traffic.mark_unchanged();
        traffic
    }

    pub(crate) async fn status(&self) -> Result<DaemonStatus, Problem> {
        let payload = self.ask(Request::Status {}).await?;
        let Payload::Status(status) = payload else { return Err(unexpected()) };
        Ok(status)
    }

    pub(crate) async fn timing(&self) -> Result<TimingReport, Problem> {
        let payload = self.ask(Request::Timing(TimingRequest {})).await?;
        let Payload::Timing(timing) = payload else { return Err(unexpected()) };
        Ok(timing)
    }

    pub(crate) async fn describe(&self) -> Result<ConfigDescription, Problem> {
        let payload = self.ask(Request::Config(ConfigRequest::Describe {})).await?;
        let Payload::Description(description) = payload else { return Err(unexpected()) };
        Ok(description)
    }

    pub(crate) async fn items(&self, items: Vec<String>) -> Result<Items, Problem> {
        let payload = self.ask(Request::Config(ConfigRequest::Get { items })).await?;
        let Payload::Items(items) = payload else { return Err(unexpected()) };
        Ok(items)
    }

    /// What the settings of a line lead to; `None` for a line that is not in use.
    pub(crate) async fn check(&self, line: u32) -> Result<Option<LineCheck>, Problem> {
        // Asked for all, because a line that is not in use is refused by its number.
        let payload = self.ask(Request::Config(ConfigRequest::Check { line: None })).await?;
        let Payload::Check(checks) = payload else { return Err(unexpected()) };
        Ok(checks.into_iter().find(|check| u32::from(check.line) == line))
    }

    /// A request whose answer is what it has changed.
    pub(crate) async fn change(&self, request: ConfigRequest) -> Result<ChangeReport, Problem> {
        let payload = self.ask(Request::Config(request)).await?;
        let Payload::Changes(report) = payload else { return Err(unexpected()) };
        Ok(report)
    }

    pub(crate) async fn journal(&self) -> Result<Vec<Notification>, Problem> {
        let payload = self.ask(Request::Journal(control::JournalRequest::default())).await?;
        let Payload::Entries(entries) = payload else { return Err(unexpected()) };
        Ok(entries)
    }
}

pub(crate) fn unexpected() -> Problem {
    tracing::error!("web page: the phone has answered another question");
    Problem::new("the phone has answered another question", "话机的应答与请求不符")
}
