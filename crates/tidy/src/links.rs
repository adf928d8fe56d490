//! Documents that can be found: each page under `docs/` is linked from somewhere a reader starts,
//! and no link inside the repository leads nowhere.

use std::collections::BTreeSet;

use crate::{Finding, Source};

/// Where a reader starts.
const ENTRIES: &[&str] = &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];

/// Checks all Markdown files. A page below a folder of `docs/` may be linked from any page.
#[must_use]
pub fn check(files: &[Source]) -> Vec<Finding> {
    let known = paths_and_folders(files);
    let pages = || files.iter().filter(|file| file.path.ends_with(".md"));
    let mut findings = Vec::new();
    let (mut from_entries, mut from_any) = (BTreeSet::new(), BTreeSet::new());
    for page in pages() {
        for (line, target) in links(page) {
            if ENTRIES.contains(&page.path.as_str()) {
                from_entries.insert(target.clone());
            }
            from_any.insert(target.clone());
            if !known.contains(target.as_str()) {
                findings.push(page.finding(
                    line,
                    format!(
                        "links to {target}, which is not tracked: mend the link or add the file"
                    ),
                ));
            }
        }
    }
    let entries_exist = files.iter().any(|file| ENTRIES.contains(&file.path.as_str()));
    for page in pages().filter(|page| entries_exist && page.path.starts_with("docs/")) {
        let top = page.path.matches('/').count() == 1;
        let linked = if top { &from_entries } else { &from_any };
        if !linked.contains(&page.path) {
            let place = if top { "README.md or ARCHITECTURE.md" } else { "any page" };
            findings.push(page.finding(
                0,
                format!("is not linked from {place}: link it where its reader starts"),
            ));
        }
    }
    findings
}

fn paths_and_folders(files: &[Source]) -> BTreeSet<&str> {
    let mut known = BTreeSet::from([""]);
    for file in files {
        known.insert(file.path.as_str());
        known.extend(file.path.match_indices('/').map(|(at, _)| &file.path[..at]));
    }
    known
}

/// The targets of relative links, resolved from the root, with their lines. Fragments are cut off;
/// code blocks are skipped.
fn links(page: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (number, line) in page.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        for (at, _) in line.match_indices("](") {
            let rest = &line[at + 2..];
            let target = rest.split([')', ' ', '#']).next().unwrap_or("");
            if !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
                found.push((number, resolve(&page.path, target)));
            }
        }
    }
    found
}

fn resolve(page: &str, target: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unlinked_page_and_a_dead_link_are_found() {
        let files = [
            Source::new(
                "README.md",
                "[a](docs/a.md#top) [gone](docs/gone.md) [web](https://x.test)",
            ),
            Source::new("docs/a.md", "[up](../README.md) [why](decisions/1.md) ![](../docs)"),
            Source::new("docs/b.md", ""),
            Source::new("docs/decisions/1.md", ""),
        ];
        let found: Vec<_> = check(&files).iter().map(|f| f.path.clone()).collect();
        assert_eq!(found, ["README.md", "docs/b.md"]);
    }
}
