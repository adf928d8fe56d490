//! What will happen in a world, drawn from its seed before it begins: how its proxies and lines are
//! set up, what people mean to do, what breaks and for how long. A plan is data: it can be printed,
//! and a fault or an errand can be left out to see whether a failure needs it.

use std::time::Duration;

use netem::Link;
use phone::settings::Dtmf;

use crate::dice::Dice;

/// How a pair of proxies keeps itself in the way of a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// One Record-Route entry with its address.
    ByAddress,
    /// One Record-Route entry with its name.
    ByName,
    /// Two entries marked `r2=on`: its address and its name, as Kamailio does between networks.
    ByPair,
    /// None at all: phones talk to each other directly once the call is up.
    Absent,
    /// No Record-Route; Contacts are rewritten to lead to the proxy itself, as a B2BUA's.
    AsContact,
}

/// The proxies of a world. They share one location table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyStyle {
    /// How many.
    pub count: usize,
    /// How they stay in a dialog.
    pub presence: Presence,
    /// Whether each takes a Route entry of another for its own.
    pub aliases: bool,
    /// Whether REGISTER is challenged (401).
    pub challenge_register: bool,
    /// Whether calls are challenged (407).
    pub challenge_calls: bool,
    /// Whether OPTIONS is answered at all.
    pub answers_options: bool,
    /// How long a proxy waits for a callee's sign of life before it answers 408.
    pub patience: Duration,
    /// How long a nonce is good for; after that it is stale.
    pub nonce_life: Duration,
}

/// The lines of a world: one for each phone, alike but for user and order of hops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineStyle {
    /// Whether the hops are outbound proxies; otherwise they are SIP Server 1 and 2.
    pub outbound: bool,
    /// Transmissions of a request at a hop that is not the last.
    pub retry_counts: u8,
    /// V2 mode: the time instead.
    pub retry_time: Option<Duration>,
    /// Register failback and its interval.
    pub failback: Option<Duration>,
    /// Signal failback.
    pub signal_failback: bool,
    /// OPTIONS keep-alive; `None` is off.
    pub keep_alive: Option<Duration>,
    /// Registration expiry asked for.
    pub expiry: Duration,
    /// REGISTER before an INVITE where the line is not registered.
    pub register_first: bool,
    /// Longest ringing of an outgoing call.
    pub ring_limit: Duration,
    /// Silence after which a call ends.
    pub media_timeout: Duration,
    /// Session timer that calls ask for.
    pub session_timer: Option<Duration>,
    /// How digits are sent.
    pub dtmf: Dtmf,
}

/// What one person means to do: call another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// When, from the start.
    pub at: Duration,
    /// Which phone.
    pub from: usize,
    /// Whose number.
    pub to: usize,
    /// How long it rings before it is answered; `None`: it is not.
    pub answer_after: Option<Duration>,
    /// Refused rather than answered.
    pub reject: bool,
    /// How long the caller lets it ring.
    pub patience: Duration,
    /// How long they talk.
    pub talk: Duration,
    /// Who hangs up: the caller, or else the callee.
    pub caller_hangs_up: bool,
    /// The caller holds and takes back in between.
    pub hold: bool,
    /// The callee presses keys in between.
    pub keys: bool,
}

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The proxy's process is killed: its port answers with ICMP; it forgets its transactions.
    Dead(usize),
    /// The proxy's process is stopped; on thaw it answers all that has queued.
    Frozen(usize),
    /// The proxy's host has lost power: silence.
    Dark(usize),
    /// The proxy answers everything with 503, with this Retry-After in seconds if any.
    Overloaded(usize, Option<u32>),
    /// The proxy answers everything with 500.
    Broken(usize),
    /// Nothing passes between a phone and a proxy.
    Cut(usize, usize),
    /// What a phone sends to a proxy is lost.
    Mute(usize, usize),
    /// What a proxy sends to a phone is lost.
    Deaf(usize, usize),
    /// A phone's own network is gone, and it knows.
    Unlinked(usize),
    /// A phone has lost power; when it is back it is a new phone with the same settings.
    Off(usize),
    /// Every link is like this.
    Weather(Link),
}

/// One fault with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// When it begins, from the start.
    pub at: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// What it is.
    pub kind: FaultKind,
}

