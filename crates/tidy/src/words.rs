//! Words that mean "not finished" or "look away", which the repository does not contain.

use crate::{Finding, Source};

/// A text that must not stand in a tracked file, and what to do instead.
struct Banned {
    text: &'static str,
    /// Only in Rust; otherwise in every text file.
    rust_only: bool,
    instead: &'static str,
}

const BANNED: &[Banned] = &[
    Banned { text: "todo!", rust_only: true, instead: "write it, or do not offer it" },
    Banned { text: "unimplemented!", rust_only: true, instead: "write it, or do not offer it" },
    Banned { text: "FIXME", rust_only: false, instead: "mend it, or file it" },
    Banned { text: "TODO", rust_only: false, instead: "do it, or file it" },
    Banned { text: "XXX", rust_only: false, instead: "say what is meant" },
    Banned { text: "#[ignore]", rust_only: true, instead: "give a reason: #[ignore = \"…\"]" },
    Banned {
        text: "#![allow",
        rust_only: true,
        instead: "use #[expect(lint, reason = \"…\")] where it is needed",
    },
    Banned { text: "#[allow", rust_only: true, instead: "use #[expect(lint, reason = \"…\")]" },
];

/// Checks every tracked text file, this one excepted.
#[must_use]
pub fn check(files: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path != "crates/tidy/src/words.rs") {
        for banned in BANNED.iter().filter(|banned| file.is_rust() || !banned.rust_only) {
            for (number, line) in file.lines() {
                if stands(line, banned.text) {
                    findings.push(file.finding(
                        number,
                        format!("\"{}\" is not for this house: {}", banned.text, banned.instead),
                    ));
                }
            }
        }
    }
    findings
}

/// Words of letters stand alone; what begins with `#` is found anywhere in code. `mktemp` patterns
/// (four and more X) are not the word.
fn stands(line: &str, text: &str) -> bool {
    if text.starts_with('#') {
        return line.contains(text) && !line.trim_start().starts_with("//");
    }
    crate::source::has_word(line, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&[Source::new(path, text)]).len()
    }

    #[test]
    fn unfinished_and_hidden_things_are_found() {
        assert_eq!(found("crates/x/src/a.rs", "fn f() { todo!() }"), 1);
        assert_eq!(found("crates/x/src/a.rs", "#[ignore]\n#[ignore = \"needs root\"]"), 1);
        assert_eq!(found("crates/x/src/a.rs", "#![allow(dead_code)]"), 1);
        assert_eq!(found("scripts/x", "# FIXME later"), 1);
    }

    #[test]
    fn other_words_are_left_alone() {
        assert_eq!(found("scripts/x", "mktemp -d /tmp/phoned.XXXXXX"), 0);
        assert_eq!(found("crates/x/src/a.rs", "let method = \"TODOS\";"), 0);
    }
}
