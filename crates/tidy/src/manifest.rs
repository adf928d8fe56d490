//! Manifests: every dependency in the workspace's table says why it is there, every crate takes its
//! versions and lints from the workspace, and names only what its code uses.

use crate::source::has_word;
use crate::{Finding, Source};

/// Checks the root's `Cargo.toml` and that of every crate.
#[must_use]
pub fn check(files: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        if file.path == "Cargo.toml" {
            findings.extend(reasons(file));
        } else if file.path.starts_with("crates/") && file.path.ends_with("/Cargo.toml") {
            findings.extend(inherits(file));
            findings.extend(idle(file, files));
        }
    }
    findings
}

/// A comment speaks for the lines after it up to the next blank line. Our own crates (`path = …`)
/// need none.
fn reasons(file: &Source) -> Vec<Finding> {
    let (mut inside, mut commented) = (false, false);
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        let line = line.trim();
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
            commented = false;
        } else if line.is_empty() {
            commented = false;
        } else if line.starts_with('#') {
            commented = true;
        } else if inside && !commented && !line.contains("path = ") {
            let name = line.split(['=', ' ', '.']).next().unwrap_or(line);
            findings.push(file.finding(
                number,
                format!("{name} gives no reason: add a line of comment above it"),
            ));
        }
    }
    findings
}

fn inherits(file: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !file.text.contains("[lints]\nworkspace = true") {
        findings.push(
            file.finding(0, "does not take the workspace's lints: add [lints] workspace = true"),
        );
    }
    let mut section = "";
    for (number, line) in file.lines() {
        let line = line.trim();
        if line.starts_with('[') {
            section = line;
        } else if section.contains("dependencies")
            && line.contains('=')
            && !line.starts_with('#')
            && !line.contains("workspace = true")
        {
            findings.push(
                file.finding(number, "takes its version elsewhere: put it into [workspace.dependencies] and use .workspace = true"),
            );
        }
    }
    findings
}

/// Packages whose library has another name.
const LIBRARIES: &[(&str, &str)] = &[("md-5", "md5")];

/// Dependencies that no file of the crate names. What is for tests only may stand in a test of two
/// programs, which is in `packaging/`.
fn idle(manifest: &Source, files: &[Source]) -> Vec<Finding> {
    let folder = manifest.path.trim_end_matches("Cargo.toml");
    let mut findings = Vec::new();
    let mut section = "";
    for (number, line) in manifest.lines() {
        let line = line.trim();
        if line.starts_with('[') {
            section = line;
        }
        let Some((name, _)) =
            line.split_once(".workspace").filter(|_| section.contains("dependencies"))
        else {
            continue;
        };
        let library = LIBRARIES.iter().find(|(package, _)| *package == name);
        let library =
            library.map_or_else(|| name.replace('-', "_"), |(_, library)| (*library).to_owned());
        let homes = match section {
            "[dependencies]" => vec![format!("{folder}src/")],
            _ => vec![folder.to_owned(), "packaging/".to_owned()],
        };
        let code = files.iter().filter(|file| file.is_rust());
        let mut code = code.filter(|file| homes.iter().any(|home| file.path.starts_with(home)));
        if !code.any(|file| file.lines().any(|(_, line)| has_word(line, &library))) {
            findings.push(manifest.finding(number, format!("nothing uses {name}: take it out")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_without_a_reason_is_found_and_a_group_may_share_one() {
        let text = "[workspace.dependencies]\nours = { path = \"x\" }\n# Logs.\na = \"1\"\nb = \"1\"\n\nc = \"1\"\n";
        let found = check(&[Source::new("Cargo.toml", text)]);
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn a_dependency_that_no_file_names_is_found() {
        let manifest = "[lints]\nworkspace = true\n[dependencies]\nmd-5.workspace = true\na-b.workspace = true\n\
                        [dev-dependencies]\nc.workspace = true\n";
        let house = |code: &str, test: &str| {
            check(&[
                Source::new("crates/x/Cargo.toml", manifest),
                Source::new("crates/x/src/lib.rs", code),
                Source::new("crates/x/tests/t.rs", test),
            ])
        };
        assert_eq!(house("use md5::Md5;\nuse a_b::C;\n", "use c::d;"), []);
        let found = house("use md5::Md5;\n", "use a_b::C;");
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [5, 7]);
    }

    #[test]
    fn a_crate_takes_lints_and_versions_from_the_workspace() {
        let right = "[lints]\nworkspace = true\n[dependencies]\n";
        let wrong = "[dependencies]\na = \"1\"\n";
        assert_eq!(check(&[Source::new("crates/x/Cargo.toml", right)]), []);
        assert_eq!(check(&[Source::new("crates/x/Cargo.toml", wrong)]).len(), 2);
    }
}
