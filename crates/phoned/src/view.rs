//! The phone's own words about itself, put into those of the control protocol.
//!
//! Pure translation, one function a type: moments become calendar time, hops become text, durations
//! become numbers with their unit in the name (`design/interfaces`, `docs/control.md`).

use std::time::{Duration, Instant};

use control::{
    AccountState, AccountStatus, CallState, CallStatus, Direction, DrillState, DrillStatus, Ended,
    EndedBy, Event, HopState, HopStatus, Move, Notification, Server, Unreached,
};
use phone::output::Switch;
use phone::settings::ServerRole;
use phone::status as own;
use phone::words::Said;

use crate::clock::Reading;

/// An event with its time.
pub(crate) fn notification(
    happened: phone::output::Event,
    at: Instant,
    clock: Reading,
) -> Notification {
    Notification {
        t: clock.calendar(at),
        mono_ms: clock.mono_ms(at),
        event: event(happened, clock),
    }
}

fn event(happened: phone::output::Event, clock: Reading) -> Event {
    use phone::output::Event as Own;
    match happened {
        Own::Registration(status) => Event::Registration(account(status, clock)),
        Own::Call(status) => Event::Call(call(status)),
        Own::Failover(switch) => Event::Failover(step(switch)),
        Own::Failback(switch) => Event::Failback(step(switch)),
        Own::Unavailable { line, method, cause } => {
            let (cause, cause_zh) = (cause.to_string(), cause.chinese());
            Event::Unavailable(Unreached { line: line.0, method, cause, cause_zh })
        }
        Own::Drill(status) => Event::Drill(drill(status)),
        Own::Redundancy { line, left } => Event::Redundancy { line: line.0, left },
    }
}

/// A line.
pub(crate) fn account(status: own::AccountStatus, clock: Reading) -> AccountStatus {
    let note = status.message.said();
    AccountStatus {
        line: status.line.0,
        aor: status.aor,
        state: account_state(status.state),
        hop: status.hop.map(|hop| hop.to_string()),
        on_primary: status.on_primary,
        since: clock.calendar(status.since),
        expires_in_s: status.expires_at.map(|at| clock.seconds_until(at)),
        hops: status.hops.into_iter().map(|hop| hop_status(hop, clock)).collect(),
        note: Some(note.en),
        note_zh: note.zh,
    }
}

fn hop_status(status: own::HopStatus, clock: Reading) -> HopStatus {
    HopStatus {
        hop: status.hop.to_string(),
        server: match status.server {
            ServerRole::Server1 => Server::Server1,
            ServerRole::Server2 => Server::Server2,
            ServerRole::Proxy => Server::Proxy,
            ServerRole::BackupProxy => Server::BackupProxy,
        },
        state: match status.state {
            failover::HopState::Unknown => HopState::Unknown,
            failover::HopState::Available => HopState::Available,
            failover::HopState::Suspect => HopState::Suspect,
            failover::HopState::Unavailable => HopState::Unavailable,
            failover::HopState::HeldOff => HopState::HeldOff,
        },
        cause: status.cause.map(|cause| cause.to_string()),
        cause_zh: status.cause.map(failover::Cause::chinese).unwrap_or_default(),
        since: clock.calendar(status.since),
    }
}

/// A call.
pub(crate) fn call(status: own::CallStatus) -> CallStatus {
    let note = status.note.map(|note| note.said());
    CallStatus {
        id: status.id.to_string(),
        line: status.line.0,
        direction: direction(status.direction),
        remote: status.remote,
        remote_name: status.remote_name,
        state: call_state(status.state),
        hop: status.hop.map(|hop| hop.to_string()),
        duration_s: u32::try_from(status.duration.as_secs()).unwrap_or(u32::MAX),
        codec: status.codec,
        muted: status.muted,
        note_zh: note.as_ref().map(|note| note.zh.clone()).unwrap_or_default(),
        note: note.map(|note| note.en),
        call_id: status.sip_call_id,
        quality: None,
        ended: status.ended.map(ended),
    }
}

fn ended(ended: own::Ended) -> Ended {
    let Said { en: reason, zh: reason_zh } = ended.reason.said();
    Ended {
        by: ended_by(ended.by),
        code: Some(ended.code).filter(|code| *code != 0),
        reason,
        reason_zh,
    }
}

fn step(switch: Switch) -> Move {
    Move {
        line: switch.line.0,
        method: switch.method,
        from: switch.from.map(|hop| hop.to_string()).unwrap_or_default(),
        to: switch.to.to_string(),
        cause: switch.cause.to_string(),
        cause_zh: switch.cause.chinese(),
        attempts: switch.attempts,
        elapsed_ms: milliseconds(switch.elapsed),
    }
}

/// A drill.
pub(crate) fn drill(status: own::DrillStatus) -> DrillStatus {
    DrillStatus {
        line: status.line.0,
        hop: status.hop.to_string(),
        state: drill_state(status.state),
        for_s: u32::try_from(status.length.as_secs()).unwrap_or(u32::MAX),
        served: status.served,
        to: status.to.map(|hop| hop.to_string()),
        outage_ms: status.outage.map(milliseconds),
        calls_moved: status.calls_moved,
    }
}

/// Milliseconds, to the microsecond.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// A line's state.
pub(crate) fn account_state(state: own::LineState) -> AccountState {
    match state {
        own::LineState::Unregistered => AccountState::Unregistered,
        own::LineState::Registering => AccountState::Registering,
        own::LineState::Registered => AccountState::Registered,
        own::LineState::Failed => AccountState::Failed,
        own::LineState::Disabled => AccountState::Disabled,
    }
}

/// A call's direction.
pub(crate) fn direction(direction: own::Direction) -> Direction {
    match direction {
        own::Direction::In => Direction::In,
        own::Direction::Out => Direction::Out,
    }
}

/// A call's state.
pub(crate) fn call_state(state: own::CallState) -> CallState {
    match state {
        own::CallState::Dialing => CallState::Dialing,
        own::CallState::Ringing => CallState::Ringing,
        own::CallState::Active => CallState::Active,
        own::CallState::Held => CallState::Held,
        own::CallState::RemoteHeld => CallState::RemoteHeld,
        own::CallState::Ended => CallState::Ended,
    }
}

/// Who ended a call.
pub(crate) fn ended_by(by: own::EndedBy) -> EndedBy {
    match by {
        own::EndedBy::Local => EndedBy::Local,
        own::EndedBy::Remote => EndedBy::Remote,
        own::EndedBy::Failure => EndedBy::Failure,
    }
}

pub(crate) fn drill_state(state: own::DrillState) -> DrillState {
    match state {
        own::DrillState::Running => DrillState::Running,
        own::DrillState::Recovered => DrillState::Recovered,
        own::DrillState::Ended => DrillState::Ended,
    }
}

/// A state as its JSON has it, so that log and command line say the same word.
pub(crate) fn word<T: serde::Serialize>(state: &T) -> String {
    let json = control::encode(state).unwrap_or_default();
    String::from_utf8_lossy(&json).trim().trim_matches('"').to_owned()
}
