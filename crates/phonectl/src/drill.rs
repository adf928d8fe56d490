//! `phonectl drill`: a failure that is only played. The phone goes through its real failover without
//! any change to the network, so that one can see what an outage would cost.

use clap::Subcommand;
use control::{DrillRequest, Request};

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
        line: u8,
        /// Which server: primary, current, or a hop as `account show` writes it.
        #[arg(long, value_name = "HOP", default_value = "primary")]
        hop: String,
        /// For how long: 60s, 5m, 1h.
        #[arg(long = "for", value_name = "SPAN", default_value = "60s",
              value_parser = span::seconds)]
        for_s: u32,
    },
    /// End the drill that runs.
    Stop,
}

impl Drill {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let (request, done) = match self {
            Self::Start { line, hop, for_s } => {
                let done = format!("line {line}: {hop} counts as dead for {for_s} s");
                (DrillRequest::Start { line, hop, for_s }, done)
            }
            Self::Stop => (DrillRequest::Stop {}, "drill ended".to_owned()),
        };
        let payload = client.ask(&Request::Drill(request))?;
        answer::show(&payload, &Wording::done(done), output)
    }
}
