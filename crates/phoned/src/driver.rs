//! The loop around [`Phone`]: the only task that touches it.
//!
//! Each turn drains what the phone wants done, then waits for the next input, the phone's next
//! deadline, or a request to stop. The clock is read once a turn. Nothing is decided here: this file
//! carries data from one side to the other, in one exhaustive match.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use config_store::{Dscp, Sound, SoundDevices};
use control::{CallQuality, QualityNews};
use media::SoundCheck;
use phone::Phone;
use phone::input::{Command, Done, Input, Refusal};
use phone::output::Output;
use phone::settings::LineNumber;
use phone::status::{AccountStatus, CallState, CallStatus};
use sip_core::transport::resolve::Target;
use tokio::sync::{mpsc, oneshot, watch};

use crate::audio::{Audio, CheckResult, Heard};
use crate::clock::Clock;
use crate::limits;
use crate::memory::Memory;
use crate::net::tls::Tls;
use crate::net::{Arrived, FlowNews, Sockets};
use crate::provisioning::ProvisionerHandle;
use crate::report::Reporter;
use crate::trace::Tap;
use crate::volume::MixersBack;

/// All that can be said to the driver.
#[derive(Debug)]
pub(crate) enum Message {
    /// Something happened to the phone.
    Input(Input),
    /// Somebody wants something of the phone.
    Ask(Ask),
    /// Something happened to a connection.
    Flow(FlowNews),
    /// A peer has opened a connection.
    Arrived(Arrived),
    /// Use these sockets from now on: the SIP port has changed.
    Sockets(Sockets),
    /// Use these TLS settings from now on.
    Tls(Arc<Tls>),
    /// Mark packets so from now on.
    Dscp(Dscp),
    /// Use these ports for sound from now on.
    RtpPorts(RangeInclusive<u16>),
    /// Hear and speak on these devices from the next call on.
    SoundDevices(SoundDevices),
    /// Ring on this PCM from now on; `None`: where calls are heard.
    RingDevice(Option<String>),
    /// Begin or end the dial tone.
    DialTone(bool),
    /// Be so loud from now on.
    Sound(Sound),
    /// A socket is beyond use.
    SocketBroke(io::Error),
    /// Un-register, end all calls, and return.
    Stop,
}

/// A question with the way back for its answer. An asker who no longer waits is no error.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Do this.
    Do(Command, oneshot::Sender<Result<Done, Refusal>>),
    /// Every line.
    Accounts(oneshot::Sender<Vec<AccountStatus>>),
    /// Every call, and how it sounds.
    Calls(oneshot::Sender<Vec<(CallStatus, Option<CallQuality>)>>),
    /// Try a sound device; refused while there is a call.
    Check(SoundCheck, CheckResult),
    /// What happened, on one line or on all.
    Journal(Option<LineNumber>, oneshot::Sender<Vec<phone::JournalEntry>>),
    /// The mixers of sound cards in use.
    Mixers(MixersBack),
    /// The port of the SIP sockets.
    SipPort(oneshot::Sender<u16>),
    /// Whether this loop and the sound thread go round: see [`Audio::pulse`].
    Pulse(oneshot::Sender<Option<u64>>),
}

/// Why the driver ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DriverError {
    /// The SIP socket is beyond use.
    #[error("the SIP socket broke")]
    Socket(#[source] io::Error),
    /// All who could say something are gone.
    #[error("nobody is left to talk to the phone")]
    Alone,
}

/// Everything the loop holds.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) phone: Phone,
    pub(crate) inbox: mpsc::Receiver<Message>,
    pub(crate) sockets: Sockets,
    pub(crate) audio: Audio,
    pub(crate) memory: Memory,
    /// Names that dialogs lead to; whoever looks them up sees the latest set.
    pub(crate) names: watch::Sender<BTreeSet<Target>>,
    /// Where a new fetch of the configuration is asked for.
    pub(crate) provisioner: ProvisionerHandle,
    pub(crate) reporter: Reporter,
    /// Sees every message that passes.
    pub(crate) tap: Tap,
    pub(crate) clock: Clock,
}

