//! Nothing in the repository depends on the machine it was written on: no path of a home or work
//! directory, no package mirror. Cargo.lock names the one public registry and nothing else.

use crate::{Finding, Source};

/// Beginnings of paths that exist on one machine only.
const PATHS: &[&str] = &["/work/", "/root/", "/home/"];

/// Paths that stand for another machine: the one that these tests boot.
const INSIDE: (&str, &[&str]) = ("tests/device/", &["/root/", "/home/"]);

/// Settings that bring in a mirror of a package registry.
const MIRRORS: &[&str] = &[
    "replace-with",
    "index-url",
    "PIP_INDEX",
    "GOPROXY=",
    "npm_config_registry",
    "CARGO_REGISTRIES_",
];

/// No mirror: the folder that bitbake's fetcher has filled a moment before, as Yocto's own build names it to cargo.
const UNPACKED: (&str, &str) = ("scripts/lib/yocto_build.py", "replace-with = \"bitbake\"");

/// The one source a Cargo.lock may name.
const REGISTRY: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// Checks every tracked text file, this one excepted.
#[must_use]
pub fn check(files: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path != "crates/tidy/src/places.rs") {
        for (number, line) in file.lines() {
            let inside = |path: &&str| file.path.starts_with(INSIDE.0) && INSIDE.1.contains(path);
            for path in PATHS.iter().filter(|path| !inside(path) && begins_a_path(line, path)) {
                findings.push(file.finding(
                    number,
                    format!(
                        "names {path}…, a place on one machine: derive it or take it as an argument"
                    ),
                ));
            }
            let unpacked = file.path == UNPACKED.0 && line == UNPACKED.1;
            for mirror in MIRRORS.iter().filter(|mirror| !unpacked && line.contains(**mirror)) {
                findings.push(file.finding(
                    number,
                    format!("sets \"{mirror}\": which registry to use is for each machine to say"),
                ));
            }
            let locked = file.path.ends_with("Cargo.lock") && line.starts_with("source = ");
            if locked && line != REGISTRY {
                findings.push(file.finding(
                    number,
                    "names a source other than crates.io: lock it anew without a mirror",
                ));
            }
        }
    }
    findings
}

/// `path` at the beginning of a path, not in the middle of one (`rootfs/home/…`).
fn begins_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || "}_-.*)".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&[Source::new(path, text)]).len()
    }

    #[test]
    fn machine_paths_are_found_where_they_begin() {
        assert_eq!(found("scripts/x", "cd /home/someone/phoned"), 1);
        assert_eq!(found("docs/x.md", "see `/root/notes`"), 1);
        assert_eq!(
            found("tests/device/x.py", "put(\"/root/.asoundrc\")"),
            0,
            "the booted machine's"
        );
        assert_eq!(found("tests/device/x.py", "cd /home/pi"), 0, "the booted machine's");
        assert_eq!(found("tests/device/x.py", "cd /work/phoned"), 1);
        assert_eq!(found("tests/x.py", "put(\"/root/.asoundrc\")"), 1);
        assert_eq!(found("scripts/x", "rm -r \"$dir/work/x\" rootfs/home/x"), 0);
    }

    #[test]
    fn mirrors_are_found() {
        assert_eq!(found(".cargo/config.toml", "replace-with = \"mirror\""), 1);
        assert_eq!(found("Cargo.lock", "source = \"registry+https://elsewhere.test/index\""), 1);
        assert_eq!(found("Cargo.lock", REGISTRY), 0);
        assert_eq!(found(UNPACKED.0, UNPACKED.1), 0, "the folder of a build by Yocto");
        assert_eq!(found(UNPACKED.0, "replace-with = \"mirror\""), 1);
        assert_eq!(found("scripts/x", UNPACKED.1), 1);
    }
}
