//! Writes the configuration as a file of the text form: the file that was imported, with the values
//! in force. A line whose value still means what is in force is given back octet for octet.

use std::collections::BTreeSet;

use super::{
    means,
    secrets::is_secret,
    text::{Line, TextFile},
};
use crate::{
    items::{self, ItemName, Scope},
    values::Values,
};

/// An empty file, as a phone that never imported one exports it. Its first line is padded to 64
/// octets, as the phones' own exports are.
fn empty() -> TextFile {
    let header = format!("{:<62}\r\n", "<<VOIP CONFIG FILE>>Version:2.0000000000");
    let text = [
        header.as_str(),
        "\r\n<MM CONFIG MODULE>\r\n",
        "\r\n<SIP CONFIG MODULE>\r\n",
        "\r\n<<END OF FILE>>\r\n",
    ]
    .concat();
    // The text is a valid file (a test reads it); were it not, an empty one would be exported.
    TextFile::parse(text.as_bytes()).unwrap_or(TextFile { lines: Vec::new() })
}

/// The file with the values in force, the passwords left out unless `with_secrets`.
///
/// Items that the file lacks are added to their section: those that are not at their default, or,
/// if no file was ever imported, all of the phone and of the lines in use.
pub(crate) fn render(file: Option<&TextFile>, values: &Values, with_secrets: bool) -> Vec<u8> {
    let everything = file.is_none();
    let mut file = file.cloned().unwrap_or_else(empty);
    let mut present = BTreeSet::new();
    for line in &mut file.lines {
        if let Some(name) = line.known_item() {
            present.insert(name);
            update(line, name, values.value(name));
        }
    }
    for (section, title) in [MM_SECTION, SIP_SECTION, AUTOUPDATE_SECTION, QOS_SECTION] {
        let missing = |name: &ItemName| {
            section_of(*name) == (section, title)
                && !present.contains(name)
                && (everything || values.value(*name) != name.item().default)
        };
        let line =
            |name: ItemName| Line::item(&name.to_string(), values.value(name), file.line_end());
        let lines: Vec<Line> = values.names().into_iter().filter(missing).map(line).collect();
        if !lines.is_empty() {
            file.add_to_section(section, title, lines);
        }
    }
    if !with_secrets {
        file.lines.retain(|line| !is_secret(line));
    }
    file.octets()
}

/// Rewrites a known item's value unless the text that stands there means the same.
fn update(line: &mut Line, name: ItemName, value: &str) {
    let meant = std::str::from_utf8(line.value()).ok().and_then(|text| means(name, text));
    if meant.as_deref() != Some(value) {
        line.set_value(value);
    }
}

const MM_SECTION: (&str, &str) = ("mm config module", "<MM CONFIG MODULE>");
const SIP_SECTION: (&str, &str) = ("sip config module", "<SIP CONFIG MODULE>");
const AUTOUPDATE_SECTION: (&str, &str) = ("autoupdate config module", "<AUTOUPDATE CONFIG MODULE>");
const QOS_SECTION: (&str, &str) = ("qos config module", "<QOS CONFIG MODULE>");

/// Where Fanvil files have an item: its section, folded and as written.
fn section_of(name: ItemName) -> (&'static str, &'static str) {
    match name.item().scope {
        Scope::Phone if items::PROVISIONING.contains(&name.item()) => AUTOUPDATE_SECTION,
        Scope::Phone if items::NETWORK.contains(&name.item()) => QOS_SECTION,
        Scope::Phone if !items::is_of_sip(name.item()) => MM_SECTION,
        Scope::Phone | Scope::Line => SIP_SECTION,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_file_is_a_file_with_a_header_of_64_octets() {
        let file = empty();
        assert_eq!(file.lines[0].octets.len(), 64);
        assert_eq!(TextFile::parse(&file.octets()).ok(), Some(file.clone()));
        assert!(file.has_footer());
    }
}
