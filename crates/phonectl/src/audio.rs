//! `phonectl audio`: how loud ear, microphone and bell are.

use clap::Subcommand;
use control::{AudioRequest, Request, Volumes};

use crate::{
    answer::{self, Wording},
    client::Client,
    failure::Failure,
    output::Output,
};

#[derive(Subcommand)]
pub(crate) enum Audio {
    /// Show the sound device and how loud it is.
    Show,
    /// Make it louder or softer, in force at once and kept.
    #[command(arg_required_else_help = true)]
    Volume {
        /// The ear, 1 to 9.
        #[arg(long, value_name = "STEP")]
        ear: Option<u8>,
        /// The microphone, 1 to 9.
        #[arg(long, value_name = "STEP")]
        microphone: Option<u8>,
        /// The bell, 0 (silent) to 9.
        #[arg(long, value_name = "STEP")]
        ring: Option<u8>,
    },
}

impl Audio {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let request = match self {
            Self::Show => AudioRequest::Show {},
            Self::Volume { ear, microphone, ring } => {
                AudioRequest::Volume { ear, microphone, ring }
            }
        };
        let payload = client.ask(&Request::Audio(request))?;
        answer::show(&payload, &Wording::default(), output)
    }
}

/// Shows how loud it is.
pub(crate) fn show(volumes: &Volumes, output: &mut Output) -> Result<(), Failure> {
    let Volumes { device, ear, microphone, ring } = volumes;
    output.line(&format!("device {device}; ear {ear}, microphone {microphone}, ring {ring}"))
}
