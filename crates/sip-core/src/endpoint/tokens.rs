//! Identifiers that nobody can guess: branches, tags, Call-IDs, client nonces.
//!
//! All come from one seed, so that a run can be repeated; the generator is a cipher, so that an
//! outsider who sees some of them can't tell the next. RFC 3261 §19.3 wants 32 bits of randomness
//! in a tag; what must not be forged (branch, client nonce) has 128 here.

use crate::digest::hex;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A source of identifiers.
#[derive(Debug, Clone)]
pub struct Tokens(ChaCha8Rng);

impl Tokens {
    /// The same seed gives the same identifiers.
    pub fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha8Rng::from_seed(seed))
    }

    /// A Via branch with RFC 3261's magic cookie (§8.1.1.7).
    pub fn branch(&mut self) -> String {
        format!("z9hG4bK{}", self.random::<16>())
    }

    /// A From or To tag (§19.3).
    pub fn tag(&mut self) -> String {
        self.random::<8>()
    }

    /// A Call-ID without a host part, which would only tell the world our address.
    pub fn call_id(&mut self) -> String {
        self.random::<16>()
    }

    /// A client nonce for digest authentication (RFC 7616 §3.4).
    pub fn cnonce(&mut self) -> String {
        self.random::<16>()
    }

    fn random<const BYTES: usize>(&mut self) -> String {
        let mut bytes = [0; BYTES];
        self.0.fill_bytes(&mut bytes);
        hex(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_identifiers_and_no_two_are_alike() {
        let (mut one, mut other) = (Tokens::new([7; 32]), Tokens::new([7; 32]));
        let first = one.branch();
        assert_eq!(first, other.branch());
        assert!(first.starts_with("z9hG4bK"));
        assert_eq!(first.len(), 7 + 32);
        assert_ne!(first, one.branch());
        assert_ne!(one.tag(), one.tag());
        assert_ne!(Tokens::new([8; 32]).tag(), Tokens::new([7; 32]).tag());
    }
}
