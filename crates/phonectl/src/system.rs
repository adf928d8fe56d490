//! `phonectl system`: start the phone again, or as it came from the factory.

use clap::Subcommand;
use control::{Request, SystemRequest};

use crate::{
    answer::{self, Wording},
    client::Client,
    failure::Failure,
    output::Output,
};

#[derive(Subcommand)]
pub(crate) enum System {
    /// Start the phone again; refused while calls are up.
    Restart {
        /// End the calls that are up.
        #[arg(long)]
        end_calls: bool,
    },
    /// Forget everything that the phone was ever told, and start again as from the factory.
    ///
    /// Configuration, passwords, users of the web page, its certificate, call log, phone book and
    /// journal are gone. What `phoned run` is started with stays, also the file of --provision.
    Reset {
        /// Say that this is meant.
        #[arg(long, required = true)]
        yes: bool,
    },
}

impl System {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let (request, done) = match self {
            Self::Restart { end_calls } => (SystemRequest::Restart { end_calls }, "starting again"),
            Self::Reset { .. } => (SystemRequest::Reset {}, "forgetting everything"),
        };
        let payload = client.ask(&Request::System(request))?;
        answer::show(&payload, &Wording::done(done), output)
    }
}