/// All that happens in a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What it was drawn from.
    pub seed: u64,
    /// How many phones.
    pub phones: usize,
    /// The proxies.
    pub proxies: ProxyStyle,
    /// The lines.
    pub line: LineStyle,
    /// Each phone's order of proxies, best first.
    pub orders: Vec<Vec<usize>>,
    /// Whether the hops were configured by the names that the proxies give themselves.
    pub names_known: bool,
    /// How much of a refused datagram ICMP quotes, in bytes.
    pub quoted: usize,
    /// The link of every pair in fair weather: delay and jitter, no loss.
    pub link: Link,
    /// Faults in order of time; all end with the chaos.
    pub faults: Vec<Fault>,
    /// Errands in order of time.
    pub errands: Vec<Errand>,
    /// A person presses "register" at this phone at this time.
    pub registers: Vec<(Duration, usize)>,
    /// A person submits this phone's settings at this time: the same ones, or with shorter
    /// intervals.
    pub submits: Vec<(Duration, usize, bool)>,
    /// Stale answers are played back to phones at these times.
    pub floods: Vec<Duration>,
    /// How long things go on breaking; after that everything is mended.
    pub chaos: Duration,
}

impl Plan {
    /// Draws a plan.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let phones = dice.pick([2, 2, 2, 3]);
        let count = dice.pick([2, 2, 2, 3]);
        let proxies = proxies(&mut dice, count);
        let line = line(&mut dice);
        let same_order = dice.chance(60);
        let orders = (0..phones)
            .map(|phone| {
                (0..count).map(|hop| if same_order { hop } else { (hop + phone) % count }).collect()
            })
            .collect();
        let chaos = Duration::from_secs(dice.pick([120, 240, 420, 900]));
        let link = Link { jitter: dice.millis(0, 10), ..Link::delayed(dice.millis(1, 40)) };
        let most = dice.pick([3, 8, 15]);
        let mut errands: Vec<Errand> =
            (0..dice.between(1, most)).map(|_| errand(&mut dice, phones, chaos)).collect();
        errands.sort_by_key(|errand| errand.at);
        let most = dice.pick([0, 2, 6, 15]);
        let mut faults: Vec<Fault> = (0..dice.between(0, most))
            .map(|_| fault(&mut dice, (phones, count), &errands, chaos, link))
            .collect();
        faults.sort_by_key(|fault| fault.at);
        let mut floods: Vec<Duration> =
            (0..dice.between(0, 2)).map(|_| within(&mut dice, chaos)).collect();
        floods.sort();
        let mut registers: Vec<(Duration, usize)> = (0..dice.between(0, 2))
            .map(|_| (within(&mut dice, chaos), dice.index(phones)))
            .collect();
        registers.sort();
        let mut submits: Vec<(Duration, usize, bool)> = (0..dice.between(0, 2))
            .map(|_| (within(&mut dice, chaos), dice.index(phones), dice.chance(50)))
            .collect();
        submits.sort();
        let names_known = dice.chance(50);
        // Linux quotes as much as fits into 576 bytes, others eight bytes of payload or none.
        let quoted = dice.pick([548, 548, 64, 0]);
        Self {
            seed,
            phones,
            proxies,
            line,
            orders,
            names_known,
            quoted,
            link,
            faults,
            errands,
            registers,
            submits,
            floods,
            chaos,
        }
    }
}

fn proxies(dice: &mut Dice, count: usize) -> ProxyStyle {
    let presence = dice.pick([
        Presence::ByAddress,
        Presence::ByAddress,
        Presence::ByName,
        Presence::ByPair,
        Presence::Absent,
        Presence::AsContact,
    ]);
    ProxyStyle {
        count,
        presence,
        // A B2BUA that does not know another's dialogs is no backup for it.
        aliases: dice.chance(50) || presence == Presence::AsContact,
        challenge_register: dice.chance(80),
        challenge_calls: dice.chance(60),
        answers_options: dice.chance(90),
        patience: dice.pick([Duration::from_secs(5), Duration::from_secs(30)]),
        nonce_life: dice.pick([Duration::from_secs(20), Duration::from_secs(300)]),
    }
}

