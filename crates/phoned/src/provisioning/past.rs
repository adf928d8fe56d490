//! What an earlier run of the phone left of its provisioning: a change that has yet to prove itself,
//! and the file that did not.

use config_store::{Origin, Store, StoreError};

use crate::limits;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Past {
    /// The file of the change on trial.
    pub(crate) on_trial: Option<String>,
    /// The file whose change was taken back; it is not tried again before it is another one.
    pub(crate) rejected: Option<String>,
    /// Where PnP has led to.
    pub(crate) found: Option<String>,
}

/// Where the address that PnP has led to is kept.
pub(crate) const FOUND: &str = "provision/found";

/// Reads it. A change with which the phone has started [`limits::TRIAL_STARTS`] times without ever
/// proving itself is taken back here, before it is in force again: it may be what ends the phone.
///
/// # Errors
/// What the store says.
pub(crate) fn recall(store: &mut Store) -> Result<Past, StoreError> {
    if store.settings().provisioning.rollback.is_none() {
        store.end_trial()?;
    }
    let trial = store.count_start()?;
    let on_trial = match trial {
        Some(trial) if trial.starts > limits::TRIAL_STARTS => {
            let changes = store.take_back(Origin::Provisioning)?;
            tracing::warn!(
                items = changes.items.len(),
                starts = trial.starts,
                "no line has registered since the last provisioned change: it is taken back"
            );
            None
        }
        other => other.map(|trial| trial.file),
    };
    Ok(Past { on_trial, rejected: store.rejected()?, found: store.state_get(FOUND)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = b"<<VOIP CONFIG FILE>>Version:2.0002\n<SIP CONFIG MODULE>\n\
        SIP1 Proxy Addr:10.0.0.1\n<<END OF FILE>>\n";

    /// F8: a configuration with which the phone cannot even run long enough to be judged.
    #[test]
    fn a_change_with_which_the_phone_starts_again_and_again_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        store.import_on_trial(FILE, Origin::Provisioning, "f").unwrap();
        for _ in 0..limits::TRIAL_STARTS {
            assert_eq!(recall(&mut store).unwrap().on_trial.as_deref(), Some("f"));
        }
        let past = recall(&mut store).unwrap();
        assert_eq!(past, Past { rejected: Some("f".into()), ..Past::default() });
        assert_eq!(store.get("SIP1 Proxy Addr").unwrap().1, "");
    }

    #[test]
    fn without_a_rollback_no_change_is_on_trial() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        store.import_on_trial(FILE, Origin::Provisioning, "f").unwrap();
        store.set(&[("Provision Rollback", "0")], Origin::Web).unwrap();
        for _ in 0..=limits::TRIAL_STARTS {
            assert_eq!(recall(&mut store).unwrap(), Past::default());
        }
        assert_eq!(store.get("SIP1 Proxy Addr").unwrap().1, "10.0.0.1");
    }
}
