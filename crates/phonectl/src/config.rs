//! `phonectl config`: items by name, and files. Which items there are and what they take, the phone
//! knows; `docs/config.md` lists them.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use clap::{Subcommand, ValueEnum};
use control::{
    ChangeReport, ConfigDescription, ConfigRequest, Document, ExportFormat, ItemScope, Items,
    Level, LineCheck, Payload, Request, limits::MAX_DOCUMENT,
};

use crate::{
    answer::{self, Wording},
    client::Client,
    failure::{Failure, complain},
    output::Output,
    seal,
};

#[derive(Subcommand)]
pub(crate) enum Config {
    /// Show items as ITEM=VALUE; a password that is set reads ********.
    #[command(after_help = "`phonectl config list` names every item.")]
    Get {
        /// Names such as 'SIP1 Proxy Addr'; case and repeated blanks do not matter.
        #[arg(value_name = "ITEM", required = true)]
        items: Vec<String>,
    },
    /// Set items, all of them or none, in force at once.
    ///
    /// An empty value means the item's default. A value given here can be seen by other users of
    /// this machine while the command runs; `config import -` reads from standard input instead.
    #[command(after_help = "Example:\n  phonectl config set 'SIP1 Proxy Addr=10.0.0.1' \
                            'SIP1 BakProxy Addr=10.0.0.2'")]
    Set {
        /// An item's name, an equals sign, its new value.
        #[arg(value_name = "ITEM=VALUE", required = true, value_parser = assignment)]
        items: Vec<(String, String)>,
    },
    /// Take a configuration file, in force at once; items that it does not name stay as they are.
    Import {
        /// The file, in one of the Fanvil forms; - for standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Make the configuration equal to the file: what it does not name has its default again.
        ///
        /// Passwords stay where the file has none at all, as one that was exported without them. Refused
        /// while a call is up on a line that the file does not have. The phone book becomes the file's
        /// where it has one. `config revert` goes back.
        #[arg(long)]
        replace: bool,
        /// Only show what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// Take the latest `config import --replace` back; a second time goes forward again.
    Revert,
    /// Print the configuration and the phone book as a file: a backup for `config import --replace`.
    Export {
        /// The form of the file.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// With the passwords, which are left out otherwise.
        #[arg(long)]
        with_secrets: bool,
    },
    /// Print a configuration file in its sealed form, which a phone opens by the same passphrase.
    ///
    /// No phone is asked. A phone has the passphrase in its item `Provision Key`.
    #[command(
        after_help = "Example:\n  phonectl config seal --key-file fleet.key 0c383e000001.cfg \
                            >sealed.cfg"
    )]
    Seal {
        /// The file; - for standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The file whose first line is the passphrase, at least 12 octets.
        #[arg(long, value_name = "PATH")]
        key_file: PathBuf,
    },
    /// Print what a sealed configuration file says.
    Unseal {
        /// The file; - for standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The file whose first line is the passphrase.
        #[arg(long, value_name = "PATH")]
        key_file: PathBuf,
    },
    /// Show every item of the phone and of its configured lines.
    List,
    /// Explain what the settings mean: how long an outage lasts at worst, and which settings contradict each other.
    Check {
        /// Only this line.
        #[arg(long, value_name = "N")]
        line: Option<u16>,
    },
    /// Show what may be configured: every item with its default and its values.
    Describe,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Format {
    /// Fanvil text form.
    Text,
    /// Fanvil XML form.
    Xml,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((item, value)) if !item.trim().is_empty() => Ok((item.to_owned(), value.to_owned())),
        Some(_) | None => Err("not ITEM=VALUE, such as 'SIP1 Proxy Addr=10.0.0.1'".to_owned()),
    }
}

impl Config {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let file = match &self {
            Self::Import { file, .. } => Some(file.clone()),
            Self::Seal { file, key_file } => return seal::seal(file, key_file, output),
            Self::Unseal { file, key_file } => return seal::unseal(file, key_file, output),
            Self::Get { .. }
            | Self::Set { .. }
            | Self::Export { .. }
            | Self::Revert
            | Self::List
            | Self::Check { .. }
            | Self::Describe => None,
        };
        let request = match self {
            Self::Get { items } => ConfigRequest::Get { items },
            Self::Set { items } => ConfigRequest::Set { items: Items(items) },
            Self::Import { file, replace, dry_run } => {
                ConfigRequest::Import { document: read(&file)?, replace, dry_run }
            }
            Self::Revert => ConfigRequest::Revert {},
            Self::Export { format, with_secrets } => {
                let format = match format {
                    Format::Text => ExportFormat::Text,
                    Format::Xml => ExportFormat::Xml,
                };
                ConfigRequest::Export { format, with_secrets }
            }
            // Done already: no phone is asked.
            Self::Seal { .. } | Self::Unseal { .. } => return Ok(()),
            Self::List => ConfigRequest::List {},
            Self::Check { line } => ConfigRequest::Check { line },
            Self::Describe => ConfigRequest::Describe {},
        };
        let payload = client.ask(&Request::Config(request)).map_err(|failure| match file {
            Some(path) => failure.in_file(path),
            None => failure,
        })?;
        if let Payload::Changes(report) = &payload {
            for warning in &report.warnings {
                complain(&format!("warning: {warning}"));
            }
        }
        answer::show(&payload, &Wording::default(), output)
    }
}

