//! A tree of elements that remembers every octet of the file, so that what is not understood is
//! given back as it came, and what is changed or added sits among it as if it had always been there.

use roxmltree::{Document, Node, ParsingOptions};

use super::super::error::{FormError, XmlFault};
use crate::{
    items::ItemName,
    limits::{MAX_XML_DEPTH, MAX_XML_NAMESPACES, MAX_XML_NODES, MAX_XML_TAG},
};

/// An element with all that is in it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name.
    pub(super) name: String,
    /// Its attributes, which tell it from others of its name: `index=1`.
    pub(super) attributes: Vec<(String, String)>,
    /// The line on which it begins, from 1; 0 for one that no file brought.
    pub(super) row: usize,
    /// Its text without blanks at the ends; `None` for an element with elements in it.
    pub(super) text: Option<String>,
    /// What it sets, if the phone knows that.
    pub(super) item: Option<ItemName>,
    start_tag: String,
    content: Vec<Content>,
    /// Empty where the start tag closes the element (`<a/>`).
    end_tag: String,
}

#[derive(Clone, PartialEq, Eq)]
enum Content {
    /// Text, blanks, comments: as they stand in the file.
    Raw(String),
    Element(Element),
}

/// Reads a text: what stands before the root element, the root element, what stands after it.
pub(super) fn parse(text: &str) -> Result<(String, Element, String), FormError> {
    refuse_what_costs_too_much(text)?;
    let options = ParsingOptions { nodes_limit: MAX_XML_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        // An end that comes too early has no place of its own in the reader's eyes.
        let line = match usize::try_from(error.pos().row) {
            Ok(row) if !ends_early(&error) => row,
            Ok(_) | Err(_) => line_at(text, text.trim_end().len()),
        };
        FormError::NotXml { line, reason: reason(&error) }
    })?;
    let root = document.root_element();
    let range = root.range();
    let (before, after) = (&text[..range.start], &text[range.end..]);
    let source = Source::new(text);
    Ok((before.to_owned(), Element::read(root, &source, 1)?, after.to_owned()))
}

/// The reader compares each attribute of a tag with all before it, and copies the namespaces in force
/// at each element that declares one: some megabytes of either would hold the phone up for minutes.
fn refuse_what_costs_too_much(text: &str) -> Result<(), FormError> {
    let refused = |at, reason| Err(FormError::NotXml { line: line_at(text, at), reason });
    if let Some((at, _)) = text.match_indices("xmlns").nth(MAX_XML_NAMESPACES) {
        return refused(at, XmlFault::TooManyNamespaces);
    }
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(begin) = rest.find('<') else { break };
        let tag = &rest[begin..];
        let length = if tag.starts_with("<!--") {
            tag.find("-->").unwrap_or(tag.len())
        } else if tag.starts_with("<![CDATA[") {
            tag.find("]]>").unwrap_or(tag.len())
        } else {
            let length = start_tag_length(tag);
            if length > MAX_XML_TAG {
                return refused(at + begin, XmlFault::LongTag);
            }
            length
        };
        at += begin + length.max(1);
    }
    Ok(())
}

/// The text with the places of its line ends: counting them anew for each element of a long file
/// would take minutes.
struct Source<'a> {
    text: &'a str,
    line_ends: Vec<usize>,
}

impl<'a> Source<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, line_ends: text.match_indices('\n').map(|(at, _)| at).collect() }
    }

    /// The number of the line in which an octet stands.
    fn row_of(&self, at: usize) -> usize {
        self.line_ends.partition_point(|end| *end < at) + 1
    }
}

fn ends_early(error: &roxmltree::Error) -> bool {
    use roxmltree::Error as E;
    matches!(error, E::UnclosedRootNode | E::UnexpectedEndOfStream | E::NoRootNode)
}

/// The reader's own words quote the file.
fn reason(error: &roxmltree::Error) -> XmlFault {
    use roxmltree::Error as E;
    if ends_early(error) {
        XmlFault::EndsEarly
    } else if matches!(error, E::UnexpectedCloseTag(..) | E::UnexpectedEntityCloseTag(..)) {
        XmlFault::WrongEndTag
    } else if matches!(error, E::UnknownEntityReference(..) | E::MalformedEntityReference(..)) {
        XmlFault::BadEntity
    } else if matches!(error, E::DtdDetected) {
        XmlFault::DocumentType
    } else if matches!(error, E::NodesLimitReached) {
        XmlFault::TooManyElements
    } else if matches!(error, E::DuplicatedAttribute(..)) {
        XmlFault::AttributeTwice
    } else {
        XmlFault::Character
    }
}

impl Element {
    fn read(node: Node<'_, '_>, file: &Source<'_>, depth: usize) -> Result<Self, FormError> {
        let (range, source) = (node.range(), file.text);
        let row = file.row_of(range.start);
        if depth > MAX_XML_DEPTH {
            return Err(FormError::TooDeep { line: row });
        }
        let raw = &source[range.clone()];
        let inner_start = range.start + start_tag_length(raw);
        let closed = raw[..inner_start - range.start].ends_with("/>");
        let inner_end =
            if closed { range.end } else { range.start + raw.rfind("</").unwrap_or(raw.len()) };
        let mut content = Vec::new();
        let mut at = inner_start;
        for child in node.children().filter(Node::is_element) {
            let place = child.range();
            content.push(Content::Raw(source[at..place.start].to_owned()));
            content.push(Content::Element(Self::read(child, file, depth + 1)?));
            at = place.end;
        }
        content.push(Content::Raw(source[at..inner_end].to_owned()));
        let is_leaf = content.len() == 1;
        let attributes =
            node.attributes().map(|a| (a.name().to_owned(), a.value().to_owned())).collect();
        let texts = node.children().filter(Node::is_text).filter_map(|text| text.text());
        Ok(Self {
            name: node.tag_name().name().to_owned(),
            attributes,
            row,
            text: is_leaf.then(|| texts.collect::<String>().trim().to_owned()),
            item: None,
            start_tag: source[range.start..inner_start].to_owned(),
            content,
            end_tag: source[inner_end..range.end].to_owned(),
        })
    }

