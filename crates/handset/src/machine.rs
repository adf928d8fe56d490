//! The machine: hook, keys and the number being typed.

use std::collections::VecDeque;
use std::time::Instant;

use crate::lamps::{Lamp, Lamps};
use crate::{Call, CallState, Input, Key, Lines, Output, limits};

/// See the crate.
#[derive(Debug, Clone)]
pub struct Handset {
    lifted: bool,
    typed: String,
    /// When the number typed so far is complete, or forgotten.
    typed_until: Option<Instant>,
    /// When the dial tone that is heard ends.
    tone_until: Option<Instant>,
    calls: Vec<Call>,
    /// A call that was answered here; until the phone says so it still looks as if it rang.
    answering: Option<u32>,
    lines: Lines,
    lamps: Lamps,
    outputs: VecDeque<Output>,
}

impl Handset {
    /// A handset on its cradle, of a telephone without calls that has these lamps. Lamps that are not
    /// named are never switched.
    #[must_use]
    pub fn new(lamps: &[Lamp]) -> Self {
        Self {
            lifted: false,
            typed: String::new(),
            typed_until: None,
            tone_until: None,
            calls: Vec::new(),
            answering: None,
            lines: Lines::None,
            lamps: Lamps::new(lamps),
            outputs: VecDeque::new(),
        }
    }

    /// Something happened.
    pub fn handle_input(&mut self, input: Input, now: Instant) {
        match input {
            Input::Hook { lifted: true } => self.lift(now),
            Input::Hook { lifted: false } => self.put_down(),
            Input::Key(key) => self.press(key, now),
            Input::Calls(calls) => {
                self.calls = calls;
                self.count_answered();
                if self.current().is_some() {
                    self.forget();
                    self.end_tone();
                }
            }
            Input::Lines(lines) => self.lines = lines,
        }
        let switched = self.lamps.show(&self.calls, self.lines, now);
        self.switch(switched);
    }

