//! Digest authentication, mostly as a client does it: RFC 7616 and RFC 3261 §22, with the algorithms of
//! RFC 8760.
//!
//! A 401 or 407 may carry several challenges. [`answerable`] picks those that deserve an answer: of
//! each realm the topmost that we can compute, because a server lists the ones it prefers first.
//! [`Session`] is one nonce in use and counts its answers; [`NonceCache`] keeps sessions for later
//! requests, under whatever key its owner keeps servers apart by. [`Guard`] is the other side: it
//! asks a client for credentials and judges them.
//!
//! This module never decides whether a server is to be trusted with an answer, how often one is
//! given, or whose credentials are used; that is the phone's (failover design §1).

mod cache;
mod challenge;
mod first_use;
mod guard;
mod hash;
mod session;

pub use cache::NonceCache;
pub use challenge::{DigestChallenge, answerable};
pub use first_use::rejects_first_use;
pub use guard::{Guard, Verdict};
pub use hash::Algorithm;
pub(crate) use hash::hex;
pub use session::Session;

use std::fmt;

/// Who we claim to be to a server, and the proof.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name; empty means that there are none.
    pub user: String,
    /// The password.
    pub password: String,
}

/// Shows the user only: a password is in no log at any level.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}
