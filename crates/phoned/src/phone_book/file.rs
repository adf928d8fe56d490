//! The phone book as a file: comma-separated values (RFC 4180) with a header, or vCards (RFC 6350, and
//! what older phones write: RFC 2426, vCard 2.1). Told apart by content.

use control::{Contact, ContactFormat, Problem};
use csv::{ReaderBuilder, StringRecord, Trim, Writer};

use super::Draft;
use crate::limits;

/// The columns that are written. Read are those of these names, in any order.
const COLUMNS: [&str; 6] = ["name", "number", "number2", "number3", "number4", "line"];

/// Reads a file.
///
/// # Errors
/// What is wrong, and in which line.
pub(super) fn read(octets: &[u8]) -> Result<Vec<Draft>, Problem> {
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    let text = std::str::from_utf8(octets).map_err(|error| {
        let good = octets.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + good.iter().filter(|octet| **octet == b'\n').count();
        in_line(line as u64, "not UTF-8, the only encoding read", "不是 UTF-8 编码")
    })?;
    let is_card =
        text.trim_start().get(..11).is_some_and(|t| t.eq_ignore_ascii_case("BEGIN:VCARD"));
    let drafts = if is_card { cards(text) } else { rows(text) }?;
    if drafts.len() > limits::CONTACTS {
        return Err(super::full());
    }
    let checked = |(line, draft): (u64, Draft)| {
        draft.checked().map_err(|problem| in_line(line, &problem.message, &problem.message_zh))
    };
    drafts.into_iter().map(checked).collect()
}

/// What is wrong in a line of the file.
fn in_line(line: u64, en: &str, zh: &str) -> Problem {
    Problem::new(format!("line {line}: {en}"), format!("第 {line} 行：{zh}"))
        .at(format!("line {line}"))
}

/// Writes a file.
pub(super) fn write(contacts: &[Contact], format: ContactFormat) -> Vec<u8> {
    match format {
        ContactFormat::Csv => write_rows(contacts).unwrap_or_else(|error| {
            tracing::error!(%error, "phone book not written");
            Vec::new()
        }),
        ContactFormat::Vcard => contacts.iter().map(write_card).collect::<String>().into_bytes(),
    }
}

fn rows(text: &str) -> Result<Vec<(u64, Draft)>, Problem> {
    let mut reader =
        ReaderBuilder::new().flexible(true).trim(Trim::All).from_reader(text.as_bytes());
    let wrong = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        in_line(line, &error.to_string(), &format!("「{error}」"))
    };
    let header = reader.headers().map_err(wrong)?.clone();
    let column = |name: &str| header.iter().position(|title| title.eq_ignore_ascii_case(name));
    let [name, number, ..] = COLUMNS.map(column);
    if name.is_none() || number.is_none() {
        let en = "neither vCards nor a header with the columns name and number";
        return Err(in_line(1, en, "既不是 vCard，也没有含 `name` 和 `number` 列的表头"));
    }
    let mut drafts = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let line = record.position().map_or(0, csv::Position::line);
        drafts.push((line, row(&record, COLUMNS.map(column), line)?));
    }
    Ok(drafts)
}

fn row(record: &StringRecord, columns: [Option<usize>; 6], at: u64) -> Result<Draft, Problem> {
    let value = |column: Option<usize>| column.and_then(|at| record.get(at)).unwrap_or_default();
    let [name, numbers @ .., line] = columns.map(value);
    let line = match line {
        "" => None,
        text => Some(text.parse().map_err(|_| {
            in_line(at, &format!("'{text}' is no line's number"), &format!("`{text}` 不是线路编号"))
        })?),
    };
    Ok(Draft { name: name.into(), numbers: numbers.map(str::to_owned).into(), line })
}

