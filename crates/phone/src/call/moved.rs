//! A call whose own address has changed under it (failover design §6; RFC 3261 §14, RFC 6141 §1).
//!
//! The sound moves to a port on the new address at once, and a re-INVITE tells the other party the new
//! Contact and the new address of the sound. It climbs the ladder as hold does; a change that is
//! under way ends first. A call that is still being set up is left alone: its answer goes to the
//! address that was valid when it was asked.

use std::net::SocketAddr;
use std::time::Instant;

use sip_core::message::Method;

use super::change::Purpose;
use super::in_dialog::Outline;
use super::{Call, Phase};
use crate::core::Core;
use crate::output::MediaCommand;
use crate::words::CallNote;

/// Our own address towards some hop, before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
}

impl Call {
    /// Our addresses towards the line's hops have changed like this.
    pub(crate) fn address_changed(&mut self, moves: &[Move]) {
        let Phase::Up(up) = &mut self.phase else { return };
        let told = up.moving.unwrap_or(up.session.local);
        if let Some(step) = moves.iter().find(|step| step.from == told) {
            up.moving = Some(step.to);
        }
    }

    /// Tells the other party of a new address of ours, as soon as that is possible; whether it did.
    pub(crate) fn follow_address(&mut self, core: &mut Core, now: Instant) -> bool {
        let Phase::Up(up) = &mut self.phase else { return false };
        let Some(to) = up.moving.filter(|_| up.is_settled()) else { return false };
        let held = up.held;
        if self.audio.ip() != to.ip() {
            // Where no port is bound there yet, it is being bound.
            if !self.audio.move_to(core, to.ip()) {
                return false;
            }
            core.media(MediaCommand::Stop(self.id));
            self.audio.start(core, self.id);
            self.audio.apply(core, self.line, self.id);
            core.focus(self.id, !held);
            if self.muted {
                core.media(MediaCommand::Mute(self.id, true));
            }
        }
        up.moving = None;
        up.session.local = to;
        let offer = self.audio.offer();
        let outline = Outline::new(Method::Invite).with_body("application/sdp", offer);
        if !self.change(core, Purpose::Moved, outline, now) {
            self.audio.withdraw_offer();
            self.note = Some(CallNote::AddressUnknown);
        }
        self.announce(core, now);
        true
    }
}
