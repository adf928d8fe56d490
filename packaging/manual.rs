//! Manual pages and completions of a program, written from its command line and held equal to it.
//!
//! They are files of the repository (`packaging/man`, `packaging/completions`), so that packages of
//! another processor and recipes that cannot run the program have them. Only tests are made of this.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_complete::Shell;

/// Checks the files of a program, or with `BLESS=1` writes them.
pub(crate) fn hold(command: &Command) {
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging");
    let name = command.get_name().to_owned();
    let folder = tempfile::tempdir().unwrap();
    clap_mangen::generate_to(command.clone(), folder.path()).unwrap();
    hold_folder(&packaging.join("man"), &name, read(folder.path(), &name));
    let folder = tempfile::tempdir().unwrap();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command.clone(), &name, folder.path()).unwrap();
    }
    hold_folder(&packaging.join("completions"), &name, read(folder.path(), &name));
}

/// The files of a folder that are about the program, by name.
fn read(folder: &Path, program: &str) -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let about = |name: &str| {
        let rest = name.trim_start_matches('_').strip_prefix(program);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
    };
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| about(&name(path)))
        .map(|path| (name(&path), fs::read_to_string(&path).unwrap()))
        .collect()
}

fn hold_folder(folder: &Path, program: &str, wanted: BTreeMap<String, String>) {
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(folder).unwrap();
        for old in read(folder, program).into_keys() {
            fs::remove_file(folder.join(old)).unwrap();
        }
        for (name, text) in &wanted {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let there = read(folder, program);
    let differing: Vec<_> = wanted
        .iter()
        .filter(|(name, text)| there.get(*name) != Some(text))
        .map(|(name, _)| name)
        .chain(there.keys().filter(|name| !wanted.contains_key(*name)))
        .collect();
    assert!(
        differing.is_empty(),
        "{differing:?} of {} are not what the command line says: BLESS=1 cargo test -p {program} manual",
        folder.display()
    );
}
