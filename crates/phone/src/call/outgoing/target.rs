//! What a person dialled, as a Request-URI.

use sip_core::message::Uri;

use crate::account::Account;

/// The Request-URI of what was dialled, and whether the domain is the line's own.
///
/// A number or user part alone takes the line's domain; `user@host` and SIP URIs are used as
/// written. `None` for anything that is no address.
pub(crate) fn target(text: &str, account: &Account) -> Option<(Uri, bool)> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    if text.starts_with("sip:") || text.starts_with("sips:") {
        return text.parse().ok().map(|uri| (uri, false));
    }
    if text.contains('@') {
        return format!("sip:{text}").parse().ok().map(|uri| (uri, false));
    }
    if text.contains(['<', '>', '"', ';', '?', ',', ':', '/']) {
        return None;
    }
    let registrar = account.registrar_at(0);
    let mut uri = Uri::sip(Some(text), registrar.host.clone());
    uri.port = registrar.port;
    Some((uri, true))
}
