//! The task that provisions: fetches when it is due or wanted, hands the file to the store, and
//! watches whether the phone still registers with what the file has set.

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Instant;

use config_store::{ImportError, Origin, Provisioning, Sentence};
use control::{
    AccountState, ChangeReport, Event, Notification, Problem, ProvisionStatus, Timestamp,
};
use sha2::{Digest, Sha256};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::{mpsc, oneshot};

use super::past::FOUND;
use super::schedule::Schedule;
use super::{Login, Past, Place, Sources, fetch, seal, trust};
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
        answer.await.unwrap_or_else(|_| Err(ending()))
    }

    /// From where it is fetched, and how the last fetch ended.
    pub(crate) async fn show(&self) -> Result<ProvisionStatus, Problem> {
        let (back, answer) = oneshot::channel();
        let _ = self.requests.send(Request::Show(back)).await;
        answer.await.map_err(|_| ending())
    }

    /// Somebody who may wants it fetched, soon. Never waits: of many wishes one is enough.
    pub(crate) fn check_sync(&self) {
        let _ = self.requests.try_send(Request::CheckSync);
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
    CheckSync,
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
    words: Sentence,
    success: bool,
}

/// What the file has changed is in force and has not proved itself.
#[derive(Debug)]
struct Probation {
    file: String,
    /// When the file came into force: a registration from before proves nothing of it.
    since: Timestamp,
    until: Instant,
    events: Receiver<std::sync::Arc<Notification>>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Provisioner {
    requests: Requests,
    /// Requests that came while something took its time.
    backlog: VecDeque<Request>,
    desk: Desk,
    settings: Provisioning,
    sources: Sources,
    /// Where PnP has led to.
    found: Option<String>,
    schedule: Schedule,
    last: Option<Last>,
    probation: Option<Probation>,
    /// The file that was rolled back; it is not tried again before it is another one.
    rejected: Option<String>,
}

impl Provisioner {
    /// The task, with the configuration at start and what an earlier run has left.
    pub(crate) fn new(
        requests: Requests,
        desk: Desk,
        settings: Provisioning,
        sources: Sources,
        past: Past,
    ) -> Self {
        let now = Instant::now();
        let schedule = Schedule::new(sources.mode(&settings), now);
        let Past { on_trial, rejected, found } = past;
        // How long the last run had left is not known: a clock without a battery may have jumped.
        let probation = on_trial.zip(settings.rollback).map(|(file, wait)| {
            let since = desk.clock.read().calendar(now);
            Probation { file, since, until: now + wait, events: desk.events.watch() }
        });
        let last = None;
        let backlog = VecDeque::new();
        Self {
            requests,
            backlog,
            desk,
            settings,
            sources,
            found,
            schedule,
            last,
            probation,
            rejected,
        }
    }

    /// Runs until nobody can ask any more.
    pub(crate) async fn run(mut self) {
        loop {
            if let Some(request) = self.backlog.pop_front() {
                self.answer(request).await;
                continue;
            }
            let due = self.schedule.due();
            tokio::select! {
                request = self.requests.0.recv() => match request {
                    Some(request) => self.answer(request).await,
                    None => return,
                },
                () = sleep_until(due) => drop(self.provision().await),
                passed = prove(self.probation.as_mut()) => self.end_probation(passed).await,
            }
        }
    }

    async fn answer(&mut self, request: Request) {
        match request {
            Request::Now(back) => drop(back.send(self.provision().await)),
            Request::Show(back) => drop(back.send(self.status())),
            Request::CheckSync => self.check_sync(),
            Request::Settings => self.settings_changed().await,
        }
    }

