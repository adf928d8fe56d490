//! How the user hears of calls that come in: by the bell, or, while another call has the ear, by a
//! tone under the voice (call waiting, requirement F7).
//!
//! What is heard follows from the calls as they are; it is settled after each input, so that a call
//! that ends never silences another one's bell.

use crate::Phone;
use crate::call::Call;
use crate::output::MediaCommand;

/// What is heard now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Alert {
    #[default]
    None,
    Bell,
    Waiting,
}

impl Phone {
    /// Tells the media side what is to be heard, where that is another thing than before.
    pub(crate) fn settle_alert(&mut self) {
        let rings = self.calls.values().any(Call::wants_an_answer);
        let engaged = self.calls.values().any(Call::has_the_ear);
        let alert = match (rings, engaged) {
            (false, _) => Alert::None,
            (true, false) => Alert::Bell,
            (true, true) => Alert::Waiting,
        };
        let before = std::mem::replace(&mut self.alert, alert);
        if before == alert {
            return;
        }
        for (of, on) in [(before, false), (alert, true)] {
            match of {
                Alert::None => {}
                Alert::Bell => self.core.media(MediaCommand::Ring(on)),
                Alert::Waiting => self.core.media(MediaCommand::Waiting(on)),
            }
        }
    }
}
