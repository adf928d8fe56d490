//! How a plan is drawn from its seed. Every number of times and shares is here; what they mean is said
//! where the plan's types are.

use std::time::Duration;

use netem::Link;
use phone::input::TlsFault;
use phone::settings::Dtmf;
use sip_core::transport::Transport;

use super::{Errand, Fault, FaultKind, LineStyle, Plan, Presence, ProxyStyle, TcpStyle};
use crate::dice::Dice;
use crate::tls::Conduct;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long a world lasts and how much happens in it at most.
#[derive(Debug, Clone, Copy)]
struct Scale {
    chaos: Duration,
    errands: u64,
    faults: u64,
    /// Of everything else: floods, registrations by hand, submitted settings.
    others: u64,
    /// The longest fault.
    longest: Duration,
}

impl Scale {
    /// Minutes in which something happens all the time.
    fn minutes(dice: &mut Dice) -> Self {
        Self {
            chaos: Duration::from_secs(dice.pick([120, 240, 420, 900])),
            errands: dice.pick([3, 8, 15]),
            faults: dice.pick([0, 2, 6, 15]),
            others: 2,
            longest: Duration::from_secs(400),
        }
    }

    /// Whole days: mostly quiet, so that what is to happen every so often gets its time, and with
    /// failures that outlast every back-off and interval.
    fn days(dice: &mut Dice, days: u32) -> Self {
        let per_day = |count: u64| count * u64::from(days);
        Self {
            chaos: DAY * days,
            errands: per_day(dice.pick([10, 40])),
            faults: per_day(dice.pick([4, 15, 60])),
            others: per_day(4),
            longest: Duration::from_secs(3 * 3600),
        }
    }
}

impl Plan {
    /// Draws a plan of some minutes, full of calls and faults.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let scale = Scale::minutes(&mut dice);
        Self::draw_at(scale, seed, &mut dice)
    }

    /// Draws a plan of so many days (at least one).
    #[must_use]
    pub fn draw_days(seed: u64, days: u32) -> Self {
        // Another world than the short one of the same seed.
        let mut dice = Dice::new(seed ^ 0xDA75_0000_0000_0000);
        let scale = Scale::days(&mut dice, days.max(1));
        Self::draw_at(scale, seed, &mut dice)
    }

    fn draw_at(scale: Scale, seed: u64, dice: &mut Dice) -> Self {
        let phones = dice.pick([2, 2, 2, 3]);
        let count = dice.pick([2, 2, 2, 3]);
        let mut proxies = proxies(dice, count);
        let mut line = line(dice);
        let same_order = dice.chance(60);
        let orders = (0..phones)
            .map(|phone| {
                (0..count).map(|hop| if same_order { hop } else { (hop + phone) % count }).collect()
            })
            .collect();
        let transports = transports(dice, phones, count);
        let tcp = transports.iter().flatten().any(|transport| *transport == Transport::Tcp);
        proxies.tcp.listens |= tcp;
        // One name has one transport, and its server is an outbound proxy.
        let alike = transports.iter().all(|each| each.iter().all(|t| Some(t) == each.first()));
        let names = (alike && dice.chance(30)).then(|| Duration::from_secs(dice.between(20, 90)));
        line.outbound |= names.is_some();
        let link = Link { jitter: dice.millis(0, 10), ..Link::delayed(dice.millis(1, 40)) };
        let chaos = scale.chaos;
        let mut errands: Vec<Errand> =
            (0..dice.between(1, scale.errands)).map(|_| errand(dice, phones, chaos)).collect();
        errands.sort_by_key(|errand| errand.at);
        let mut faults: Vec<Fault> = (0..dice.between(0, scale.faults))
            .map(|_| fault(dice, (phones, count), &errands, scale, link))
            .collect();
        if tcp {
            let more = dice.between(0, scale.faults / 2);
            faults.extend((0..more).map(|_| tcp_fault(dice, count, &errands, scale)));
        }
        if names.is_some() {
            let more = dice.between(0, scale.faults / 2);
            faults.extend((0..more).map(|_| name_fault(dice, count, &errands, scale)));
        }
        faults.sort_by_key(|fault| fault.at);
        let mut floods: Vec<Duration> =
            (0..dice.between(0, scale.others)).map(|_| within(dice, chaos)).collect();
        floods.sort();
        let mut registers: Vec<(Duration, usize)> = (0..dice.between(0, scale.others))
            .map(|_| (within(dice, chaos), dice.index(phones)))
            .collect();
        registers.sort();
        let mut submits: Vec<(Duration, usize, bool)> = (0..dice.between(0, scale.others))
            .map(|_| (within(dice, chaos), dice.index(phones), dice.chance(50)))
            .collect();
        submits.sort();
        let names_known = dice.chance(50);
        // Linux quotes as much as fits into 576 bytes, others eight bytes of payload or none.
        let quoted = dice.pick([548, 548, 64, 0]);
        let mut plan = Self {
            seed,
            phones,
            proxies,
            line,
            orders,
            transports,
            names,
            names_known,
            quoted,
            link,
            faults,
            errands,
            registers,
            submits,
            floods,
            chaos,
        };
        plan.secure(scale);
        plan
    }

    /// Gives a part of the worlds with connections TLS in place of TCP, and faults of its own. Drawn
    /// apart from all else, so that the other worlds are what they were before there was TLS.
    fn secure(&mut self, scale: Scale) {
        let mut dice = Dice::new(self.seed ^ 0x5EC0_0000_0000_0000);
        // Without a proxy in between, phones would have to believe each other's certificates.
        let direct = self.proxies.presence == Presence::Absent;
        if !self.any_tcp() || direct || !dice.chance(45) {
            return;
        }
        for transport in self.transports.iter_mut().flatten() {
            if *transport == Transport::Tcp {
                *transport = Transport::Tls;
            }
        }
        for _ in 0..dice.between(0, scale.faults / 2) {
            let fault = tls_fault(&mut dice, self.proxies.count, &self.errands, scale);
            self.faults.push(fault);
        }
        self.faults.sort_by_key(|fault| fault.at);
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
        tcp: TcpStyle {
            listens: dice.chance(50),
            reuses: dice.chance(60),
            answers_pings: dice.chance(70),
        },
    }
}

