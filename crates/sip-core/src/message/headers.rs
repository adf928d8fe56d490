//! The header lines of a message, in order, as text.
//!
//! One text buffer holds all values; a line is a name and a range of it. That is one allocation for
//! a message read, and a line is copied from one message to another without being understood. What
//! a value means is read in `typed.rs`.

use std::{fmt, ops::Range};

use super::{
    HeaderName,
    grammar::{Split, find_outside, split, trim},
    text,
};

/// Lines and octets of an ordinary message.
const ROOM: (usize, usize) = (16, 512);

/// Header lines: names and values, unfolded, in the order of the message.
#[derive(Clone, Default)]
pub struct Headers {
    text: String,
    lines: Vec<(HeaderName, Range<usize>)>,
}

impl Headers {
    /// No lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// No lines yet, with room for those of an ordinary message of so many octets.
    pub(super) fn for_reading(octets: usize) -> Self {
        let text = String::with_capacity(octets.min(ROOM.1));
        Self { text, lines: Vec::with_capacity(ROOM.0) }
    }

    /// The value of the first line called `name`.
    pub fn get(&self, name: &HeaderName) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of all lines called `name`, one for each line.
    pub fn all<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
        let name = name.clone();
        self.iter().filter(move |(held, _)| **held == name).map(|(_, value)| value)
    }

    /// The values called `name`, lists cut at their commas, empty elements left out
    /// (RFC 3261 §7.3.1). A header that is no list gives its lines.
    pub fn values<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
        let list = name.is_list();
        let cut = move |line| {
            if list { Pieces::Many(split(line, b',')) } else { Pieces::One(Some(line)) }
        };
        self.all(name).flat_map(cut).filter(move |value| !list || !value.is_empty())
    }

    /// Every line in order.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &str)> {
        self.lines.iter().map(|(name, range)| (name, self.at(range)))
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds a line at the end. A line break in `value` becomes a space, so that nothing put into a
    /// value can add a line.
    pub fn push(&mut self, name: HeaderName, value: impl fmt::Display) {
        let range = self.append(value);
        self.lines.push((name, range));
    }

    /// Adds a line that has been read, and so holds no line break.
    pub(super) fn push_read(&mut self, name: HeaderName, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        self.lines.push((name, start..self.text.len()));
    }

    /// Adds a line before all others.
    pub fn push_front(&mut self, name: HeaderName, value: impl fmt::Display) {
        let range = self.append(value);
        self.lines.insert(0, (name, range));
    }

    /// Makes `value` the only line called `name`, in the place of the first, or at the end.
    pub fn set(&mut self, name: HeaderName, value: impl fmt::Display) {
        let place = self.lines.iter().position(|(held, _)| *held == name);
        self.remove(&name);
        let range = self.append(value);
        self.lines.insert(place.unwrap_or(self.lines.len()), (name, range));
    }

    /// Removes every line called `name`; says how many there were.
    pub fn remove(&mut self, name: &HeaderName) -> usize {
        let before = self.lines.len();
        while let Some(index) = self.lines.iter().position(|(held, _)| held == name) {
            self.cut(index);
        }
        before - self.lines.len()
    }

    /// Removes the first value called `name` and gives it back: of a list its first element, else
    /// the whole line.
    pub fn remove_first(&mut self, name: &HeaderName) -> Option<String> {
        let (index, first, rest) = self.first_value(name)?;
        match rest {
            Some(rest) => self.replace(index, &rest),
            None => self.cut(index),
        }
        Some(first)
    }

    /// Puts `value` in the place of the first value called `name` (see [`Headers::remove_first`]),
    /// the rest of its list behind it; says whether there was one.
    pub fn replace_first(&mut self, name: &HeaderName, value: impl fmt::Display) -> bool {
        let Some((index, _, rest)) = self.first_value(name) else { return false };
        match rest {
            Some(rest) => self.replace(index, format_args!("{value}, {rest}")),
            None => self.replace(index, value),
        }
        true
    }

    /// Copies every line called `name` from `other`, as it stands, to the end.
    pub fn copy(&mut self, name: &HeaderName, other: &Self) {
        for value in other.all(name) {
            self.push(name.clone(), value);
        }
    }

    /// Adds a folded line's continuation to the last line; says whether there is one.
    pub(crate) fn extend_last(&mut self, continuation: &str) -> bool {
        let Some((_, range)) = self.lines.last_mut() else { return false };
        // Only a message being read is extended, so the last line's text ends the buffer.
        if range.start < range.end && !continuation.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(continuation);
        range.end = self.text.len();
        true
    }

    /// Appends every line but Content-Length, which is the writer's to say.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for (name, value) in self.iter().filter(|(name, _)| **name != HeaderName::ContentLength) {
            text::encode(name.as_str(), out);
            out.extend_from_slice(b": ");
            text::encode(value, out);
            out.extend_from_slice(b"\r\n");
        }
    }

    fn at(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    fn append(&mut self, value: impl fmt::Display) -> Range<usize> {
        let start = self.text.len();
        // Writing into a String does not fail; a Display that does has written what it could.
        let _ = fmt::write(&mut self.text, format_args!("{value}"));
        let written = self.text.as_bytes().get(start..).unwrap_or_default();
        if written.iter().any(|octet| matches!(octet, b'\r' | b'\n')) {
            let clean = self.text.split_off(start).replace(['\r', '\n'], " ");
            self.text.push_str(&clean);
        }
        start..self.text.len()
    }

    /// The first value called `name`: its line, the value, and what of a list follows it. Empty
    /// elements are no values, as in [`Headers::values`].
    fn first_value(&self, name: &HeaderName) -> Option<(usize, String, Option<String>)> {
        let lines = self.lines.iter().enumerate().filter(|(_, (held, _))| held == name);
        for (index, (_, range)) in lines {
            let line = self.at(range);
            if !name.is_list() {
                return Some((index, line.to_owned(), None));
            }
            let mut left = Some(line);
            while let Some(list) = left {
                let (first, rest) = match find_outside(list, b',') {
                    Some(at) => (list.get(..at)?, list.get(at + 1..)),
                    None => (list, None),
                };
                let rest = rest.map(trim).filter(|rest| !rest.is_empty());
                if !trim(first).is_empty() {
                    return Some((index, trim(first).to_owned(), rest.map(str::to_owned)));
                }
                left = rest;
            }
        }
        None
    }

    fn replace(&mut self, index: usize, value: impl fmt::Display) {
        let Some((name, _)) = self.lines.get(index) else { return };
        let name = name.clone();
        self.cut(index);
        let range = self.append(value);
        self.lines.insert(index, (name, range));
    }

    /// Removes a line and its text, so that the buffer holds no more than the lines.
    fn cut(&mut self, index: usize) {
        let (_, gone) = self.lines.remove(index);
        for (_, range) in &mut self.lines {
            if range.start >= gone.end {
                range.start -= gone.len();
                range.end -= gone.len();
            }
        }
        self.text.replace_range(gone, "");
    }
}

