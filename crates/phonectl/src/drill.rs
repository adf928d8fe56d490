//! `phonectl drill`: a failure that is only played. The phone goes through its real failover without
//! any change to the network, so that one can see what an outage would cost.

use clap::Subcommand;
use control::{DrillRequest, DrillState, DrillStatus, Request};

use crate::{
    answer::{self, Wording},
    client::Client,
    failure::Failure,
    output::Output,
    span,
};

#[derive(Subcommand)]
pub(crate) enum Drill {
    /// Treat a server of a line as dead for a while.
    #[command(after_help = "Example:\n  phonectl drill start --line 1 --hop primary --for 60s\n  \
                            phonectl watch")]
    Start {
        /// The number of the line.
        #[arg(long, value_name = "N")]
        line: u16,
        /// Which server: primary, current, or a hop as `account show` writes it.
        #[arg(long, value_name = "HOP", default_value = "primary")]
        hop: String,
        /// For how long: 60s, 5m, 1h.
        #[arg(long = "for", value_name = "SPAN", default_value = "60s",
              value_parser = span::seconds)]
        for_s: u32,
    },
    /// End the drill that runs, and show what it has measured.
    Stop,
}

impl Drill {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let request = match self {
            Self::Start { line, hop, for_s } => DrillRequest::Start { line, hop, for_s },
            Self::Stop => DrillRequest::Stop {},
        };
        let payload = client.ask(&Request::Drill(request))?;
        answer::show(&payload, &Wording::default(), output)
    }
}

/// A drill in words: what counts as dead, and what that has cost.
pub(crate) fn sentence(status: &DrillStatus) -> String {
    let DrillStatus { line, hop, for_s, calls_moved, .. } = status;
    let what = match status.state {
        DrillState::Running => return format!("line {line}: {hop} counts as dead for {for_s} s"),
        DrillState::Recovered => format!("line {line}, {hop} counting as dead"),
        DrillState::Ended => format!("line {line}: drill of {hop} ended"),
    };
    let calls = match calls_moved {
        0 => String::new(),
        1 => ", 1 request of a call moved".to_owned(),
        more => format!(", {more} requests of calls moved"),
    };
    match (&status.to, status.outage_ms) {
        (Some(to), Some(outage)) => {
            format!("{what}: registered through {to} after {:.1} s{calls}", outage / 1000.0)
        }
        _ if status.served => {
            format!("{what}: the line was not registered elsewhere within that time{calls}")
        }
        _ => format!("{what}: the line did not depend on it{calls}"),
    }
}
