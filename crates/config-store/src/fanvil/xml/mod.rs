//! The XML forms of a configuration: `<sysConf>` and the older `<VOIP_CONFIG_FILE>`.
//!
//! ```xml
//! <sysConf>
//!     <Version>2.0000000000</Version>
//!     <sip>
//!         <SIPPort>5060</SIPPort>
//!         <line index="1">
//!             <ProxyAddr>10.0.0.1</ProxyAddr>
//!         </line>
//!     </sip>
//! </sysConf>
//! ```
//!
//! `tree` keeps every octet, `names` knows which element sets which item. How strict: well-formed
//! UTF-8 XML without a document type, of version 2 if it names one; each item once.

mod names;
mod tree;

use std::collections::BTreeSet;

use super::{error::FormError, means, secrets::is_secret_name};
use crate::{
    items::{ItemName, Kind},
    limits::MAX_DOCUMENT,
    values::Values,
};
use names::{Dialect, Step};
use tree::Element;

/// A file of one of the XML forms.
#[derive(Clone, PartialEq, Eq)]
pub struct XmlFile {
    dialect: Dialect,
    before: String,
    root: Element,
    after: String,
}

impl std::fmt::Debug for XmlFile {
    /// The form only: the elements hold passwords.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "XmlFile({:?})", self.dialect)
    }
}

/// What a phone that never imported a file fills in and exports.
const EMPTY: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sysConf>\n    \
    <Version>2.0000000000</Version>\n</sysConf>\n";

impl XmlFile {
    /// Whether octets are meant to be XML.
    pub(super) fn is_meant(octets: &[u8]) -> bool {
        let start = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets).trim_ascii_start();
        start.starts_with(b"<") && !start.starts_with(b"<<")
    }

    /// Reads a file.
    ///
    /// # Errors
    /// The first [`FormError`] about the file as such; values are not looked at.
    pub fn parse(octets: &[u8]) -> Result<Self, FormError> {
        let text = std::str::from_utf8(octets).map_err(|error| {
            let sound = &octets[..error.valid_up_to()];
            let line = sound.iter().filter(|&&octet| octet == b'\n').count() + 1;
            FormError::NotUnicode { line }
        })?;
        let (before, mut root, after) = tree::parse(text)?;
        let dialect = Dialect::of_root(&root.name)
            .ok_or_else(|| FormError::Root { line: root.row, name: shortened(&root.name) })?;
        let version = root.children().find(|child| is_version(child));
        if let Some((row, text)) = version.and_then(|it| Some((it.row, it.text.as_deref()?)))
            && !text.starts_with("2.")
        {
            return Err(FormError::XmlVersion { line: row, version: shortened(text) });
        }
        names::mark(&mut root);
        Ok(Self { dialect, before, root, after })
    }

    /// The file's octets.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        let mut out = self.before.clone();
        self.root.write(&mut out);
        out.push_str(&self.after);
        out.into_bytes()
    }

    /// Whether a file that has grown is one that would be read again.
    pub(super) fn within_limits(&self) -> Result<(), FormError> {
        let octets = self.octets().len();
        if octets > MAX_DOCUMENT { Err(FormError::TooLong { octets }) } else { Ok(()) }
    }

    /// The items that the phone knows, with their lines in the file and their values.
    pub(super) fn known_items(&self) -> impl Iterator<Item = (usize, ItemName, &[u8])> {
        self.root.leaves().into_iter().filter_map(|leaf| {
            Some((leaf.row, leaf.item?, leaf.text.as_deref().unwrap_or_default().as_bytes()))
        })
    }

    /// How many items the phone does not know.
    #[must_use]
    pub fn unknown_items(&self) -> usize {
        let unknown = |leaf: &&Element| leaf.item.is_none() && !is_bookkeeping(leaf);
        self.root.leaves().into_iter().filter(unknown).count()
    }

    /// The file with every unknown item of `old` that it lacks, each where `old` had it.
    pub(super) fn with_unknown_of(&self, old: &Self) -> Self {
        let mut merged = self.clone();
        let mut carried = Vec::new();
        collect_missing(&old.root, &self.root, &mut Vec::new(), &mut carried);
        for (path, leaf) in carried {
            merged.add(&path, leaf);
        }
        merged
    }

    /// The file with the values in force, the passwords left out unless `with_secrets`. Items that
    /// the file lacks are added to their line: those that are not at their default, or, if no file
    /// was ever imported, all of the phone and of the lines in use.
    pub(super) fn render(file: Option<&Self>, values: &Values, with_secrets: bool) -> Vec<u8> {
        let everything = file.is_none();
        let Some(mut file) = file.cloned().or_else(|| Self::parse(EMPTY.as_bytes()).ok()) else {
            return Vec::new();
        };
        let mut present = BTreeSet::new();
        file.root.change_leaves(&mut |leaf| {
            let Some(name) = leaf.item else { return };
            present.insert(name);
            let value = values.value(name);
            if means(name, leaf.text.as_deref().unwrap_or_default()).as_deref() != Some(value) {
                leaf.set_text(value);
            }
        });
        for name in values.names() {
            let value = values.value(name);
            if !present.contains(&name) && (everything || value != name.item().default) {
                let element = file.dialect.element_name(name.item());
                let leaf = Element::leaf(&element, value, Some(name));
                file.add(&file.dialect.place_of(name), leaf);
            }
        }
        if !with_secrets {
            file.root.retain_leaves(&|leaf| !is_secret(leaf));
        }
        file.octets()
    }

    /// Adds a leaf at the end of a path from the root, whose missing elements are made.
    fn add(&mut self, path: &[Step<'_>], leaf: Element) {
        let line_end = if self.before.contains("\r\n") { "\r\n" } else { "\n" };
        let mut at = &mut self.root;
        for (depth, step) in path.iter().enumerate() {
            let is_it = |child: &Element| leads_to(child, step);
            if !at.children().any(is_it) {
                let container = self.dialect.container(step, depth + 1, line_end);
                at.add(container, depth, line_end);
            }
            let Some(next) = at.children_mut().find(|child| is_it(child)) else { return };
            at = next;
        }
        at.add(leaf, path.len(), line_end);
    }
}

