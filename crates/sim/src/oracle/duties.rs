//! Promises that fall due: a line is registered through a hop that works, is back at a healthy
//! primary, a dialled number rings, a call that was hung up ends on the other side.
//!
//! A duty counts only the hops that have worked without a break since it began. It is dropped when
//! none is left, or when the weather turns foul: then nothing has been promised.

use std::time::{Duration, Instant};

use super::{Bounds, Breach};
use crate::faults::Faults;
use crate::plan::Plan;

/// What is promised of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// It rings at the other phone.
    Rings,
    /// It is over at the other phone.
    Over,
    /// It stops ringing at the other phone. A CANCEL goes where its INVITE went and nowhere else
    /// (RFC 3261 §9.1), so this stands only while every hop works.
    Stops,
}

#[derive(Debug, Clone)]
struct CallDuty {
    call_id: String,
    promise: Promise,
    phones: [usize; 2],
    proxies: Vec<bool>,
    due: Instant,
    since: Instant,
}

/// What one line shows: the proxy it is registered through.
#[derive(Debug, Clone, Default)]
struct Line {
    registered_at: Option<usize>,
    primary: usize,
    /// Since when the hop that it is registered through works for it without a break.
    served_since: Option<Instant>,
    unserved: Option<Unserved>,
    astray: Option<Instant>,
}

/// How long a line has not been registered through a hop that works.
#[derive(Debug, Clone)]
struct Unserved {
    since: Instant,
    /// The proxies that have worked all that time.
    working: Vec<bool>,
    within: Duration,
    /// Its own hop died under it while another worked.
    died: bool,
}

/// What has just changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// What works.
    Faults,
    /// What a line shows.
    Line,
}

/// The longest that a promise has taken, and the nearest it came to its bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Longest {
    /// The longest time.
    pub took: Duration,
    /// The largest share of the bound, in percent; the bounds of worlds differ.
    pub percent: u128,
}

impl Longest {
    fn note(&mut self, took: Duration, bound: Duration) {
        let percent = took.as_micros() * 100 / bound.as_micros().max(1);
        *self = self.max(Self { took, percent });
    }

    fn max(self, other: Self) -> Self {
        Self { took: self.took.max(other.took), percent: self.percent.max(other.percent) }
    }
}

/// The longest that each promise has taken so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Worst {
    /// Until a line whose hop had died was registered through one that worked.
    pub off_dead: Longest,
    /// Until a line was so from any other state.
    pub registered: Longest,
    /// Until a line was back at a healthy primary.
    pub failback: Longest,
    /// Until a dialled number rang.
    pub rings: Longest,
    /// Until a call that was hung up ended on the other side.
    pub bye: Longest,
    /// Until a call that was cancelled stopped ringing on the other side.
    pub stops: Longest,
}

impl Worst {
    /// The longer of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            off_dead: self.off_dead.max(other.off_dead),
            registered: self.registered.max(other.registered),
            failback: self.failback.max(other.failback),
            rings: self.rings.max(other.rings),
            bye: self.bye.max(other.bye),
            stops: self.stops.max(other.stops),
        }
    }
}

/// All duties of a world.
#[derive(Debug, Clone)]
pub struct Duties {
    lines: Vec<Line>,
    calls: Vec<CallDuty>,
    proxies: usize,
    bounds: Bounds,
    /// The longest so far.
    pub worst: Worst,
}

