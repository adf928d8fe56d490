//! One phone's life: the real machine asks, the cheap servers answer.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use failover::{Attempt, Cause, HopId, Machine, Outcome, Output, Start, T1, T2, Task};
use sip_core::endpoint::Tokens;
use sip_core::message::{NameAddr, Uri};
use sip_core::registration::Registration;
use sip_core::transport::Hop;

use super::{Chapter, Fleet, Story, Sums};
use crate::dice::Dice;

/// Plays phone `number` to the end of the story.
pub(super) fn live(fleet: &Fleet, story: &Story, number: u64, sums: &mut Sums) {
    let mut dice = Dice::new(fleet.seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let scatter = |dice: &mut Dice| fleet.boot_scatter.mul_f64(dice.fraction());
    let (on, on_again) = (scatter(&mut dice), story.reboot + scatter(&mut dice));
    let one_way = fleet.one_way.mul_f64(dice.fraction());
    let mut tokens = Tokens::new(dice.seed());
    let aor = NameAddr::new(Uri::sip(Some("1"), DOMAIN));
    let registration = Registration::new(&aor, "1", "urn:uuid:1", &mut tokens);
    let machine = machine(fleet, Start::cold(), dice.word(), on);
    let mut life = Life {
        fleet,
        story,
        sums,
        one_way,
        machine,
        tokens,
        registration,
        latest: None,
        nonces: [None; 2],
        answers: Vec::new(),
        served_by: None,
        out: Some((on, Chapter::PowerOn)),
    };
    life.obey(on);
    life.play(story.dies);
    if life.served_by == Some(HopId::PRIMARY) {
        life.out = Some((story.dies, Chapter::SilentDeath));
    }
    life.play(story.reboot);
    life.boot(on_again, dice.word());
    life.play(story.ends);
    life.close();
}

/// The domain of all lines.
const DOMAIN: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// The origin of virtual time; nothing depends on it.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

fn machine(fleet: &Fleet, start: Start, seed: u64, at: Duration) -> Machine {
    Machine::new(2, fleet.policy.clone(), start.after_boot(), seed, *ORIGIN + at)
}

/// An answer on its way, or the end of a wait for one.
#[derive(Debug)]
struct Answer {
    at: Duration,
    attempt: Attempt,
    outcome: Outcome,
    /// The registration that a probe begins.
    probe: Option<Registration>,
}

struct Life<'a> {
    fleet: &'a Fleet,
    story: &'a Story,
    sums: &'a mut Sums,
    one_way: Duration,
    machine: Machine,
    tokens: Tokens,
    registration: Registration,
    /// Call-ID and CSeq of the last REGISTER that a server took.
    latest: Option<(String, u32)>,
    /// When each server last gave a nonce.
    nonces: [Option<Duration>; 2],
    answers: Vec<Answer>,
    /// The hop of the latest 200.
    served_by: Option<HopId>,
    /// Since when registered through no hop that works, and why.
    out: Option<(Duration, Chapter)>,
}

