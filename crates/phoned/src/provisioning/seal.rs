//! Files that are sealed (see the crate `sealed`): opened by the passphrase of item `Provision Key`.

use sealed::SealError;

/// Why a file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unopened {
    /// Anybody could have made it.
    #[error("the file is not sealed, and item `Provision Key` wants it so")]
    NotSealed,
    /// There is no key.
    #[error("the file is sealed, and item `Provision Key` is not set")]
    NoKey,
    /// The key does not open it.
    #[error("{0} (item `Provision Key`)")]
    Closed(#[from] SealError),
}

impl Unopened {
    /// The same as its `Display` form, in Chinese.
    pub(crate) fn chinese(&self) -> String {
        match self {
            Self::NotSealed => "文件未加密，而参数 `Provision Key` 要求加密".to_owned(),
            Self::NoKey => "文件已加密，而参数 `Provision Key` 未设置".to_owned(),
            Self::Closed(error) => format!("{}（参数 `Provision Key`）", error.chinese()),
        }
    }
}

/// What a file says. With a key, one from the network that is not sealed is refused: whoever can put
/// a file in our way must know the key.
///
/// # Errors
/// Why it cannot be opened, naming the item.
pub(crate) fn from_network(octets: Vec<u8>, key: &str) -> Result<Vec<u8>, Unopened> {
    if !key.is_empty() && !sealed::is_sealed(&octets) {
        return Err(Unopened::NotSealed);
    }
    by_hand(octets, key)
}

/// What a file says that somebody gives who may change anything anyway: sealed or not.
///
/// # Errors
/// Why it cannot be opened, naming the item.
pub(crate) fn by_hand(octets: Vec<u8>, key: &str) -> Result<Vec<u8>, Unopened> {
    if !sealed::is_sealed(&octets) {
        return Ok(octets);
    }
    if key.is_empty() {
        return Err(Unopened::NoKey);
    }
    Ok(sealed::open(&octets, key)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F8, F10.
    #[test]
    fn with_a_key_only_sealed_files_come_from_the_network() {
        let key = "correct horse battery";
        let none = "";
        let plain = b"<sysConf/>".to_vec();
        let closed = sealed::seal(&plain, key).unwrap().into_bytes();
        assert_eq!(from_network(plain.clone(), none).unwrap(), plain);
        assert_eq!(from_network(closed.clone(), key).unwrap(), plain);
        assert!(from_network(plain.clone(), key).unwrap_err().to_string().contains("not sealed"));
        assert_eq!(by_hand(plain.clone(), key).unwrap(), plain);
        assert_eq!(by_hand(closed.clone(), key).unwrap(), plain);
        assert!(from_network(closed.clone(), none).unwrap_err().to_string().contains("is not set"));
        let other = "another passphrase";
        let error = by_hand(closed, other).unwrap_err().to_string();
        assert!(error.contains("`Provision Key`") && !error.contains("another pass"), "{error}");
    }
}