impl Duties {
    /// No duty yet; every line still has to register.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let line = |order: &Vec<usize>| Line {
            primary: order.first().copied().unwrap_or_default(),
            ..Line::default()
        };
        Self {
            lines: plan.orders.iter().map(line).collect(),
            calls: Vec::new(),
            proxies: plan.proxies.count,
            bounds: Bounds::of(plan),
            worst: Worst::default(),
        }
    }

    /// A line shows where it is registered.
    pub fn line_shows(&mut self, phone: usize, at: Option<usize>, faults: &Faults, now: Instant) {
        self.lines[phone].registered_at = at;
        self.review(Change::Line, faults, now);
    }

    /// Whether every line is registered, at its primary where `at_primary` asks for that.
    #[must_use]
    pub fn all_registered(&self, at_primary: bool) -> bool {
        self.lines.iter().all(|line| match line.registered_at {
            Some(proxy) => !at_primary || proxy == line.primary,
            None => false,
        })
    }

    /// Begins a duty of a call, unless nothing can be promised now.
    pub fn promise(
        &mut self,
        (promise, call_id): (Promise, &str),
        phones: [usize; 2],
        within: Duration,
        faults: &Faults,
        now: Instant,
    ) {
        let proxies = (0..self.proxies).map(|proxy| serves(faults, proxy, phones)).collect();
        let duty = CallDuty {
            call_id: call_id.to_owned(),
            promise,
            phones,
            proxies,
            due: now + within,
            since: now,
        };
        if duty.stands(faults) {
            self.calls.push(duty);
        }
    }

    /// A promise is kept.
    pub fn kept(&mut self, promise: Promise, call_id: &str, now: Instant) {
        let is = |duty: &CallDuty| duty.promise == promise && duty.call_id == call_id;
        for duty in self.calls.iter().filter(|duty| is(duty)) {
            let (took, bound) = (now - duty.since, duty.due - duty.since);
            match promise {
                Promise::Rings => self.worst.rings.note(took, bound),
                Promise::Over => self.worst.bye.note(took, bound),
                Promise::Stops => self.worst.stops.note(took, bound),
            }
        }
        self.calls.retain(|duty| !is(duty));
    }

    /// A promise is no longer asked for.
    pub fn drop_promise(&mut self, promise: Promise, call_id: &str) {
        self.calls.retain(|duty| duty.promise != promise || duty.call_id != call_id);
    }

    /// Takes account of faults that began or ended.
    pub fn faults_changed(&mut self, faults: &Faults, now: Instant) {
        for duty in &mut self.calls {
            for proxy in 0..self.proxies {
                duty.proxies[proxy] &= serves(faults, proxy, duty.phones);
            }
        }
        // A hop that fails just after it said 100 keeps a call waiting by design: only what rings
        // in steady conditions is promised.
        self.calls.retain(|duty| duty.promise != Promise::Rings && duty.stands(faults));
        self.review(Change::Faults, faults, now);
    }

    /// When the next duty falls due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let bounds = &self.bounds;
        let calls = self.calls.iter().map(|duty| duty.due);
        let lines = self.lines.iter().flat_map(|line| {
            let unserved = line.unserved.as_ref().map(Unserved::due);
            let astray = line.astray.and_then(|since| Some(since + bounds.failback?));
            [unserved, astray].into_iter().flatten()
        });
        calls.chain(lines).min()
    }

    /// The promises that are broken now.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<Breach> {
        let bounds = &self.bounds;
        let mut breaches = Vec::new();
        for (phone, line) in self.lines.iter_mut().enumerate() {
            if let Some(unserved) = line.unserved.take_if(|unserved| unserved.due() <= now) {
                let what = format!(
                    "phone{} has not been registered through a hop that works for {:?}{}",
                    phone + 1,
                    now - unserved.since,
                    if unserved.died { " after its own died" } else { "" }
                );
                breaches.push(Breach::new("unregistered", what));
            }
            let late =
                |since: &mut Instant| bounds.failback.is_some_and(|bound| *since + bound <= now);
            if let Some(since) = line.astray.take_if(late) {
                let what = format!(
                    "phone{} has been off its healthy primary for {:?}",
                    phone + 1,
                    now - since
                );
                breaches.push(Breach::new("no-failback", what));
            }
        }
        for duty in self.calls.iter().filter(|duty| duty.due <= now) {
            let rule = match duty.promise {
                Promise::Rings => "does-not-ring",
                Promise::Over => "bye-lost",
                Promise::Stops => "rings-on",
            };
            let what = format!(
                "call {} of {:?}: {:?} after {:?} though a hop works",
                duty.call_id,
                duty.phones,
                duty.promise,
                now - duty.since
            );
            breaches.push(Breach::new(rule, what));
        }
        self.calls.retain(|duty| duty.due > now);
        breaches
    }

    fn review(&mut self, change: Change, faults: &Faults, now: Instant) {
        for (phone, line) in self.lines.iter_mut().enumerate() {
            let served = line.registered_at.is_some_and(|proxy| faults.keeps(proxy, phone));
            let working: Vec<bool> =
                (0..self.proxies).map(|proxy| faults.serves(proxy, phone)).collect();
            line.unserved = match line.unserved.take() {
                Some(unserved) if served => {
                    let took = now - unserved.since;
                    let longest = match unserved.died {
                        true => &mut self.worst.off_dead,
                        false => &mut self.worst.registered,
                    };
                    longest.note(took, unserved.within);
                    None
                }
                None if served => None,
                Some(unserved) => Some(unserved.goes_on(working, &self.bounds, now)),
                None => Some(line.no_longer_served(change, working, &self.bounds, now)),
            }
            .filter(|unserved| unserved.working.contains(&true));
            line.served_since = line.served_since.or(Some(now)).filter(|_| served);
            let astray = line.registered_at.is_some_and(|proxy| proxy != line.primary)
                && faults.serves(line.primary, phone);
            if let (Some(since), false) = (line.astray, astray)
                && line.registered_at == Some(line.primary)
            {
                // Without register failback none is promised, however long it takes.
                let bound = self.bounds.failback.unwrap_or(Duration::MAX);
                self.worst.failback.note(now - since, bound);
            }
            line.astray = if astray { line.astray.or(Some(now)) } else { None };
        }
    }
}

