//! The phone book: what is asked of it, and its entries.

use serde::{Deserialize, Serialize};

use crate::Document;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The number by which requests mean it; never used again for another.
    pub id: u32,
    /// The name, 1 to 64 characters.
    pub name: String,
    /// One to four numbers or SIP addresses, the preferred one first.
    pub numbers: Vec<String>,
    /// The line to call through; `null` for whichever dialling takes.
    pub line: Option<u16>,
}

/// About the phone book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum ContactRequest {
    /// Every entry, by name: answered with [`crate::Payload::Contacts`].
    List {},
    /// A new entry: answered with [`crate::Payload::Contact`].
    Add {
        /// Its name.
        name: String,
        /// Its numbers.
        numbers: Vec<String>,
        /// The line to call through.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u16>,
    },
    /// Another content for an entry: answered as `Add`.
    Set {
        /// Which.
        id: u32,
        /// Its name.
        name: String,
        /// Its numbers.
        numbers: Vec<String>,
        /// The line to call through.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u16>,
    },
    /// Forgets an entry: answered with [`crate::Payload::Done`].
    Remove {
        /// Which.
        id: u32,
    },
    /// Takes a CSV or vCard file, told apart by content, all or nothing; entries of the same name are
    /// replaced: answered with [`crate::Payload::Imported`].
    Import {
        /// The file.
        document: Document,
    },
    /// All entries as a file: answered with [`crate::Payload::Document`].
    Export {
        /// Its form.
        #[serde(default)]
        format: ContactFormat,
    },
}

/// The form of an exported phone book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactFormat {
    /// Comma-separated values (RFC 4180) with a header.
    #[default]
    Csv,
    /// vCard 4.0 (RFC 6350).
    Vcard,
}

/// What an imported phone book has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactsImported {
    /// Entries that were new.
    pub added: u32,
    /// Entries of a name that was there.
    pub replaced: u32,
}