impl Driver {
    /// Runs until told to stop and all is said, or until [`limits::FAREWELL`] after that.
    ///
    /// # Errors
    /// [`DriverError`] where the phone cannot go on.
    pub(crate) async fn run(mut self) -> Result<(), DriverError> {
        let mut spin = SpinGuard::default();
        let sound = self.audio.ready();
        let mut leave_by = None;
        let mut now = self.clock.read().now();
        loop {
            self.settle(now);
            if leave_by.is_some_and(|by| now >= by || self.phone.is_quiet()) {
                return Ok(());
            }
            let wake = self.phone.poll_timeout();
            let pause = spin.pause(wake, now);
            let until = [wake.map(|(at, _)| at.max(now + pause)), leave_by].into_iter().flatten();
            let woken = tokio::select! {
                message = self.inbox.recv() => Wake::Message(message.ok_or(DriverError::Alone)?),
                () = sound.notified() => Wake::Sound,
                () = sleep_until(until.min()) => Wake::Deadline,
            };
            now = self.clock.read().now();
            match woken {
                Wake::Message(Message::Stop) => {
                    leave_by = leave_by.or(Some(now + limits::FAREWELL));
                    // Shutting down twice is refused, and that is fine.
                    let _ = self.phone.handle_command(Command::ShutDown, now);
                }
                Wake::Message(message) => self.handle(message, now)?,
                Wake::Sound => {
                    let inputs = self.audio.poll();
                    self.take(inputs, now);
                    self.tell_quality(now);
                }
                Wake::Deadline => self.phone.handle_timeout(now),
            }
        }
    }

    fn handle(&mut self, message: Message, now: Instant) -> Result<(), DriverError> {
        match message {
            Message::Input(input) => self.take([input], now),
            Message::Ask(ask) => self.answer(ask, now),
            Message::Flow(news) => {
                let input = self.sockets.news(news);
                self.take(input, now);
            }
            Message::Arrived(arrived) => {
                let inputs = self.sockets.accept(arrived);
                self.take(inputs, now);
            }
            Message::Sockets(sockets) => {
                let lost = std::mem::replace(&mut self.sockets, sockets).end_connections();
                self.take(lost, now);
            }
            Message::Tls(tls) => {
                let lost = self.sockets.set_tls(tls);
                self.take(lost, now);
            }
            Message::Dscp(dscp) => {
                self.sockets.set_dscp(dscp.sip);
                self.audio.set_dscp(dscp.rtp);
            }
            Message::RtpPorts(ports) => self.audio.set_ports(ports),
            Message::SoundDevices(devices) => self.audio.set_devices(devices),
            Message::RingDevice(pcm) => self.audio.ring_on(pcm),
            Message::DialTone(on) => self.audio.set_dial_tone(on),
            Message::Sound(sound) => self.audio.set_sound(sound),
            Message::SocketBroke(error) => return Err(DriverError::Socket(error)),
            Message::Stop => {}
        }
        Ok(())
    }

    fn take(&mut self, inputs: impl IntoIterator<Item = Input>, now: Instant) {
        for input in inputs {
            self.tap.heard(&input, now);
            self.phone.handle_input(input, now);
        }
    }

    fn tell_quality(&mut self, now: Instant) {
        let heard = self.audio.heard();
        if heard.is_empty() {
            return;
        }
        let calls = self.phone.calls(now);
        for Heard { call, quality, over } in heard {
            if let Some(status) = calls.iter().find(|status| status.id == call) {
                let (id, line) = (call.to_string(), status.line.0);
                self.reporter.quality(QualityNews { id, line, over, quality });
            }
        }
    }

