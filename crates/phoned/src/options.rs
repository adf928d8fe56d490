//! The command line of the daemon: what may be said, and how it is explained.
//!
//! Only words here: whether a file exists or an address can be bound shows when it is used.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::filter::{LevelFilter, Targets};

/// SIP desk phone daemon whose service survives its SIP proxy.
#[derive(Debug, Parser)]
#[command(name = "phoned", version, about, max_term_width = 100)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the phone in the foreground until SIGTERM or SIGINT.
    #[command(after_help = "\
With no line configured it starts all the same; configure one with phonectl, e.g.
  phonectl config set 'SIP1 Phone Number=1001' 'SIP1 Register Addr=sip.example.test' \\
      'SIP1 Register User=1001' 'SIP1 Register Pswd=secret'

Exit codes:
  0  stopped by SIGTERM or SIGINT; lines un-registered, calls ended
  1  a part of the daemon died while it ran; the log says which
  2  the command line is wrong
  3  it could not start: the message names the directory, port, socket or file")]
    Run(Run),
}

/// Options of `phoned run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// State directory: the configuration and what survives a restart (created with mode 0700)
    #[arg(long, value_name = "DIR", env = "PHONED_STATE", default_value = "/var/lib/phoned")]
    pub(crate) state: PathBuf,

    /// Configuration applied at start and kept in the state directory: a file in one of Fanvil's
    /// forms, or an http, https or tftp address, in which $mac and $model stand for this phone's
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) provision: Option<Source>,

    /// Where DHCP clients' hooks leave their options, a file for each interface
    #[arg(long, value_name = "DIR", default_value = "/run/phone-dhcp")]
    pub(crate) dhcp: PathBuf,

    // Its brackets are no links, so the help is no doc comment.
    #[arg(
        long,
        value_name = "SPEC",
        default_value = "alsa",
        value_parser = sound,
        help = "Sound: alsa[:PCM], wav:IN[:OUT] (plays IN in a loop as the microphone and records \
                what the ear would hear to OUT, in real time), or null"
    )]
    pub(crate) audio: String,

    /// Control socket for phonectl (mode 0660)
    #[arg(
        long,
        value_name = "PATH",
        env = "PHONED_CONTROL",
        default_value = "/run/phoned/control.sock"
    )]
    pub(crate) control: PathBuf,

    /// Web page: HTTPS, with a certificate made at the first start; plain HTTP is served only where
    /// ADDR is loopback. The log says how to set the first password
    #[arg(long, value_name = "ADDR:PORT|off", default_value_t = Web::usual())]
    pub(crate) web: Web,

    /// How many KiB of recent SIP messages are kept for the page Trace and for phonectl trace; 0
    /// records none
    #[arg(long, value_name = "KIB", default_value_t = 512, value_parser = trace_room)]
    pub(crate) trace: usize,

    /// Answers incoming calls at once (for tests and intercoms)
    #[arg(long)]
    pub(crate) auto_answer: bool,

    /// What is logged: error, warn, info, debug, trace, or per part; info,phoned::wire=trace shows
    /// every SIP packet, without credentials
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = log_filter)]
    pub(crate) log: Targets,

    /// Form of the log on standard error
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

/// A sound device by its grammar only.
fn sound(text: &str) -> Result<String, media::SpecError> {
    text.parse::<media::DeviceSpec>().map(|_| text.to_owned())
}

/// KiB of recorded messages. All of them fit into one answer of the control socket, whatever they hold.
fn trace_room(text: &str) -> Result<usize, String> {
    const MOST: usize = 1024;
    let room = text.parse().ok().filter(|room| *room <= MOST);
    room.ok_or_else(|| format!("not a whole number from 0 to {MOST} (KiB)"))
}

/// A level, or levels by part; unlike [`Targets`] itself it takes no part without a level, for that
/// is more likely a misspelt level.
fn log_filter(text: &str) -> Result<Targets, String> {
    for part in text.split(',') {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        if level.parse::<LevelFilter>().is_err() || level.is_empty() {
            return Err(format!("`{level}` is none of off, error, warn, info, debug, trace"));
        }
    }
    text.parse().map_err(|error| format!("{error}"))
}

