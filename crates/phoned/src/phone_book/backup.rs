//! The phone book within a configuration file that serves as a backup: as comments of the text form, as
//! one element of the XML form, in both as the CSV of `file`. It is put in when a file is handed out
//! and taken out before the store sees the file, which keeps what it does not know.

use config_store::fanvil::Form;

/// Begins each line of the book in the text form.
const MARK: &[u8] = b"; phone book: ";
/// Encloses it in the XML form.
const START: &str = "<phoneBook>";
const END: &str = "</phoneBook>";

/// Puts a book, as CSV, into a file that the store has written.
pub(crate) fn join(file: Vec<u8>, form: Form, book: &[u8]) -> Vec<u8> {
    match form {
        Form::Text => join_text(&file, book),
        Form::Xml => join_xml(file, book),
    }
}

fn join_text(file: &[u8], book: &[u8]) -> Vec<u8> {
    let end = if file.windows(2).any(|two| two == b"\r\n") { &b"\r\n"[..] } else { b"\n" };
    let mut lines = Vec::new();
    for line in book.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()) {
        lines.extend_from_slice(MARK);
        lines.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        lines.extend_from_slice(end);
    }
    let footer = b"<<END OF FILE>>";
    let at = file.windows(footer.len()).rposition(|part| part == footer).unwrap_or(file.len());
    let (before, after) = file.split_at(at);
    [before, lines.as_slice(), after].concat()
}

fn join_xml(file: Vec<u8>, book: &[u8]) -> Vec<u8> {
    let text = match String::from_utf8(file) {
        Ok(text) => text,
        // Never written by the store.
        Err(error) => return error.into_bytes(),
    };
    let book = String::from_utf8_lossy(book);
    let book = book.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let at = text.rfind("</").unwrap_or(text.len());
    let (before, after) = text.split_at(at);
    format!("{before}{START}\n{book}{END}\n{after}").into_bytes()
}

/// Takes the book out of a file: the file without it, and the book where there is one. The lines before
/// it keep their numbers.
pub(crate) fn split(file: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let is_xml = file.iter().find(|octet| !octet.is_ascii_whitespace()) == Some(&b'<')
        && !file.trim_ascii_start().starts_with(b"<<");
    if is_xml { split_xml(file) } else { split_text(file) }
}

fn split_text(file: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut book = None::<Vec<u8>>;
    let mut rest = Vec::with_capacity(file.len());
    for line in file.split_inclusive(|octet| *octet == b'\n') {
        match line.strip_prefix(MARK) {
            Some(row) => book.get_or_insert_default().extend_from_slice(row),
            None => rest.extend_from_slice(line),
        }
    }
    (rest, book)
}

fn split_xml(file: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let Ok(text) = std::str::from_utf8(file) else { return (file.to_vec(), None) };
    let place = text.rfind(START).and_then(|start| {
        let length = text.get(start..)?.find(END)?;
        Some((start, start + length))
    });
    let Some((start, end)) = place else { return (file.to_vec(), None) };
    let book = text.get(start + START.len()..end).unwrap_or_default();
    let book = book.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(end + END.len()..).unwrap_or_default();
    let after = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n')).unwrap_or(after);
    (format!("{before}{after}").into_bytes(), Some(book.trim_start().as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOK: &[u8] = b"name,number\n\"A & <B>, C\",1003\n";

    #[test]
    fn a_book_comes_out_of_either_form_as_it_went_in_and_leaves_the_file_as_it_was() {
        let text = b"<<VOIP CONFIG FILE>>Version:2.0\r\n<SIP CONFIG MODULE>\r\n<<END OF FILE>>\r\n";
        let xml = b"<?xml version=\"1.0\"?>\n<sysConf>\n<sip/>\n</sysConf>\n";
        for (file, form) in [(&text[..], Form::Text), (xml, Form::Xml)] {
            let joined = join(file.to_vec(), form, BOOK);
            let (rest, book) = split(&joined);
            assert_eq!(String::from_utf8_lossy(&rest), String::from_utf8_lossy(file));
            let book = String::from_utf8(book.unwrap()).unwrap();
            assert_eq!(book.replace("\r\n", "\n").as_bytes(), BOOK);
        }
    }

    #[test]
    fn a_file_without_a_book_stays_as_it_is() {
        for file in [&b"<sysConf/>"[..], b"<<VOIP CONFIG FILE>>\n; a comment\n", b"\xff\n", b""] {
            assert_eq!(split(file), (file.to_vec(), None));
        }
    }
}
