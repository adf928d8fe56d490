//! The repository as text: which files are tracked, what is code and what is test in them, and how
//! a finding reads.

use std::fmt;
use std::path::Path;
use std::process::Command;

/// One tracked text file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Path from the root of the repository, with `/`.
    pub path: String,
    /// Its whole text.
    pub text: String,
    /// Whether all of it is test code: by where it lies, or because its parent says so.
    test: bool,
}

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Path from the root of the repository.
    pub path: String,
    /// Line, from 1; 0 means the file as a whole.
    pub line: usize,
    /// What is wrong, and how to mend it.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// All findings, one a line; empty if there are none.
#[must_use]
pub fn report(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("\n{finding}")).collect()
}

/// Every tracked file that is UTF-8 text, in git's order. Files that are tracked but not there
/// (about to be removed) are left out.
///
/// # Errors
/// Says so when `git ls-files` cannot be run in `root` or fails.
pub fn tracked(root: &Path) -> Result<Vec<Source>, String> {
    let out = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot run git ls-files: {error}"))?;
    if !out.status.success() {
        return Err(format!("git ls-files: {}", String::from_utf8_lossy(&out.stderr).trim()));
    }
    let names = String::from_utf8_lossy(&out.stdout).into_owned();
    let mut files: Vec<Source> = names
        .split('\0')
        .filter(|name| !name.is_empty())
        .filter_map(|name| {
            let text = std::fs::read_to_string(root.join(name)).ok()?;
            Some(Source::new(name, &text))
        })
        .collect();
    mark_test_modules(&mut files);
    Ok(files)
}

/// Marks the files of every module that is declared as `#[cfg(test)] mod name;`.
fn mark_test_modules(files: &mut [Source]) {
    let mut modules = Vec::new();
    for file in files.iter().filter(|file| file.is_module()) {
        let stem = file.path.trim_end_matches(".rs");
        let name = stem.rsplit('/').next().unwrap_or(stem);
        let folder = match name {
            "mod" | "lib" | "main" => stem.trim_end_matches(name).to_owned(),
            _ => format!("{stem}/"),
        };
        let lines: Vec<&str> = file.text.lines().collect();
        for at in (0..lines.len()).filter(|at| lines[*at] == "#[cfg(test)]") {
            let item = lines[at + 1..].iter().find(|line| !line.starts_with("#["));
            let declared = item.and_then(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
            modules.extend(declared.map(|module| format!("{folder}{module}")));
        }
    }
    for file in files {
        file.test |= modules.iter().any(|module| {
            let rest = file.path.strip_prefix(module.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        });
    }
}

impl Source {
    /// A source made up for a rule's own test.
    #[must_use]
    pub fn new(path: &str, text: &str) -> Self {
        let test = path.starts_with("tests/")
            || path.contains("/tests/")
            || path.ends_with("/tests.rs")
            || path.ends_with("_tests.rs");
        Self { path: path.to_owned(), text: text.to_owned(), test }
    }

    /// Whether this is Rust.
    #[must_use]
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether this is a module of a crate of ours (`crates/*/src/**.rs`).
    #[must_use]
    pub fn is_module(&self) -> bool {
        self.is_rust() && self.path.starts_with("crates/") && self.path.contains("/src/")
    }

    /// The crate's folder name under `crates/`, if it lies in one.
    #[must_use]
    pub fn crate_name(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split('/').next()
    }

    /// Whether the whole file is test code.
    #[must_use]
    pub fn is_test_file(&self) -> bool {
        self.test
    }

    /// The numbered lines that are shipped: everything before the test module.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self.first_test_line();
        self.lines().take_while(move |(number, _)| *number < end)
    }

    /// The numbered lines of the test module, or of the whole file if it is a test.
    pub fn tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let begin = self.first_test_line();
        self.lines().skip_while(move |(number, _)| *number < begin)
    }

    /// All lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// A finding in this file.
    #[must_use]
    pub fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, what: what.into() }
    }

    /// The line of `#[cfg(test)]` before an inline `mod … {`; past the end if there is none.
    fn first_test_line(&self) -> usize {
        if self.is_test_file() {
            return 1;
        }
        let lines: Vec<&str> = self.text.lines().collect();
        let opens_tests = |at: usize| {
            lines[at + 1..]
                .iter()
                .take(6)
                .find(|line| line.starts_with("mod "))
                .is_some_and(|line| line.ends_with('{'))
        };
        (0..lines.len())
            .find(|&at| lines[at] == "#[cfg(test)]" && opens_tests(at))
            .map_or(usize::MAX, |at| at + 1)
    }
}

/// Whether `word` stands in `text` with no letter, digit or underscore on either side.
#[must_use]
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(joins)
            && !text[at + word.len()..].chars().next().is_some_and(joins)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_ends_where_the_test_module_begins() {
        let source = Source::new(
            "crates/x/src/a.rs",
            "//! Doc.\n#[cfg(test)]\nmod tests;\nfn f() {}\n#[cfg(test)]\n#[expect(y)]\nmod t {\n}\n",
        );
        assert_eq!(source.code().count(), 4);
        assert_eq!(source.tests().map(|(n, _)| n).collect::<Vec<_>>(), [5, 6, 7, 8]);
    }

    #[test]
    fn a_file_under_tests_is_all_test() {
        let source = Source::new("crates/x/tests/a.rs", "fn f() {}\n");
        assert_eq!((source.code().count(), source.tests().count()), (0, 1));
    }

    #[test]
    fn a_module_declared_for_tests_is_all_test_with_what_lies_below_it() {
        let mut files = [
            Source::new("crates/x/src/m/mod.rs", "#[cfg(test)]\nmod closure;\nmod code;\n"),
            Source::new("crates/x/src/m/closure/mod.rs", ""),
            Source::new("crates/x/src/m/closure/world.rs", ""),
            Source::new("crates/x/src/m/code.rs", ""),
        ];
        mark_test_modules(&mut files);
        assert_eq!(files.map(|file| file.is_test_file()), [false, true, true, false]);
    }

    #[test]
    fn a_word_stands_alone() {
        assert!(has_word("holds A1, F2", "A1"));
        assert!(!has_word("A10 FA1 A1_x", "A1"));
    }
}
