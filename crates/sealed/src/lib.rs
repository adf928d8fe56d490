//! The encrypted form of a configuration file (F8): `phonectl` seals, phones open. The form is our
//! own, because Fanvil's is not published.
//!
//! A sealed file is text: the line [`MARK`], then in Base64 (RFC 4648 §4; blanks and line ends do not
//! count) a salt of 16 octets, a nonce of 12, and the file's octets under AES-256-GCM (NIST SP
//! 800-38D) with its tag of 16. The key is made of a passphrase by argon2id (RFC 9106) with 40 MiB,
//! two passes and one lane; the mark is authenticated with the text. Another algorithm would be
//! another mark.
//!
//! Whoever does not know the passphrase can neither read the file nor change it unnoticed. What the
//! form cannot tell is an older file from a newer one, or one phone's file from another's: phones
//! that must not take each other's have passphrases of their own.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// The first line of every sealed file.
pub const MARK: &str = "phoned-sealed-1";
/// Octets of the shortest passphrase that a file is sealed with.
pub const SHORTEST_PASSPHRASE: usize = 12;

const SALT: usize = 16;
const NONCE: usize = 12;
const TAG: usize = 16;
const KEY: usize = 32;
/// KiB: more than the C library keeps for itself, so that it is given back.
const MEMORY: u32 = 40 * 1024;
const PASSES: u32 = 2;
/// Characters of Base64 in a line.
const LINE: usize = 76;

/// Why a file is not sealed or not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The passphrase is too easy to guess.
    #[error("the passphrase is shorter than {SHORTEST_PASSPHRASE} octets")]
    ShortPassphrase,
    /// It does not begin with [`MARK`].
    #[error("the file is not sealed")]
    NotSealed,
    /// It ends early or holds what is no Base64.
    #[error("the sealed file is cut short or damaged")]
    Damaged,
    /// The passphrase is another one, or somebody has changed the file.
    #[error("the sealed file does not open: another key, or it was changed on its way")]
    Closed,
    /// The system gives no random numbers or no memory.
    #[error("the system has too little memory, or no random numbers")]
    System,
}

impl SealError {
    /// The same as its `Display` form, in Chinese.
    #[must_use]
    pub fn chinese(self) -> String {
        match self {
            Self::ShortPassphrase => format!("密钥短于 {SHORTEST_PASSPHRASE} 字节"),
            Self::NotSealed => "文件未加密".to_owned(),
            Self::Damaged => "加密文件被截断或损坏".to_owned(),
            Self::Closed => "加密文件无法打开：密钥不同，或文件在途中被改动".to_owned(),
            Self::System => "系统内存不足，或没有随机数".to_owned(),
        }
    }
}

/// Whether a file says that it is sealed.
#[must_use]
pub fn is_sealed(octets: &[u8]) -> bool {
    octets
        .strip_prefix(MARK.as_bytes())
        .is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
}

/// Seals a file; each time into other octets.
///
/// # Errors
/// [`SealError::ShortPassphrase`], [`SealError::System`].
pub fn seal(plain: &[u8], passphrase: &str) -> Result<String, SealError> {
    if passphrase.len() < SHORTEST_PASSPHRASE {
        return Err(SealError::ShortPassphrase);
    }
    let mut random = [0; SALT + NONCE];
    getrandom::fill(&mut random).map_err(|_| SealError::System)?;
    let (salt, nonce) = random.split_at(SALT);
    let mut text = plain.to_vec();
    key(passphrase, salt)?
        .seal_in_place_append_tag(
            Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::System)?,
            Aad::from(MARK.as_bytes()),
            &mut text,
        )
        .map_err(|_| SealError::System)?;
    let body = STANDARD.encode([&random[..], &text].concat());
    let mut sealed = format!("{MARK}\n");
    for line in body.as_bytes().chunks(LINE) {
        sealed.push_str(&String::from_utf8_lossy(line));
        sealed.push('\n');
    }
    Ok(sealed)
}

