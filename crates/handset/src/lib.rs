//! What a telephone's hook, keys and lamps mean (requirement F7): lifting answers or gives the dial
//! tone, digits dial or are sent in a call, putting down ends it, lamps show lines and calls.
//!
//! [`Handset`] is a machine like all others (architecture, invariant 3): plain data, time passed in.
//! It knows calls by number and state only. Which wire or key code a hook is, and what a call is, is
//! known to whoever drives it.

mod lamps;
mod limits;
mod machine;

#[cfg(test)]
mod tests;

pub use lamps::Lamp;
pub use machine::Handset;

/// One happening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The hook switch: lifted, or on its cradle. The same again changes nothing.
    Hook {
        /// Whether the handset is lifted.
        lifted: bool,
    },
    /// A key was pressed.
    Key(Key),
    /// All calls that are not over, oldest first.
    Calls(Vec<Call>),
    /// How the phone's lines stand together.
    Lines(Lines),
}

/// A key by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// `0` to `9`, `*` or `#`; others do nothing.
    Digit(char),
    /// The green key: answers, dials what was typed, takes a held call back, or lifts.
    Call,
    /// The red key: refuses, or puts down.
    HangUp,
    /// One key for both, as headsets have it: puts down where there is something to put down.
    CallOrHangUp,
    /// Holds the call, or takes it back.
    Hold,
    /// Takes back the last digit.
    Erase,
}

/// A call as far as the handset needs to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Its number.
    pub id: u32,
    /// Where it stands.
    pub state: CallState,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    /// Somebody calls and nobody has answered.
    RingsHere,
    /// Dialled and not answered.
    Outgoing,
    /// Both talk, or the other party holds.
    Talking,
    /// Held by this phone.
    Held,
}

/// How the lines stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lines {
    /// No line is configured, or none registers.
    #[default]
    None,
    /// Every line that registers is registered at its primary server.
    Well,
    /// All are registered, some through another server.
    OnBackup,
    /// Some line is not registered.
    Down,
}

/// One thing to do. A call that is over meanwhile is no mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Answer a ringing call.
    Answer(u32),
    /// Refuse a ringing call.
    Reject(u32),
    /// End a call.
    HangUp(u32),
    /// Hold a call.
    Hold(u32),
    /// Take a call back from hold.
    Resume(u32),
    /// Call this number.
    Dial(String),
    /// Send a digit in a call.
    Digit(u32, char),
    /// Begin or end the dial tone.
    DialTone(bool),
    /// Switch a lamp.
    Lamp {
        /// Which.
        lamp: Lamp,
        /// Whether it is lit.
        lit: bool,
    },
}