/// Shows items in the form that `config set` takes.
pub(crate) fn show_items(items: &Items, output: &mut Output) -> Result<(), Failure> {
    items.0.iter().try_for_each(|(item, value)| output.line(&format!("{item}={value}")))
}

/// Shows what may be configured; an item of a line has `N` for the line's number.
pub(crate) fn show_description(
    description: &ConfigDescription,
    output: &mut Output,
) -> Result<(), Failure> {
    for item in &description.items {
        let name = match item.scope {
            ItemScope::Phone => item.name.clone(),
            ItemScope::Line => format!("SIPN {}", item.name),
        };
        let default = if item.default.is_empty() { "empty" } else { &item.default };
        output.line(&format!("{name} (default {default}): {}", item.range))?;
        output.line(&format!("    {}", item.help.en))?;
    }
    Ok(())
}

/// Shows what a change has changed.
pub(crate) fn show_changes(report: &ChangeReport, output: &mut Output) -> Result<(), Failure> {
    match (report.items.is_empty() && report.contacts == 0, report.dry_run) {
        (true, true) => output.line("nothing would change")?,
        (true, false) => output.line("nothing changed")?,
        (false, true) => output.line("nothing changed yet; this would:")?,
        (false, false) => {}
    }
    for change in &report.items {
        let old = if change.old.is_empty() { "empty" } else { &change.old };
        output.line(&format!("{}={} (was {old})", change.item, change.new))?;
    }
    if report.dropped > 0 {
        output.line(&format!("{} dropped that this phone does not know", items(report.dropped)))?;
    }
    if report.contacts > 0 {
        output.line(&format!("{} entries of the phone book changed", report.contacts))?;
    }
    if report.kept > 0 {
        output.line(&format!("{} kept that this phone does not know", items(report.kept)))?;
    }
    Ok(())
}

fn items(count: u32) -> String {
    format!("{count} {}", if count == 1 { "item" } else { "items" })
}

/// Shows what the settings of each line mean, a sentence a line.
pub(crate) fn show_check(checks: &[LineCheck], output: &mut Output) -> Result<(), Failure> {
    if checks.is_empty() {
        output.line("no line is configured; `phonectl --help` shows how to begin")?;
    }
    for check in checks {
        let servers = if check.hops == 1 { "server" } else { "servers" };
        output.line(&format!("line {}: {} {servers}", check.line, check.hops))?;
        for finding in &check.findings {
            let level = match finding.level {
                Level::Warning => "warning",
                Level::Note => "note",
            };
            let item = finding.item.as_ref().map(|item| format!("{item}: ")).unwrap_or_default();
            output.line(&format!("  {level}: {item}{}", finding.text))?;
        }
    }
    Ok(())
}

/// Prints a file as it is.
pub(crate) fn show_document(document: &Document, output: &mut Output) -> Result<(), Failure> {
    let octets = document.octets().map_err(|error| Failure::File {
        path: "exported configuration".into(),
        reason: error.to_string(),
    })?;
    output.octets(&octets)
}

/// Reads a file that goes to the phone; `-` is standard input.
pub(crate) fn read(path: &Path) -> Result<Document, Failure> {
    let octets = read_octets(path)?;
    Document::from_octets(&octets)
        .map_err(|error| Failure::File { path: path.to_owned(), reason: error.to_string() })
}

/// The octets of a file or of standard input, at most [`MAX_DOCUMENT`].
pub(crate) fn read_octets(path: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |reason: String| Failure::File { path: path.to_owned(), reason };
    let input: Result<Box<dyn Read>, io::Error> = if path == Path::new("-") {
        Ok(Box::new(io::stdin()))
    } else {
        File::open(path).map(|file| Box::new(file) as Box<dyn Read>)
    };
    let mut octets = Vec::new();
    // One octet more than is allowed is enough to see that there is too much.
    let limit = MAX_DOCUMENT as u64 + 1;
    input
        .and_then(|input| input.take(limit).read_to_end(&mut octets))
        .map_err(|error| fail(error.to_string()))?;
    if octets.len() > MAX_DOCUMENT {
        return Err(fail(format!("more than the {MAX_DOCUMENT} octets that are allowed")));
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_item_is_an_item_and_more_are_items() {
        assert_eq!([0, 1, 2].map(items), ["0 items", "1 item", "2 items"]);
    }

    #[test]
    fn an_assignment_is_split_at_the_first_equals_sign() {
        let pair = |item: &str, value: &str| Ok((item.to_owned(), value.to_owned()));
        assert_eq!(assignment("SIP1 Register Pswd=a=b"), pair("SIP1 Register Pswd", "a=b"));
        assert_eq!(assignment("SIP  Port="), pair("SIP  Port", ""));
        assert!(assignment("SIP  Port").is_err());
        assert!(assignment("=5060").is_err());
    }
}
