//! How long each promise may take in a world, worked out from its plan: what the page on failover
//! states as formulas, with this plan's numbers put in.
//!
//! A bound holds from the moment on which at least one hop works and nothing is lost; time on the
//! wire is added once for each exchange.

use std::time::Duration;

use failover::{Reach, WorstCase, worst_case_of};

use crate::plan::{FaultKind, Plan, Presence};
use crate::station;

/// 64·T1 (RFC 3261 §17.1.1.2).
pub const TIMEOUT: Duration = Duration::from_secs(32);

/// RFC 6298 §2.1.
const REPEATED_SYN: Duration = Duration::from_secs(1);

/// Until a phone first knows where its name leads: two questions after one another that nobody
/// answers, and a second for the rest.
const FIRST_ANSWERS: Duration = Duration::from_secs(12);

/// The longest wait between two questions that nobody has answered, and the last of them.
const ASKED_AGAIN: Duration = Duration::from_secs(65);

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
    /// From any other state: a line is registered through a hop that works, as the linter states of
    /// the recovery of one.
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
    /// After everything is mended, every phone knows where its name leads.
    pub names_known: Duration,
    /// After everything is mended, all is well.
    pub settled: Duration,
}

impl Bounds {
    /// The bounds of a plan.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let style = &plan.line;
        let tcp = plan.any_tcp();
        // Over a connection a hop has as long again for its set-up.
        let connect = if tcp { station::CONNECT } else { Duration::ZERO };
        let patience = station::patience(style) + connect;
        let round_trip = 2 * (plan.link.delay + plan.link.jitter);
        // REGISTER, its challenge and the answer to it, with a stale nonce in between.
        let exchange = 4 * round_trip + Duration::from_millis(100);
        // A connection between the ports of one that is half open takes a second SYN.
        let exchange = if tcp { exchange + round_trip + REPEATED_SYN } else { exchange };
        // Hello, certificate, and a round trip on which something is written again.
        let exchange = if plan.any_tls() { exchange + 2 * round_trip } else { exchange };
        let hops = u32::try_from(plan.proxies.count).unwrap_or(u32::MAX);
        let relearnt = relearnt(plan);
        // The clock stands while a hop asks to be left alone.
        let asked_to_wait = held_off(plan);
        let others = patience * (hops - 1) + exchange * hops + relearnt;
        let worst = worst(plan, connect);
        let asked = plan.proxies.answers_options;
        // With a single hop nothing is promised, and there is no world of one.
        let unnoticed = worst.silent_death_unnoticed.unwrap_or(style.expiry);
        let off_dead = |bound: Option<Duration>| bound.filter(|_| asked).unwrap_or(unnoticed);
        let recovery = if asked { worst.recovery } else { worst.recovery_unnoticed };
        let first = plan.names.map_or(Duration::ZERO, |_| FIRST_ANSWERS);
        let registered = recovery + asked_to_wait + exchange * (hops + 1) + first + relearnt;
        let failback = style.failback.map(|interval| {
            // Flap damping: up to four intervals; spread: a tenth.
            interval * 4 * 11 / 10 + patience + asked_to_wait + exchange + relearnt
        });
        let orphan_ringing = style.ring_limit.max(PROXY_RINGING) + others + 2 * TIMEOUT;
        let direct = plan.proxies.presence == Presence::Absent;
        Self {
            off_dead: off_dead(worst.silent_death) + asked_to_wait + exchange * hops + relearnt,
            off_dead_unproven: off_dead(worst.silent_death_unproven)
                + asked_to_wait
                + exchange * hops
                + relearnt,
            proven_after: style.keep_alive.unwrap_or_default() + exchange,
            registered,
            failback,
            bye: if direct { exchange } else { others },
            stops: exchange,
            rings: others + if style.register_first { others } else { Duration::ZERO },
            orphan_up: style.media_timeout + TIMEOUT + exchange,
            orphan_ringing,
            names_known: relearnt,
            settled: registered + failback.unwrap_or(Duration::ZERO) + orphan_ringing,
        }
    }
}

/// What `failover::worst_case_of` and with it the linter state of the plan's lines.
fn worst(plan: &Plan, set_up: Duration) -> WorstCase {
    let hops = u8::try_from(plan.proxies.count).unwrap_or(u8::MAX);
    let reach = Reach { hops, expires: plan.line.expiry, set_up, found_otherwise: None };
    worst_case_of(&station::policy(&plan.line), &reach)
}

/// How long a phone may take until it knows of a proxy that was in no answer of DNS: the life of the
/// answer that lacks it, after the longest wait between questions.
pub(crate) fn relearnt(plan: &Plan) -> Duration {
    let withdrawn = plan.faults.iter().any(|fault| matches!(fault.kind, FaultKind::Withdraws(_)));
    plan.names.filter(|_| withdrawn).map_or(Duration::ZERO, |ttl| ttl + ASKED_AGAIN)
}

/// The longest Retry-After that a proxy of this plan gives.
fn held_off(plan: &Plan) -> Duration {
    let longest = plan.faults.iter().filter_map(|fault| {
        let FaultKind::Overloaded(_, seconds) = fault.kind else { return None };
        seconds
    });
    Duration::from_secs(longest.max().map_or(0, u64::from))
}
