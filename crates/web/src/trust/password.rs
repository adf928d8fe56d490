//! Passwords: argon2id (RFC 9106), one at a time, on a thread that may take its time.
//!
//! The memory is chosen to be given back: a block above 32 MiB is always one that the C library
//! maps and unmaps by itself, whatever was freed before, so a log-in leaves nothing resident. It is
//! also more than what is usually asked for (19 MiB with two passes).

use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Mutex;

use super::Refusal;
use super::secret::random;
use crate::limits;

/// KiB.
const MEMORY: u32 = 40 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes and checks passwords, one at a time.
#[derive(Default)]
pub(super) struct Checker {
    turn: Mutex<()>,
    waiting: AtomicUsize,
}

impl Checker {
    /// What is kept of a new password.
    ///
    /// # Errors
    /// [`Refusal::Length`], [`Refusal::Busy`].
    pub(super) async fn hash(&self, password: &str) -> Result<String, Refusal> {
        if !(limits::PASSWORD.0..=limits::PASSWORD.1).contains(&password.len()) {
            return Err(Refusal::Length);
        }
        let password = password.to_owned();
        self.work(move || hash(&password)).await?.ok_or(Refusal::NotKept)
    }

    /// Whether the password is the one kept. Without one kept it is not, after the same time.
    ///
    /// # Errors
    /// [`Refusal::Busy`].
    pub(super) async fn check(&self, password: &str, kept: Option<&str>) -> Result<bool, Refusal> {
        if password.len() > limits::PASSWORD.1 {
            return Ok(false);
        }
        let (password, kept) = (password.to_owned(), kept.map(str::to_owned));
        self.work(move || match kept {
            Some(kept) => verify(&password, &kept),
            None => {
                // As much work as for a name that exists.
                let _ = hash(&password);
                false
            }
        })
        .await
    }

    async fn work<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, Refusal> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= limits::CHECKS_WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Refusal::Busy);
        }
        let _waiting = Waiting(&self.waiting);
        let _turn = self.turn.lock().await;
        tokio::task::spawn_blocking(work).await.map_err(|_| Refusal::Busy)
    }
}

/// Counts down when the work is done or given up.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn hash(password: &str) -> Option<String> {
    let params = Params::new(MEMORY, PASSES, LANES, None).ok()?;
    let salt: [u8; 16] = random();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(password.as_bytes(), &salt)
        .ok()
        .map(|hash| hash.to_string())
}

fn verify(password: &str, kept: &str) -> bool {
    PasswordHash::new(kept)
        .is_ok_and(|kept| Argon2::default().verify_password(password.as_bytes(), &kept).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_kept_as_argon2id_and_known_again() {
        let kept = hash("correct horse").unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=40960,t=2,p=1$"), "{kept}");
        assert!(verify("correct horse", &kept));
        assert!(!verify("correct horse ", &kept));
        assert!(!verify("correct horse", "broken"));
        assert_ne!(hash("correct horse").unwrap(), kept, "salted");
    }
}
