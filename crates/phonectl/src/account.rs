//! `phonectl account`: lines and their registration, and what the user is told about the server a
//! line uses and why (failover design §7).

use clap::Subcommand;
use control::{AccountRequest, AccountState, AccountStatus, HopState, HopStatus, Request, Server};

use crate::{
    answer::{self, Wording},
    client::Client,
    failure::Failure,
    output::{Output, heading, moment},
};

#[derive(Subcommand)]
pub(crate) enum Account {
    /// Every configured line: registered or not, through which server, and why.
    List,
    /// One line with all its servers.
    Show {
        /// The number of the line.
        #[arg(value_name = "LINE")]
        line: u16,
    },
    /// Register a line now, without waiting for its next attempt.
    Register {
        /// The number of the line.
        #[arg(value_name = "LINE")]
        line: u16,
    },
    /// End a line's registration; `register` begins it again.
    Unregister {
        /// The number of the line.
        #[arg(value_name = "LINE")]
        line: u16,
    },
}

impl Account {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let (request, detailed, done) = match self {
            Self::List => (AccountRequest::List {}, false, String::new()),
            Self::Show { line } => (AccountRequest::Show { line }, true, String::new()),
            Self::Register { line } => {
                (AccountRequest::Register { line }, false, format!("line {line}: registering"))
            }
            Self::Unregister { line } => {
                (AccountRequest::Unregister { line }, false, format!("line {line}: unregistering"))
            }
        };
        let payload = client.ask(&Request::Account(request))?;
        answer::show(&payload, &Wording { done, detailed }, output)
    }
}

/// Shows lines, each with a sentence on where it stands.
pub(crate) fn show(
    accounts: &[AccountStatus],
    detailed: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    if accounts.is_empty() {
        output.line("no line is configured; `phonectl --help` shows how to begin")?;
    }
    for account in accounts {
        output.line(&format!("line {}  {}", account.line, account.aor))?;
        output.line(&format!("  {}", sentence(account)))?;
        if detailed {
            hops(account, output)?;
        }
    }
    Ok(())
}

/// Where a line stands, in words: "registered through backup udp:10.0.0.2:5060 since …: primary
/// udp:10.0.0.1:5060 unavailable (icmp port unreachable)".
fn sentence(account: &AccountStatus) -> String {
    let state = match account.state {
        AccountState::Unregistered => "not registered",
        AccountState::Registering => "registering",
        AccountState::Registered => "registered",
        AccountState::Failed => "registration failed",
        AccountState::Disabled => "registration is switched off",
    };
    let mut text = state.to_owned();
    if let Some(hop) = &account.hop {
        let role = if account.on_primary { "primary" } else { "backup" };
        text.push_str(&format!(" through {role} {hop}"));
    }
    text.push_str(&format!(" since {}", moment(account.since)));
    if let Some(seconds) = account.expires_in_s {
        text.push_str(&format!(", for another {seconds} s"));
    }
    let reasons: Vec<String> = account
        .hops
        .iter()
        .enumerate()
        .filter_map(|(index, hop)| {
            let cause = hop.cause.as_ref()?;
            let role = if index == 0 { "primary" } else { "backup" };
            Some(format!("{role} {} {} ({cause})", hop.hop, word(hop)))
        })
        .collect();
    if !reasons.is_empty() {
        text.push_str(&format!(": {}", reasons.join(", ")));
    }
    if let Some(note) = beyond(account) {
        text.push_str(&format!("; {note}"));
    }
    text
}

/// What a line's note adds to that: its first clause says where the line stands once more, but for a
/// failure's, which is why.
fn beyond(account: &AccountStatus) -> Option<&str> {
    let note = account.note.as_deref()?;
    match account.state {
        AccountState::Failed => Some(note),
        AccountState::Unregistered
        | AccountState::Registering
        | AccountState::Registered
        | AccountState::Disabled => note.split_once("; ").map(|(_, more)| more),
    }
}

fn word(hop: &HopStatus) -> &'static str {
    match hop.state {
        HopState::Unknown => "not tried",
        HopState::Available => "available",
        HopState::Suspect => "in doubt",
        HopState::Unavailable => "unavailable",
        HopState::HeldOff => "asks for a pause",
    }
}

fn hops(account: &AccountStatus, output: &mut Output) -> Result<(), Failure> {
    let mut rows = heading(&["", "HOP", "SERVER", "STATE", "SINCE", "CAUSE"]);
    for hop in &account.hops {
        let current = account.hop.as_ref() == Some(&hop.hop);
        let server = match hop.server {
            Server::Server1 => "SIP Server 1",
            Server::Server2 => "SIP Server 2",
            Server::Proxy => "proxy",
            Server::BackupProxy => "backup proxy",
        };
        rows.push(vec![
            if current { "*" } else { "" }.to_owned(),
            hop.hop.clone(),
            server.to_owned(),
            word(hop).to_owned(),
            moment(hop.since),
            hop.cause.clone().unwrap_or_default(),
        ]);
    }
    output.table(2, &rows)
}
