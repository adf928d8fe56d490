//! A call as its user sees it, from the first digit to the last BYE.
//!
//! Joins the parts that each know one thing: `setup` begins it and takes it from one phase to the next,
//! `outgoing` (with its `early` dialogs) and `incoming` are it before it is `up`, `recent` knows late copies
//! of its INVITE, `forward` sends it elsewhere; `within` takes what arrives in it, `change` alters it,
//! `moved` takes it to a new address of ours, `errand` asks without altering it, `digits` are keys
//! that go by its sound or as errands, `transfer` and `referral` are the two sides of a transfer; `farewell` and `stray` end what
//! nobody holds; `in_dialog`, `ladder`, `route` and `session` find the way of its requests; `audio` has
//! the sound. This file keeps the phase and the status.

pub(crate) mod audio;
pub(crate) mod change;
mod digits;
pub(crate) mod early;
pub(crate) mod errand;
pub(crate) mod farewell;
pub(crate) mod forward;
pub(crate) mod in_dialog;
pub(crate) mod incoming;
pub(crate) mod ladder;
pub(crate) mod moved;
pub(crate) mod outgoing;
pub(crate) mod recent;
pub(crate) mod referral;
pub(crate) mod route;
pub(crate) mod session;
pub(crate) mod setup;
pub(crate) mod stray;
mod transfer;
mod up;
mod within;

use std::time::{Duration, Instant};

use sip_core::message::Request;
use sip_core::transport::Hop;

use crate::core::Core;
use crate::hop_change::Places;
use crate::limits;
use crate::output::{Event, MediaCommand, Tone};
use crate::settings::LineNumber;
use crate::status::{CallState, CallStatus, Direction, Ended, EndedBy};
use crate::words::{CallNote, Change, Failing, Reason};
use crate::{CallId, input};
use audio::Audio;
use incoming::Incoming;
use outgoing::Outgoing;
use session::Session;
use up::Up;

/// Methods that this phone takes (RFC 3261 §20.5).
pub(crate) const ALLOW: &str =
    "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY";
/// Extensions that this phone knows (RFC 3261 §20.37).
pub(crate) const SUPPORTED: &str = "timer, replaces, 100rel";
/// The same for calls whose ringing shall not be reliable (setting).
const WITHOUT_100REL: &str = "timer, replaces";

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) line: LineNumber,
    direction: Direction,
    remote: String,
    remote_name: Option<String>,
    phase: Phase,
    audio: Audio,
    answered_at: Option<Instant>,
    muted: bool,
    ended: Option<(Ended, Instant)>,
    hop: Option<Hop>,
    note: Option<CallNote>,
    /// The call whose other party has sent us here; it hears how this one goes.
    referrer: Option<CallId>,
    /// The Call-ID of its messages.
    sip_call_id: String,
}

#[derive(Clone, Debug)]
enum Phase {
    Outgoing { setup: Box<Outgoing>, ringing: bool },
    Incoming(Box<Incoming>),
    Up(Box<Up>),
    Over,
}

impl Call {
    /// State as the user sees it.
    pub(crate) fn state(&self) -> CallState {
        match &self.phase {
            Phase::Outgoing { ringing: false, .. } => CallState::Dialing,
            Phase::Outgoing { ringing: true, .. } | Phase::Incoming(_) => CallState::Ringing,
            Phase::Up(up) if up.held => CallState::Held,
            Phase::Up(_) if self.audio.held_by_peer() => CallState::RemoteHeld,
            Phase::Up(_) => CallState::Active,
            Phase::Over => CallState::Ended,
        }
    }

    /// Whether the call is over for its user.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Whether it rings here.
    pub(crate) fn rings_here(&self) -> bool {
        matches!(self.phase, Phase::Incoming(_))
    }

