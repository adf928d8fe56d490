//! No giant where parts meet: a file stays under 500 lines of code, a function under 70. Clippy
//! counts the functions; this rule counts files, and checks that clippy is told to count and that
//! an exception states its reason.

use crate::{Finding, Source};

/// Lines of code in one file, tests, comments and blank lines not counted.
pub const FILE: usize = 500;

/// What every `clippy.toml` must say.
const FUNCTIONS: &str = "too-many-lines-threshold = 70";

/// Checks the size of modules and the settings that hold the size of functions.
#[must_use]
pub fn check(files: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_module() && !file.is_test_file()) {
        let lines = file.code().filter(|(_, line)| is_code(line)).count();
        if lines > FILE {
            findings.push(file.finding(
                0,
                format!("{lines} lines of code, {FILE} allowed: split it by what it answers for"),
            ));
        }
    }
    for file in files.iter().filter(|file| file.is_rust()) {
        findings.extend(unreasoned(file));
    }
    for file in files.iter().filter(|file| file.path.ends_with("clippy.toml")) {
        if !file.text.contains(FUNCTIONS) {
            findings.push(file.finding(0, format!("does not set {FUNCTIONS}: add it")));
        }
    }
    findings
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with("//")
}

/// Exceptions from a lint that give no reason. Attributes are read up to their closing bracket.
fn unreasoned(file: &Source) -> Vec<Finding> {
    let lines: Vec<(usize, &str)> = file.lines().collect();
    let mut findings = Vec::new();
    for (at, (number, line)) in lines.iter().enumerate() {
        let opening = line.trim_start();
        if !opening.starts_with("#[expect(") && !opening.starts_with("#![expect(") {
            continue;
        }
        let mut attribute = String::new();
        for (_, part) in &lines[at..] {
            attribute.push_str(part);
            if part.trim_end().ends_with(']') {
                break;
            }
        }
        if !attribute.contains("reason = \"") {
            findings.push(
                file.finding(*number, "an expected lint states its reason: add reason = \"…\""),
            );
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_before_the_tests_is_counted() {
        let body = "let x = 1;\n".repeat(FILE);
        let tests = "#[cfg(test)]\nmod tests {\nfn t() {}\n}\n";
        let fits = Source::new("crates/x/src/a.rs", &format!("//! Doc.\n\n{body}{tests}"));
        assert_eq!(check(&[fits]), []);
        let giant = Source::new("crates/x/src/a.rs", &format!("use x;\n{body}{tests}"));
        assert_eq!(check(&[giant]).len(), 1);
    }

    #[test]
    fn an_exception_without_a_reason_is_found_over_several_lines() {
        let source = Source::new(
            "crates/x/src/a.rs",
            "#[expect(\n    clippy::too_many_lines,\n    reason = \"a table\"\n)]\nfn a() {}\n#[expect(clippy::too_many_lines)]\nfn b() {}\n",
        );
        let found = check(&[source]);
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [6]);
    }

    #[test]
    fn a_clippy_configuration_without_the_limit_is_found() {
        assert_eq!(check(&[Source::new("crates/x/clippy.toml", "")]).len(), 1);
    }
}
