//! `phonectl status`: the whole phone at a glance. Lines and calls are shown as `account list` and
//! `call list` show them.

use clap::Args;
use control::{DaemonStatus, Request};

use crate::{
    account,
    answer::{self, Wording},
    call,
    client::Client,
    failure::Failure,
    output::Output,
};

#[derive(Args)]
pub(crate) struct Status {}

impl Status {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let payload = client.ask(&Request::Status {})?;
        answer::show(&payload, &Wording::default(), output)
    }
}

/// Shows the phone, then its lines, then its calls.
pub(crate) fn show(status: &DaemonStatus, output: &mut Output) -> Result<(), Failure> {
    let uptime = status.uptime_s;
    let (hours, minutes, seconds) = (uptime / 3600, uptime / 60 % 60, uptime % 60);
    let version = &status.version;
    output.line(&format!("phoned {version}, ready for {hours}:{minutes:02}:{seconds:02}"))?;
    account::show(&status.accounts, false, output)?;
    call::show(&status.calls, output)
}
