//! How long each promise may take in a world, worked out from its plan: what the page on failover
//! states as formulas, with this plan's numbers put in.
//!
//! A bound holds from the moment on which at least one hop works and nothing is lost; time on the
//! wire is added once for each exchange.

use std::time::Duration;

use failover::worst_case;

use crate::plan::{FaultKind, Plan, Presence};
use crate::station;

/// 64·T1 (RFC 3261 §17.1.1.2).
pub const TIMEOUT: Duration = Duration::from_secs(32);

/// The longest a proxy lets a callee ring before it answers for it.
const PROXY_RINGING: Duration = Duration::from_secs(200);

/// The bounds of one world.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// A line whose hop has just died, while another works, is registered through one that does:
    /// what the linter states of silent deaths, with round trips.
    pub off_dead: Duration,
    /// The same before the hop has answered a keep-alive.
    pub off_dead_unproven: Duration,
    /// How long a line has to have been served until its hop has answered one.
    pub proven_after: Duration,
    /// From any other state: a line is registered through a hop that works.
    pub registered: Duration,
    /// A line that has left a healthy primary is back there; `None` without register failback.
    pub failback: Option<Duration>,
    /// A call that one side hangs up has ended on the other.
    pub bye: Duration,
    /// A call that its caller gives up stops ringing.
    pub stops: Duration,
    /// A dialled number rings.
    pub rings: Duration,
    /// A call that is up on one side only has ended there.
    pub orphan_up: Duration,
    /// A call that rings, or calls, on one side only has ended there.
    pub orphan_ringing: Duration,
    /// After everything is mended, all is well.
    pub settled: Duration,
}

impl Bounds {
    /// The bounds of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let style = &plan.line;
        let policy = station::policy(style);
        let patience = station::patience(style);
        let round_trip = 2 * (plan.link.delay + plan.link.jitter);
        // REGISTER, its challenge and the answer to it, with a stale nonce in between.
        let exchange = 4 * round_trip + Duration::from_millis(100);
        let hops = u32::try_from(plan.proxies.count).unwrap_or(u32::MAX);
        let others = patience * (hops - 1) + exchange * hops;
        let (off_dead, off_dead_unproven) = off_dead(plan, hops);
        let found_out = match style.keep_alive {
            Some(interval) if plan.proxies.answers_options => interval + patience,
            // Nothing but the refresh finds a dead hop out.
            Some(_) | None => style.expiry + patience,
        };
        // Either the line stands at a hop whose death it has to find out, or a round of all hops has
        // just failed, the last of them with its full wait, and the longest back-off follows.
        let waits = found_out.max(TIMEOUT + policy.backoff_cap);
        // A phone that has booted, or was without a link for long, waits before it begins.
        let registered = policy.boot_spread + waits + held_off(plan) + others + exchange;
        let failback = style.failback.map(|interval| {
            // Flap damping: up to four intervals; spread: a tenth.
            interval * 4 * 11 / 10 + patience + held_off(plan) + exchange
        });
        let orphan_ringing = style.ring_limit.max(PROXY_RINGING) + others + 2 * TIMEOUT;
        let direct = plan.proxies.presence == Presence::Absent;
        Self {
            off_dead: off_dead + exchange * hops,
            off_dead_unproven: off_dead_unproven + exchange * hops,
            proven_after: style.keep_alive.unwrap_or_default() + exchange,
            registered,
            failback,
            bye: if direct { exchange } else { others },
            stops: exchange,
            rings: others + if style.register_first { others } else { Duration::ZERO },
            orphan_up: style.media_timeout + TIMEOUT + exchange,
            orphan_ringing,
            settled: registered + failback.unwrap_or(Duration::ZERO) + orphan_ringing,
        }
    }
}

/// How long a death goes unnoticed at most, as `failover::worst_case` and with it the linter say: at
/// a hop that has answered a keep-alive, and at one that has not yet.
fn off_dead(plan: &Plan, hops: u32) -> (Duration, Duration) {
    let hops = u8::try_from(hops).unwrap_or(u8::MAX);
    let worst = worst_case(&station::policy(&plan.line), hops, plan.line.expiry);
    // With a single hop nothing is promised, and there is no world of one.
    let unnoticed = worst.silent_death_unnoticed.unwrap_or(plan.line.expiry);
    let asked = |bound: Option<Duration>| {
        bound.filter(|_| plan.proxies.answers_options).unwrap_or(unnoticed)
    };
    (asked(worst.silent_death), asked(worst.silent_death_unproven))
}

/// The longest Retry-After that a proxy of this plan gives.
fn held_off(plan: &Plan) -> Duration {
    let longest = plan.faults.iter().filter_map(|fault| {
        let FaultKind::Overloaded(_, seconds) = fault.kind else { return None };
        seconds
    });
    Duration::from_secs(longest.max().map_or(0, u64::from))
}
