//! Which items of a file are secret: the phone's own passwords, and, by their names, those of items
//! that it does not know. An export without secrets leaves both out, for a file that "has no
//! secrets in it" must not carry the web page's or the VPN's password either.

use super::text::{Line, LineKind};
use crate::items::Kind;

/// Last words of names whose values are passwords. `SIP Pswd Encryption` is none.
const PASSWORDS: [&str; 8] =
    ["pswd", "pwd", "password", "passwd", "passphrase", "passcode", "secret", "psk"];

/// Words before a last `key` that make its value a cipher key.
const KEYS: [&str; 8] =
    ["sigcrypto", "medcrypto", "crypto", "aes", "file", "common", "private", "encryption"];

/// Whether the line holds a secret, set or not.
pub(super) fn is_secret(line: &Line) -> bool {
    match (&line.kind, line.known_item()) {
        (LineKind::Item { .. }, Some(name)) => name.item().kind == Kind::Secret,
        (LineKind::Item { name, .. }, None) => is_secret_name(name),
        (LineKind::Header | LineKind::Section(_) | LineKind::Other | LineKind::Footer, _) => false,
    }
}

/// The same of a folded name that the phone does not know.
pub(super) fn is_secret_name(folded: &str) -> bool {
    let mut words = folded.rsplit(' ');
    let last = words.next().unwrap_or_default();
    let before = words.next().unwrap_or_default();
    PASSWORDS.contains(&last) || (last == "key" && KEYS.contains(&before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_real_files_are_told_apart() {
        for name in [
            "SIP1 Register Pswd",
            "SIP3 Proxy Pswd",
            "PPPoE Password",
            "Account1 Password",
            "SIP1 SigCrypto Key",
            "Config File Key",
            "Download password",
        ] {
            assert!(is_secret(&Line::item(name, "x", b"\n")), "{name}");
        }
        for name in ["SIP Pswd Encryption", "SIP1 Register User", "Fkey1 Value", "SIP1 Hot Key"] {
            assert!(!is_secret(&Line::item(name, "x", b"\n")), "{name}");
        }
    }
}