fn write_rows(contacts: &[Contact]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for contact in contacts {
        let number = |at: usize| contact.numbers.get(at).map_or("", String::as_str);
        let line = contact.line.map(|line| line.to_string()).unwrap_or_default();
        writer.write_record([
            contact.name.as_str(),
            number(0),
            number(1),
            number(2),
            number(3),
            line.as_str(),
        ])?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// Cards with the line in which each begins. What is neither a name nor a number is passed over.
fn cards(text: &str) -> Result<Vec<(u64, Draft)>, Problem> {
    let mut drafts = Vec::new();
    let mut open: Option<(u64, Draft)> = None;
    for (line, content) in unfolded(text) {
        let Some((head, value)) = content.split_once(':') else { continue };
        let mut parts = head.split(';');
        // A group may stand in front: `item1.TEL`.
        let name = parts.next().unwrap_or_default().rsplit('.').next().unwrap_or_default();
        let printable = parts.any(|part| part.to_ascii_uppercase().contains("QUOTED-PRINTABLE"));
        let value = if printable { quoted_printable(value) } else { value.to_owned() };
        match (name.to_ascii_uppercase().as_str(), &mut open) {
            ("BEGIN", _) => {
                open = Some((line, Draft { name: String::new(), numbers: Vec::new(), line: None }));
            }
            ("END", _) => drafts.extend(open.take()),
            ("FN", Some((_, draft))) => draft.name = unescaped(&value),
            ("N", Some((_, draft))) if draft.name.is_empty() => {
                let parts: Vec<&str> = value.splitn(3, ';').collect();
                let given = parts.get(1).copied().unwrap_or_default();
                let family = parts.first().copied().unwrap_or_default();
                draft.name = unescaped(format!("{given} {family}").trim());
            }
            ("TEL" | "IMPP" | "X-SIP", Some((_, draft))) => {
                let number = value.strip_prefix("tel:").unwrap_or(&value);
                draft.numbers.push(unescaped(number));
            }
            _ => {}
        }
    }
    match open {
        Some((line, _)) => Err(in_line(line, "the card has no end", "名片没有结束标记")),
        None => Ok(drafts),
    }
}

/// Lines that go on in the next one made whole (RFC 6350 §3.2; vCard 2.1 with `=` at the end), each
/// with its number.
fn unfolded(text: &str) -> Vec<(u64, String)> {
    let mut whole: Vec<(u64, String)> = Vec::new();
    let mut printable = false;
    for (number, line) in (1..).zip(text.lines()) {
        let goes_on = |last: &str| printable && last.ends_with('=') && !line.is_empty();
        let folded = line.strip_prefix([' ', '\t']);
        match (whole.last_mut(), folded) {
            (Some((_, last)), _) if goes_on(last) => {
                last.pop();
                last.push_str(line.trim_start());
            }
            (Some((_, last)), Some(rest)) => last.push_str(rest),
            (None, _) | (Some(_), None) => {
                // The parameter stands where the line begins; the whole would be searched once for each of its parts.
                printable = line.to_ascii_uppercase().contains("QUOTED-PRINTABLE");
                whole.push((number, line.to_owned()));
            }
        }
    }
    whole
}

/// RFC 2045 §6.7, as far as one line goes.
fn quoted_printable(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|_| *first == b'=');
        let decoded = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        match decoded.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(octet) => {
                octets.push(octet);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                octets.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// RFC 6350 §3.4.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') | None => plain.push(' '),
                Some(other) => plain.push(other),
            },
            other => plain.push(other),
        }
    }
    plain
}

