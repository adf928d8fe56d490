//! `phonectl trace`: the SIP messages that the phone has sent and received lately, as a list, as text,
//! as they come, or as a capture file. Which secrets are left out the phone decides.

use std::{fs::OpenOptions, io::Write, os::unix::fs::OpenOptionsExt, path::PathBuf};

use clap::Args;
use control::{Payload, Request, TraceMessage, TraceReport, TraceRequest, Way, decode};

use crate::{
    answer::{self, Wording},
    client::Client,
    failure::Failure,
    output::Output,
};

#[derive(Args)]
#[command(
    after_help = "Examples:\n  phonectl trace --line 1 --last 20\n  phonectl trace --follow --text\n  \
                        phonectl trace --pcap calls.pcapng && wireshark calls.pcapng"
)]
pub(crate) struct Trace {
    /// Only what belongs to this line.
    #[arg(long, value_name = "N")]
    line: Option<u16>,
    /// Only what has this Call-ID.
    #[arg(long, value_name = "CALL-ID")]
    call: Option<String>,
    /// Only the latest COUNT messages.
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["follow", "pcap"])]
    last: Option<u32>,
    /// Only this message, as text.
    #[arg(long, value_name = "ID", conflicts_with_all = ["line", "call", "last", "follow", "pcap"])]
    id: Option<u64>,
    /// Show the whole text of each.
    #[arg(long, conflicts_with = "pcap")]
    text: bool,
    /// Show each from now on, until interrupted.
    #[arg(long, conflicts_with = "pcap")]
    follow: bool,
    /// Write them to a capture file (pcapng) that Wireshark opens.
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
    /// With credentials and keys as they were sent; whoever gets the file can use them.
    #[arg(long, requires = "pcap")]
    with_secrets: bool,
}

impl Trace {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let Self { line, call: call_id, last, id, text, follow, pcap, with_secrets } = self;
        if follow {
            let request = TraceRequest::Follow { line, call_id };
            return watch(client, &Request::Trace(request), text, output);
        }
        if let Some(path) = pcap {
            let request = TraceRequest::Pcap { line, call_id, with_secrets };
            return keep(&client.ask(&Request::Trace(request))?, path);
        }
        let request = match id {
            Some(id) => TraceRequest::Message { id },
            None => TraceRequest::Show { line, call_id, since: None, last },
        };
        let payload = client.ask(&Request::Trace(request))?;
        let wording = Wording { detailed: text || id.is_some(), ..Wording::default() };
        answer::show(&payload, &wording, output)
    }
}

fn watch(
    client: &Client,
    request: &Request,
    text: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut connection = client.connect(request)?;
    connection.reply()?;
    connection.wait_for_ever()?;
    loop {
        let mut line = connection.line()?;
        match decode::<TraceMessage>(&line) {
            Ok(message) if !output.is_json() => one(&message, text, output)?,
            Ok(_) | Err(_) => {
                line.push(b'\n');
                output.octets(&line)?;
            }
        }
    }
}

/// Writes the file that the phone has answered with.
fn keep(payload: &Payload, path: PathBuf) -> Result<(), Failure> {
    let failure = |reason: String| Failure::File { path: path.clone(), reason };
    let Payload::Document(document) = payload else {
        return Err(failure("the phone has answered another question".to_owned()));
    };
    let octets = document.octets().map_err(|error| failure(error.to_string()))?;
    // Whom it may concern who called whom is its owner's to say.
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
    let written = file.and_then(|mut file| file.write_all(&octets));
    written.map_err(|error| failure(error.to_string()))
}

/// Shows what was recorded.
pub(crate) fn show(
    report: &TraceReport,
    detailed: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    if report.limit == 0 {
        return output.line("nothing is recorded: the phone was started with --trace 0");
    }
    if report.messages.is_empty() {
        return output.line("no message is recorded that fits");
    }
    report.messages.iter().try_for_each(|message| one(message, detailed, output))
}

fn one(message: &TraceMessage, detailed: bool, output: &mut Output) -> Result<(), Failure> {
    let TraceMessage { id, t, hop, line, .. } = message;
    let arrow = match message.way {
        Way::Sent => "->",
        Way::Received => "<-",
    };
    let line = line.map(|line| format!("line {line}  ")).unwrap_or_default();
    let what = match message.code {
        Some(_) => format!("{} [{}]", message.start(), message.method),
        None => message.start().to_owned(),
    };
    output.line(&format!("{t}  {id}  {line}{arrow} {hop}  {what}"))?;
    if detailed {
        message.text.lines().try_for_each(|line| output.line(&format!("    {line}")))?;
        output.line("")?;
    }
    Ok(())
}