    /// An element that holds only text.
    pub(super) fn leaf(name: &str, text: &str, item: Option<ItemName>) -> Self {
        Self {
            content: vec![Content::Raw(escaped(text))],
            text: Some(text.to_owned()),
            item,
            ..Self::container(name, None)
        }
    }

    /// An element for others, with an `index` if it needs one.
    pub(super) fn container(name: &str, index: Option<&str>) -> Self {
        let start_tag = match index {
            Some(index) => format!("<{name} index=\"{}\">", escaped(index)),
            None => format!("<{name}>"),
        };
        Self {
            name: name.to_owned(),
            attributes: index
                .map(|index| ("index".to_owned(), index.to_owned()))
                .into_iter()
                .collect(),
            row: 0,
            text: None,
            item: None,
            start_tag,
            content: Vec::new(),
            end_tag: format!("</{name}>"),
        }
    }

    /// The value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The elements in it, in their order.
    pub(super) fn children(&self) -> impl Iterator<Item = &Self> {
        self.content.iter().filter_map(|part| match part {
            Content::Element(element) => Some(element),
            Content::Raw(_) => None,
        })
    }

    /// The same, to be changed.
    pub(super) fn children_mut(&mut self) -> impl Iterator<Item = &mut Self> {
        self.content.iter_mut().filter_map(|part| match part {
            Content::Element(element) => Some(element),
            Content::Raw(_) => None,
        })
    }

    /// Every element without elements, in the order of the file.
    pub(super) fn leaves(&self) -> Vec<&Self> {
        match self.text {
            Some(_) => vec![self],
            None => self.children().flat_map(Self::leaves).collect(),
        }
    }

    /// Calls `change` for every element without elements.
    pub(super) fn change_leaves(&mut self, change: &mut impl FnMut(&mut Self)) {
        match self.text {
            Some(_) => change(self),
            None => self.children_mut().for_each(|child| child.change_leaves(change)),
        }
    }

    /// Puts a text in the place of what a leaf holds.
    pub(super) fn set_text(&mut self, text: &str) {
        self.open();
        self.content = vec![Content::Raw(escaped(text))];
        self.text = Some(text.to_owned());
    }

    /// Removes every leaf that is not to be kept, with the blanks before it.
    pub(super) fn retain_leaves(&mut self, keep: &impl Fn(&Self) -> bool) {
        let mut kept: Vec<Content> = Vec::with_capacity(self.content.len());
        for part in self.content.drain(..) {
            match part {
                Content::Element(leaf) if leaf.text.is_some() && !keep(&leaf) => {
                    if let Some(Content::Raw(before)) = kept.last_mut() {
                        before.truncate(before.trim_end().len());
                    }
                }
                Content::Element(mut element) => {
                    element.retain_leaves(keep);
                    kept.push(Content::Element(element));
                }
                Content::Raw(raw) => kept.push(Content::Raw(raw)),
            }
        }
        self.content = kept;
    }

    /// Adds an element as the last one, on a line of its own; `depth` is that of this element, the
    /// root's being 0.
    pub(super) fn add(&mut self, child: Self, depth: usize, line_end: &str) {
        self.open();
        self.text = None;
        let indent = |depth| format!("{line_end}{}", "    ".repeat(depth));
        let before = match self.content.as_slice() {
            [Content::Raw(raw), Content::Element(_), ..] => last_blank_line(raw).map(str::to_owned),
            _ => None,
        };
        let mut last = match self.content.pop() {
            Some(Content::Raw(raw)) => raw,
            Some(part @ Content::Element(_)) => {
                self.content.push(part);
                String::new()
            }
            None => String::new(),
        };
        let blank = last_blank_line(&last).map_or_else(|| indent(depth), str::to_owned);
        last.truncate(last.trim_end().len());
        last.push_str(&before.unwrap_or_else(|| indent(depth + 1)));
        self.content.extend([Content::Raw(last), Content::Element(child), Content::Raw(blank)]);
    }

    /// Gives an element that its start tag closes an end tag.
    fn open(&mut self) {
        if let Some(open) = self.start_tag.strip_suffix("/>") {
            self.start_tag = format!("{}>", open.trim_end());
            self.end_tag = format!("</{}>", self.name);
        }
    }

    /// Writes the element.
    pub(super) fn write(&self, out: &mut String) {
        out.push_str(&self.start_tag);
        for part in &self.content {
            match part {
                Content::Raw(raw) => out.push_str(raw),
                Content::Element(element) => element.write(out),
            }
        }
        out.push_str(&self.end_tag);
    }
}

/// The length of the tag that a text begins with. A `>` may stand within quotes.
fn start_tag_length(text: &str) -> usize {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (None, '>') => return at + 1,
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None | Some(_), _) => {}
        }
    }
    text.len()
}

/// The line end and the blanks that a text ends with, if it ends so.
fn last_blank_line(text: &str) -> Option<&str> {
    let blanks = &text[text.trim_end().len()..];
    let at = blanks.rfind('\n')?;
    let at = if blanks[..at].ends_with('\r') { at - 1 } else { at };
    blanks.get(at..)
}

fn line_at(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|&&octet| octet == b'\n').count() + 1
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}