impl Life<'_> {
    /// Plays all that happens before `until`.
    fn play(&mut self, until: Duration) {
        loop {
            let timer = self.machine.poll_timeout().map(|(at, _)| at.duration_since(*ORIGIN));
            let answer = self.answers.iter().map(|answer| answer.at).min();
            let next = timer.into_iter().chain(answer).min();
            let Some(now) = next.filter(|at| *at < until) else { return };
            let due = self.answers.iter().position(|answer| answer.at == now);
            match due.map(|at| self.answers.swap_remove(at)) {
                Some(answer) => self.hear(answer, now),
                None => self.machine.handle_timeout(*ORIGIN + now),
            }
            self.obey(now);
        }
    }

    /// Power fails; the phone is up again at `on`, as what it remembers lets it begin.
    fn boot(&mut self, on: Duration, seed: u64) {
        let start = self.machine.last_good().map_or(Start::cold(), Start::remembering);
        self.machine = machine(self.fleet, start, seed, on);
        self.registration = self.registration.with_new_call_id(&mut self.tokens);
        self.nonces = [None; 2];
        self.answers.clear();
        self.served_by = None;
        self.out = Some((on, Chapter::Reboot));
        self.obey(on);
    }

    fn close(&mut self) {
        let serves = self.served_by.is_some_and(|hop| self.story.answers(hop, self.story.ends));
        self.sums.unserved_at_end += u64::from(!serves);
    }

    fn obey(&mut self, now: Duration) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Attempt(attempt) => self.ask(attempt, now),
                Output::Abandon(id) => self.answers.retain(|answer| answer.attempt.id != id),
                Output::Moved { .. }
                | Output::AllFailed { .. }
                | Output::Refused { .. }
                | Output::Hop(_)
                | Output::Line(_)
                | Output::KeepAliveStopped(_)
                | Output::Redundancy { .. }
                | Output::Journal(_) => {}
            }
        }
    }

    /// Sends what the machine wants sent, and works out at once what will come of it.
    fn ask(&mut self, attempt: Attempt, now: Duration) {
        let (at, outcome, probe) = match attempt.task {
            Task::KeepAlive | Task::Watch => {
                self.sums.options += 1;
                match self.arrival(attempt, now) {
                    Some(at) => (at + self.one_way, Outcome::Alive, None),
                    None => (now + attempt.wait, silence(), None),
                }
            }
            Task::Register | Task::Probe | Task::SuspectCheck | Task::Unregister => {
                self.register(attempt, now)
            }
        };
        self.answers.push(Answer { at, attempt, outcome, probe });
    }

    /// A REGISTER, and the second one that answers its challenge.
    fn register(
        &mut self,
        attempt: Attempt,
        now: Duration,
    ) -> (Duration, Outcome, Option<Registration>) {
        let mut probe = (attempt.task == Task::Probe)
            .then(|| self.registration.with_new_call_id(&mut self.tokens));
        let mut sent = now;
        loop {
            self.write(probe.as_mut());
            let Some(at) = self.arrival(attempt, sent) else {
                return (sent + attempt.wait, silence(), None);
            };
            self.sums.count_register(attempt.hop, at);
            let nonce = self.nonces.get_mut(usize::from(attempt.hop.0));
            let life = self.fleet.nonce_life;
            match nonce {
                // A challenge: the answer to it is sent when it is here.
                Some(given) if given.is_none_or(|given| at >= given + life) => {
                    *given = Some(at);
                    sent = at + self.one_way;
                }
                Some(_) | None => {
                    let outcome = Outcome::Registered { expires: self.fleet.expiry };
                    return (at + self.one_way, outcome, probe);
                }
            }
        }
    }

    /// Makes the REGISTER, and looks at it as registrars that share a location table do.
    fn write(&mut self, probe: Option<&mut Registration>) {
        let registrar = Uri::sip(None, DOMAIN);
        let here = Hop::udp(([192, 0, 2, 9], 5060).into());
        let registration = probe.unwrap_or(&mut self.registration);
        let seconds = u32::try_from(self.fleet.expiry.as_secs()).unwrap_or(u32::MAX);
        let request = registration.register(&registrar, here, seconds);
        let call_id = request.headers.call_id().unwrap_or_default();
        let number = request.headers.cseq().map(|cseq| cseq.number).unwrap_or_default();
        if self.latest.as_ref().is_some_and(|(last, cseq)| last == call_id && *cseq >= number) {
            self.sums.stale_cseqs += 1;
        }
        self.latest = Some((call_id.to_owned(), number));
    }

    /// When a request first arrives at a server that answers, by the times of RFC 3261 figure 6.
    fn arrival(&self, attempt: Attempt, sent: Duration) -> Option<Duration> {
        let (mut after, mut interval) = (Duration::ZERO, T1);
        while after < attempt.wait {
            let at = sent + after + self.one_way;
            if self.story.answers(attempt.hop, at) {
                return Some(at);
            }
            after += interval;
            interval = (interval * 2).min(T2);
        }
        None
    }

    fn hear(&mut self, answer: Answer, now: Duration) {
        let hop = answer.attempt.hop;
        if matches!(answer.outcome, Outcome::Registered { .. }) {
            if let Some(probe) = answer.probe {
                self.registration = probe;
            }
            let away = self.served_by.is_some_and(|before| !before.is_primary());
            if hop.is_primary() && away {
                self.sums.returned += 1;
                let took = now.saturating_sub(self.story.back);
                self.sums.longest_return = self.sums.longest_return.max(took);
            }
            self.served_by = Some(hop);
            if let Some((since, chapter)) = self.out.take_if(|_| self.story.answers(hop, now)) {
                self.sums.count_outage(chapter, now - since);
            }
        }
        self.machine.handle_outcome(answer.attempt.id, answer.outcome, *ORIGIN + now);
    }
}

fn silence() -> Outcome {
    Outcome::Unavailable(Cause::NoAnswer)
}