    /// Whether it is up.
    pub(crate) fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Up(_))
    }

    /// Whether it rings here and its user has not answered yet.
    pub(crate) fn wants_an_answer(&self) -> bool {
        matches!(&self.phase, Phase::Incoming(setup) if !setup.answer_on_prack)
    }

    /// Whether its sound, or that of its progress, is what the user hears.
    pub(crate) fn has_the_ear(&self) -> bool {
        match &self.phase {
            Phase::Outgoing { .. } => true,
            Phase::Up(up) => !up.held,
            Phase::Incoming(_) | Phase::Over => false,
        }
    }

    /// Whether its other party is heard: up, and not held by us.
    pub(crate) fn talks(&self) -> bool {
        matches!(&self.phase, Phase::Up(up) if !up.held)
    }

    /// Whether something of a call that is up is being changed, so that nothing else can be.
    pub(crate) fn is_changing(&self) -> bool {
        matches!(&self.phase, Phase::Up(up) if !up.is_settled())
    }

    /// A dialled call shows itself although nothing has been sent yet.
    pub(crate) fn show_waiting(&mut self, core: &mut Core, now: Instant) {
        if matches!(self.phase, Phase::Outgoing { .. }) {
            self.announce(core, now);
        }
    }

    /// Another call that had to be put on hold for this one was not.
    pub(crate) fn lose_turn(&mut self, core: &mut Core, other: CallId, now: Instant) {
        if matches!(self.phase, Phase::Outgoing { .. }) {
            // No tone: its user talks to somebody.
            let reason = Reason::OtherNotHeld(other);
            return self.leave(core, Ended { by: EndedBy::Failure, code: 0, reason }, now);
        }
        self.note = Some(CallNote::NotTaken(Change::Resume, Failing::OtherNotHeld(other)));
        self.announce(core, now);
    }

    /// Sends silence instead of what is said here, or no longer.
    pub(crate) fn mute(&mut self, core: &mut Core, muted: bool, now: Instant) {
        if std::mem::replace(&mut self.muted, muted) != muted {
            core.media(MediaCommand::Mute(self.id, muted));
            self.announce(core, now);
        }
    }

    /// When it may be forgotten.
    pub(crate) fn listed_until(&self) -> Option<Instant> {
        self.ended.as_ref().map(|(_, at)| *at + limits::ENDED_LISTED)
    }

    /// Snapshot.
    pub(crate) fn status(&self, now: Instant) -> CallStatus {
        let until = self.ended.as_ref().map_or(now, |(_, at)| *at);
        let duration =
            self.answered_at.map_or(Duration::ZERO, |at| until.saturating_duration_since(at));
        CallStatus {
            id: self.id,
            line: self.line,
            direction: self.direction,
            remote: self.remote.clone(),
            remote_name: self.remote_name.clone(),
            state: self.state(),
            hop: self.hop(),
            duration,
            codec: self.audio.codec().map(str::to_owned),
            muted: self.muted,
            ended: self.ended.as_ref().map(|(ended, _)| ended.clone()),
            note: self.note.clone(),
            sip_call_id: self.sip_call_id.clone(),
        }
    }

    fn hop(&self) -> Option<Hop> {
        match &self.phase {
            Phase::Outgoing { setup, .. } => setup.current_hop().or(self.hop),
            Phase::Up(up) => Some(up.session.current_hop()),
            Phase::Incoming(_) | Phase::Over => self.hop,
        }
    }

    /// The way to the other end, once there is a dialog.
    pub(crate) fn session_mut(&mut self) -> Option<&mut Session> {
        match &mut self.phase {
            Phase::Up(up) => Some(&mut up.session),
            Phase::Outgoing { .. } | Phase::Incoming(_) | Phase::Over => None,
        }
    }

    /// The line's hop list has changed.
    pub(crate) fn follow(&mut self, places: &Places) {
        match &mut self.phase {
            Phase::Outgoing { setup, .. } => setup.follow(places),
            Phase::Up(up) => up.follow(places),
            Phase::Incoming(_) | Phase::Over => {}
        }
    }

    fn announce(&mut self, core: &mut Core, now: Instant) {
        core.event(Event::Call(self.status(now)), now);
        self.report(core);
    }

    /// Tells the call that has led here how this one stands, up to its answer or its end.
    fn report(&mut self, core: &mut Core) {
        if self.referrer.is_none() {
            return;
        }
        let ended = self.ended.clone();
        let (code, reason) = match (self.state(), &ended) {
            (CallState::Dialing, _) => return,
            (CallState::Ringing, _) => (180, "Ringing".to_owned()),
            (CallState::Active | CallState::Held | CallState::RemoteHeld, _) => {
                (200, "OK".to_owned())
            }
            (CallState::Ended, Some((ended, _))) if ended.code >= 300 => {
                (ended.code, ended.reason.to_string())
            }
            (CallState::Ended, _) => (487, "Request Terminated".to_owned()),
        };
        let told = if code < 200 { self.referrer } else { self.referrer.take() };
        if let Some(of) = told {
            core.progress.push_back(referral::Progress { of, code, reason });
        }
    }

    /// Ends the call for its user: sound off, told to listeners. Requests still to be sent are
    /// farewells and strays by now.
    fn end(&mut self, core: &mut Core, ended: Ended, now: Instant) {
        self.hop = self.hop();
        let rang = self.direction == Direction::In && self.answered_at.is_none();
        self.phase = Phase::Over;
        self.audio.stop(core, self.id);
        let tone = match (&ended.reason, ended.by, ended.code) {
            (Reason::AllFailed(_), _, _) => Some(Tone::AllProxiesFailed),
            // A call that only rang here leaves nobody at the ear.
            (_, EndedBy::Remote | EndedBy::Failure, 300..) if !rang => Some(Tone::Busy),
            _ => None,
        };
        core.tone(tone, now);
        self.ended = Some((ended, now));
        self.announce(core, now);
    }

    /// When something of this call is due.
    pub(crate) fn deadline(&self) -> Option<(Instant, &'static str)> {
        match &self.phase {
            Phase::Outgoing { setup, .. } => setup.deadline().map(|at| (at, "call: set-up")),
            Phase::Up(up) => up.deadline().map(|at| (at, "call: 2xx or change")),
            Phase::Incoming(setup) => setup.deadline().map(|at| (at, "call: ringing")),
            Phase::Over => self.listed_until().map(|at| (at, "call: forget")),
        }
    }

    /// Whether a request is within one of this call's dialogs.
    pub(crate) fn has_dialog(&self, request: &Request) -> bool {
        match &self.phase {
            Phase::Up(up) => up.has_dialog(request),
            Phase::Incoming(incoming) => {
                let to = request.headers.to().ok();
                let tag = to.as_ref().and_then(|to| to.tag());
                incoming::Key::of(request).as_ref() == Some(&incoming.key)
                    && incoming.copies.iter().any(|copy| Some(copy.tag.as_str()) == tag)
            }
            Phase::Outgoing { setup, .. } => setup.early.own(request),
            Phase::Over => false,
        }
    }

    /// What the sound side reports.
    pub(crate) fn on_media(&mut self, core: &mut Core, report: &input::MediaReport, now: Instant) {
        match report {
            // Failover design §5: no lost BYE leaves a call up.
            input::MediaReport::Silence => {
                if self.is_up() && !matches!(self.state(), CallState::Held) {
                    let reason = Reason::NoSound;
                    self.leave(core, Ended { by: EndedBy::Failure, code: 0, reason }, now);
                }
            }
            input::MediaReport::Failed(why) => {
                self.note = Some(CallNote::NoSound(why.clone()));
                self.announce(core, now);
            }
            input::MediaReport::Digit(_) => {}
        }
    }
}
