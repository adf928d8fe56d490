//! What changes around a phone while it runs: faults that begin and end, its own power, and the
//! settings that a person submits.

use std::time::Duration;

use phone::input::Input;
use phone::status::CallStatus;

use super::World;
use crate::oracle::Breach;

impl World<'_> {
    /// Makes everything as the active faults want it.
    pub(super) fn faults_changed(&mut self) {
        let phones: Vec<_> = self.stations.iter().map(|station| station.addr).collect();
        let (network, proxies) = (&mut self.network, &mut self.proxies);
        self.faults.apply(network, proxies, &phones, self.plan.link, self.now);
        for at in 0..self.proxies.len() {
            self.drain_proxy(at);
        }
        self.oracle.duties.faults_changed(&self.faults, self.now);
        self.disturbed = self.now;
        for phone in 0..phones.len() {
            let off = self.faults.is_off(phone);
            if off == self.stations[phone].on {
                if off { self.switch_off(phone) } else { self.switch_on(phone) }
            }
            let unlinked = self.faults.is_unlinked(phone) && !off;
            if self.unlinked[phone] != unlinked {
                self.unlinked[phone] = unlinked;
                self.tell(phone, Input::Link { up: !unlinked }, None);
                if !unlinked {
                    // The shell asks again when the network has changed.
                    self.refresh_names(phone);
                }
            }
        }
    }

    fn switch_off(&mut self, phone: usize) {
        self.trace.note(self.now, &self.stations[phone].name, || "power lost".to_owned());
        self.stations[phone].on = false;
        self.flows[phone].clear();
        self.name_servers.forget(phone);
        self.network.streams.forget(self.stations[phone].addr.ip());
        self.sound.stop_all_of(phone, self.now);
        let bounds = self.oracle.bounds.clone();
        self.oracle.calls.switched_off(phone, &bounds, self.now);
        self.oracle.duties.line_shows(phone, None, &self.faults, self.now);
    }

    fn switch_on(&mut self, phone: usize) {
        self.trace.note(self.now, &self.stations[phone].name, || "power is back".to_owned());
        let seed = self.dice.seed();
        self.stations[phone].switch_on(seed, self.now);
        self.unlinked[phone] = false;
        for input in self.stations[phone].first_inputs(phone, self.plan) {
            self.tell(phone, input, None);
        }
        self.begin_names(phone);
    }

    /// Submits a phone's settings. They take effect with no dropped call (requirement D1).
    pub(super) fn submit(&mut self, number: usize) {
        let (_, phone, change) = self.plan.submits[number];
        if !self.stations[phone].on {
            return;
        }
        let mut style = self.plan.line.clone();
        if change {
            let shorter = |time: Duration| (time / 2).max(Duration::from_secs(5));
            style.keep_alive = style.keep_alive.map(shorter);
            style.failback = style.failback.map(shorter);
        }
        let settings = self.stations[phone].settings(phone, self.plan, &style);
        self.trace
            .note(self.now, &self.stations[phone].name, || format!("submits, change {change}"));
        let states = |calls: &[CallStatus]| -> Vec<_> {
            calls.iter().map(|call| (call.id, call.state, call.hop)).collect()
        };
        let before = self.stations[phone].phone().calls(self.now);
        self.stations[phone].phone_mut().handle_input(Input::Settings(settings), self.now);
        let after = self.stations[phone].phone().calls(self.now);
        if states(&before) != states(&after) {
            let what = format!("phone{}: calls were {before:?} and are {after:?}", phone + 1);
            self.oracle.accuse([Breach::new("submit", what)], self.now);
        }
        self.drain(phone, None);
    }
}
