//! Reads what strace(1) has recorded: the file operations below one directory, with their data, and
//! the numbers that the child acknowledged on its standard output.

use std::{fmt, path::Path};

/// The calls that change a file or its directory, or make a change durable; anything else below the
/// directory that writes is a fault of this reader and fails.
pub(crate) const CALLS: &str = "trace=openat,creat,write,writev,pwrite64,pwritev,pwritev2,ftruncate,\
     truncate,fallocate,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,unlink,unlinkat,\
     link,linkat,copy_file_range,sendfile,mkdir";

/// One thing that happened. Names are those of files in the directory.
#[derive(Debug)]
pub(crate) enum Event {
    Create(String),
    Write { name: String, at: usize, octets: Vec<u8> },
    Truncate { name: String, length: usize },
    Sync(String),
    SyncDirectory,
    Rename { from: String, to: String },
    Unlink(String),
    Acknowledged(u64),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Write { name, at, octets } = self {
            write!(f, "{} octets at {at} of {name}", octets.len())
        } else {
            write!(f, "{self:?}")
        }
    }
}

/// Reads a whole record. Calls that failed have changed nothing.
pub(crate) fn read(record: &str, directory: &Path) -> Vec<Event> {
    let directory = directory.to_str().unwrap();
    record.lines().filter_map(|line| event(line, directory)).collect()
}

fn event(line: &str, directory: &str) -> Option<Event> {
    let (call, rest) = line.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ")?;
    if result.starts_with('-') {
        return None;
    }
    let arguments: Vec<&str> = arguments.trim_end().trim_end_matches(')').split(", ").collect();
    let named = |index: usize| inside(&path(arguments[index]), directory);
    match call {
        "openat" => {
            let created = arguments[2].contains("O_CREAT");
            assert!(!arguments[2].contains("O_TRUNC"), "truncated by opening: {line}");
            named(1).filter(|_| created).map(Event::Create)
        }
        "write" if arguments[0].starts_with("1<") => {
            let text = String::from_utf8(octets(arguments[1])).unwrap();
            text.trim().parse().ok().map(Event::Acknowledged)
        }
        "pwrite64" => {
            let (name, octets) = (named(0)?, octets(arguments[1]));
            assert_eq!(octets.len(), result.parse::<usize>().unwrap(), "cut short: {call}");
            Some(Event::Write { name, at: arguments[3].parse().unwrap(), octets })
        }
        "ftruncate" => {
            Some(Event::Truncate { name: named(0)?, length: arguments[1].parse().unwrap() })
        }
        "fsync" | "fdatasync" => {
            let path = path(arguments[0]);
            if path == directory { Some(Event::SyncDirectory) } else { named(0).map(Event::Sync) }
        }
        "rename" => Some(Event::Rename { from: named(0)?, to: named(1)? }),
        "unlink" => named(0).map(Event::Unlink),
        "unlinkat" => named(1).map(Event::Unlink),
        _ => {
            assert!(!line.contains(directory) || call == "mkdir", "not foreseen: {line}");
            None
        }
    }
}

/// The path of an argument: a string, or a descriptor with its path behind it.
fn path(argument: &str) -> String {
    if argument.starts_with('"') {
        return String::from_utf8(octets(argument)).unwrap();
    }
    let inner = argument.split_once('<').map_or("", |(_, rest)| rest.trim_end_matches('>'));
    if inner.starts_with("\\x") {
        String::from_utf8(octets(inner)).unwrap()
    } else {
        inner.to_owned()
    }
}

/// The name of a file that lies directly in the directory.
fn inside(path: &str, directory: &str) -> Option<String> {
    path.strip_prefix(directory)?.strip_prefix('/').map(str::to_owned)
}

/// The octets of a string as strace writes it with `-xx`.
fn octets(text: &str) -> Vec<u8> {
    assert!(!text.ends_with("..."), "the record is cut short");
    let digits = text.trim_matches('"').split("\\x").skip(1);
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}
