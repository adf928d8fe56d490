//! The task that provisions: fetches when it is due or wanted, hands the file to the store, and
//! watches whether the phone still registers with what the file has set.

use std::time::Instant;

use config_store::{Checkpoint, FetchProtocol, ImportError, Origin, PlaceOf, Provisioning};
use control::{
    AccountState, ChangeReport, Event, Notification, Problem, ProvisionStatus, Timestamp,
};
use sha2::{Digest, Sha256};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::{mpsc, oneshot};

use super::schedule::{Mode, Schedule};
use super::{Login, Place, Scheme, fetch, marks, trust};
use crate::control_server::Desk;
use crate::limits;

/// Where fetches are asked for.
#[derive(Clone, Debug)]
pub(crate) struct ProvisionerHandle {
    requests: mpsc::Sender<Request>,
}

impl ProvisionerHandle {
    /// Fetches now, and says what that has changed.
    pub(crate) async fn now(&self) -> Result<ChangeReport, Problem> {
        let (back, answer) = oneshot::channel();
        let _ = self.requests.send(Request::Now(back)).await;
        answer.await.unwrap_or_else(|_| Err(Problem::new("the phone is shutting down")))
    }

    /// From where it is fetched, and how the last fetch ended.
    pub(crate) async fn show(&self) -> Result<ProvisionStatus, Problem> {
        let (back, answer) = oneshot::channel();
        let _ = self.requests.send(Request::Show(back)).await;
        answer.await.map_err(|_| Problem::new("the phone is shutting down"))
    }

    /// The configuration has changed; where it is fetched from may have, too. Never waits: the task
    /// itself changes the configuration, and one notice is as good as many.
    pub(crate) fn settings_changed(&self) {
        let _ = self.requests.try_send(Request::Settings);
    }
}

#[derive(Debug)]
enum Request {
    Now(oneshot::Sender<Result<ChangeReport, Problem>>),
    Show(oneshot::Sender<ProvisionStatus>),
    Settings,
}

/// A place for the task before the desk that it works at is there.
pub(crate) fn channel() -> (ProvisionerHandle, Requests) {
    let (requests, queue) = mpsc::channel(limits::PROVISION_REQUESTS);
    (ProvisionerHandle { requests }, Requests(queue))
}

/// The other end of a [`ProvisionerHandle`].
#[derive(Debug)]
pub(crate) struct Requests(mpsc::Receiver<Request>);

/// How the last fetch ended.
#[derive(Debug)]
struct Last {
    at: Timestamp,
    words: String,
    success: bool,
}

/// What the file has changed is in force and has not proved itself.
#[derive(Debug)]
struct Probation {
    before: Checkpoint,
    file: [u8; 32],
    /// When the file came into force: a registration from before proves nothing of it.
    since: Timestamp,
    until: Instant,
    events: Receiver<std::sync::Arc<Notification>>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Provisioner {
    requests: Requests,
    desk: Desk,
    settings: Provisioning,
    /// An address from the command line; wins over the items.
    url: Option<String>,
    schedule: Schedule,
    last: Option<Last>,
    probation: Option<Probation>,
    /// The file that was rolled back; it is not tried again before it is another one.
    rejected: Option<[u8; 32]>,
}

impl Provisioner {
    /// The task, with the configuration at start and the address of the command line, if any.
    pub(crate) fn new(
        requests: Requests,
        desk: Desk,
        settings: Provisioning,
        url: Option<String>,
    ) -> Self {
        let now = Instant::now();
        let schedule = Schedule::new(mode(&settings, url.as_deref()), now);
        let (last, probation, rejected) = (None, None, None);
        Self { requests, desk, settings, url, schedule, last, probation, rejected }
    }

