//! Joins a newly imported file with the one before: an import never clears an item that it does not
//! name, so the unknown items of earlier files go on with the new one. Known items live in the store
//! and need not be carried; comments and headings belong to their own file.

use std::collections::{BTreeMap, BTreeSet};

use super::text::{Line, LineKind, TextFile};

/// `new` with every unknown item of `old` that it lacks at the end of its section.
pub(crate) fn merge(old: &TextFile, new: &TextFile) -> TextFile {
    let present = names(new);
    let line_end = new.line_end();
    let mut carried: BTreeMap<Section<'_>, Vec<Line>> = BTreeMap::new();
    for (section, line) in in_sections(old) {
        let LineKind::Item { name, .. } = &line.kind else { continue };
        let is_heading = name.starts_with("--");
        if is_heading || line.known_item().is_some() || present.contains(&(section.folded, name)) {
            continue;
        }
        let octets = [line.content(), line_end].concat();
        let line = Line { octets, kind: line.kind.clone() };
        carried.entry(section).or_default().push(line);
    }
    let mut merged = new.clone();
    for (section, lines) in carried {
        merged.add_to_section(section.folded, section.title, lines);
    }
    merged
}

/// A section by its folded name and as it is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Section<'a> {
    folded: &'a str,
    title: &'a str,
}

/// Every line with its section.
fn in_sections(file: &TextFile) -> impl Iterator<Item = (Section<'_>, &Line)> {
    let mut section = Section { folded: "", title: "" };
    file.lines.iter().map(move |line| {
        if let LineKind::Section(folded) = &line.kind {
            let title = std::str::from_utf8(line.octets.trim_ascii()).unwrap_or(folded);
            section = Section { folded, title };
        }
        (section, line)
    })
}

/// The items of a file, by section and folded name.
fn names(file: &TextFile) -> BTreeSet<(&str, &String)> {
    in_sections(file)
        .filter_map(|(section, line)| match &line.kind {
            LineKind::Item { name, .. } => Some((section.folded, name)),
            LineKind::Header | LineKind::Section(_) | LineKind::Other | LineKind::Footer => None,
        })
        .collect()
}