impl Line {
    fn no_longer_served(
        &self,
        change: Change,
        working: Vec<bool>,
        bounds: &Bounds,
        now: Instant,
    ) -> Unserved {
        let within = match self.served_since.filter(|_| change == Change::Faults) {
            None => bounds.registered,
            Some(since) if now - since < bounds.proven_after => bounds.off_dead_unproven,
            Some(_) => bounds.off_dead,
        };
        let died = self.served_since.is_some() && change == Change::Faults;
        Unserved { since: now, working, within, died }
    }
}

impl Unserved {
    fn due(&self) -> Instant {
        self.since + self.within
    }

    /// With these proxies working now: it counts anew where none of those that worked still does.
    fn goes_on(self, working: Vec<bool>, bounds: &Bounds, now: Instant) -> Self {
        let still: Vec<bool> = self.working.iter().zip(&working).map(|(a, b)| *a && *b).collect();
        if still.contains(&true) {
            return Self { working: still, ..self };
        }
        Self { since: now, working, within: bounds.registered, died: false }
    }
}

impl CallDuty {
    fn stands(&self, faults: &Faults) -> bool {
        let parted = |phone: &usize| {
            (0..self.proxies.len()).any(|proxy| faults.is_parted(*phone, proxy))
                || faults.is_unlinked(*phone)
                || faults.is_off(*phone)
        };
        let hops = match self.promise {
            Promise::Rings | Promise::Over => self.proxies.contains(&true),
            Promise::Stops => !self.proxies.contains(&false),
        };
        !faults.is_foul() && !self.phones.iter().any(parted) && hops
    }
}

