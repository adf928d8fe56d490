//! Standard output: JSON for programs, lines and tables for people.
//!
//! What the phone reports comes in part from strangers (a caller's name). Control characters in it
//! are made visible, so that it cannot command the user's terminal.

use std::io::{self, Write};

use control::Timestamp;

use crate::failure::Failure;

/// Where answers go.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON is wanted.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints one line of text.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.octets(format!("{}\n", plain(text)).as_bytes())
    }

    /// Prints a table: columns as wide as their widest cell, two blanks between them.
    pub(crate) fn table(&mut self, indent: usize, rows: &[Vec<String>]) -> Result<(), Failure> {
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| plain(cell).chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).map(width).collect();
        for row in rows {
            let cells = row.iter().zip(&widths).map(|(cell, &width)| {
                let cell = plain(cell);
                format!("{cell:<width$}")
            });
            let line = format!("{:indent$}{}", "", cells.collect::<Vec<_>>().join("  "));
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    /// Prints octets as they are, at once: whoever follows events wants each when it happens.
    pub(crate) fn octets(&mut self, octets: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(octets).and_then(|()| stdout.flush()).map_err(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                Failure::ReaderGone
            } else {
                Failure::Output(error)
            }
        })
    }
}

/// `text` with its control characters made visible.
pub(crate) fn plain(text: &str) -> String {
    let visible = |c: char| match c {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => c.escape_unicode().to_string(),
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.chars().map(visible).collect()
}

/// A time for people: `2026-11-22 13:37:00 UTC`.
pub(crate) fn moment(time: Timestamp) -> String {
    let text = time.to_string();
    match text.get(..19) {
        Some(seconds) => format!("{} UTC", seconds.replace('T', " ")),
        None => text,
    }
}

/// The rows of a table from its heading on.
pub(crate) fn heading(cells: &[&str]) -> Vec<Vec<String>> {
    vec![cells.iter().map(ToString::to_string).collect()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_text_cannot_command_the_terminal() {
        assert_eq!(plain("a\x1b[2Jb\nc\u{9b}\u{202e}ü"), "a\\u{1b}[2Jb\\nc\\u{9b}\\u{202e}ü");
    }

    #[test]
    fn times_are_shown_in_seconds() {
        let time = "2026-11-22T13:37:00.999Z".parse().unwrap();
        assert_eq!(moment(time), "2026-11-22 13:37:00 UTC");
    }
}
