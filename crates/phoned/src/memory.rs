//! What the phone remembers over a restart: who it is, at which hop each line was, and what names
//! led to.
//!
//! Kept in the store's state table, which is no part of the configuration: exports do not have it.
//! Writing is handed to the store's thread and never waited for.

use std::collections::BTreeMap;

use config_store::{Store, StoreError};
use phone::input::LastGood;
use phone::settings::LineNumber;

use crate::notes::Notes;
use crate::store_thread::StoreHandle;

const INSTANCE: &str = "instance";
const NAMES: &str = "names";
const BOOT: &str = "boot";
/// A name that the kernel draws at each boot of the device; the unit hands it on in `PHONED_BOOT_ID`, since it hides
/// all of `/proc` but processes.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// The line's number follows.
const LAST_GOOD: &str = "last_good/";
/// Behind the hop, where the primary was unavailable then.
const PRIMARY_UNAVAILABLE: &str = " primary unavailable";

/// What an earlier run left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remembered {
    /// `urn:uuid:` of this phone (RFC 5626 §4.1), made at its first start.
    pub(crate) instance: String,
    /// By line.
    pub(crate) last_good: BTreeMap<u16, LastGood>,
    /// DNS records, as the resolver wrote them (requirement F5).
    pub(crate) names: String,
    /// The device has booted since that run: not the process alone was started again.
    pub(crate) booted: bool,
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
    let found = store.state_under(LAST_GOOD)?.into_iter();
    let last_good = found.filter_map(|(line, hop)| Some((line.parse().ok()?, parse(&hop)?)));
    let run =
        std::env::var("PHONED_BOOT_ID").ok().or_else(|| std::fs::read_to_string(BOOT_ID).ok());
    let booted = note_boot(store, run)?;
    let names = store.state_get(NAMES)?.unwrap_or_default();
    Ok(Remembered { instance, last_good: last_good.collect(), names, booted })
}

/// Whether the system calls its run by another name than it did at the phone's last start. A phone
/// that never ran before has not come back with its site: somebody waits for it.
fn note_boot(store: &mut Store, run: Option<String>) -> Result<bool, StoreError> {
    let Some(run) = run.map(|run| run.trim().to_owned()) else { return Ok(false) };
    let before = store.state_get(BOOT)?;
    if before.as_ref() != Some(&run) {
        store.state_put(BOOT, &run)?;
    }
    let booted = before.is_some_and(|before| before != run);
    tracing::debug!(booted, "run of the system");
    Ok(booted)
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
    notes: Notes,
}

impl Memory {
    pub(crate) fn new(store: StoreHandle) -> Self {
        Self { notes: Notes::new("hops of lines", store) }
    }

    /// Keeps where a line is registered; `None` forgets.
    pub(crate) fn keep(&self, line: LineNumber, last_good: Option<LastGood>) {
        let value = last_good.map(write).unwrap_or_default();
        self.notes.put(format!("{LAST_GOOD}{}", line.0), value);
    }
}

/// Keeps DNS records for a run in which DNS is down; whole lines, as many as fit.
pub(crate) fn keep_names(store: &StoreHandle, mut names: String) {
    let limit = config_store::limits::MAX_STATE_VALUE;
    if names.len() > limit {
        let end = names.as_bytes().iter().take(limit).rposition(|octet| *octet == b'\n');
        names.truncate(end.map_or(0, |at| at + 1));
    }
    let posted = store.post(move |store| {
        if let Err(error) = store.state_put(NAMES, &names) {
            tracing::warn!(%error, "cannot remember what names lead to");
        }
    });
    if !posted {
        tracing::warn!("the store is too busy to remember what names lead to");
    }
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

    /// Failover design §6: a device boot waits a random part of the spread, a process restart never.
    #[test]
    fn only_another_run_of_the_system_is_a_boot() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        let mut starts = |run: Option<&str>| note_boot(&mut store, run.map(str::to_owned)).unwrap();
        assert!(!starts(Some("a\n")), "the first start of all");
        assert!(!starts(Some("a\n")), "the process alone");
        assert!(starts(Some("b\n")));
        assert!(!starts(Some("b\n")));
        assert!(!starts(None), "a system that does not tell");
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
