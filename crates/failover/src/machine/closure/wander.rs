//! Random walks: what the closure pins, jitter and the instants of answers, is drawn here.
//!
//! The same checks hold at every step, for real policies with all faults at once. A walk is
//! repeated by its seed.

use std::time::Duration;

use super::checks;
use super::model::{Config, Event, Faults, State};
use crate::dice::Dice;
use crate::{Policy, Retry};

const ALL: Faults = Faults {
    hold_off: Some(Duration::from_secs(40)),
    evidence: true,
    suspect: true,
    icmp: true,
    late: true,
    control: true,
    link: true,
    dial: true,
    drill: true,
};

fn pick(dice: &mut Dice, count: usize) -> usize {
    let range = Duration::from_micros(u64::try_from(count).unwrap());
    usize::try_from(dice.between(Duration::ZERO, range).as_micros()).unwrap().min(count - 1)
}

fn policies() -> Vec<Policy> {
    let real = Policy::default();
    vec![
        real.clone(),
        Policy {
            signal_failback: true,
            signal_hold_off: Duration::from_secs(100),
            watch: Some(Duration::from_secs(30)),
            ..real.clone()
        },
        Policy { retry: Retry::Transmissions(10), known_dead_last: false, ..real.clone() },
        Policy {
            retry: Retry::Time(Duration::from_secs(32)),
            failback_interval: Duration::from_secs(20),
            boot_spread: Duration::from_secs(60),
            ..real
        },
    ]
}

#[test]
fn every_check_holds_on_random_walks_with_real_policies_and_all_faults() {
    let mut steps = 0;
    for (seed, policy) in (0..).zip(policies().into_iter().cycle().take(160)) {
        let hops = u8::try_from(1 + seed % 4).unwrap();
        let expires = Duration::from_secs([3600, 300, 120][usize::try_from(seed % 3).unwrap()]);
        let config = Config { hops, policy, expires, faults: ALL, limit: 0 };
        let mut dice = Dice::new(seed);
        let mut state = State::first(&config);
        for _ in 0..400 {
            let events = state.events(&config);
            // Time passes more often than not; otherwise nothing would ever be silent.
            let event = match state.next_time() {
                Some(_) if pick(&mut dice, 3) == 0 => Event::Time,
                Some(at) if pick(&mut dice, 3) == 0 => {
                    let most = (at - state.now).saturating_sub(Duration::from_millis(1));
                    Event::Pass(dice.between(Duration::ZERO, most))
                }
                Some(_) | None => events[pick(&mut dice, events.len())].clone(),
            };
            state.happen(&event);
            checks::state(&state, &config);
            checks::late_outcomes(&state);
            steps += 1;
        }
    }
    assert_eq!(steps, 160 * 400);
}
