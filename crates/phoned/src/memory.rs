//! What the phone remembers over a restart: who it is, and at which hop each line was.
//!
//! Kept in the store's state table, which is no part of the configuration: exports do not have it.
//! Writing is handed to the store's thread and never waited for.

use std::collections::BTreeMap;

use config_store::{Store, StoreError};
use phone::input::LastGood;
use phone::settings::LineNumber;

use crate::store_thread::StoreHandle;

const INSTANCE: &str = "instance";
/// Behind the hop, where the primary was unavailable then.
const PRIMARY_UNAVAILABLE: &str = " primary unavailable";

/// What an earlier run left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    /// `urn:uuid:` of this phone (RFC 5626 §4.1), made at its first start.
    pub(crate) instance: String,
    /// By line.
    pub(crate) last_good: BTreeMap<u8, LastGood>,
}

/// Reads what an earlier run left; makes the instance id where there is none.
///
/// # Errors
/// What the store says.
pub(crate) fn recall(store: &mut Store) -> Result<Remembered, StoreError> {
    let instance = match store.state_get(INSTANCE)? {
        Some(instance) => instance,
        None => {
            let made = new_instance();
            store.state_put(INSTANCE, &made)?;
            made
        }
    };
    let mut last_good = BTreeMap::new();
    for line in 1..=config_store::limits::MAX_LINES {
        let found = store.state_get(&key(line))?.as_deref().and_then(parse);
        last_good.extend(found.map(|found| (line, found)));
    }
    Ok(Remembered { instance, last_good })
}

/// A random UUID (RFC 9562 §5.4).
fn new_instance() -> String {
    let mut octets = [0_u8; 16];
    if getrandom::fill(&mut octets).is_err() {
        tracing::error!("the system has no random numbers: the instance id is not unique");
    }
    octets[6] = (octets[6] & 0x0f) | 0x40;
    octets[8] = (octets[8] & 0x3f) | 0x80;
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    let parts = [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)];
    format!("urn:uuid:{}", parts.join("-"))
}

/// The way to keep more.
#[derive(Debug)]
pub(crate) struct Memory {
    store: StoreHandle,
}

impl Memory {
    pub(crate) fn new(store: StoreHandle) -> Self {
        Self { store }
    }

    /// Keeps where a line is registered; `None` forgets.
    pub(crate) fn keep(&self, line: LineNumber, last_good: Option<LastGood>) {
        let (key, value) = (key(line.0), last_good.map(write).unwrap_or_default());
        let posted = self.store.post(move |store| {
            if let Err(error) = store.state_put(&key, &value) {
                tracing::warn!(key, %error, "cannot remember");
            }
        });
        if !posted {
            tracing::warn!(line = line.0, "the store is too busy to remember the line's hop");
        }
    }
}

fn key(line: u8) -> String {
    format!("last_good/{line}")
}

fn write(last_good: LastGood) -> String {
    let mark = if last_good.primary_was_unavailable { PRIMARY_UNAVAILABLE } else { "" };
    format!("{}{mark}", last_good.hop)
}

/// `None` for what this version cannot use.
fn parse(text: &str) -> Option<LastGood> {
    let (hop, primary_was_unavailable) = match text.strip_suffix(PRIMARY_UNAVAILABLE) {
        Some(hop) => (hop, true),
        None => (text, false),
    };
    Some(LastGood { hop: hop.parse().ok()?, primary_was_unavailable })
}

#[cfg(test)]
mod tests {
    use sip_core::transport::Hop;

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for addr in ["10.0.0.2:5060", "[2001:db8::2]:5070"] {
            for primary_was_unavailable in [false, true] {
                let hop = Hop::udp(addr.parse().unwrap());
                let kept = LastGood { hop, primary_was_unavailable };
                assert_eq!(parse(&write(kept)), Some(kept));
            }
        }
        assert_eq!(parse(""), None, "forgotten");
    }

    #[test]
    fn an_instance_is_a_random_uuid() {
        let (one, other) = (new_instance(), new_instance());
        assert_ne!(one, other);
        assert_eq!(one.len(), "urn:uuid:".len() + 36);
        assert_eq!(one.as_bytes()[9 + 14], b'4', "{one}");
        assert!(matches!(one.as_bytes()[9 + 19], b'8' | b'9' | b'a' | b'b'), "{one}");
    }
}