    /// Waits for what takes its time, and tells meanwhile how it stands; other requests wait.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                Some(request) = self.requests.0.recv(),
                    if self.backlog.len() < limits::PROVISION_REQUESTS =>
                {
                    match request {
                        Request::Show(back) => drop(back.send(self.status())),
                        Request::Now(_) | Request::Settings | Request::CheckSync => {
                            self.backlog.push_back(request);
                        }
                    }
                }
            }
        }
    }

    fn check_sync(&mut self) {
        let now = Instant::now();
        self.schedule.hurry(self.settings.check_sync_spread, dice(), now);
        tracing::info!("the configuration is to be fetched: check-sync");
    }

    async fn settings_changed(&mut self) {
        let Ok(settings) = self.desk.store.with(|store| store.settings().provisioning).await else {
            return;
        };
        if settings != self.settings {
            self.settings = settings;
            let mode = self.sources.mode(&self.settings);
            self.schedule.change(mode, Instant::now());
        }
    }

    /// Fetches and applies once, and plans the next time.
    async fn provision(&mut self) -> Result<ChangeReport, Problem> {
        let new = self.has_no_line().await.unwrap_or(false);
        let done = match self.place(new).await {
            Ok(Some(place)) => self.fetch_and_apply(place).await,
            Ok(None) => {
                self.schedule.nowhere(new, dice(), Instant::now());
                return Err(Problem::new(
                    "no server to fetch from (item `Flash Server IP`)",
                    "没有可获取配置的服务器（参数 `Flash Server IP`）",
                ));
            }
            Err(problem) => Err(problem),
        };
        let words = match &done {
            Ok(ChangeReport { items, .. }) => {
                let count = items.len();
                Sentence::new(format!("{count} items changed"), format!("已更改 {count} 个参数"))
            }
            Err(Problem { message, message_zh, .. }) => Sentence::new(message, message_zh),
        };
        let success = done.is_ok();
        if !success && self.last.as_ref().is_none_or(|last| last.words != words) {
            tracing::warn!(reason = words.en, "not provisioned");
        }
        let clock = self.desk.clock.read();
        self.last = Some(Last { at: clock.calendar(clock.now()), words, success });
        self.schedule.done(success, dice(), Instant::now());
        done
    }

    async fn fetch_and_apply(&mut self, place: Place) -> Result<ChangeReport, Problem> {
        let login = Login {
            user: self.settings.user.clone(),
            password: self.settings.password.expose().to_owned(),
        };
        let tls = self.desk.store.with(|store| store.settings().tls).await.map_err(ended)?;
        let (named, key) = (place.to_string(), self.settings.key.clone());
        let fetching = tokio::task::spawn_blocking(move || {
            let trust = trust(&place, &tls)
                .map_err(|error| Sentence::new(error.to_string(), error.chinese()))?;
            let octets = fetch(&place, &login, trust)
                .map_err(|error| Sentence::new(error.to_string(), error.chinese()))?;
            let closed = |error: seal::Unopened| Sentence::new(error.to_string(), error.chinese());
            let octets = seal::from_network(octets, key.expose()).map_err(closed)?;
            // Of what it says: sealed once more, the same file is another one.
            let file: String =
                Sha256::digest(&octets).iter().map(|octet| format!("{octet:02x}")).collect();
            Ok::<_, Sentence>((octets, file))
        });
        let (octets, file) = match self.meanwhile(fetching).await {
            Ok(Ok(fetched)) => fetched,
            Ok(Err(why)) => return Err(of_file(named, &why)),
            Err(_) => return Err(Problem::new("the fetch was broken off", "获取被中断")),
        };
        if self.rejected.as_ref() == Some(&file) {
            let why = Sentence::new("still the file that was rolled back", "仍是已被撤回的文件");
            return Err(of_file(named, &why));
        }
        self.apply(&named, octets, file).await
    }

    async fn apply(
        &mut self,
        named: &str,
        octets: Vec<u8>,
        file: String,
    ) -> Result<ChangeReport, Problem> {
        // A phone book belongs to whoever uses the phone: only a restore by hand brings one.
        let (octets, _) = crate::phone_book::backup::split(&octets);
        let was_registered = self.is_registered().await;
        let events = self.desk.events.watch();
        let rollback = self.settings.rollback.filter(|_| was_registered);
        let name = rollback.map(|_| file.clone());
        let import = move |store: &mut config_store::Store| match name {
            Some(file) => store.import_on_trial(&octets, Origin::Provisioning, &file),
            None => store.import(&octets, Origin::Provisioning),
        };
        let changes = match self.desk.store.with(import).await.map_err(ended)? {
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
        if let (true, Some(wait)) = (touches_lines, rollback) {
            let clock = self.desk.clock.read();
            let (since, until) = (clock.calendar(applied), applied + wait);
            self.probation = Some(Probation { file, since, until, events });
        }
        Ok(report)
    }

    /// The phone has registered with what the file has set, or has not in all that time.
    async fn end_probation(&mut self, passed: bool) {
        let Some(probation) = self.probation.take() else { return };
        if passed || self.is_registered().await {
            match self.desk.store.with(config_store::Store::end_trial).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the change is still on trial"),
                Err(error) => tracing::error!(%error, "the change is still on trial"),
            }
            return;
        }
        let restore = |store: &mut config_store::Store| store.take_back(Origin::Provisioning);
        match self.desk.store.with(restore).await {
            Ok(Ok(changes)) => {
                tracing::warn!(
                    items = changes.items.len(),
                    "no line has registered since the last provisioned change: it is taken back"
                );
                self.rejected = Some(probation.file);
                self.desk.put_in_force(changes).await;
                let clock = self.desk.clock.read();
                let words = Sentence::new(
                    "rolled back: no line registered with it",
                    "已撤回：使用该配置没有线路注册成功",
                );
                self.last = Some(Last { at: clock.calendar(clock.now()), words, success: false });
            }
            Ok(Err(error)) => tracing::error!(%error, "cannot take the provisioned change back"),
            Err(error) => tracing::error!(%error, "cannot take the provisioned change back"),
        }
    }

    /// By the store: at start the lines are not in force yet.
    async fn has_no_line(&self) -> Result<bool, Problem> {
        let lines = |store: &mut config_store::Store| store.settings().lines.is_empty();
        self.desk.store.with(lines).await.map_err(ended)
    }

    async fn is_registered(&self) -> bool {
        let accounts = self.desk.accounts().await.unwrap_or_default();
        accounts.iter().any(|account| account.state == AccountState::Registered)
    }

    /// Where to fetch from; a phone without a line asks its network where nobody else says it.
    async fn place(&mut self, new: bool) -> Result<Option<Place>, Problem> {
        let known = if new { None } else { self.found.as_deref() };
        if let Some(place) = self.sources.place(&self.settings, known)? {
            return Ok(Some(place));
        }
        if !new {
            return Ok(None);
        }
        let (sources, settings) = (self.sources.clone(), self.settings.clone());
        let asking = async move { sources.ask_network(&settings).await };
        let Some((text, place)) = self.meanwhile(asking).await? else {
            return Ok(None);
        };
        tracing::info!(%place, "SIP PnP names a server");
        self.found = Some(text.clone());
        let keep = move |store: &mut config_store::Store| store.state_put(FOUND, &text);
        if let Err(error) = self.desk.store.with(keep).await.map_err(ended)? {
            tracing::warn!(%error, "where PnP has led to is not kept");
        }
        Ok(Some(place))
    }

    fn status(&self) -> ProvisionStatus {
        let clock = self.desk.clock.read();
        let place = self.sources.place(&self.settings, self.found.as_deref());
        ProvisionStatus {
            place: place.ok().flatten().map(|place| place.to_string()),
            last: self.last.as_ref().map(|last| last.at),
            success: self.last.as_ref().map(|last| last.success),
            result: self.last.as_ref().map(|last| last.words.en.clone()),
            result_zh: self.last.as_ref().map(|last| last.words.zh.clone()).unwrap_or_default(),
            next: self.schedule.due().map(|at| clock.calendar(at)),
            proving: self.probation.is_some(),
        }
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
    of_file(named.to_owned(), &Sentence::new(error.to_string(), error.chinese()))
}

/// What is wrong with a file, which is named.
fn of_file(named: String, why: &Sentence) -> Problem {
    Problem::new(format!("{named}: {}", why.en), format!("`{named}`：{}", why.zh)).at(named)
}

fn ending() -> Problem {
    Problem::new("the phone is shutting down", "话机正在关机")
}

fn ended(error: crate::store_thread::StoreGone) -> Problem {
    error.into()
}