    /// Runs until nobody can ask any more.
    pub(crate) async fn run(mut self) {
        loop {
            let due = self.schedule.due();
            tokio::select! {
                request = self.requests.0.recv() => match request {
                    Some(Request::Now(back)) => drop(back.send(self.provision().await)),
                    Some(Request::Show(back)) => drop(back.send(self.status())),
                    Some(Request::Settings) => self.settings_changed().await,
                    None => return,
                },
                () = sleep_until(due) => drop(self.provision().await),
                passed = prove(self.probation.as_mut()) => self.end_probation(passed).await,
            }
        }
    }

    async fn settings_changed(&mut self) {
        let Ok(settings) = self.desk.store.with(|store| store.settings().provisioning).await else {
            return;
        };
        if settings != self.settings {
            self.settings = settings;
            let mode = mode(&self.settings, self.url.as_deref());
            self.schedule.change(mode, Instant::now());
        }
    }

    /// Fetches and applies once, and plans the next time.
    async fn provision(&mut self) -> Result<ChangeReport, Problem> {
        let done = self.fetch_and_apply().await;
        let words = match &done {
            Ok(report) => format!("{} items changed", report.items.len()),
            Err(problem) => problem.message.clone(),
        };
        let success = done.is_ok();
        if !success && self.last.as_ref().is_none_or(|last| last.words != words) {
            tracing::warn!(reason = words, "not provisioned");
        }
        let clock = self.desk.clock.read();
        self.last = Some(Last { at: clock.calendar(clock.now()), words, success });
        self.schedule.done(success, dice(), Instant::now());
        done
    }

    async fn fetch_and_apply(&mut self) -> Result<ChangeReport, Problem> {
        let place = self.place()?;
        let login = Login {
            user: self.settings.user.clone(),
            password: self.settings.password.expose().to_owned(),
        };
        let tls = self.desk.store.with(|store| store.settings().tls).await.map_err(ended)?;
        let named = place.to_string();
        let fetching = tokio::task::spawn_blocking(move || {
            let trust = trust(&place, &tls).map_err(|error| error.to_string())?;
            fetch(&place, &login, trust).map_err(|error| error.to_string())
        });
        let octets = match fetching.await {
            Ok(Ok(octets)) => octets,
            Ok(Err(why)) => return Err(Problem::at(named.clone(), format!("{named}: {why}"))),
            Err(_) => return Err(Problem::new("the fetch was broken off")),
        };
        let file: [u8; 32] = Sha256::digest(&octets).into();
        if self.rejected == Some(file) {
            let message = format!("{named}: still the file that was rolled back");
            return Err(Problem::at(named, message));
        }
        self.apply(&named, octets, file).await
    }

    async fn apply(
        &mut self,
        named: &str,
        octets: Vec<u8>,
        file: [u8; 32],
    ) -> Result<ChangeReport, Problem> {
        let was_registered = self.is_registered().await;
        let events = self.desk.events.watch();
        let import = move |store: &mut config_store::Store| {
            let before = store.checkpoint();
            store.import(&octets, Origin::Provisioning).map(|changes| (before, changes))
        };
        let (before, changes) = match self.desk.store.with(import).await.map_err(ended)? {
            Ok(done) => done,
            Err(error) => return Err(refused(named, &error)),
        };
        let applied = Instant::now();
        let touches_lines = changes.items.iter().any(|change| change.line.is_some());
        let report = self.desk.put_in_force(changes).await;
        tracing::info!(
            from = named,
            changed = report.items.len(),
            kept = report.kept,
            "provisioned"
        );
        if let (true, true, Some(wait)) = (was_registered, touches_lines, self.settings.rollback) {
            // Of two changes in a row it is the first one's past that has worked.
            let before = self.probation.take().map_or(before, |probation| probation.before);
            let clock = self.desk.clock.read();
            let (since, until) = (clock.calendar(applied), applied + wait);
            self.probation = Some(Probation { before, file, since, until, events });
        }
        Ok(report)
    }