    /// A time of [`Self::poll_timeout`] has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.typed_until.is_some_and(|at| at <= now) {
            if self.lifted { self.dial() } else { self.forget() }
        }
        if self.tone_until.is_some_and(|at| at <= now) {
            self.end_tone();
        }
        let switched = self.lamps.blink(now);
        self.switch(switched);
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Self::handle_timeout`] is wanted next, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Instant, &'static str)> {
        let typed = if self.lifted { "the number is complete" } else { "the number is forgotten" };
        [
            self.typed_until.map(|at| (at, typed)),
            self.tone_until.map(|at| (at, "the dial tone ends")),
            self.lamps.next().map(|at| (at, "a lamp blinks")),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn press(&mut self, key: Key, now: Instant) {
        match key {
            Key::Digit(digit) => self.digit(digit, now),
            Key::Call => self.call(now),
            Key::HangUp => self.hang_up(),
            Key::CallOrHangUp if self.lifted || self.current().is_some() => self.hang_up(),
            Key::CallOrHangUp => self.call(now),
            Key::Hold => match (self.talking(), self.first(CallState::Held)) {
                (Some(id), _) => self.output(Output::Hold(id)),
                (None, Some(id)) => self.output(Output::Resume(id)),
                (None, None) => {}
            },
            Key::Erase => {
                self.typed.pop();
                self.extend(now);
            }
        }
    }

    /// Lifts the handset, by the hook or by a key.
    fn lift(&mut self, now: Instant) {
        if std::mem::replace(&mut self.lifted, true) {
            return;
        }
        if let Some(id) = self.first(CallState::RingsHere) {
            self.forget();
            self.answer(id);
        } else if self.current().is_some() {
            // A call that was made or answered elsewhere is taken over by the ear.
        } else if self.typed.is_empty() {
            self.tone_until = Some(now + limits::DIAL_TONE);
            self.output(Output::DialTone(true));
        } else {
            self.dial();
        }
    }

    /// Ends what the handset was lifted for. Held calls stay, and so does one that rings.
    fn put_down(&mut self) {
        if !std::mem::replace(&mut self.lifted, false) {
            return;
        }
        self.end();
    }

    fn end(&mut self) {
        self.lifted = false;
        self.forget();
        self.end_tone();
        for id in self.all_current() {
            self.output(Output::HangUp(id));
        }
    }

    fn call(&mut self, now: Instant) {
        if let Some(id) = self.first(CallState::RingsHere) {
            self.end_tone();
            self.lifted = true;
            self.answer(id);
        } else if self.current().is_some() {
            // There is nothing that a second call could be meant for.
        } else if !self.typed.is_empty() {
            self.lifted = true;
            self.dial();
        } else if let Some(id) = self.first(CallState::Held) {
            self.end_tone();
            self.lifted = true;
            self.output(Output::Resume(id));
        } else {
            self.lift(now);
        }
    }

    fn answer(&mut self, id: u32) {
        self.answering = Some(id);
        self.count_answered();
        self.output(Output::Answer(id));
    }

    /// Whoever lifts and puts down at once wants no call to be left.
    fn count_answered(&mut self) {
        for call in &mut self.calls {
            if self.answering == Some(call.id) && call.state == CallState::RingsHere {
                call.state = CallState::Talking;
            }
        }
    }

    fn hang_up(&mut self) {
        match self.first(CallState::RingsHere) {
            Some(id) if self.current().is_none() => self.output(Output::Reject(id)),
            _ => self.end(),
        }
    }

    fn digit(&mut self, digit: char, now: Instant) {
        if !digit.is_ascii_digit() && !matches!(digit, '*' | '#') {
            return;
        }
        if self.current().is_some() {
            // To one that is not answered nothing can be sent, and a number would be for nobody.
            if let Some(id) = self.talking() {
                self.output(Output::Digit(id, digit));
            }
            return;
        }
        // The sign for "complete", unless a feature code begins with it.
        if digit == '#' && self.lifted && !self.typed.is_empty() {
            self.dial();
            return;
        }
        if self.typed.len() < limits::TYPED {
            self.typed.push(digit);
        }
        self.end_tone();
        self.extend(now);
    }

    /// Waits for the next digit.
    fn extend(&mut self, now: Instant) {
        let pause = if self.lifted { limits::COMPLETE } else { limits::FORGET };
        self.typed_until = (!self.typed.is_empty()).then(|| now + pause);
    }

    fn dial(&mut self) {
        self.end_tone();
        self.typed_until = None;
        let number = std::mem::take(&mut self.typed);
        self.output(Output::Dial(number));
    }

    fn forget(&mut self) {
        self.typed.clear();
        self.typed_until = None;
    }

    fn end_tone(&mut self) {
        if self.tone_until.take().is_some() {
            self.output(Output::DialTone(false));
        }
    }

    /// The first call that the handset is for: neither ringing here nor held.
    fn current(&self) -> Option<u32> {
        self.all_current().first().copied()
    }

    fn all_current(&self) -> Vec<u32> {
        let current = |call: &&Call| match call.state {
            CallState::Outgoing | CallState::Talking => true,
            CallState::RingsHere | CallState::Held => false,
        };
        self.calls.iter().filter(current).map(|call| call.id).collect()
    }

    fn talking(&self) -> Option<u32> {
        self.first(CallState::Talking)
    }

    fn first(&self, state: CallState) -> Option<u32> {
        self.calls.iter().find(|call| call.state == state).map(|call| call.id)
    }

    fn switch(&mut self, switched: Vec<(Lamp, bool)>) {
        for (lamp, lit) in switched {
            self.output(Output::Lamp { lamp, lit });
        }
    }

    fn output(&mut self, output: Output) {
        if self.outputs.len() >= limits::OUTPUTS {
            self.outputs.pop_front();
        }
        self.outputs.push_back(output);
    }
}
