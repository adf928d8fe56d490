//! What a dialog is used for. Each usage is a small machine beside the dialog that its owner drives;
//! none sends or receives messages itself.

mod accepted;
pub mod extensions;
pub mod refer;
pub mod reliable;
pub mod session_timer;

pub use accepted::{Accepted, AcceptedOutput};
pub use reliable::{Reliable, ReliableOutput};
pub use session_timer::{SessionTimer, SessionTimerOutput};
