//! The files in which Fanvil phones take and give their configuration (F8). The form is told apart
//! by content, never by a file's name.
//!
//! `text` reads the text form into lines that remember their octets; `merge` joins a new file with
//! what earlier ones brought that the phone does not know; `render` writes the file again with the
//! values in force. `xml` does all of that for the XML forms. A file is only ever joined with
//! earlier ones of its own form, and given back in it: [`Files`] keeps one of each.

mod error;
mod merge;
mod render;
mod secrets;
mod text;
mod xml;

pub use error::{FormError, XmlFault};
pub use text::TextFile;
pub use xml::XmlFile;

use crate::{ItemName, Sentence, limits::MAX_DOCUMENT, patch::Patch, values::Values};

/// The form of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// `<<VOIP CONFIG FILE>>` and lines.
    Text,
    /// `<sysConf>`, or the older `<VOIP_CONFIG_FILE>`.
    Xml,
}

/// A file that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum File {
    /// Of the text form.
    Text(TextFile),
    /// Of an XML form.
    Xml(XmlFile),
}

impl File {
    /// Reads a file of either form.
    ///
    /// # Errors
    /// The first [`FormError`] about the file as such; values are not looked at.
    pub fn parse(octets: &[u8]) -> Result<Self, FormError> {
        if octets.len() > MAX_DOCUMENT {
            return Err(FormError::TooLong { octets: octets.len() });
        }
        if XmlFile::is_meant(octets) {
            XmlFile::parse(octets).map(Self::Xml)
        } else {
            TextFile::parse(octets).map(Self::Text)
        }
    }

    /// How many items the phone does not know.
    #[must_use]
    pub fn unknown_items(&self) -> usize {
        match self {
            Self::Text(file) => file.unknown_items(),
            Self::Xml(file) => file.unknown_items(),
        }
    }

    fn known_items(&self) -> Vec<(usize, ItemName, &[u8])> {
        match self {
            Self::Text(file) => file.known_items().collect(),
            Self::Xml(file) => file.known_items().collect(),
        }
    }
}

/// The last imported file of each form, with what earlier ones of that form had beyond it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Files {
    text: Option<TextFile>,
    xml: Option<XmlFile>,
}

impl Files {
    /// The files once `new` has been imported.
    ///
    /// # Errors
    /// If what is to be kept exceeds what a file may have; then it would not be read again.
    pub(crate) fn with(&self, new: File) -> Result<Self, FormError> {
        let mut files = self.clone();
        match new {
            File::Text(new) => {
                let file =
                    self.text.as_ref().map_or_else(|| new.clone(), |old| merge::merge(old, &new));
                file.within_limits()?;
                files.text = Some(file);
            }
            File::Xml(new) => {
                let file =
                    self.xml.as_ref().map_or_else(|| new.clone(), |old| new.with_unknown_of(old));
                file.within_limits()?;
                files.xml = Some(file);
            }
        }
        Ok(files)
    }

    /// How many items are kept without being known.
    pub(crate) fn unknown_items(&self) -> usize {
        let text = self.text.as_ref().map_or(0, TextFile::unknown_items);
        text + self.xml.as_ref().map_or(0, XmlFile::unknown_items)
    }

    /// The files as they are kept.
    pub(crate) fn octets(&self) -> impl Iterator<Item = (Form, Vec<u8>)> {
        let text = self.text.as_ref().map(|file| (Form::Text, file.octets()));
        text.into_iter().chain(self.xml.as_ref().map(|file| (Form::Xml, file.octets())))
    }

    /// The configuration as a file of this form; see [`crate::Store::export`].
    pub(crate) fn render(&self, form: Form, values: &Values, with_secrets: bool) -> Vec<u8> {
        match form {
            Form::Text => render::render(self.text.as_ref(), values, with_secrets),
            Form::Xml => XmlFile::render(self.xml.as_ref(), values, with_secrets),
        }
    }
}

/// What an imported file says: the file itself, and the change it asks for.
pub(crate) struct Imported {
    pub(crate) file: File,
    pub(crate) patch: Patch,
    pub(crate) warnings: Vec<Sentence>,
}

/// Reads a file of either form.
///
/// # Errors
/// One [`FormError`] if the file as such is not readable, or one for every item that is refused.
pub(crate) fn read(octets: &[u8]) -> Result<Imported, Vec<FormError>> {
    let file = File::parse(octets).map_err(|error| vec![error])?;
    let (patch, errors) = patch_of(&file);
    if !errors.is_empty() {
        return Err(errors);
    }
    let warnings = match &file {
        File::Text(file) => warnings(file),
        File::Xml(_) => Vec::new(),
    };
    Ok(Imported { file, patch, warnings })
}

/// The known items of a file, and what is wrong with them. An item twice is refused: which one the
/// other phone would go by is not documented, and a guess could send a phone to the wrong proxy.
fn patch_of(file: &File) -> (Patch, Vec<FormError>) {
    let mut patch = Patch::default();
    let mut errors = Vec::new();
    let mut seen: std::collections::BTreeMap<ItemName, usize> = Default::default();
    for (number, name, value) in file.known_items() {
        if let Some(first) = seen.insert(name, number) {
            errors.push(FormError::Twice { line: number, item: name.to_string(), first });
            continue;
        }
        let Ok(value) = std::str::from_utf8(value) else {
            errors.push(FormError::NotUtf8 { line: number, item: name.to_string() });
            continue;
        };
        if let Err(error) = patch.add(name, value) {
            errors.push(FormError::Item { line: number, error });
        }
    }
    (patch, errors)
}

/// The canonical value that a text in a file stands for; `None` if it is none of the item's.
fn means(name: ItemName, text: &str) -> Option<String> {
    let item = name.item();
    if text.is_empty() { Some(item.default.to_owned()) } else { item.kind.check(text) }
}

fn warnings(file: &TextFile) -> Vec<Sentence> {
    let mut warnings = Vec::new();
    if !file.has_footer() {
        warnings.push(Sentence::new(
            "the file does not end with <<END OF FILE>>; taken as complete",
            "文件没有以 <<END OF FILE>> 结尾，按完整文件处理",
        ));
    }
    if file.value_of("sip pswd encryption").is_some_and(|value| value == b"1") {
        warnings.push(Sentence::new(
            "`SIP Pswd Encryption` is 1: the passwords in the file are taken as they stand, not \
             decrypted",
            "`SIP Pswd Encryption` 为 1：文件中的密码按原样使用，不解密",
        ));
    }
    warnings
}
