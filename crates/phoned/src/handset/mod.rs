//! The telephone's own hardware, joined to the phone: hook, keys and lamps (requirement F7), and which
//! sound device rings.
//!
//! What lifting or a key means is decided by the crate `handset`; here its inputs come from input
//! devices and GPIOs, and what it wants is asked of the phone. Hardware that is missing is waited for.
//! With none configured nothing is open and nothing wakes up.

mod gpio;
mod input;
mod keys;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use config_store::Handset as Wiring;
use control::{Event, Notification};
use handset::{Call, CallState, Handset, Input, Key, Lamp, Lines, Output};
use phone::CallId;
use phone::input::Command;
use phone::status::{self, AccountStatus, CallStatus, Direction, LineState};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::control_server::Desk;
use crate::driver::{Ask, Message};
use crate::limits;

use gpio::LampPin;
use keys::Keys;

/// What the hardware says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    /// The handset is lifted, or on its cradle.
    Hook(bool),
    /// A key was pressed.
    Key(Key),
}

/// Runs until the daemon ends: with the wiring as it is, and anew when that changes.
pub(crate) async fn run(desk: Desk, mut wiring: watch::Receiver<Wiring>) {
    loop {
        let now = wiring.borrow_and_update().clone();
        tell(&desk, Message::RingDevice(now.ring_device.clone())).await;
        tokio::select! {
            changed = wiring.changed() => if changed.is_err() {
                return;
            },
            () = serve(&desk, &now) => {}
        }
        // The machine that began it is gone.
        tell(&desk, Message::DialTone(false)).await;
    }
}

/// Serves what is wired; with nothing it only waits.
async fn serve(desk: &Desk, wiring: &Wiring) {
    let wired = wiring.hook.is_some() || !wiring.inputs.is_empty();
    if !wired && wiring.line_lamp.is_none() && wiring.call_lamp.is_none() {
        return std::future::pending().await;
    }
    Session::new(desk, wiring).run().await;
}

async fn tell(desk: &Desk, message: Message) {
    // The driver is gone only when the daemon is ending.
    let _ = desk.phone.send(message).await;
}

/// One wiring in service.
struct Session<'a> {
    desk: &'a Desk,
    machine: Handset,
    lamps: Vec<(Lamp, LampPin)>,
    signals: mpsc::Receiver<Signal>,
    events: Receiver<Arc<Notification>>,
    /// They end with the session.
    _readers: JoinSet<()>,
}

impl<'a> Session<'a> {
    fn new(desk: &'a Desk, wiring: &Wiring) -> Self {
        let (sender, signals) = mpsc::channel(limits::HANDSET_SIGNALS);
        let mut readers = JoinSet::new();
        if let Some(pin) = &wiring.hook {
            readers.spawn(gpio::follow_hook(pin.clone(), sender.clone()));
        }
        let (keys, warnings) = Keys::new(&wiring.keys);
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        for which in &wiring.inputs {
            readers.spawn(input::follow(which.clone(), keys.clone(), sender.clone()));
        }
        let lamp = |lamp, pin: &Option<_>| pin.clone().map(|pin| (lamp, LampPin::new(pin)));
        let (line, call) = (&wiring.line_lamp, &wiring.call_lamp);
        let lamps: Vec<_> =
            [lamp(Lamp::Line, line), lamp(Lamp::Call, call)].into_iter().flatten().collect();
        let wired: Vec<Lamp> = lamps.iter().map(|(lamp, _)| *lamp).collect();
        let (machine, events) = (Handset::new(&wired), desk.events.watch());
        Self { desk, machine, lamps, signals, events, _readers: readers }
    }

    /// Ends only where the phone is gone.
    async fn run(mut self) {
        for (_, lamp) in &mut self.lamps {
            lamp.switch(false);
        }
        self.look_at_calls().await;
        self.look_at_lines().await;
        loop {
            self.settle().await;
            let due = self.machine.poll_timeout().map(|(at, _)| at);
            tokio::select! {
                // Readers go on for ever; with lamps alone there are none.
                Some(signal) = self.signals.recv() => self.take(signal),
                news = self.events.recv() => match news {
                    Ok(news) => self.hear(&news.event).await,
                    Err(RecvError::Lagged(_)) => {
                        self.look_at_calls().await;
                        self.look_at_lines().await;
                    }
                    Err(RecvError::Closed) => return,
                },
                () = sleep_until(due) => self.machine.handle_timeout(Instant::now()),
            }
        }
    }

