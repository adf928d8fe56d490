//! What people ask for, and new settings.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::account::Account;
use crate::call::Call;
use crate::core::Core;
use crate::input::{Command, Done, Refusal};
use crate::settings::{LineNumber, Settings};
use crate::status::CallState;
use crate::words::{InState, Wanted};
use crate::{CallId, Phone, limits};

impl Phone {
    /// Does what a person asks for.
    ///
    /// # Errors
    /// With words for that person, when it cannot be done; nothing has changed then.
    pub fn handle_command(&mut self, command: Command, now: Instant) -> Result<Done, Refusal> {
        let done = self.obey(command, now);
        self.settle(now);
        done
    }

    fn obey(&mut self, command: Command, now: Instant) -> Result<Done, Refusal> {
        match command {
            Command::Dial { line, target } => self.dial(line, &target, now),
            Command::Answer(id) => {
                let id = self.the_call(id, InState::Ringing, Call::rings_here)?;
                self.need(id, Call::rings_here, Wanted::Answer)?;
                self.hold_others(id, now);
                self.with_call(id, |call, core| call.answer(core, now));
                Ok(Done::Call(id))
            }
            Command::Reject(id) => {
                self.need(id, Call::rings_here, Wanted::Reject)?;
                self.with_call(id, |call, core| call.hang_up(core, now));
                Ok(Done::Call(id))
            }
            Command::HangUp(id) => {
                let id = self.the_call(id, InState::UpOrSetUp, |call| !call.is_over())?;
                self.need(id, |call| !call.is_over(), Wanted::HangUp)?;
                self.with_call(id, |call, core| call.hang_up(core, now));
                Ok(Done::Call(id))
            }
            Command::Hold(id) => self.hold(id, now),
            Command::Resume(id) => self.resume(id, now),
            Command::Mute(id, muted) => {
                self.need(id, Call::is_up, Wanted::Mute)?;
                self.with_call(id, |call, core| call.mute(core, muted, now));
                Ok(Done::Call(id))
            }
            Command::Dtmf(id, digits) => self.dtmf(id, &digits, now),
            Command::Transfer(id, target) => self.transfer(id, &target, now),
            Command::TransferTo(id, other) => self.transfer_to(id, other, now),
            Command::Register(line) => {
                let account = self.account(line)?;
                if !account.settings.register {
                    return Err(Refusal::Disabled(line));
                }
                if account.hops.is_empty() {
                    return Err(Refusal::NoHop(line));
                }
                account.machine.register(now);
                Ok(Done::Ok)
            }
            Command::Unregister(line) => {
                self.account(line)?.machine.unregister(now);
                Ok(Done::Ok)
            }
            Command::StartDrill { line, hop, length } => {
                self.start_drill(line, hop, length, now).map(Done::Drill)
            }
            Command::StopDrill => self.end_drill(now).map(Done::Drill).ok_or(Refusal::NoDrill),
            Command::ShutDown => {
                self.shut_down(now);
                Ok(Done::Ok)
            }
        }
    }

    fn account(&mut self, line: LineNumber) -> Result<&mut Account, Refusal> {
        self.core.accounts.get_mut(&line).ok_or(Refusal::NoSuchLine(line))
    }

    fn dial(
        &mut self,
        line: Option<LineNumber>,
        target: &str,
        now: Instant,
    ) -> Result<Done, Refusal> {
        if self.shutting_down {
            return Err(Refusal::ShuttingDown);
        }
        if self.live_calls() >= limits::CALLS {
            return Err(Refusal::TooManyCalls(limits::CALLS));
        }
        let line = match line {
            Some(line) => line,
            None => self.best_line().ok_or(Refusal::NoLine)?,
        };
        // The number that it will have: one that is refused takes none.
        let id = CallId(self.next_call.wrapping_add(1));
        self.free_turn()?;
        let call = Call::dial(&mut self.core, id, line, target, now)?;
        self.new_call_id();
        self.calls.insert(id, call);
        self.take_turn(id, now);
        Ok(Done::Call(id))
    }

    fn best_line(&self) -> Option<LineNumber> {
        let mut accounts = self.core.accounts.iter();
        let registered = accounts.find(|account| account.is_registered());
        registered.or_else(|| self.core.accounts.iter().next()).map(|account| account.settings.line)
    }

    /// The call that a command means: the one named, or the only one that fits.
    fn the_call(
        &self,
        id: Option<CallId>,
        what: InState,
        fits: impl Fn(&Call) -> bool,
    ) -> Result<CallId, Refusal> {
        if let Some(id) = id {
            return Ok(id);
        }
        let mut all = self.calls.iter().filter(|(_, call)| fits(call)).map(|(id, _)| *id);
        match (all.next(), all.next()) {
            (Some(id), None) => Ok(id),
            (None, _) => Err(Refusal::NoCall(what)),
            (Some(_), Some(_)) => Err(Refusal::Ambiguous(what)),
        }
    }