fn leads_to(element: &Element, (name, wanted): &Step<'_>) -> bool {
    element.name.eq_ignore_ascii_case(name) && names::index(element) == *wanted
}

/// The unknown leaves of `old` whose path `new` does not have.
fn collect_missing<'a>(
    old: &'a Element,
    new: &Element,
    path: &mut Vec<Step<'a>>,
    missing: &mut Vec<(Vec<Step<'a>>, Element)>,
) {
    for child in old.children() {
        if child.text.is_some() {
            if child.item.is_none() && !is_bookkeeping(child) && !has_leaf(new, child) {
                missing.push((path.clone(), child.clone()));
            }
            continue;
        }
        let step: Step<'a> = (&child.name, names::index(child));
        let twin = new.children().find(|other| leads_to(other, &step));
        let nothing = Element::container(&child.name, None);
        path.push(step);
        collect_missing(child, twin.unwrap_or(&nothing), path, missing);
        path.pop();
    }
}

/// Whether an element has a leaf that sets the same.
fn has_leaf(element: &Element, leaf: &Element) -> bool {
    element.children().any(|other| {
        other.name.eq_ignore_ascii_case(&leaf.name)
            && other.attribute("index") == leaf.attribute("index")
    })
}

/// What says of the file or of an entry what it is, and sets nothing.
fn is_bookkeeping(leaf: &Element) -> bool {
    is_version(leaf) || leaf.name.eq_ignore_ascii_case("id")
}

fn is_version(element: &Element) -> bool {
    element.name.eq_ignore_ascii_case("version")
}

fn is_secret(leaf: &Element) -> bool {
    match leaf.item {
        Some(name) => name.item().kind == Kind::Secret,
        None => is_secret_name(&names::words(&leaf.name)),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests;
