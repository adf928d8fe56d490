//! Every module opens with what it answers for and what it refuses to know: at least two lines of
//! `//!`. Whether they say something is for the reader to judge.

use crate::{Finding, Source};

/// The least number of written lines in an opening.
const LINES: usize = 2;

/// Checks every module of every crate, and every test file.
#[must_use]
pub fn check(files: &[Source]) -> Vec<Finding> {
    files
        .iter()
        .filter(|file| file.is_rust() && file.path.starts_with("crates/"))
        .filter_map(|file| {
            let written = file
                .text
                .lines()
                .take_while(|line| line.starts_with("//!"))
                .filter(|line| !line[3..].trim().is_empty())
                .count();
            (written < LINES).then(|| {
                file.finding(
                    1,
                    format!("opens with {written} lines of //!, at least {LINES} wanted: say what the module answers for and what it refuses to know"),
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_has_two_written_lines() {
        let short = Source::new("crates/x/src/a.rs", "//! One.\n//!\nuse x;\n");
        let right = Source::new("crates/x/src/b.rs", "//! One\n//! and two.\nuse x;\n");
        assert_eq!(
            check(&[short, right]).iter().map(|f| &f.path[..]).collect::<Vec<_>>(),
            ["crates/x/src/a.rs"]
        );
    }
}
