//! The command line of phoned: says what the user wants in a [`control::Request`], and shows the
//! answer as text for people or as JSON for programs.
//!
//! One file per noun; each turns its verbs into requests and its answers into text. It decides
//! nothing about the phone: what is right or wrong with a request, the phone says. Exit status: 1 if
//! the phone refuses, 2 for a wrong command line or file, 3 if no phone answers.

mod account;
mod answer;
mod audio;
mod call;
mod client;
mod config;
mod contact;
mod drill;
mod event;
mod failure;
mod health;
mod journal;
mod network;
mod output;
mod provision;
mod seal;
mod span;
mod status;
mod system;
mod timing;
mod trace;
mod watch;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{client::Client, failure::Failure, output::Output};

/// Where help lists what every command takes.
const EVERYWHERE: &str = "Options of every command";

/// Control a running phoned.
///
/// Shows and changes its lines, calls and configuration, and follows what happens. Text for people
/// by default; with --json one JSON object, or one a line for `watch`.
#[derive(Parser)]
#[command(
    name = "phonectl",
    version,
    arg_required_else_help = true,
    after_help = "Exit status: 0 done; 1 refused by the phone; 2 wrong command line or file; \
                  3 no phone answers at the socket.\n\n\
                  First steps:\n  \
                  phonectl config set 'SIP1 Phone Number=1001' 'SIP1 Register Pswd=…' \\\n      \
                  'SIP1 Register Addr=pbx.example'\n  \
                  phonectl account list\n  \
                  phonectl call dial 1002"
)]
struct Arguments {
    /// The control socket of the phone.
    #[arg(
        long,
        global = true,
        help_heading = EVERYWHERE,
        value_name = "PATH",
        env = "PHONED_CONTROL",
        default_value = "/run/phoned/control.sock"
    )]
    control: PathBuf,

    /// Print JSON instead of text.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    json: bool,

    #[command(subcommand)]
    noun: Noun,
}

#[derive(Subcommand)]
enum Noun {
    /// Lines and their registration.
    #[command(subcommand)]
    Account(account::Account),
    /// Calls: dial, answer, hang up, hold, transfer …
    #[command(subcommand)]
    Call(call::Call),
    /// Sound: devices, how loud they are, and trying them.
    #[command(subcommand)]
    Audio(audio::Audio),
    /// The phone book.
    #[command(subcommand)]
    Contact(contact::ContactCommand),
    /// The configuration: items and files.
    #[command(subcommand)]
    Config(config::Config),
    /// What has happened: failovers, failbacks, outages, drills.
    Journal(journal::Journal),
    /// Play a failure: the phone treats a server as dead, and measures the outage.
    #[command(subcommand)]
    Drill(drill::Drill),
    /// The network: interfaces, name servers, the way to each server.
    Network(network::Network),
    /// The configuration that the phone fetches from a server.
    #[command(subcommand)]
    Provision(provision::Provision),
    /// How long servers take to answer, and how long registrations take.
    Timing(timing::Timing),
    /// The SIP messages that the phone has sent and received lately.
    Trace(trace::Trace),
    /// The whole phone: start it again, factory reset.
    #[command(subcommand)]
    System(system::System),
    /// Every event as it happens, until interrupted.
    Watch(watch::Watch),
    /// The phone, its lines and its calls at a glance.
    Status(status::Status),
    /// Whether the phone works, as an exit status for scripts and updaters.
    Health(health::Health),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let client = Client::new(arguments.control);
    let mut output = Output::new(arguments.json);
    let done = match arguments.noun {
        Noun::Account(account) => account.run(&client, &mut output),
        Noun::Call(call) => call.run(&client, &mut output),
        Noun::Audio(audio) => audio.run(&client, &mut output),
        Noun::Contact(contact) => contact.run(&client, &mut output),
        Noun::Config(config) => config.run(&client, &mut output),
        Noun::Journal(journal) => journal.run(&client, &mut output),
        Noun::Drill(drill) => drill.run(&client, &mut output),
        Noun::Network(network) => network.run(&client, &mut output),
        Noun::Provision(provision) => provision.run(&client, &mut output),
        Noun::Timing(timing) => timing.run(&client, &mut output),
        Noun::Trace(trace) => trace.run(&client, &mut output),
        Noun::System(system) => system.run(&client, &mut output),
        Noun::Watch(watch) => watch.run(&client, &mut output),
        Noun::Status(status) => status.run(&client, &mut output),
        Noun::Health(health) => health.run(&client, &mut output),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has had enough, as `head` does.
        Err(Failure::ReaderGone) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            ExitCode::from(failure.status())
        }
    }
}

#[cfg(test)]
#[path = "../../../packaging/manual.rs"]
mod manual;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_is_what_the_command_line_says() {
        manual::hold(&<Arguments as clap::CommandFactory>::command());
    }

    #[test]
    fn the_command_line_is_consistent() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }
}
