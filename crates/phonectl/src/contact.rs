//! `phonectl contact`: the phone book.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use control::{Contact, ContactFormat, ContactRequest, ContactsImported, Request};

use crate::{
    answer::{self, Wording},
    client::Client,
    config,
    failure::Failure,
    output::{Output, heading},
};

#[derive(Subcommand)]
pub(crate) enum ContactCommand {
    /// Every entry, by name.
    List,
    /// Make a new entry.
    Add {
        /// Call it through this line.
        #[arg(long, value_name = "N")]
        line: Option<u16>,
        /// Its name.
        name: String,
        /// Its numbers or SIP addresses, one to four, the preferred one first.
        #[arg(value_name = "NUMBER", required = true)]
        numbers: Vec<String>,
    },
    /// Change an entry: its name, its numbers, its line.
    Set {
        /// Call it through this line.
        #[arg(long, value_name = "N")]
        line: Option<u16>,
        /// Which.
        id: u32,
        /// Its name.
        name: String,
        /// Its numbers or SIP addresses, one to four, the preferred one first.
        #[arg(value_name = "NUMBER", required = true)]
        numbers: Vec<String>,
    },
    /// Forget an entry.
    Remove {
        /// Which.
        id: u32,
    },
    /// Take a CSV or vCard file; entries of the same name are replaced.
    Import {
        /// The file; - for standard input. CSV needs a header with the columns name and number.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the phone book as a file.
    Export {
        /// The form of the file.
        #[arg(long, value_enum, default_value_t = Format::Csv)]
        format: Format,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// Comma-separated values.
    Csv,
    /// vCard 4.0.
    Vcard,
}

impl ContactCommand {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let file = match &self {
            Self::Import { file } => Some(file.clone()),
            Self::List
            | Self::Add { .. }
            | Self::Set { .. }
            | Self::Remove { .. }
            | Self::Export { .. } => None,
        };
        let request = match self {
            Self::List => ContactRequest::List {},
            Self::Add { line, name, numbers } => ContactRequest::Add { name, numbers, line },
            Self::Set { line, id, name, numbers } => {
                ContactRequest::Set { id, name, numbers, line }
            }
            Self::Remove { id } => ContactRequest::Remove { id },
            Self::Import { file } => ContactRequest::Import { document: config::read(&file)? },
            Self::Export { format } => ContactRequest::Export {
                format: match format {
                    Format::Csv => ContactFormat::Csv,
                    Format::Vcard => ContactFormat::Vcard,
                },
            },
        };
        let payload = client.ask(&Request::Contact(request)).map_err(|failure| match file {
            Some(path) => failure.in_file(path),
            None => failure,
        })?;
        answer::show(&payload, &Wording::done("forgotten"), output)
    }
}

/// Shows entries as a table.
pub(crate) fn show(contacts: &[Contact], output: &mut Output) -> Result<(), Failure> {
    if contacts.is_empty() {
        return output.line("the phone book is empty");
    }
    let mut rows = heading(&["ID", "NAME", "NUMBERS", "LINE"]);
    for contact in contacts {
        rows.push(vec![
            contact.id.to_string(),
            contact.name.clone(),
            contact.numbers.join(" "),
            contact.line.map(|line| line.to_string()).unwrap_or_default(),
        ]);
    }
    output.table(0, &rows)
}

/// Shows what an imported file has led to.
pub(crate) fn show_imported(done: ContactsImported, output: &mut Output) -> Result<(), Failure> {
    output.line(&format!("{} added, {} replaced", done.added, done.replaced))
}