/// Whether a proxy works for both ends of a call.
fn serves(faults: &Faults, proxy: usize, phones: [usize; 2]) -> bool {
    phones.iter().all(|phone| faults.passes(proxy, *phone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Fault, FaultKind};

    struct Bench {
        duties: Duties,
        faults: Faults,
        bounds: Bounds,
        now: Instant,
    }

    impl Bench {
        /// Two phones registered at their primaries, proxies 0 and 1, nothing broken.
        fn registered() -> Self {
            let mut plan = Plan::draw(1);
            plan.phones = 2;
            plan.proxies.count = 2;
            plan.orders = vec![vec![0, 1], vec![0, 1]];
            plan.line.failback = Some(Duration::from_secs(40));
            plan.line.keep_alive = Some(Duration::from_secs(30));
            plan.proxies.answers_options = true;
            let (faults, now) = (Faults::default(), Instant::now());
            let mut duties = Duties::new(&plan);
            duties.line_shows(0, Some(0), &faults, now);
            duties.line_shows(1, Some(0), &faults, now);
            Self { duties, faults, bounds: Bounds::of(&plan), now }
        }

        fn breaks(&mut self, number: usize, kind: FaultKind) {
            let fault = Fault { at: Duration::ZERO, lasts: Duration::ZERO, kind };
            self.faults.begin(number, &fault);
            self.duties.faults_changed(&self.faults, self.now);
        }

        /// The rules broken at the next deadline.
        fn broken(&mut self) -> Vec<&'static str> {
            let Some(due) = self.duties.poll_timeout() else { return Vec::new() };
            self.duties.handle_timeout(due).iter().map(|b| b.rule).collect()
        }
    }

    #[test]
    fn all_well_owes_nothing() {
        assert_eq!(Bench::registered().broken(), [""; 0]);
    }

    #[test]
    fn a_line_that_stays_at_a_dead_hop_breaks_its_promise_and_one_that_moves_keeps_it() {
        let mut bench = Bench::registered();
        bench.breaks(0, FaultKind::Dead(0));
        assert_eq!(bench.broken(), ["unregistered", "unregistered"]);
        let mut bench = Bench::registered();
        bench.breaks(0, FaultKind::Dead(0));
        bench.now += Duration::from_secs(4);
        bench.duties.line_shows(0, Some(1), &bench.faults, bench.now);
        bench.duties.line_shows(1, Some(1), &bench.faults, bench.now);
        assert_eq!(bench.broken(), [""; 0]);
        assert_eq!(bench.duties.worst.off_dead.took, Duration::from_secs(4));
    }

    /// Failover design §8: what the linter states of a silent death, of a hop that has answered a
    /// keep-alive and of one that has not.
    #[test]
    fn a_line_whose_hop_dies_has_the_time_that_the_linter_states() {
        let due = |served: Duration| {
            let mut bench = Bench::registered();
            bench.now += served;
            bench.breaks(0, FaultKind::Dead(0));
            bench.duties.poll_timeout().unwrap() - bench.now
        };
        let bench = Bench::registered();
        let Bounds { off_dead, off_dead_unproven, proven_after, .. } = bench.bounds;
        assert_eq!(due(proven_after), off_dead);
        assert_eq!(due(proven_after - Duration::from_millis(1)), off_dead_unproven);
        assert!(off_dead < off_dead_unproven && off_dead_unproven < bench.bounds.registered);
    }

    #[test]
    fn nothing_is_owed_where_no_hop_works_or_in_foul_weather() {
        let mut bench = Bench::registered();
        bench.breaks(0, FaultKind::Dead(0));
        bench.breaks(1, FaultKind::Dark(1));
        assert_eq!(bench.broken(), [""; 0]);
        let mut bench = Bench::registered();
        bench.breaks(0, FaultKind::Dead(0));
        bench.breaks(1, FaultKind::Weather(netem::Link::PERFECT));
        assert_eq!(bench.broken(), [""; 0]);
    }

    #[test]
    fn a_line_off_its_healthy_primary_owes_its_return() {
        let mut bench = Bench::registered();
        bench.duties.line_shows(0, Some(1), &bench.faults, bench.now);
        assert_eq!(bench.broken(), ["no-failback"]);
    }

    #[test]
    fn a_bye_is_owed_while_a_hop_works_for_both_and_no_longer() {
        let owe = |bench: &mut Bench| {
            let within = bench.bounds.bye;
            let (faults, now) = (&bench.faults, bench.now);
            bench.duties.promise((Promise::Over, "c"), [0, 1], within, faults, now);
        };
        let mut bench = Bench::registered();
        owe(&mut bench);
        assert_eq!(bench.broken(), ["bye-lost"]);
        let mut bench = Bench::registered();
        owe(&mut bench);
        bench.duties.kept(Promise::Over, "c", bench.now);
        assert_eq!(bench.broken(), [""; 0]);
        let mut bench = Bench::registered();
        owe(&mut bench);
        bench.breaks(0, FaultKind::Cut(1, 1));
        let breaches = bench.duties.handle_timeout(bench.now + bench.bounds.bye);
        assert_eq!(breaches, [], "a proxy that reaches only one end answers for the other");
    }
}
