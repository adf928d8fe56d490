//! Worlds from seeds: play one, play it so that a panic is a finding like any other, and leave out
//! of a failing plan whatever the failure does not need.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::oracle::Failure;
use crate::plan::Plan;
use crate::trace::Trace;
use crate::world::{Outcome, World};

/// How one plan went, with its fingerprint and, if asked for, its trace.
#[derive(Debug, Clone)]
pub struct Played {
    /// How it went; `None` if it panicked.
    pub outcome: Option<Outcome>,
    /// The first rule that was broken, if any; a panic is one.
    pub failure: Option<Failure>,
    /// What sums up the run.
    pub fingerprint: u64,
    /// The trace, if it was kept.
    pub lines: Vec<String>,
}

/// Plays a plan.
#[must_use]
pub fn play(plan: &Plan, keep_trace: bool) -> Played {
    let start = origin();
    let mut trace = Trace::new(start, keep_trace);
    let outcome = catch_unwind(AssertUnwindSafe(|| World::new(plan, start, &mut trace).run()));
    let (outcome, failure) = match outcome {
        Ok(outcome) => {
            let failure = outcome.failures.first().cloned();
            (Some(outcome), failure)
        }
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            let what = text.unwrap_or_else(|| "a panic without words".to_owned());
            (None, Some(Failure { at: Duration::ZERO, rule: "panic", what }))
        }
    };
    Played { outcome, failure, fingerprint: trace.fingerprint(), lines: trace.lines().to_vec() }
}

/// Leaves out of a failing plan every fault, errand and flood that its failure does not need, one
/// at a time, until nothing more can go. The plan that is given back breaks the same rule.
#[must_use]
pub fn shrink(plan: &Plan, rule: &str) -> Plan {
    let mut least = plan.clone();
    loop {
        let Some(smaller) = smaller(&least).into_iter().find(|plan| breaks(plan, rule)) else {
            return least;
        };
        least = smaller;
    }
}

fn breaks(plan: &Plan, rule: &str) -> bool {
    play(plan, false).failure.is_some_and(|failure| failure.rule == rule)
}

/// Every plan that lacks one thing, and some that are plainer.
fn smaller(plan: &Plan) -> Vec<Plan> {
    let mut plans = Vec::new();
    let mut without = |change: &dyn Fn(&mut Plan)| {
        let mut smaller = plan.clone();
        change(&mut smaller);
        if smaller != *plan {
            plans.push(smaller);
        }
    };
    for at in 0..plan.faults.len() {
        without(&|plan| {
            plan.faults.remove(at);
        });
    }
    for at in 0..plan.errands.len() {
        without(&|plan| {
            plan.errands.remove(at);
        });
    }
    for at in 0..plan.floods.len() {
        without(&|plan| {
            plan.floods.remove(at);
        });
    }
    without(&|plan| plan.registers.clear());
    without(&|plan| plan.submits.clear());
    without(&|plan| plan.link.jitter = Duration::ZERO);
    without(&|plan| plan.proxies.challenge_calls = false);
    without(&|plan| plan.proxies.challenge_register = false);
    without(&|plan| plan.line.signal_failback = false);
    without(&|plan| plan.line.register_first = false);
    for at in 0..plan.errands.len() {
        without(&|plan| plan.errands[at].hold = false);
    }
    plans
}

/// The origin of virtual time, one for the whole process: nothing depends on it but the length of
/// the debug text in which a leak is looked for.
fn origin() -> Instant {
    static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    *ORIGIN
}
