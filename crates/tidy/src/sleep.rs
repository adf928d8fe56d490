//! Tests of crates run in virtual time: no test waits for a clock, except where the clock is what
//! is tested. Black-box tests under `tests/` run real processes and are not looked at.

use crate::{Finding, Source};

/// Test code that may wait, with the reason.
const MAY_WAIT: &[(&str, &str)] = &[
    ("crates/phoned/", "its sockets and error queues are the kernel's, with the kernel's time"),
    ("crates/media/tests/", "pacing against the real clock is what is measured"),
];

/// Checks the test code of every crate.
#[must_use]
pub fn check(files: &[Source]) -> Vec<Finding> {
    let may_wait = |file: &Source| MAY_WAIT.iter().any(|(path, _)| file.path.starts_with(path));
    let mut findings = Vec::new();
    for file in files.iter().filter(|f| f.is_rust() && f.path.starts_with("crates/")) {
        if may_wait(file) || file.path.starts_with("crates/tidy/") {
            continue;
        }
        for (number, line) in file.tests() {
            if line.contains("sleep(") || line.contains("sleep_until(") {
                findings.push(file.finding(
                    number,
                    "a unit test must not sleep: pass the time in (or name the file in crates/tidy/src/sleep.rs with its reason)",
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeping_test_is_found_and_sleeping_code_is_not_this_rules_business() {
        let text =
            "fn f() { sleep(x) }\n#[cfg(test)]\nmod tests {\n fn t() { thread::sleep(x) }\n}\n";
        let found = check(&[Source::new("crates/media/src/a.rs", text)]);
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [4]);
        assert_eq!(check(&[Source::new("crates/phoned/tests/a.rs", text)]), []);
    }
}