fn write_card(contact: &Contact) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace(',', "\\,").replace(';', "\\;");
    let name = escaped(&contact.name);
    let mut card = format!("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:{name}\r\nN:;{name};;;\r\n");
    for number in &contact.numbers {
        let line = match number.starts_with("sip") && number.contains(':') {
            true => format!("IMPP:{}\r\n", escaped(number)),
            false => format!("TEL:{}\r\n", escaped(number)),
        };
        card.push_str(&line);
    }
    card.push_str("END:VCARD\r\n");
    card
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(name: &str, numbers: &[&str], line: Option<u16>) -> Contact {
        let numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
        Contact { id: 1, name: name.into(), numbers, line }
    }

    fn drafts(text: &str) -> Vec<(String, Vec<String>)> {
        read(text.as_bytes()).unwrap().into_iter().map(|d| (d.name, d.numbers)).collect()
    }

    #[test]
    fn what_is_written_is_read_again_in_both_forms() {
        let all = [
            contact("Bob, \"the\" B; \\ builder", &["1002", "sip:bob@b.test"], Some(2)),
            contact("王小明", &["+861088880000"], None),
        ];
        for format in [ContactFormat::Csv, ContactFormat::Vcard] {
            let read = read(&write(&all, format)).unwrap();
            assert_eq!(read.len(), 2);
            for (read, written) in read.iter().zip(&all) {
                assert_eq!((&read.name, &read.numbers), (&written.name, &written.numbers));
                assert!(format == ContactFormat::Vcard || read.line == written.line);
            }
        }
    }

    #[test]
    fn columns_are_found_by_their_titles_in_any_order() {
        let text = "\u{feff}Number,Group,NAME\r\n1002,x,\"Bob, B.\"\r\n";
        assert_eq!(drafts(text), [("Bob, B.".to_owned(), vec!["1002".to_owned()])]);
    }

    #[test]
    fn cards_of_old_and_new_phones_are_read() {
        let text = "BEGIN:VCARD\r\nVERSION:2.1\r\n\
                    N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B;=\r\n=E6=98=8E;;;\r\n\
                    TEL;CELL:+86 10 8888-0000\r\nPHOTO;ENCODING=BASE64:AAAA\r\n\
                    AAAA\r\nEND:VCARD\r\n\
                    BEGIN:VCARD\nVERSION:4.0\nFN:Bob\\, the\n  builder\nitem1.TEL;VALUE=uri:tel:1002\n\
                    EMAIL:b@b.test\nIMPP:sip:bob@b.test\nEND:VCARD\n";
        let expected = [
            ("明 王".to_owned(), vec!["+861088880000".to_owned()]),
            ("Bob, the builder".to_owned(), vec!["1002".to_owned(), "sip:bob@b.test".to_owned()]),
        ];
        assert_eq!(drafts(text), expected);
    }

    /// F10: a file of lines that all go on holds nobody up. It took minutes while each part had the whole searched.
    #[test]
    fn a_line_of_a_million_parts_is_read_in_one_go() {
        let parts = "a=\n".repeat(1_000_000);
        let text = format!("BEGIN:VCARD\nN;QUOTED-PRINTABLE:=\n{parts}\nTEL:1\nEND:VCARD\n");
        let began = std::time::Instant::now();
        assert!(read(text.as_bytes()).unwrap_err().message.starts_with("line 1: "));
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_line() {
        for (text, place) in [
            ("nonsense", "line 1"),
            ("name,number\nBob,1\nAnn,what now\n", "line 3"),
            ("name,number,line\nBob,1,first\n", "line 2"),
            ("BEGIN:VCARD\nFN:Bob\nTEL:1\n", "line 1"),
            ("BEGIN:VCARD\nTEL:1\nEND:VCARD\n", "line 1"),
        ] {
            let problem = read(text.as_bytes()).unwrap_err();
            assert_eq!(problem.place.as_deref(), Some(place), "{text}: {problem:?}");
        }
        for (octets, place) in
            [(&b"\xff\xfe"[..], "line 1"), (b"name,number\nBob,1\nB\xffb,2\n", "line 3")]
        {
            let problem = read(octets).unwrap_err();
            assert_eq!(problem.place.as_deref(), Some(place), "{problem:?}");
            assert!(problem.message.contains("not UTF-8"), "{problem:?}");
        }
    }
}
