//! Why a configuration file is refused, in words that name the place.

use crate::{items::ItemError, limits::MAX_FILE_LINES};

/// Why a file is not well-formed XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XmlFault {
    /// More `xmlns` than are read.
    #[error("more namespaces than a configuration may have")]
    TooManyNamespaces,
    /// A tag longer than is read.
    #[error("a tag longer than any of a configuration")]
    LongTag,
    /// It ends within its root element.
    #[error("the file ends before its root element does: cut short?")]
    EndsEarly,
    /// `<a></b>`.
    #[error("an end tag that does not match the last open start tag")]
    WrongEndTag,
    /// A bare `&`.
    #[error("an `&` that begins no entity; write it as `&amp;`")]
    BadEntity,
    /// `<!DOCTYPE`.
    #[error("a document type declaration, which no configuration needs")]
    DocumentType,
    /// More elements than are read.
    #[error("more elements than a configuration may have")]
    TooManyElements,
    /// `<a b='' b=''>`.
    #[error("an attribute given twice")]
    AttributeTwice,
    /// Anything else.
    #[error("a character that may not stand there")]
    Character,
}

/// Why a file is refused; lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// It is longer than a configuration may be.
    #[error(
        "configuration of {octets} octets, more than the {} allowed",
        crate::limits::MAX_DOCUMENT
    )]
    TooLong {
        /// Its length.
        octets: usize,
    },
    /// It has more lines than a configuration may have.
    #[error("line {MAX_FILE_LINES}: the configuration goes on beyond this line, the last allowed")]
    TooManyLines,
    /// It is not UTF-8 text, as the XML form must be.
    #[error("line {line}: not UTF-8 text, the only encoding read in the XML form")]
    NotUnicode {
        /// Where it ceases to be.
        line: usize,
    },
    /// It is not well-formed XML. The reason quotes nothing of the file: it may be a password.
    #[error("line {line}: not well-formed XML: {reason}")]
    NotXml {
        /// Where.
        line: usize,
        /// Why, in words.
        reason: XmlFault,
    },
    /// It is XML, but no configuration.
    #[error("line {line}: the root element is <{name}>, not <sysConf> or <VOIP_CONFIG_FILE>")]
    Root {
        /// Where it begins.
        line: usize,
        /// Its name.
        name: String,
    },
    /// The version of an XML file is not 2.
    #[error("line {line}: version `{version}` is not supported, only 2.…")]
    XmlVersion {
        /// Where it stands.
        line: usize,
        /// What stands there.
        version: String,
    },
    /// Elements within elements beyond what a configuration needs.
    #[error("line {line}: elements more than {} deep", crate::limits::MAX_XML_DEPTH)]
    TooDeep {
        /// Where.
        line: usize,
    },
    /// It does not begin as it must.
    #[error("line 1: not `<<VOIP CONFIG FILE>>Version:2.…`, so not a Fanvil text configuration")]
    NoHeader,
    /// The version is not 2.
    #[error("line 1: version `{version}` is not supported, only 2.…")]
    Version {
        /// What stands there.
        version: String,
    },
    /// A line is nothing that may stand there.
    #[error("line {line}: `{text}` is neither `name :value` nor a section nor a comment")]
    NotALine {
        /// Its number.
        line: usize,
        /// How it begins.
        text: String,
    },
    /// The file ends within a line.
    #[error("line {line}: the file ends within this line and has no <<END OF FILE>>: cut short?")]
    CutShort {
        /// The last line's number.
        line: usize,
    },
    /// Something follows the footer.
    #[error("line {line}: content after <<END OF FILE>>")]
    AfterFooter {
        /// Its number.
        line: usize,
    },
    /// A known item's value is not UTF-8.
    #[error("line {line}: `{item}`: the value is not UTF-8 text")]
    NotUtf8 {
        /// Its number.
        line: usize,
        /// The item.
        item: String,
    },
    /// A known item stands there for the second time.
    #[error("line {line}: `{item}` is given twice, first on line {first}")]
    Twice {
        /// Its number.
        line: usize,
        /// The item.
        item: String,
        /// Where it stands first.
        first: usize,
    },
    /// An item's name or value is refused.
    #[error("line {line}: {error}")]
    Item {
        /// Its number.
        line: usize,
        /// Why.
        error: ItemError,
    },
}

impl FormError {
    /// The line concerned, from 1; `None` where the file as a whole is refused.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::TooLong { .. } => None,
            Self::NoHeader | Self::Version { .. } => Some(1),
            Self::TooManyLines => Some(MAX_FILE_LINES),
            Self::NotALine { line, .. }
            | Self::NotUnicode { line }
            | Self::NotXml { line, .. }
            | Self::Root { line, .. }
            | Self::XmlVersion { line, .. }
            | Self::TooDeep { line }
            | Self::CutShort { line }
            | Self::AfterFooter { line }
            | Self::NotUtf8 { line, .. }
            | Self::Twice { line, .. }
            | Self::Item { line, .. } => Some(*line),
        }
    }
}
