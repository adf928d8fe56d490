//! Pure crates read no clock, socket, file or random device and never spawn. Clippy holds this by
//! the `clippy.toml` beside each; the nearest file wins and is not merged with the root's, so each
//! must be whole and all must be equal. What clippy's lists cannot name (a whole module of the
//! standard library) is looked for in the text.

use crate::{Finding, Source};

/// The pure crates, by folder.
pub const PURE: &[&str] = &["failover", "handset", "netem", "phone", "sip-core"];

/// What every pure crate's `clippy.toml` bans, at least.
const BANS: &[&str] = &[
    "std::time::Instant::now",
    "std::time::Instant::elapsed",
    "std::time::SystemTime::now",
    "std::thread::spawn",
    "std::thread::sleep",
    "std::env::var",
    "std::collections::HashMap",
    "std::collections::HashSet",
    "std::net::UdpSocket",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::fs::File",
    "std::sync::mpsc::Sender",
];

/// Modules of the standard library that touch the world, and crates that do.
const WORLD: &[&str] = &[
    "std::fs",
    "std::thread",
    "std::env",
    "std::process",
    "std::os",
    "std::sync::mpsc",
    "std::sync::Mutex",
    "std::sync::RwLock",
    "SystemTime",
    "ToSocketAddrs",
    "HashMap",
    "HashSet",
    "RandomState",
    "tokio",
    "getrandom",
];

/// Checks the `clippy.toml`s and the shipped code of the pure crates.
#[must_use]
pub fn check(files: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let config = |name: &str| {
        let path = format!("crates/{name}/clippy.toml");
        files.iter().find(|file| file.path == path)
    };
    let first = config(PURE[0]);
    for name in PURE {
        let Some(own) = config(name) else {
            findings.push(Finding {
                path: format!("crates/{name}"),
                line: 0,
                what: "is a pure crate without a clippy.toml: copy the one of another".to_owned(),
            });
            continue;
        };
        if first.is_some_and(|first| first.text != own.text) {
            findings.push(own.finding(
                0,
                format!("differs from crates/{}/clippy.toml: make them equal", PURE[0]),
            ));
        }
        for ban in BANS.iter().filter(|ban| !own.text.contains(&format!("\"{ban}\""))) {
            findings.push(own.finding(0, format!("does not ban {ban}: add it")));
        }
    }
    let pure_code = files
        .iter()
        .filter(|file| file.is_module() && file.crate_name().is_some_and(|n| PURE.contains(&n)));
    for file in pure_code {
        for (number, line) in file.code().filter(|(_, line)| !line.trim().starts_with("//")) {
            for word in WORLD.iter().filter(|word| crate::source::has_word(line, word)) {
                findings.push(file.finding(
                    number,
                    format!("a pure crate must not use {word}: pass the data in, or use a BTree"),
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole_config() -> String {
        BANS.iter().map(|ban| format!("{{ path = \"{ban}\" }}\n")).collect()
    }

    fn house() -> Vec<Source> {
        PURE.iter()
            .map(|n| Source::new(&format!("crates/{n}/clippy.toml"), &whole_config()))
            .collect()
    }

    #[test]
    fn equal_and_whole_lists_pass() {
        assert_eq!(check(&house()), []);
    }

    #[test]
    fn a_missing_a_different_and_a_short_list_are_found() {
        let mut files = house();
        files.pop();
        assert_eq!(check(&files).len(), 1);
        let mut files = house();
        files[1].text = files[1].text.replace("\"std::thread::sleep\"", "\"other\"");
        assert_eq!(check(&files).len(), 2, "different and short");
    }

    #[test]
    fn the_world_is_found_in_code_but_not_in_words_about_it() {
        let mut files = house();
        files.push(Source::new(
            "crates/phone/src/a.rs",
            "//! No HashMap here.\nuse std::fs;\n#[cfg(test)]\nmod tests {\n use std::env;\n}\n",
        ));
        let found = check(&files);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 2);
    }
}
