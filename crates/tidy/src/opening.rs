//! Every module opens with what it answers for: at least one whole sentence of `//!`. Whether it
//! says something is for the reader to judge.

use crate::{Finding, Source};

/// The least number of written characters in an opening: a sentence, not a label.
const CHARACTERS: usize = 25;

/// Checks every module of every crate, and every test file.
#[must_use]
pub fn check(files: &[Source]) -> Vec<Finding> {
    files
        .iter()
        .filter(|file| file.is_rust() && file.path.starts_with("crates/"))
        .filter_map(|file| {
            let written: usize = file
                .text
                .lines()
                .map_while(|line| line.strip_prefix("//!"))
                .map(|line| line.trim().len())
                .sum();
            (written < CHARACTERS).then(|| {
                let what = format!("opens with {written} characters of //!, at least {CHARACTERS} wanted: say what the module answers for");
                file.finding(1, what)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_is_a_whole_sentence() {
        let short = Source::new("crates/x/src/a.rs", "//! Helpers.\n//!\nuse x;\n");
        let right = Source::new(
            "crates/x/src/b.rs",
            "//! Routes of requests whose\n//! hop died.\nuse x;\n",
        );
        assert_eq!(
            check(&[short, right]).iter().map(|f| &f.path[..]).collect::<Vec<_>>(),
            ["crates/x/src/a.rs"]
        );
    }
}