    fn take(&mut self, signal: Signal) {
        let input = match signal {
            Signal::Hook(lifted) => Input::Hook { lifted },
            Signal::Key(key) => Input::Key(key),
        };
        self.machine.handle_input(input, Instant::now());
    }

    async fn hear(&mut self, event: &Event) {
        if matches!(event, Event::Call(_)) {
            self.look_at_calls().await;
        } else if matches!(event, Event::Registration(_) | Event::Config { .. }) {
            self.look_at_lines().await;
        }
    }

    async fn look_at_calls(&mut self) {
        let Ok(calls) = self.desk.ask(Ask::Calls).await else { return };
        let calls = calls.iter().filter_map(|(call, _)| as_call(call)).collect();
        self.machine.handle_input(Input::Calls(calls), Instant::now());
    }

    /// For the lamp only: a phone may have ten thousand lines.
    async fn look_at_lines(&mut self) {
        if !self.lamps.iter().any(|(lamp, _)| *lamp == Lamp::Line) {
            return;
        }
        let Ok(accounts) = self.desk.ask(Ask::Accounts).await else { return };
        self.machine.handle_input(Input::Lines(as_lines(&accounts)), Instant::now());
    }

    /// Does what the machine wants.
    async fn settle(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            let command = match output {
                Output::Lamp { lamp, lit } => {
                    let mut lamps = self.lamps.iter_mut();
                    if let Some((_, pin)) = lamps.find(|(one, _)| *one == lamp) {
                        pin.switch(lit);
                    }
                    continue;
                }
                Output::DialTone(on) => {
                    tell(self.desk, Message::DialTone(on)).await;
                    continue;
                }
                Output::Answer(id) => Command::Answer(Some(CallId(id))),
                Output::Reject(id) => Command::Reject(CallId(id)),
                Output::HangUp(id) => Command::HangUp(Some(CallId(id))),
                Output::Hold(id) => Command::Hold(CallId(id)),
                Output::Resume(id) => Command::Resume(CallId(id)),
                Output::Dial(target) => Command::Dial { line: None, target },
                Output::Digit(id, digit) => Command::Dtmf(CallId(id), digit.to_string()),
            };
            match self.desk.command(command).await {
                // Seen before the next signal is taken: who puts down at once ends the call.
                Ok(_) => self.look_at_calls().await,
                Err(problem) => {
                    let problem = problem.message;
                    tracing::info!(problem, "the phone refuses what the handset asks");
                }
            }
        }
    }
}

fn as_call(status: &CallStatus) -> Option<Call> {
    let state = match (status.state, status.direction) {
        (status::CallState::Ringing, Direction::In) => CallState::RingsHere,
        (status::CallState::Ringing | status::CallState::Dialing, _) => CallState::Outgoing,
        (status::CallState::Active | status::CallState::RemoteHeld, _) => CallState::Talking,
        (status::CallState::Held, _) => CallState::Held,
        (status::CallState::Ended, _) => return None,
    };
    Some(Call { id: status.id.0, state })
}

fn as_lines(accounts: &[AccountStatus]) -> Lines {
    let mut of = BTreeMap::new();
    for account in accounts {
        let lines = match account.state {
            LineState::Disabled => continue,
            LineState::Registered if account.on_primary => Lines::Well,
            LineState::Registered => Lines::OnBackup,
            LineState::Unregistered | LineState::Registering | LineState::Failed => Lines::Down,
        };
        let rank = match lines {
            Lines::None | Lines::Well => 0,
            Lines::OnBackup => 1,
            Lines::Down => 2,
        };
        of.insert(rank, lines);
    }
    of.last_entry().map_or(Lines::None, |worst| *worst.get())
}

/// Waits for a moment, or for ever.
async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
