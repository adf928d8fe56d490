//! A state as numbers: two that behave alike from now on have the same ones.
//!
//! Every field of the machine is named here, so that a new one cannot be forgotten. Times are in
//! milliseconds from now; what lies behind and only matters by having passed is cut off.

use std::time::{Duration, Instant};

use super::super::Machine;
use super::super::failback::Failback;
use super::super::keep_alive::KeepAlive;
use super::super::state::{Flight, Hunt, Phase, Wait};
use super::super::watch::Watch;
use crate::{Cause, HopId, Reason, Task};

/// See the module.
pub(super) type Fingerprint = Vec<i32>;

const NONE: i32 = i32::MIN;

fn hop(id: Option<HopId>) -> i32 {
    id.map_or(-1, |id| i32::from(id.0))
}

/// Milliseconds until then; behind us it is negative.
fn until(at: Option<Instant>, now: Instant) -> i32 {
    let Some(at) = at else { return NONE };
    let ahead = at.saturating_duration_since(now).as_millis();
    let behind = now.saturating_duration_since(at).as_millis();
    i32::try_from(ahead).unwrap() - i32::try_from(behind).unwrap()
}

/// As long ago as that, or longer than it could matter.
fn ago(at: Option<Instant>, matters: Duration, now: Instant) -> i32 {
    at.map_or(NONE, |at| {
        i32::try_from(now.saturating_duration_since(at).min(matters).as_millis()).unwrap()
    })
}

pub(super) fn of(machine: &Machine, now: Instant) -> Fingerprint {
    let Machine {
        policy,
        hops,
        current,
        last_good,
        registration,
        phase,
        in_flight,
        keep_alive,
        watch,
        failback,
        backoff,
        suspect_checked,
        link_down_since,
        next_attempt: _,
        dice: _,
        reported: _,
        outputs: _,
    } = machine;
    let mut print = vec![hop(*current), hop(*last_good), i32::from(link_down_since.is_some())];
    for health in hops {
        print.push(health.state as i32);
        let drilled = health.cause == Some(Cause::Drill);
        print.extend([drilled, health.answers_options].map(i32::from));
        print.push(until(health.held_until, now));
    }
    print.push(until(registration.map(|held| held.expires_at()), now));
    print.push(until(registration.map(|held| held.refresh_at(policy, hops.len())), now).max(0));
    let window = policy.flap_window.max(policy.keep_alive_wait());
    phase_of(phase, window, now, &mut print);
    flight_of(in_flight.as_ref(), now, &mut print);
    // Whether the first was sent decides only what is drawn, and nothing is drawn here.
    let KeepAlive { next, in_flight, begun: _, proven, pause } = keep_alive;
    print.push(until(*next, now).max(-1));
    print.extend([in_flight.is_some(), *proven].map(i32::from));
    print.push(i32::try_from(*pause).unwrap());
    let Watch { next, in_flight, last, lost } = watch;
    print.push(until(*next, now).max(-1));
    print.extend([hop(in_flight.map(|(_, at)| at)), hop(*last), i32::from(*lost)]);
    let Failback { due, damping, returned, signalled, at_once } = failback;
    print.push(until(*due, now).max(-i32::try_from(policy.retry.wait(false).as_millis()).unwrap()));
    print.push(i32::try_from(*damping).unwrap());
    print.push(ago(*returned, policy.flap_window, now));
    print.push(ago(*signalled, policy.signal_hold_off, now));
    print.push(at_once.map_or(-1, reason));
    print.push(backoff.waits_done(policy));
    print.push(ago(*suspect_checked, policy.suspect_interval, now));
    print
}

fn phase_of(phase: &Phase, window: Duration, now: Instant, print: &mut Fingerprint) {
    match phase {
        Phase::Disabled => print.push(0),
        Phase::Off { register_next } => print.extend([1, i32::from(*register_next)]),
        Phase::Waiting { until: at, why } => {
            let why = match why {
                Wait::Spread(why) => 10 + reason(*why),
                Wait::AllFailed => 0,
                Wait::Refused => 1,
                Wait::LocalOutage => 2,
            };
            print.extend([2, until(Some(*at), now), why]);
        }
        Phase::Hunting(hunt) => {
            let Hunt { reason: why, order, at, started, signal, doubt, last, answer } = hunt;
            print.extend([3, reason(*why), i32::try_from(*at).unwrap(), i32::from(*signal)]);
            print.extend([ago(Some(*started), window, now), hop(*doubt)]);
            print.extend([last.is_some(), answer.is_some()].map(i32::from));
            print.extend(order.iter().map(|id| i32::from(id.0)));
        }
        Phase::Settled => print.push(4),
        Phase::Offline => print.push(5),
    }
}

fn flight_of(flight: Option<&Flight>, now: Instant, print: &mut Fingerprint) {
    let Some(Flight { id: _, task, hop: at, started, reason: why }) = flight else {
        return print.push(-1);
    };
    let task = match task {
        Task::Register => 0,
        Task::Probe => 1,
        Task::KeepAlive => 2,
        Task::SuspectCheck => 3,
        Task::Unregister => 4,
        Task::Watch => 5,
    };
    print.extend([task, hop(Some(*at)), until(Some(*started), now), reason(*why)]);
}

/// Reasons that lead to the same behaviour count as one.
fn reason(reason: Reason) -> i32 {
    match reason {
        Reason::Boot | Reason::Restart => 0,
        Reason::LinkUp => 1,
        Reason::HopsChanged => 2,
        Reason::DrillOver => 4,
        Reason::Refresh
        | Reason::Manual
        | Reason::Failover(_)
        | Reason::KeepAliveFailed
        | Reason::FlowBroke
        | Reason::CancelTimedOut
        | Reason::SignalFailback
        | Reason::Answered
        | Reason::Backoff
        | Reason::Interval
        | Reason::Suspect
        | Reason::SettingsChanged => 3,
    }
}
