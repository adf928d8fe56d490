//! The Fanvil text form, octet for octet.
//!
//! ```text
//! <<VOIP CONFIG FILE>>Version:2.0000000000
//!
//! <SIP CONFIG MODULE>
//! SIP  Port          :5060
//! --SIP Line List--  :
//! SIP1 Proxy Addr         :10.0.0.1
//! <<END OF FILE>>
//! ```
//!
//! A file is a sequence of lines, each of which remembers its octets, so that what is not understood
//! is given back as it came. The value is what follows the first colon, without blanks at its ends.
//!
//! How strict: the header must be the first line (a byte-order mark may stand before it) and of
//! version 2. Every other line is a section, an item, a comment (`#` or `;`), blank, or an error.
//! The footer may be missing, as it is in most files that provisioning servers make; a file without
//! it must then end with a whole line, for a file cut within one could set a shortened address.
//! Nothing but blanks may follow the footer.

use std::ops::Range;

use super::error::FormError;
use crate::{
    items::{ItemName, folded},
    limits::{MAX_DOCUMENT, MAX_FILE_LINES},
};

const HEADER: &[u8] = b"<<VOIP CONFIG FILE>>";
const FOOTER: &[u8] = b"<<END OF FILE>>";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file of the text form.
#[derive(Clone, PartialEq, Eq)]
pub struct TextFile {
    pub(super) lines: Vec<Line>,
}

/// One line with its line end.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) octets: Vec<u8>,
    pub(super) kind: LineKind,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum LineKind {
    Header,
    /// With its folded name.
    Section(String),
    /// With its folded name and where its value stands in the octets.
    Item {
        name: String,
        value: Range<usize>,
    },
    /// Blank, or a comment.
    Other,
    Footer,
}

impl std::fmt::Debug for TextFile {
    /// The number of lines only: the lines hold passwords.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TextFile({} lines)", self.lines.len())
    }
}

impl Line {
    /// An item's value; empty for other lines.
    pub(super) fn value(&self) -> &[u8] {
        match &self.kind {
            LineKind::Item { value, .. } => &self.octets[value.clone()],
            LineKind::Header | LineKind::Section(_) | LineKind::Other | LineKind::Footer => b"",
        }
    }

    /// The item that this line is about, if the phone knows it.
    pub(super) fn known_item(&self) -> Option<ItemName> {
        match &self.kind {
            LineKind::Item { name, .. } => ItemName::find(name),
            LineKind::Header | LineKind::Section(_) | LineKind::Other | LineKind::Footer => None,
        }
    }

    /// The line without its line end.
    pub(super) fn content(&self) -> &[u8] {
        let line = self.octets.strip_suffix(b"\n").unwrap_or(&self.octets);
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// Puts another value in the place of an item's.
    pub(super) fn set_value(&mut self, text: &str) {
        if let LineKind::Item { value, .. } = &mut self.kind {
            self.octets.splice(value.clone(), text.bytes());
            value.end = value.start + text.len();
        }
    }

    /// A new item line.
    pub(super) fn item(name: &str, value: &str, line_end: &[u8]) -> Self {
        let start = format!("{name:<24}:");
        let value_at = start.len()..start.len() + value.len();
        let octets = [start.as_bytes(), value.as_bytes(), line_end].concat();
        Self { octets, kind: LineKind::Item { name: folded(name), value: value_at } }
    }
}

impl TextFile {
    /// Reads a file.
    ///
    /// # Errors
    /// The first [`FormError`] about the file as such; items are not looked at.
    pub fn parse(octets: &[u8]) -> Result<Self, FormError> {
        let mut lines: Vec<Line> = Vec::new();
        let mut footer_seen = false;
        for (index, octets) in octets.split_inclusive(|&octet| octet == b'\n').enumerate() {
            let number = index + 1;
            if number > MAX_FILE_LINES {
                return Err(FormError::TooManyLines);
            }
            let kind = if index == 0 { header(octets)? } else { line_kind(octets, number)? };
            if footer_seen && !octets.trim_ascii().is_empty() {
                return Err(FormError::AfterFooter { line: number });
            }
            footer_seen |= kind == LineKind::Footer;
            lines.push(Line { octets: octets.to_vec(), kind });
        }
        match lines.last() {
            None => Err(FormError::NoHeader),
            Some(last) if !footer_seen && !last.octets.ends_with(b"\n") => {
                Err(FormError::CutShort { line: lines.len() })
            }
            Some(_) => Ok(Self { lines }),
        }
    }

    /// The file's octets.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| line.octets.iter().copied()).collect()
    }

    /// Whether a file that has grown, by what was carried over from another, is one that would be
    /// read again.
    pub(crate) fn within_limits(&self) -> Result<(), FormError> {
        let octets = self.lines.iter().map(|line| line.octets.len()).sum();
        if octets > MAX_DOCUMENT {
            return Err(FormError::TooLong { octets });
        }
        if self.lines.len() > MAX_FILE_LINES {
            return Err(FormError::TooManyLines);
        }
        Ok(())
    }

    /// How many items the phone does not know; headings (`--…--`) are no items.
    #[must_use]
    pub fn unknown_items(&self) -> usize {
        let unknown = |line: &&Line| match &line.kind {
            LineKind::Item { name, .. } => !name.starts_with("--") && line.known_item().is_none(),
            LineKind::Header | LineKind::Section(_) | LineKind::Other | LineKind::Footer => false,
        };
        self.lines.iter().filter(unknown).count()
    }