/// Opens a sealed file.
///
/// # Errors
/// Every [`SealError`] but that of a short passphrase.
pub fn open(octets: &[u8], passphrase: &str) -> Result<Vec<u8>, SealError> {
    if !is_sealed(octets) {
        return Err(SealError::NotSealed);
    }
    let body = octets.get(MARK.len()..).unwrap_or_default();
    let body: Vec<u8> = body.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    let mut body = STANDARD.decode(body).map_err(|_| SealError::Damaged)?;
    if body.len() < SALT + NONCE + TAG {
        return Err(SealError::Damaged);
    }
    let mut text = body.split_off(SALT + NONCE);
    let (salt, nonce) = body.split_at(SALT);
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Damaged)?;
    let plain = key(passphrase, salt)?
        .open_in_place(nonce, Aad::from(MARK.as_bytes()), &mut text)
        .map_err(|_| SealError::Closed)?;
    Ok(plain.to_vec())
}

fn key(passphrase: &str, salt: &[u8]) -> Result<LessSafeKey, SealError> {
    let params = Params::new(MEMORY, PASSES, 1, Some(KEY)).map_err(|_| SealError::System)?;
    let mut key = [0; KEY];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut key)
        .map_err(|_| SealError::System)?;
    UnboundKey::new(&AES_256_GCM, &key).map(LessSafeKey::new).map_err(|_| SealError::System)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PASSPHRASE: &str = "correct horse battery";

    #[test]
    fn what_was_sealed_is_opened_whatever_happened_to_its_line_ends() {
        let plain = b"<<VOIP CONFIG FILE>>\n\0\xff".repeat(20);
        let sealed = seal(&plain, PASSPHRASE).unwrap();
        assert!(sealed.starts_with("phoned-sealed-1\n") && sealed.lines().all(|l| l.len() <= 76));
        assert!(!sealed.contains("VOIP"));
        assert_eq!(open(sealed.as_bytes(), PASSPHRASE).unwrap(), plain);
        let windows = sealed.replace('\n', "\r\n");
        assert_eq!(open(windows.as_bytes(), PASSPHRASE).unwrap(), plain);
        assert_ne!(seal(&plain, PASSPHRASE).unwrap(), sealed, "salted");
    }

    /// The form is fixed: phones in the field open what was sealed for them. The octets were made
    /// with other implementations of argon2id and AES-GCM.
    #[test]
    fn a_file_that_was_sealed_elsewhere_opens() {
        assert_eq!(open(ELSEWHERE.as_bytes(), PASSPHRASE).unwrap(), b"SIP1 Phone Number:1001\n");
    }

    const ELSEWHERE: &str = "phoned-sealed-1\n\
    AAECAwQFBgcICQoLDA0OD2RlZmdoaWprbG1ub0Q6F/yPiQDclkCQXW9y6d0m+PPM+xO3aZWf02+I\n\
    GmQ2gkPl2uiOsA==\n";

    #[test]
    fn another_key_or_a_changed_octet_opens_nothing() {
        let sealed = seal(b"content", PASSPHRASE).unwrap();
        assert_eq!(open(sealed.as_bytes(), "another passphrase"), Err(SealError::Closed));
        let mut octets = sealed.into_bytes();
        for at in [MARK.len() + 3, octets.len() - 12] {
            let was = octets[at];
            octets[at] = if was == b'A' { b'B' } else { b'A' };
            assert_eq!(open(&octets, PASSPHRASE), Err(SealError::Closed), "octet {at}");
            octets[at] = was;
        }
        assert_eq!(open(&octets[..30], PASSPHRASE), Err(SealError::Damaged));
        assert_eq!(open(b"phoned-sealed-1\n<<VOIP", PASSPHRASE), Err(SealError::Damaged));
        assert_eq!(open(b"phoned-sealed-10\n", PASSPHRASE), Err(SealError::NotSealed));
        assert_eq!(open(b"<sysConf/>", PASSPHRASE), Err(SealError::NotSealed));
        assert_eq!(seal(b"", "too short"), Err(SealError::ShortPassphrase));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn any_octets_come_back(plain in proptest::collection::vec(any::<u8>(), 0..300)) {
            let sealed = seal(&plain, PASSPHRASE).unwrap();
            prop_assert_eq!(open(sealed.as_bytes(), PASSPHRASE).unwrap(), plain);
        }

        #[test]
        fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert!(open(&octets, PASSPHRASE).is_err());
            let marked = [MARK.as_bytes(), b"\n", &octets].concat();
            prop_assert!(open(&marked, PASSPHRASE).is_err());
        }
    }
}
