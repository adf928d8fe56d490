//! Every bound of the store, in one place. What a user or a file brings beyond one of these is
//! refused with an error that names it.

/// The most lines that a phone has: as many as one process has been measured with.
pub const MAX_LINES: u16 = 10_000;

/// Lines that an export without an imported file gives whole, defaults included, as desk phones do;
/// of further ones it gives what is not at its default.
pub const LINES_IN_FULL: u16 = 20;

/// Octets of the longest value of an item.
pub const MAX_VALUE: usize = 255;

/// Octets of the longest configuration file, and of what is kept of all files imported so far.
pub const MAX_DOCUMENT: usize = 4 * 1024 * 1024;

/// Lines of a configuration file; a full export of a phone has some thousands, a file for
/// [`MAX_LINES`] lines of a phone some for each.
pub const MAX_FILE_LINES: usize = 100_000;

/// Elements, texts and attributes of a configuration file of the XML form.
pub const MAX_XML_NODES: u32 = 100_000;

/// Elements within elements of such a file; real ones have five or six.
pub const MAX_XML_DEPTH: usize = 32;

/// Octets of a tag of such a file; real ones have some dozens.
pub const MAX_XML_TAG: usize = 1024;

/// Namespaces that such a file declares; real ones declare none.
pub const MAX_XML_NAMESPACES: usize = 16;

/// How many submissions the history of changes keeps; the oldest is forgotten first.
pub const MAX_HISTORY: u32 = 200;

/// Octets of the longest key of the state table.
pub const MAX_STATE_KEY: usize = 128;

/// Octets of the longest value of the state table.
pub const MAX_STATE_VALUE: usize = 64 * 1024;

/// The most entries of the state table: one for each line and two of its journal, and a phone book,
/// more journal and a call log.
pub const MAX_STATE_ENTRIES: u32 = 3 * MAX_LINES as u32 + 4096;