    /// The items that the phone knows, with the numbers of their lines and their values.
    pub(super) fn known_items(&self) -> impl Iterator<Item = (usize, ItemName, &[u8])> {
        self.lines.iter().enumerate().filter_map(|(index, line)| {
            line.known_item().map(|name| (index + 1, name, line.value()))
        })
    }

    /// The value of the first item of this folded name.
    pub(super) fn value_of(&self, wanted: &str) -> Option<&[u8]> {
        let is_wanted = |line: &&Line| match &line.kind {
            LineKind::Item { name, .. } => name == wanted,
            LineKind::Header | LineKind::Section(_) | LineKind::Other | LineKind::Footer => false,
        };
        self.lines.iter().find(is_wanted).map(Line::value)
    }

    pub(super) fn has_footer(&self) -> bool {
        self.lines.iter().any(|line| line.kind == LineKind::Footer)
    }

    /// The line end that the file uses: that of its first line.
    pub(super) fn line_end(&self) -> &'static [u8] {
        match self.lines.first() {
            Some(line) if line.octets.ends_with(b"\n") && !line.octets.ends_with(b"\r\n") => b"\n",
            Some(_) | None => b"\r\n",
        }
    }

    /// Puts lines at the end of a section (its folded name, "" for what stands before the first
    /// section), before the blank lines that close it. A section that is missing is begun before
    /// the footer, under `title`.
    pub(super) fn add_to_section(&mut self, section: &str, title: &str, lines: Vec<Line>) {
        let begins = |line: &Line| match &line.kind {
            LineKind::Section(name) => name == section,
            LineKind::Header | LineKind::Item { .. } | LineKind::Other | LineKind::Footer => false,
        };
        let start = if section.is_empty() { Some(0) } else { self.lines.iter().position(begins) };
        let at = match start {
            Some(start) => self.end_of_section(start),
            None => self.begin_section(section, title),
        };
        self.end_line_before(at);
        self.lines.splice(at..at, lines);
    }

    /// Where a line must be put to be the last of the section whose first line is `start`.
    fn end_of_section(&self, start: usize) -> usize {
        let ends = |line: &Line| matches!(line.kind, LineKind::Section(_) | LineKind::Footer);
        let rest = &self.lines[start + 1..];
        let end = rest.iter().position(ends).unwrap_or(rest.len());
        let used = rest[..end].iter().rposition(|line| !line.octets.trim_ascii().is_empty());
        start + 1 + used.map_or(0, |at| at + 1)
    }

    /// Adds an empty section before the footer and returns where its first line goes.
    fn begin_section(&mut self, section: &str, title: &str) -> usize {
        let footer = self.lines.iter().position(|line| line.kind == LineKind::Footer);
        let at = footer.unwrap_or(self.lines.len());
        self.end_line_before(at);
        let end = self.line_end();
        let heading = Line {
            octets: [title.as_bytes(), end].concat(),
            kind: LineKind::Section(section.to_owned()),
        };
        let blank = Line { octets: end.to_vec(), kind: LineKind::Other };
        self.lines.splice(at..at, [blank, heading]);
        at + 2
    }

    /// Completes the line before `at`, which may be the last of a file and lack its end.
    fn end_line_before(&mut self, at: usize) {
        let end = self.line_end();
        if let Some(line) = at.checked_sub(1).and_then(|at| self.lines.get_mut(at))
            && !line.octets.ends_with(b"\n")
        {
            line.octets.extend_from_slice(end);
        }
    }
}

fn header(octets: &[u8]) -> Result<LineKind, FormError> {
    let line = octets.strip_prefix(BYTE_ORDER_MARK).unwrap_or(octets).trim_ascii_end();
    let version = line.strip_prefix(HEADER).and_then(|rest| rest.strip_prefix(b"Version:"));
    let version = version.ok_or(FormError::NoHeader)?.trim_ascii();
    match version.strip_prefix(b"2.") {
        Some(rest) if !rest.is_empty() && rest.iter().all(u8::is_ascii_digit) => {
            Ok(LineKind::Header)
        }
        Some(_) | None => Err(FormError::Version { version: excerpt(version) }),
    }
}

fn line_kind(octets: &[u8], number: usize) -> Result<LineKind, FormError> {
    let text = octets.trim_ascii();
    if text == FOOTER {
        return Ok(LineKind::Footer);
    }
    if text.is_empty() || text.starts_with(b"#") || text.starts_with(b";") {
        return Ok(LineKind::Other);
    }
    if let Some(name) = text.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">")) {
        return Ok(LineKind::Section(folded(&String::from_utf8_lossy(name))));
    }
    let colon = octets.iter().position(|&octet| octet == b':');
    let Some(colon) =
        colon.filter(|&at| !text.starts_with(b"<") && !octets[..at].trim_ascii().is_empty())
    else {
        return Err(FormError::NotALine { line: number, text: excerpt(text) });
    };
    let name = folded(&String::from_utf8_lossy(&octets[..colon]));
    let after = &octets[colon + 1..];
    let start = colon + 1 + (after.len() - after.trim_ascii_start().len());
    let value = after.trim_ascii();
    // Of a value that is all blanks the place is right after the colon.
    let start = if value.is_empty() { colon + 1 } else { start };
    Ok(LineKind::Item { name, value: start..start + value.len() })
}

/// How a text begins, for an error message. What stands after a colon could be a password.
fn excerpt(octets: &[u8]) -> String {
    const SHOWN: usize = 40;
    let text = String::from_utf8_lossy(octets);
    let text = text.split(':').next().unwrap_or_default();
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