/// The values of one line.
enum Pieces<'a> {
    One(Option<&'a str>),
    Many(Split<'a>),
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        match self {
            Self::One(line) => line.take(),
            Self::Many(pieces) => pieces.next(),
        }
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vias() -> Headers {
        let mut headers = Headers::new();
        headers.push(HeaderName::Via, "a, b");
        headers.push(HeaderName::Subject, "one, two");
        headers.push(HeaderName::Via, "c");
        headers
    }

    #[test]
    fn values_cut_lists_and_lines_do_not() {
        let headers = vias();
        assert_eq!(headers.all(&HeaderName::Via).collect::<Vec<_>>(), ["a, b", "c"]);
        assert_eq!(headers.values(&HeaderName::Via).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(headers.values(&HeaderName::Subject).collect::<Vec<_>>(), ["one, two"]);
    }

    #[test]
    fn the_first_value_is_replaced_and_removed_within_its_list() {
        let mut headers = vias();
        assert!(headers.replace_first(&HeaderName::Via, "A"));
        assert_eq!(headers.all(&HeaderName::Via).collect::<Vec<_>>(), ["A, b", "c"]);
        let taken: Vec<_> = std::iter::from_fn(|| headers.remove_first(&HeaderName::Via)).collect();
        assert_eq!(taken, ["A", "b", "c"]);
        assert_eq!(headers.iter().collect::<Vec<_>>(), [(&HeaderName::Subject, "one, two")]);
    }

    #[test]
    fn empty_elements_are_no_values() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Route, " , ,");
        headers.push(HeaderName::Route, ",a,,b,");
        assert_eq!(headers.values(&HeaderName::Route).collect::<Vec<_>>(), ["a", "b"]);
        assert!(headers.replace_first(&HeaderName::Route, "A"));
        let taken: Vec<_> =
            std::iter::from_fn(|| headers.remove_first(&HeaderName::Route)).collect();
        assert_eq!(taken, ["A", "b"]);
    }

    #[test]
    fn setting_keeps_the_first_place_and_leaves_one() {
        let mut headers = vias();
        headers.push_front(HeaderName::To, "t");
        headers.set(HeaderName::Via, "new");
        headers.set(HeaderName::Expires, 60);
        let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(lines, ["To=t", "Via=new", "Subject=one, two", "Expires=60"]);
        assert_eq!(headers.text.len(), "tnewone, two60".len(), "no text is left behind");
    }

    #[test]
    fn a_line_break_in_a_value_cannot_add_a_line() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Subject, "a\r\nVia: x");
        assert_eq!(headers.get(&HeaderName::Subject), Some("a  Via: x"));
    }
}
