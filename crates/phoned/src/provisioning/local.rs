//! The configuration file of this machine that is applied at start (option `--provision`). With one
//! that cannot be applied the phone does not start: whoever named it is there to hear of it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use config_store::{Origin, Store};

use super::seal;
use crate::limits;

/// Applies a file to the store.
///
/// # Errors
/// What is wrong with the file, naming it and the place in it.
pub(crate) fn apply(path: &Path, store: &mut Store) -> anyhow::Result<()> {
    let at = || format!("provisioning file {}", path.display());
    let octets = read(path).with_context(at)?;
    let key = store.settings().provisioning.key;
    let octets =
        seal::by_hand(octets, key.expose()).map_err(anyhow::Error::msg).with_context(at)?;
    // Its words may be several, each with its line; the causes behind them say no more.
    let changes = store
        .import(&crate::phone_book::backup::split(&octets).0, Origin::Provisioning)
        .map_err(|error| anyhow!("provisioning file {}: {error}", path.display()))?;
    let (changed, kept) = (changes.items.len(), changes.kept);
    tracing::info!(file = %path.display(), changed, kept, "provisioned");
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut octets = Vec::new();
    File::open(path)?.take(limits::FILE + 1).read_to_end(&mut octets)?;
    if u64::try_from(octets.len())? > limits::FILE {
        bail!("longer than {} octets", limits::FILE);
    }
    Ok(octets)
}
