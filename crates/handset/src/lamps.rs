//! Lamps: what each shows, and the blinking.

use std::time::Instant;

use crate::{Call, CallState, Lines, limits};

/// A lamp of the telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lamp {
    /// Lit while all lines are well, blinks slowly while one is served by a backup, fast while one is
    /// not registered.
    Line,
    /// Blinks fast while a call rings here, is lit in a call, blinks slowly while calls are only held.
    Call,
}

/// What a lamp does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pattern {
    Off,
    Lit,
    Slow,
    Fast,
}

/// One lamp and its blinking. A lamp that is not wired is none of these: it must wake nobody.
#[derive(Debug, Clone)]
struct Blinker {
    lamp: Lamp,
    pattern: Pattern,
    lit: bool,
    next: Option<Instant>,
}

impl Blinker {
    fn new(lamp: Lamp) -> Self {
        Self { lamp, pattern: Pattern::Off, lit: false, next: None }
    }

    /// Follows a pattern from now on; true where the lamp is to be switched.
    fn follow(&mut self, pattern: Pattern, now: Instant) -> bool {
        if pattern == self.pattern {
            return false;
        }
        self.pattern = pattern;
        self.next = self.half().map(|half| now + half);
        std::mem::replace(&mut self.lit, pattern != Pattern::Off) != self.lit
    }

    fn half(&self) -> Option<std::time::Duration> {
        match self.pattern {
            Pattern::Off | Pattern::Lit => None,
            Pattern::Slow => Some(limits::SLOW),
            Pattern::Fast => Some(limits::FAST),
        }
    }

    /// Blinks where it is time; true where the lamp is to be switched. What was slept through is not
    /// made up for.
    fn blink(&mut self, now: Instant) -> bool {
        let due = self.next.is_some_and(|at| at <= now);
        if due {
            self.lit = !self.lit;
            self.next = self.half().map(|half| now + half);
        }
        due
    }
}

/// All lamps that are wired.
#[derive(Debug, Clone)]
pub(crate) struct Lamps(Vec<Blinker>);

impl Lamps {
    pub(crate) fn new(wired: &[Lamp]) -> Self {
        Self(wired.iter().map(|lamp| Blinker::new(*lamp)).collect())
    }

    /// Shows how calls and lines stand; returns which lamps are to be switched.
    pub(crate) fn show(&mut self, calls: &[Call], lines: Lines, now: Instant) -> Vec<(Lamp, bool)> {
        let mut switched = Vec::new();
        for blinker in &mut self.0 {
            let pattern = match blinker.lamp {
                Lamp::Line => of_lines(lines),
                Lamp::Call => of_calls(calls),
            };
            if blinker.follow(pattern, now) {
                switched.push((blinker.lamp, blinker.lit));
            }
        }
        switched
    }

    pub(crate) fn blink(&mut self, now: Instant) -> Vec<(Lamp, bool)> {
        let blinkers = self.0.iter_mut();
        blinkers.filter_map(|one| one.blink(now).then_some((one.lamp, one.lit))).collect()
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.iter().filter_map(|blinker| blinker.next).min()
    }
}

fn of_lines(lines: Lines) -> Pattern {
    match lines {
        Lines::None => Pattern::Off,
        Lines::Well => Pattern::Lit,
        Lines::OnBackup => Pattern::Slow,
        Lines::Down => Pattern::Fast,
    }
}

fn of_calls(calls: &[Call]) -> Pattern {
    let any = |states: &[CallState]| calls.iter().any(|call| states.contains(&call.state));
    if any(&[CallState::RingsHere]) {
        Pattern::Fast
    } else if any(&[CallState::Talking, CallState::Outgoing]) {
        Pattern::Lit
    } else if any(&[CallState::Held]) {
        Pattern::Slow
    } else {
        Pattern::Off
    }
}
