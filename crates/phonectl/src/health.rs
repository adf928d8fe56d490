//! `phonectl health`: whether the phone does what it is for, as one exit status. An updater asks it after
//! a start with a new system and goes back to the former one where the answer is no (requirement F11).
//!
//! Healthy is a phone that answers and whose lines are registered, at whichever server; lines that are
//! not to register do not count, and neither does a phone that nobody has configured yet.

use std::thread;
use std::time::Duration;

use clap::Args;
use control::{AccountState, AccountStatus, DaemonStatus, Payload, Request, encode};
use serde::Serialize;

use crate::{client::Client, failure::Failure, output::Output, span};

/// Between two questions while it waits.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Args)]
#[command(
    after_help = "Exit status: 0 healthy; 1 the phone answers but a line is not registered; \
                        3 no phone answers."
)]
pub(crate) struct Health {
    /// Wait so long for the phone to become healthy: 60s, 5m.
    #[arg(long, value_name = "SPAN", value_parser = span::seconds)]
    wait: Option<u32>,
}

/// What is told of a phone that answers.
#[derive(Serialize)]
struct Report<'a> {
    healthy: bool,
    version: &'a str,
    uptime_s: u64,
    problems: Vec<String>,
}

impl Health {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let deadline = span::Deadline::after(self.wait.unwrap_or(0));
        loop {
            let status = client.ask(&Request::Status {});
            let healthy =
                matches!(&status, Ok(Payload::Status(status)) if problems(status).is_empty());
            if healthy || deadline.has_passed() {
                let Payload::Status(status) = status? else {
                    return Err(Failure::Unhealthy("the phone's answer is no status".to_owned()));
                };
                return tell(&status, output);
            }
            thread::sleep(PAUSE);
        }
    }
}

fn tell(status: &DaemonStatus, output: &mut Output) -> Result<(), Failure> {
    let problems = problems(status);
    let healthy = problems.is_empty();
    let complaint = problems.join("; ");
    if output.is_json() {
        let (version, uptime_s) = (status.version.as_str(), status.uptime_s);
        let report = Report { healthy, version, uptime_s, problems };
        output.octets(&encode(&report).map_err(Failure::NotSent)?)?;
    } else if healthy {
        output.line(&format!("healthy: {}", registered(&status.accounts)))?;
    }
    if healthy { Ok(()) } else { Err(Failure::Unhealthy(complaint)) }
}

/// What is wrong, a sentence for each line; empty for a healthy phone.
fn problems(status: &DaemonStatus) -> Vec<String> {
    let told = |account: &AccountStatus| {
        let state = match account.state {
            AccountState::Registered | AccountState::Disabled => return None,
            AccountState::Unregistered => "is not registered",
            AccountState::Registering => "is still registering",
            AccountState::Failed => "cannot register",
        };
        let cause = account.hops.iter().find_map(|hop| hop.cause.as_deref());
        let cause = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
        Some(format!("line {} {state}{cause}", account.line))
    };
    status.accounts.iter().filter_map(told).collect()
}

fn registered(accounts: &[AccountStatus]) -> String {
    match accounts.iter().filter(|account| account.state == AccountState::Registered).count() {
        0 if accounts.is_empty() => "no line is configured".to_owned(),
        0 => "no line is to register".to_owned(),
        1 => "1 line registered".to_owned(),
        count => format!("{count} lines registered"),
    }
}