    fn need(
        &self,
        id: CallId,
        fits: impl Fn(&Call) -> bool,
        wanted: Wanted,
    ) -> Result<(), Refusal> {
        let call = self.calls.get(&id).ok_or(Refusal::NoSuchCall(id))?;
        match fits(call) {
            true => Ok(()),
            false => Err(Refusal::WrongState(id, call.in_state(), wanted)),
        }
    }

    fn hold(&mut self, id: CallId, now: Instant) -> Result<Done, Refusal> {
        let call = self.calls.get_mut(&id).ok_or(Refusal::NoSuchCall(id))?;
        call.hold(&mut self.core, true, now)?;
        Ok(Done::Call(id))
    }

    /// Takes back from hold, once nobody else is talked to.
    fn resume(&mut self, id: CallId, now: Instant) -> Result<Done, Refusal> {
        self.free_turn()?;
        if !self.calls.iter().any(|(other, call)| *other != id && call.talks()) {
            let call = self.calls.get_mut(&id).ok_or(Refusal::NoSuchCall(id))?;
            call.hold(&mut self.core, false, now)?;
            return Ok(Done::Call(id));
        }
        let held = |call: &Call| call.state() == CallState::Held && !call.is_changing();
        self.need(id, held, Wanted::Resume)?;
        self.take_turn(id, now);
        Ok(Done::Call(id))
    }

    /// Whom the user talks to is put on hold when another call is answered (requirement F7). Where it
    /// cannot be just now it goes on unheard.
    fn hold_others(&mut self, but: CallId, now: Instant) {
        for (id, call) in &mut self.calls {
            if *id != but && call.is_up() {
                // Held already, or being changed.
                let _ = call.hold(&mut self.core, true, now);
            }
        }
    }

    fn dtmf(&mut self, id: CallId, digits: &str, now: Instant) -> Result<Done, Refusal> {
        self.need(id, Call::is_up, Wanted::Digits)?;
        let digits: Vec<char> = digits.chars().map(|digit| digit.to_ascii_uppercase()).collect();
        let wrong = |digit: &&char| !matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D');
        if let Some(digit) = digits.iter().find(wrong) {
            return Err(Refusal::BadDigit(*digit));
        }
        if digits.is_empty() || digits.len() > limits::DIGITS {
            return Err(Refusal::DigitCount(limits::DIGITS));
        }
        for digit in digits {
            self.with_call(id, |call, core| call.press(core, digit, now));
        }
        Ok(Done::Call(id))
    }

    fn shut_down(&mut self, now: Instant) {
        self.shutting_down = true;
        let live: Vec<CallId> =
            self.calls.iter().filter(|(_, call)| !call.is_over()).map(|(id, _)| *id).collect();
        for id in live {
            self.with_call(id, |call, core| call.hang_up(core, now));
        }
        let lines: Vec<LineNumber> = self.core.accounts.numbers().collect();
        for line in lines {
            if let Some(account) = self.core.accounts.get_mut(&line) {
                account.shut_down(now);
            }
        }
    }

    /// Puts settings in force: what did not change is not touched, and no call is dropped (D1).
    pub(crate) fn set_settings(&mut self, settings: Settings, now: Instant) {
        self.core.auto_answer = settings.auto_answer;
        self.check_sync.set(settings.check_sync);
        self.core.do_not_disturb = settings.do_not_disturb;
        self.core.no_call_waiting = settings.no_call_waiting;
        self.core.user_agent.clone_from(&settings.user_agent);
        let lines: BTreeMap<_, _> =
            settings.lines.into_iter().map(|line| (line.line, line)).collect();
        let gone: Vec<LineNumber> =
            self.core.accounts.numbers().filter(|line| !lines.contains_key(line)).collect();
        for line in gone {
            self.remove_line(line, now);
        }
        for (line, settings) in lines {
            let seed = u64::from(self.core.random_u32());
            let Core { accounts, tokens, .. } = &mut self.core;
            match accounts.get(&line).map(|account| account.settings == settings) {
                Some(true) => {}
                Some(false) => {
                    accounts.reshape(line, |account| account.set_settings(settings, tokens, now));
                }
                None => accounts.add(Account::new(settings, tokens, seed, now)),
            }
        }
        self.core.endpoint.make_room_for(self.core.accounts.len());
    }

    /// A line that is no longer configured: its calls are ended, its registration is taken back.
    fn remove_line(&mut self, line: LineNumber, now: Instant) {
        if self.core.drills.concerns(line) {
            self.end_drill(now);
        }
        let calls = self.calls.iter().filter(|(_, call)| call.line == line && !call.is_over());
        let ids: Vec<CallId> = calls.map(|(id, _)| *id).collect();
        for id in ids {
            self.with_call(id, |call, core| call.hang_up(core, now));
        }
        if let Some(account) = self.core.accounts.get_mut(&line) {
            account.shut_down(now);
        }
        crate::account::register::drive(&mut self.core, line, now);
        self.core.accounts.remove(line);
    }
}