    fn answer(&mut self, ask: Ask, now: Instant) {
        match ask {
            Ask::Do(command, back) => {
                drop(back.send(self.phone.handle_command(command, now)));
            }
            Ask::Accounts(back) => drop(back.send(self.phone.accounts())),
            Ask::Calls(back) => {
                let sounding = |call: CallStatus| {
                    let quality = self.audio.quality(call.id);
                    (call, quality)
                };
                drop(back.send(self.phone.calls(now).into_iter().map(sounding).collect()));
            }
            Ask::Check(what, back) => {
                let up = |call: &CallStatus| call.state != CallState::Ended;
                if self.phone.calls(now).iter().any(up) {
                    drop(back.send(Err(media::CheckError::Call)));
                } else {
                    self.audio.check(what, back);
                }
            }
            Ask::Journal(line, back) => drop(back.send(self.phone.journal(line))),
            Ask::Mixers(back) => self.audio.tell_mixers(back),
            Ask::SipPort(back) => drop(back.send(self.sockets.port())),
            Ask::Pulse(back) => drop(back.send(self.audio.pulse())),
        }
    }

    /// Does all that the phone wants done, and all that it wants in return for the results.
    fn settle(&mut self, now: Instant) {
        let mut results = VecDeque::new();
        for _ in 0..limits::SETTLE_ROUNDS {
            while let Some(output) = self.phone.poll_output() {
                self.perform(output, now, &mut results);
            }
            if results.is_empty() {
                return;
            }
            self.take(results.drain(..), now);
        }
        tracing::error!("the phone does not come to rest");
    }

    fn perform(&mut self, output: Output, now: Instant, results: &mut VecDeque<Input>) {
        match output {
            Output::Transmit { local, to, bytes } => {
                self.tap.sent(local, to, &bytes, now);
                self.sockets.send(local, to, &bytes, results);
            }
            Output::Connect { hop, local, names } => {
                self.tap.connects(hop, local);
                self.sockets.connect(hop, local, names);
            }
            Output::Disconnect { hop } => {
                self.tap.disconnects(hop);
                self.sockets.disconnect(hop);
            }
            Output::Event(event) => {
                self.reporter.event(event, self.phone.lines(), self.clock.read(), now);
            }
            Output::Media(command) => results.extend(self.audio.perform(command)),
            // Lines are gone only when the daemon is ending.
            Output::Names(names) => drop(self.names.send(names)),
            Output::FetchConfiguration => self.provisioner.check_sync(),
            Output::Remember { line, last_good } => self.memory.keep(line, last_good),
        }
    }
}

/// Why a turn begins.
#[derive(Debug)]
enum Wake {
    Message(Message),
    Sound,
    Deadline,
}

/// Waits for a moment, or for ever.
async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Notices a deadline that does not move although it has passed: a bug that would eat the processor.
#[derive(Debug, Default)]
struct SpinGuard {
    last: Option<Instant>,
    seen: u32,
}

impl SpinGuard {
    /// How long to wait beyond a deadline that was handled too often already.
    fn pause(&mut self, wake: Option<(Instant, &'static str)>, now: Instant) -> Duration {
        let Some((at, reason)) = wake.filter(|(at, _)| *at <= now) else {
            self.seen = 0;
            return Duration::ZERO;
        };
        self.seen = if self.last == Some(at) { self.seen.saturating_add(1) } else { 0 };
        self.last = Some(at);
        if self.seen == limits::SPIN {
            tracing::error!(reason, "the phone's deadline does not move");
        }
        if self.seen < limits::SPIN { Duration::ZERO } else { limits::SPIN_PAUSE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_that_never_moves_does_not_eat_the_processor() {
        let mut guard = SpinGuard::default();
        let now = Instant::now();
        let pauses: Vec<_> = (0..=limits::SPIN + 1)
            .map(|_| guard.pause(Some((now, "test")), now + Duration::from_secs(1)))
            .collect();
        let spins = usize::try_from(limits::SPIN).unwrap();
        assert!(pauses[..spins].iter().all(Duration::is_zero));
        assert_eq!(pauses[spins + 1], limits::SPIN_PAUSE);
        let later = now + Duration::from_secs(2);
        assert_eq!(guard.pause(Some((later, "test")), now), Duration::ZERO, "it has moved");
    }
}
