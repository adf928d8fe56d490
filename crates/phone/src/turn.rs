//! One voice at a time: a call that is dialled, or taken back from hold, while its user talks to somebody waits until that
//! one is on hold (RFC 3264 §8.4; requirement F7). Where hold does not take, its user keeps whom he talks to and is
//! told: two who hear him at once are worse than a call that has to be dialled again.
//!
//! A call that comes in is answered at once, because its caller waits; the sound moves to it meanwhile.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::call::Call;
use crate::input::Refusal;
use crate::status::CallState;
use crate::{CallId, Phone};

/// The call that waits for the others.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    call: CallId,
    /// Those that have been asked to hold.
    asked: BTreeSet<CallId>,
    waited: bool,
}

impl Phone {
    /// Whether a call may be dialled or resumed: one at a time.
    pub(crate) fn free_turn(&self) -> Result<(), Refusal> {
        self.turn.as_ref().map_or(Ok(()), |turn| Err(Refusal::Waits(turn.call)))
    }

    /// A call that has been dialled or is to be resumed goes on as soon as nobody else is talked to.
    pub(crate) fn take_turn(&mut self, call: CallId, now: Instant) {
        self.turn = Some(Turn { call, asked: BTreeSet::new(), waited: false });
        self.settle_turn(now);
        if let Some(turn) = &mut self.turn {
            turn.waited = true;
            self.with_call(call, |call, core| call.show_waiting(core, now));
        }
    }

    /// Goes on with the call that waits, if one does. `true` where anything was done.
    pub(crate) fn settle_turn(&mut self, now: Instant) -> bool {
        let Some(turn) = &mut self.turn else { return false };
        let (id, waited) = (turn.call, turn.waited);
        if self.calls.get(&id).is_none_or(Call::is_over) {
            self.turn = None;
            return true;
        }
        let (mut free, mut moved, mut unwilling) = (true, false, None);
        for (other, call) in &mut self.calls {
            if *other == id || !call.talks() {
                continue;
            }
            free = false;
            if call.is_changing() {
                continue;
            }
            moved = true;
            if !turn.asked.insert(*other) || call.hold(&mut self.core, true, now).is_err() {
                unwilling = Some(*other);
            }
        }
        if let Some(other) = unwilling {
            self.turn = None;
            self.with_call(id, |call, core| call.lose_turn(core, other, now));
        } else if free {
            self.turn = None;
            self.go_on(id, waited, now);
            moved = true;
        }
        moved
    }

    fn go_on(&mut self, id: CallId, waited: bool, now: Instant) {
        self.with_call(id, |call, core| {
            if call.state() == CallState::Held {
                // It can have changed meanwhile; its state is seen.
                let _ = call.hold(core, false, now);
            } else if waited {
                call.begin_late(core, now);
            } else {
                call.begin(core, now);
            }
        });
    }
}
