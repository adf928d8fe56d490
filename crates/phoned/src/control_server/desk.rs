//! What the answers to control requests are made from: the ways to the phone, to the store and to
//! the part that puts a configuration in force.

use std::net::SocketAddr;
use std::sync::Arc;

use config_store::{Change, Changes, Origin, Sentence, items};
use control::{AccountStatus, CallState, CallStatus, ChangeReport, Event, Problem};
use phone::input::{Command, Done};
use tokio::sync::{mpsc, oneshot};

use super::describe;
use crate::archive::Earlier;
use crate::call_log::CallLog;
use crate::clock::Clock;
use crate::driver::{Ask, Message};
use crate::ending::Ending;
use crate::lines::LinesHandle;
use crate::phone_book::PhoneBook;
use crate::provisioning::ProvisionerHandle;
use crate::recent::RecentLog;
use crate::report::Events;
use crate::store_thread::StoreHandle;
use crate::trace::Trace;
use crate::view;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) phone: mpsc::Sender<Message>,
    /// Ends the run.
    pub(crate) end: mpsc::Sender<Ending>,
    pub(crate) store: StoreHandle,
    pub(crate) lines: LinesHandle,
    pub(crate) provisioner: ProvisionerHandle,
    pub(crate) events: Events,
    pub(crate) trace: Trace,
    /// The latest lines of the log.
    pub(crate) log: RecentLog,
    /// Calls that are over.
    pub(crate) calls: CallLog,
    /// The phone book.
    pub(crate) book: PhoneBook,
    /// The sound device, as it was asked for.
    pub(crate) device: Arc<str>,
    /// Where the web page is served.
    pub(crate) web: Option<SocketAddr>,
    /// The journal of earlier runs.
    pub(crate) earlier: Earlier,
    pub(crate) clock: Clock,
    /// Whose requests are answered from it, for the history of changes.
    pub(crate) origin: Origin,
}

impl Desk {
    /// Has the phone do something; its refusal is the answer to whoever asked.
    pub(crate) async fn command(&self, command: Command) -> Result<Done, Problem> {
        let done = self.ask(|back| Ask::Do(command, back)).await?;
        done.map_err(|refusal| {
            let phone::words::Said { en, zh } = refusal.said();
            Problem::new(en, zh)
        })
    }

    /// Every line.
    pub(crate) async fn accounts(&self) -> Result<Vec<AccountStatus>, Problem> {
        let accounts = self.ask(Ask::Accounts).await?;
        let clock = self.clock.read();
        Ok(accounts.into_iter().map(|status| view::account(status, clock)).collect())
    }

    /// Every call.
    pub(super) async fn calls(&self) -> Result<Vec<CallStatus>, Problem> {
        let told = |(status, quality)| self.book.name(CallStatus { quality, ..view::call(status) });
        Ok(self.ask(Ask::Calls).await?.into_iter().map(told).collect())
    }

    /// What the store has accepted takes effect, for all whom it concerns, before this returns (D1).
    pub(crate) async fn put_in_force(&self, mut changes: Changes) -> ChangeReport {
        if !changes.items.is_empty() {
            changes.warnings.extend(self.lines.apply().await);
            changes.warnings.extend(self.kept_devices(&changes.items).await);
            self.provisioner.settings_changed();
            let items: Vec<String> =
                changes.items.iter().map(|change| change.item.clone()).collect();
            tracing::info!(items = items.join(", "), "configuration changed");
            self.events.tell(Event::Config { items });
        }
        describe::changes(changes)
    }

    /// Devices are opened when a call begins, so one that is up keeps its own.
    async fn kept_devices(&self, changes: &[Change]) -> Option<Sentence> {
        let devices = [items::PLAYBACK_DEVICE.name, items::CAPTURE_DEVICE.name];
        let change = changes.iter().find(|change| devices.contains(&change.item.as_str()))?;
        let calls = self.calls().await.ok()?;
        let up = calls.iter().any(|call| call.state != CallState::Ended);
        let keeps = "the call that is up keeps its sound device; the next one has the new one";
        let sentence = Sentence::new(
            format!("{}: {keeps}", change.item),
            format!("{}：当前通话保持原声音设备，下一次通话起使用新设备", change.item),
        );
        up.then_some(sentence)
    }

    /// Puts a question to the phone.
    pub(crate) async fn ask<R>(
        &self,
        question: impl FnOnce(oneshot::Sender<R>) -> Ask,
    ) -> Result<R, Problem> {
        let ending = || Problem::new("the phone is shutting down", "话机正在关机");
        let (back, answer) = oneshot::channel();
        self.phone.send(Message::Ask(question(back))).await.map_err(|_| ending())?;
        answer.await.map_err(|_| ending())
    }
}
