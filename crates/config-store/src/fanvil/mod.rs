//! The files in which Fanvil phones take and give their configuration (F8). The form is told apart
//! by content, never by a file's name.
//!
//! `text` reads the text form into lines that remember their octets; `merge` joins a new file with
//! what earlier ones brought that the phone does not know; `render` writes the file again
//! with the values in force. The XML form has its place here and is not read yet.

mod merge;
mod render;
mod secrets;
mod text;

pub(crate) use merge::merge;
pub(crate) use render::render;
pub use text::{FormError, TextFile};

use crate::{ItemName, limits::MAX_DOCUMENT, patch::Patch};

/// What an imported file says: the file itself, and the change it asks for.
pub(crate) struct Imported {
    pub(crate) file: TextFile,
    pub(crate) patch: Patch,
    pub(crate) warnings: Vec<String>,
}

/// Reads a file of either form.
///
/// # Errors
/// One [`FormError`] if the file as such is not readable, or one for every item that is refused.
pub(crate) fn read(octets: &[u8]) -> Result<Imported, Vec<FormError>> {
    if octets.len() > MAX_DOCUMENT {
        return Err(vec![FormError::TooLong { octets: octets.len() }]);
    }
    if is_xml(octets) {
        return Err(vec![FormError::Xml]);
    }
    let file = TextFile::parse(octets).map_err(|error| vec![error])?;
    let (patch, errors) = patch_of(&file);
    if !errors.is_empty() {
        return Err(errors);
    }
    let warnings = warnings(&file);
    Ok(Imported { file, patch, warnings })
}

fn is_xml(octets: &[u8]) -> bool {
    let start = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets).trim_ascii_start();
    [&b"<?xml"[..], b"<sysConf", b"<!--"].iter().any(|mark| start.starts_with(mark))
}

/// The known items of a file, and what is wrong with them. An item twice is refused: which one the
/// other phone would go by is not documented, and a guess could send a phone to the wrong proxy.
fn patch_of(file: &TextFile) -> (Patch, Vec<FormError>) {
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

fn warnings(file: &TextFile) -> Vec<String> {
    let mut warnings = Vec::new();
    if !file.has_footer() {
        warnings.push("the file does not end with <<END OF FILE>>; taken as complete".to_owned());
    }
    if file.value_of("sip pswd encryption").is_some_and(|value| value == b"1") {
        warnings.push(
            "`SIP Pswd Encryption` is 1: the passwords in the file are taken as they stand, not \
             decrypted"
                .to_owned(),
        );
    }
    warnings
}
