//! `phonectl provision`: the configuration that the phone fetches from a server.

use clap::Subcommand;
use control::{ProvisionRequest, ProvisionStatus, Request};

use crate::{
    answer::{self, Wording},
    client::Client,
    failure::Failure,
    output::Output,
};

#[derive(Subcommand)]
pub(crate) enum Provision {
    /// Fetch the configuration now, and show what it changed.
    #[command(after_help = "Where from is set by items, e.g.\n  phonectl config set \
                            'Flash Server IP=https://pbx.example/phones' 'Flash File Name=$mac.cfg' \
                            \\\n      'Flash Mode=2' 'Flash Interval=24'")]
    Now,
    /// Show where it is fetched from, how the last fetch ended, and when the next one begins.
    Show,
}

impl Provision {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let request = match self {
            Self::Now => ProvisionRequest::Now {},
            Self::Show => ProvisionRequest::Show {},
        };
        let payload = client.ask(&Request::Provision(request))?;
        answer::show(&payload, &Wording::default(), output)
    }
}

/// How it stands, a line each.
pub(crate) fn show(status: &ProvisionStatus, output: &mut Output) -> Result<(), Failure> {
    let place = status.place.as_deref().unwrap_or("no server (item `Flash Server IP`)");
    output.line(&format!("from  {place}"))?;
    match (&status.last, &status.result) {
        (Some(last), Some(result)) => {
            let how = if status.success == Some(true) { "done" } else { "failed" };
            output.line(&format!("last  {last} {how}: {result}"))?;
        }
        _ => output.line("last  never")?,
    }
    match &status.next {
        Some(next) => output.line(&format!("next  {next}"))?,
        None => output.line("next  not planned")?,
    }
    if status.proving {
        output.line("no line has registered with it yet: it may be taken back")?;
    }
    Ok(())
}