    /// The phone has registered with what the file has set, or has not in all that time.
    async fn end_probation(&mut self, passed: bool) {
        let Some(probation) = self.probation.take() else { return };
        if passed || self.is_registered().await {
            return;
        }
        let before = probation.before;
        let restore =
            move |store: &mut config_store::Store| store.restore(&before, Origin::Provisioning);
        match self.desk.store.with(restore).await {
            Ok(Ok(changes)) => {
                tracing::warn!(
                    items = changes.items.len(),
                    "no line has registered since the last provisioned change: it is taken back"
                );
                self.rejected = Some(probation.file);
                self.desk.put_in_force(changes).await;
                let clock = self.desk.clock.read();
                let words = "rolled back: no line registered with it".to_owned();
                self.last = Some(Last { at: clock.calendar(clock.now()), words, success: false });
            }
            Ok(Err(error)) => tracing::error!(%error, "cannot take the provisioned change back"),
            Err(error) => tracing::error!(%error, "cannot take the provisioned change back"),
        }
    }

    async fn is_registered(&self) -> bool {
        let accounts = self.desk.accounts().await.unwrap_or_default();
        accounts.iter().any(|account| account.state == AccountState::Registered)
    }

    fn place(&self) -> Result<Place, Problem> {
        let place = match (&self.url, &self.settings.place) {
            (Some(url), _) => Place::of_url(url, &marks()),
            (None, None) => {
                return Err(Problem::new("no server to fetch from (item `Flash Server IP`)"));
            }
            (None, Some(PlaceOf { server, file, protocol })) => {
                let scheme = match protocol {
                    Some(FetchProtocol::Tftp) => Some(Scheme::Tftp),
                    Some(FetchProtocol::Http) => Some(Scheme::Http),
                    Some(FetchProtocol::Https) => Some(Scheme::Https),
                    None => None,
                };
                Place::of_items(server, file, scheme, &marks())
            }
        };
        place.map_err(|error| {
            let item = if self.url.is_some() { "--provision" } else { "Flash Server IP" };
            Problem::at(item, format!("`{item}`: {error}"))
        })
    }

    fn status(&self) -> ProvisionStatus {
        let clock = self.desk.clock.read();
        ProvisionStatus {
            place: self.place().ok().map(|place| place.to_string()),
            last: self.last.as_ref().map(|last| last.at),
            success: self.last.as_ref().map(|last| last.success),
            result: self.last.as_ref().map(|last| last.words.clone()),
            next: self.schedule.due().map(|at| clock.calendar(at)),
            proving: self.probation.is_some(),
        }
    }
}

fn mode(settings: &Provisioning, url: Option<&str>) -> Mode {
    use config_store::ProvisionMode;
    match (settings.mode, url) {
        (ProvisionMode::Off, Some(_)) | (ProvisionMode::AtStart, _) => Mode::AtStart,
        (ProvisionMode::Off, None) => Mode::Off,
        (ProvisionMode::Every(interval), _) => Mode::Every(interval),
    }
}

/// Waits until some line registers (`true`) or the time is over (`false`); for ever without either.
async fn prove(probation: Option<&mut Probation>) -> bool {
    let Some(Probation { since, until, events, .. }) = probation else {
        return std::future::pending().await;
    };
    let until = tokio::time::Instant::from_std(*until);
    loop {
        match tokio::time::timeout_at(until, events.recv()).await {
            Ok(Ok(notification)) => {
                if let Event::Registration(account) = &notification.event
                    && account.state == AccountState::Registered
                    && account.since >= *since
                {
                    return true;
                }
            }
            Ok(Err(RecvError::Lagged(_))) => {}
            Ok(Err(RecvError::Closed)) | Err(_) => return false,
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Chance for the schedule; without any, the fleet's phones only drift apart less.
fn dice() -> u64 {
    let mut octets = [0; 8];
    let _ = getrandom::fill(&mut octets);
    u64::from_le_bytes(octets)
}

fn refused(named: &str, error: &ImportError) -> Problem {
    Problem::at(named, format!("{named}: {error}"))
}

fn ended(error: crate::store_thread::StoreGone) -> Problem {
    Problem::new(error.to_string())
}