/// Half of all worlds speak UDP alone; of the others most speak TCP alone, and some both.
fn transports(dice: &mut Dice, phones: usize, count: usize) -> Vec<Vec<Transport>> {
    let share = dice.pick([0, 0, 0, 0, 0, 100, 100, 100, 50, 50]);
    let transport =
        |dice: &mut Dice| if dice.chance(share) { Transport::Tcp } else { Transport::Udp };
    (0..phones).map(|_| (0..count).map(|_| transport(dice)).collect()).collect()
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
    dice.millis(5_000, millis(span))
}

fn fault(
    dice: &mut Dice,
    (phones, proxies): (usize, usize),
    errands: &[Errand],
    scale: Scale,
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
    timed(dice, kind, errands, scale)
}

/// What happens to connections alone.
fn tcp_fault(dice: &mut Dice, proxies: usize, errands: &[Errand], scale: Scale) -> Fault {
    let proxy = if dice.chance(60) { 0 } else { dice.index(proxies) };
    let kind = dice.pick([
        FaultKind::NoTcp(proxy),
        FaultKind::Refuses(proxy),
        FaultKind::Resets(proxy),
        FaultKind::HangsUp(proxy),
        FaultKind::Forgets(proxy),
        FaultKind::Expires(proxy),
    ]);
    timed(dice, kind, errands, scale)
}

/// What happens to TLS alone.
fn tls_fault(dice: &mut Dice, proxies: usize, errands: &[Errand], scale: Scale) -> Fault {
    let proxy = if dice.chance(60) { 0 } else { dice.index(proxies) };
    let conduct = dice.pick([
        Conduct::Silent,
        Conduct::Closes,
        Conduct::Shows(TlsFault::Expired),
        Conduct::Shows(TlsFault::WrongName),
        Conduct::Shows(TlsFault::UnknownIssuer),
        Conduct::Shows(TlsFault::NotYetValid),
    ]);
    timed(dice, FaultKind::Handshakes(proxy, conduct), errands, scale)
}

/// What happens to names alone.
fn name_fault(dice: &mut Dice, proxies: usize, errands: &[Errand], scale: Scale) -> Fault {
    let proxy = dice.index(proxies);
    let kind =
        dice.pick([FaultKind::NamesDead, FaultKind::NamesDenied, FaultKind::Withdraws(proxy)]);
    timed(dice, kind, errands, scale)
}

fn timed(dice: &mut Dice, kind: FaultKind, errands: &[Errand], scale: Scale) -> Fault {
    let lasts = match dice.between(0, 2) {
        0 => dice.millis(200, 4_000),
        1 => dice.millis(4_000, 40_000),
        _ => dice.millis(40_000, millis(scale.longest)),
    };
    // Nothing is promised until whoever can notice has noticed.
    let lasts = if kind.is_momentary() { Duration::from_secs(2) } else { lasts };
    // Half of all faults are aimed at a call: what breaks in idle minutes finds little to break.
    let at = if dice.chance(50) { aimed(dice, errands) } else { within(dice, scale.chaos) };
    Fault { at: at.min(scale.chaos), lasts, kind }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
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
