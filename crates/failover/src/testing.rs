//! An instant for tests to begin at; nothing depends on which.

use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "virtual time has to begin somewhere")]
pub(crate) fn t0() -> Instant {
    Instant::now()
}
