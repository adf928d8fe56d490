//! Keys that the user presses in a call: as events in its media (RFC 4733), or by INFO with
//! `application/dtmf-relay`, one after the other, as the line's setting says.

use std::time::Instant;

use sip_core::message::Method;

use super::errand::Errand;
use super::in_dialog::Outline;
use super::{Call, Phase};
use crate::core::Core;
use crate::output::MediaCommand;
use crate::settings::Dtmf;
use crate::words::CallNote;

/// How long a key counts as pressed, milliseconds.
const PRESSED: u32 = 160;

impl Call {
    /// Sends a digit: one of `0`-`9`, `*`, `#`, `A`-`D`.
    pub(crate) fn press(&mut self, core: &mut Core, digit: char, now: Instant) {
        let account = core.accounts.get(&self.line);
        let by_info = match account.map(|account| account.settings.dtmf).unwrap_or_default() {
            Dtmf::Events => false,
            Dtmf::Info => true,
            Dtmf::Auto => !self.audio.has_events(),
        };
        if !by_info {
            return core.media(MediaCommand::Digit(self.id, digit));
        }
        let Phase::Up(up) = &mut self.phase else { return };
        let body = format!("Signal={digit}\r\nDuration={PRESSED}\r\n").into_bytes();
        let outline = Outline::new(Method::Info).with_body("application/dtmf-relay", body);
        if up.errands.add(Errand::Digit, outline) {
            return self.drive_errands(core, now);
        }
        self.note = Some(CallNote::TooManyDigits);
        self.announce(core, now);
    }
}