fn line(dice: &mut Dice) -> LineStyle {
    let counts = dice.pick([1, 2, 3, 3, 3, 5, 7]);
    LineStyle {
        outbound: dice.chance(70),
        retry_counts: counts,
        retry_time: dice.chance(15).then(|| Duration::from_secs(dice.between(1, 10))),
        failback: dice.chance(90).then(|| Duration::from_secs(dice.between(31, 97))),
        signal_failback: dice.chance(50),
        keep_alive: dice.chance(90).then(|| Duration::from_secs(dice.between(15, 45))),
        expiry: Duration::from_secs(dice.pick([60, 91, 180, 600, 3600])),
        register_first: dice.chance(15),
        ring_limit: Duration::from_secs(dice.between(40, 180)),
        media_timeout: Duration::from_secs(dice.between(20, 60)),
        // Short ones are refreshed, and may expire, within a call of this plan.
        session_timer: dice.pick([None, Some(90), Some(120)]).map(Duration::from_secs),
        dtmf: dice.pick([Dtmf::Auto, Dtmf::Info]),
    }
}

fn within(dice: &mut Dice, span: Duration) -> Duration {
    // The first seconds are left alone: a line that never registered is another story.
    dice.millis(5_000, u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}

fn fault(
    dice: &mut Dice,
    (phones, proxies): (usize, usize),
    errands: &[Errand],
    chaos: Duration,
    fair: Link,
) -> Fault {
    // Mostly the first proxy: a world in which the primary never fails is a dull one.
    let proxy = if dice.chance(60) { 0 } else { dice.index(proxies) };
    let phone = dice.index(phones);
    let kind = match dice.between(0, 99) {
        0..=19 => FaultKind::Dead(proxy),
        20..=34 => FaultKind::Frozen(proxy),
        35..=49 => FaultKind::Dark(proxy),
        50..=59 => FaultKind::Overloaded(proxy, dice.pick([None, Some(3), Some(40)])),
        60..=64 => FaultKind::Broken(proxy),
        65..=72 => FaultKind::Cut(phone, proxy),
        73..=77 => FaultKind::Mute(phone, proxy),
        78..=82 => FaultKind::Deaf(phone, proxy),
        83..=85 => FaultKind::Unlinked(phone),
        86..=89 => FaultKind::Off(phone),
        _ => FaultKind::Weather(foul(dice, fair)),
    };
    let lasts = match dice.between(0, 2) {
        0 => dice.millis(200, 4_000),
        1 => dice.millis(4_000, 40_000),
        _ => dice.millis(40_000, 400_000),
    };
    // Half of all faults are aimed at a call: what breaks in idle minutes finds little to break.
    let at = if dice.chance(50) { aimed(dice, errands) } else { within(dice, chaos) };
    Fault { at: at.min(chaos), lasts, kind }
}

/// A moment just before or after something is about to happen in a call.
fn aimed(dice: &mut Dice, errands: &[Errand]) -> Duration {
    let errand = &errands[dice.index(errands.len())];
    let answered = errand.at + errand.answer_after.unwrap_or(errand.patience);
    let hung_up = answered + errand.talk;
    let about = dice.pick([errand.at, answered, hung_up]);
    about.saturating_sub(dice.millis(0, 300))
        + dice.pick([0, 40, 400, 4_000].map(Duration::from_millis)).mul_f64(dice.fraction())
}

fn foul(dice: &mut Dice, fair: Link) -> Link {
    let per_mille = |dice: &mut Dice, most: u64| u16::try_from(dice.between(0, most)).unwrap_or(0);
    Link {
        jitter: dice.millis(0, 200),
        loss: per_mille(dice, 200),
        duplicate: per_mille(dice, 200),
        reorder: per_mille(dice, 200),
        reorder_by: dice.millis(1, 1_500),
        ..fair
    }
}

fn errand(dice: &mut Dice, phones: usize, chaos: Duration) -> Errand {
    let from = dice.index(phones);
    let to = (from + 1 + dice.index(phones - 1)) % phones;
    let answered = dice.chance(80);
    Errand {
        at: within(dice, chaos),
        from,
        to,
        answer_after: answered.then(|| dice.millis(0, 12_000)),
        reject: dice.chance(15),
        patience: dice.millis(500, 60_000),
        talk: dice.millis(0, 120_000),
        caller_hangs_up: dice.chance(60),
        hold: dice.chance(25),
        keys: dice.chance(25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_the_same_for_the_same_seed_and_sensible_for_any() {
        for seed in 0..500 {
            let plan = Plan::draw(seed);
            assert_eq!(plan, Plan::draw(seed));
            assert!(plan.errands.iter().all(|e| e.from != e.to && e.to < plan.phones));
            assert!(plan.orders.iter().all(|order| order.len() == plan.proxies.count));
            assert!(plan.faults.iter().all(|f| f.at <= plan.chaos));
        }
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(Plan::draw(1).errands, Plan::draw(2).errands);
    }
}
