//! phoned: a SIP desk phone daemon whose service survives its SIP proxy.
//!
//! A thin shell around the crate `phone`, which decides everything: sockets, clock, sound, store and
//! people become its inputs, and what it wants is done. `daemon` shows how the parts fit together,
//! `driver` how a turn goes.

mod archive;
mod audio;
mod call_log;
mod clock;
mod control_server;
mod daemon;
mod driver;
mod ending;
mod handset;
mod hops;
mod host;
mod limits;
mod lines;
mod lint;
mod logging;
mod mask;
mod memory;
mod net;
mod notes;
mod options;
mod phone_book;
mod provisioning;
mod quality;
mod recent;
mod report;
mod settings;
mod store_thread;
mod supervise;
mod trace;
mod view;
mod volume;
mod web_page;

#[cfg(test)]
#[path = "../../../packaging/manual.rs"]
mod manual;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use daemon::Failure;
use ending::Ending;
use options::{Command, Options};

/// A part of the daemon died while it ran.
const DIED: u8 = 1;
/// It never became ready.
const NOT_STARTED: u8 = 3;

fn main() -> ExitCode {
    let Command::Run(options) = Options::parse().command;
    let log = logging::start(options.log.clone(), options.log_format);
    match daemon::run(&options, log) {
        Ok(Ending::Stop) => ExitCode::SUCCESS,
        Ok(Ending::Restart | Ending::Reset) => {
            let Err(error) = ending::again();
            tracing::error!(%error, "cannot start again");
            // The service manager does.
            ExitCode::from(DIED)
        }
        Err(Failure::Start(error)) => {
            // For whoever typed the command: one line, the log's form notwithstanding.
            let _ = writeln!(std::io::stderr(), "phoned: {error:#}");
            ExitCode::from(NOT_STARTED)
        }
        Err(Failure::Died(error)) => {
            tracing::error!("{error:#}");
            ExitCode::from(DIED)
        }
    }
}
