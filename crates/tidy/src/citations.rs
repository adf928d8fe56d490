//! Every requirement is cited by a test, or stands in the table of those that have none yet.
//! A citation is the id as a word of its own in test code: a comment, a name in a message.

use std::collections::BTreeSet;

use crate::source::has_word;
use crate::{Finding, Source};

/// The groups of requirement ids and how many each has.
const REQUIREMENTS: &[(char, u32)] = &[('A', 5), ('B', 4), ('C', 5), ('D', 1), ('E', 1), ('F', 11)];

/// Requirements that no test cites yet, and what they wait for. A row whose requirement is cited
/// must go.
const NOT_YET: &[(&str, &str)] = &[];

/// Checks that each requirement is cited in a test or is in the table, and not both.
#[must_use]
pub fn check(files: &[Source]) -> Vec<Finding> {
    check_with(files, NOT_YET)
}

fn check_with(files: &[Source], not_yet: &[(&str, &str)]) -> Vec<Finding> {
    let mut cited = BTreeSet::new();
    let ids = ids();
    for file in files.iter().filter(|file| is_test_carrier(file)) {
        for (_, line) in file.tests() {
            cited.extend(ids.iter().filter(|id| has_word(line, id)).cloned());
        }
    }
    let here =
        |what: String| Finding { path: "crates/tidy/src/citations.rs".to_owned(), line: 0, what };
    let mut findings = Vec::new();
    for id in &ids {
        let waiting = not_yet.iter().any(|(name, _)| name == id);
        if waiting && cited.contains(id) {
            findings.push(here(format!("{id} is cited by a test now: take it out of NOT_YET")));
        } else if !waiting && !cited.contains(id) {
            findings.push(here(format!(
                "{id} is cited by no test: name it in the test that proves it, or add it to NOT_YET with what it waits for"
            )));
        }
    }
    findings
}

/// Every requirement id, in order.
fn ids() -> Vec<String> {
    REQUIREMENTS
        .iter()
        .flat_map(|(group, n)| (1..=*n).map(move |i| format!("{group}{i}")))
        .collect()
}

/// Rust with tests in it and the black-box tests; the rules themselves do not count.
fn is_test_carrier(file: &Source) -> bool {
    let code = file.is_rust() || file.path.ends_with(".py") || file.path.ends_with(".sh");
    code && !file.path.starts_with("crates/tidy/")
        && (file.path.starts_with("crates/") || file.path.starts_with("tests/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A test file that cites everything, but for `left_out`.
    fn house(left_out: &str) -> Vec<Source> {
        let cited: Vec<String> = ids().into_iter().filter(|id| id != left_out).collect();
        vec![Source::new("crates/x/tests/a.rs", &format!("// {}", cited.join(" ")))]
    }

    #[test]
    fn an_uncited_requirement_and_a_stale_row_are_found() {
        let waits = [("F7", "a reason")];
        assert_eq!(check_with(&house(""), &[]), []);
        assert_eq!(check_with(&house("F7"), &waits), []);
        assert!(check_with(&house("B3"), &[])[0].what.starts_with("B3 is cited by no test"));
        assert!(check_with(&house(""), &waits)[0].what.contains("take it out"));
    }

    #[test]
    fn a_citation_in_shipped_code_is_not_a_test() {
        let mut files = house("B3");
        files.push(Source::new("crates/x/src/a.rs", "/// Requirement B3.\nfn f() {}\n"));
        assert_eq!(check_with(&files, &[]).len(), 1);
    }
}