/// Where a configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    File(PathBuf),
    Url(String),
}

impl Source {
    /// The address, if it is one.
    pub(crate) fn url(&self) -> Option<String> {
        match self {
            Self::File(_) => None,
            Self::Url(url) => Some(url.clone()),
        }
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err("neither a file nor an address".into());
        }
        if !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        let checked = crate::provisioning::check(text).map_err(|error| error.to_string());
        checked.map(|()| Self::Url(text.into()))
    }
}

/// Where the web page listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Web {
    Off,
    At(SocketAddr),
}

impl Web {
    /// Where it is unless told otherwise.
    pub(crate) fn usual() -> Self {
        Self::At((std::net::Ipv6Addr::UNSPECIFIED, 8443).into())
    }
}

impl FromStr for Web {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self::Off);
        }
        text.parse().map(Self::At).map_err(|_| "neither ADDR:PORT nor off".into())
    }
}

impl fmt::Display for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::At(address) => address.fmt(f),
        }
    }
}

/// Form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One object a line
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_is_what_the_command_line_says() {
        crate::manual::hold(&<Options as clap::CommandFactory>::command());
    }

    fn run(arguments: &[&str]) -> Result<Run, clap::Error> {
        let all = ["phoned", "run"].iter().chain(arguments);
        Options::try_parse_from(all).map(|options| {
            let Command::Run(run) = options.command;
            run
        })
    }

    #[test]
    fn a_url_is_told_apart_from_a_file() {
        let source = |text: &str| run(&["--provision", text]).unwrap().provision.unwrap();
        assert_eq!(source("/etc/phone.cfg"), Source::File("/etc/phone.cfg".into()));
        assert_eq!(source("https://h/p.cfg"), Source::Url("https://h/p.cfg".into()));
    }

    /// Status 2, with which a service manager does not try again: `RestartPreventExitStatus` of the unit.
    #[test]
    fn an_option_that_can_never_be_right_is_a_wrong_command_line() {
        for (option, wrong, said) in [
            ("--provision", "", "neither a file nor an address"),
            ("--provision", "ftp://host.test/phone.cfg", "`ftp` files are not fetched"),
            ("--provision", "http://", "names no server"),
            ("--audio", "tape:left", "audio spec 'tape:left': unknown kind"),
            ("--audio", "", "unknown kind"),
            ("--audio", "wav:", "a file is expected"),
        ] {
            let error = run(&[option, wrong]).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            let text = error.to_string();
            assert!(text.contains(option) && text.contains(said), "{text}");
        }
        assert_eq!(run(&["--audio", "alsa:default"]).unwrap().audio, "alsa:default");
    }

    #[test]
    fn the_web_page_is_an_address_or_off() {
        assert_eq!(run(&["--web", "off"]).unwrap().web, Web::Off);
        assert_eq!(run(&[]).unwrap().web.to_string(), "[::]:8443");
        let error = run(&["--web", "8443"]).unwrap_err().to_string();
        assert!(error.contains("--web") && error.contains("neither ADDR:PORT nor off"), "{error}");
    }

    #[test]
    fn the_room_for_messages_is_bounded() {
        assert_eq!(run(&[]).unwrap().trace, 512);
        assert_eq!(run(&["--trace", "0"]).unwrap().trace, 0);
        for wrong in ["1025", "1.5", "much"] {
            let error = run(&["--trace", wrong]).unwrap_err().to_string();
            assert!(error.contains("--trace") && error.contains("0 to 1024"), "{error}");
        }
    }

    #[test]
    fn a_wrong_log_level_names_the_option() {
        for wrong in ["shout", "info,phoned::wire=loud", "", "info,"] {
            let error = run(&["--log", wrong]).unwrap_err().to_string();
            assert!(error.contains("--log") && error.contains("none of off"), "{error}");
        }
        assert!(run(&["--log", "info,phoned::wire=trace"]).is_ok());
    }
}
