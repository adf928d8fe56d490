//! Files that are sealed (see the crate `sealed`): opened by the passphrase of item `Provision Key`.

/// What a file says. With a key, one from the network that is not sealed is refused: whoever can put
/// a file in our way must know the key.
///
/// # Errors
/// Why it cannot be opened, naming the item.
pub(crate) fn from_network(octets: Vec<u8>, key: &str) -> Result<Vec<u8>, String> {
    if !key.is_empty() && !sealed::is_sealed(&octets) {
        return Err("the file is not sealed, and item `Provision Key` wants it so".to_owned());
    }
    by_hand(octets, key)
}

/// What a file says that somebody gives who may change anything anyway: sealed or not.
///
/// # Errors
/// Why it cannot be opened, naming the item.
pub(crate) fn by_hand(octets: Vec<u8>, key: &str) -> Result<Vec<u8>, String> {
    if !sealed::is_sealed(&octets) {
        return Ok(octets);
    }
    if key.is_empty() {
        return Err("the file is sealed, and item `Provision Key` is not set".to_owned());
    }
    sealed::open(&octets, key).map_err(|error| format!("{error} (item `Provision Key`)"))
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
        assert!(from_network(plain.clone(), key).unwrap_err().contains("not sealed"));
        assert_eq!(by_hand(plain.clone(), key).unwrap(), plain);
        assert_eq!(by_hand(closed.clone(), key).unwrap(), plain);
        assert!(from_network(closed.clone(), none).unwrap_err().contains("is not set"));
        let other = "another passphrase";
        let error = by_hand(closed, other).unwrap_err();
        assert!(error.contains("`Provision Key`") && !error.contains("another pass"), "{error}");
    }
}
