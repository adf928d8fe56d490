//! `phonectl call`: calls, from dialling to hanging up. A call is meant by the identifier that `dial`
//! prints and `list` shows.

use clap::Subcommand;
use control::{
    CallQuality, CallRequest, CallState, CallStatus, Direction, EndedBy, LoggedCall, LoggedKind,
    Request,
};

use crate::{
    answer::{self, Wording},
    client::Client,
    failure::Failure,
    output::{Output, heading, moment},
};

#[derive(Subcommand)]
pub(crate) enum Call {
    /// Call someone; prints the new call's identifier at once.
    Dial {
        /// The line to use [default: the first one that is registered].
        #[arg(long, value_name = "N")]
        line: Option<u16>,
        /// Whom: sip:1002@example.org, or a number of the line's domain.
        #[arg(value_name = "URI_OR_NUMBER")]
        target: String,
    },
    /// Every call, and those that ended within the last two minutes.
    List,
    /// Answer a call that rings here.
    Answer {
        /// Which [default: the only one that rings].
        id: Option<String>,
    },
    /// Refuse a call that rings here.
    Reject {
        /// Which.
        id: String,
    },
    /// End a call, or stop dialling.
    Hangup {
        /// Which [default: the only one].
        id: Option<String>,
    },
    /// Put a call on hold.
    Hold {
        /// Which.
        id: String,
    },
    /// Take a call off hold.
    Resume {
        /// Which.
        id: String,
    },
    /// Send silence instead of what is said here.
    Mute {
        /// Which.
        id: String,
    },
    /// Send what is said here again.
    Unmute {
        /// Which.
        id: String,
    },
    /// Calls that are over, the latest first: missed, received, dialled.
    Log,
    /// Forget the calls that are over.
    ClearLog,
    /// Call again whom this phone has called last; prints the new call's identifier.
    Redial,
    /// Send key presses to the other party.
    Dtmf {
        /// Which call.
        id: String,
        /// Of 0-9, *, # and A-D.
        digits: String,
    },
    /// Send the other party to someone else: unannounced, or to whom another call is with.
    Transfer {
        /// Which call.
        id: String,
        /// To whom, unannounced.
        #[arg(value_name = "URI_OR_NUMBER", required_unless_present = "to")]
        target: Option<String>,
        /// To whom this other call is with; it has to be answered.
        #[arg(long, value_name = "OTHER_ID", conflicts_with = "target")]
        to: Option<String>,
    },
}

impl Call {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let (request, done) = match self {
            Self::Dial { line, target } => (CallRequest::Dial { line, target }, ""),
            Self::List => (CallRequest::List {}, ""),
            Self::Answer { id } => (CallRequest::Answer { id }, "answering"),
            Self::Reject { id } => (CallRequest::Reject { id }, "refused"),
            Self::Hangup { id } => (CallRequest::Hangup { id }, "hanging up"),
            Self::Hold { id } => (CallRequest::Hold { id }, "going on hold"),
            Self::Resume { id } => (CallRequest::Resume { id }, "coming off hold"),
            Self::Mute { id } => (CallRequest::Mute { id }, "muted"),
            Self::Unmute { id } => (CallRequest::Unmute { id }, "no longer muted"),
            Self::Log => (CallRequest::Log {}, ""),
            Self::ClearLog => (CallRequest::ClearLog {}, "forgotten"),
            Self::Redial => (CallRequest::Redial {}, ""),
            Self::Dtmf { id, digits } => (CallRequest::Dtmf { id, digits }, "sending"),
            Self::Transfer { id, target, to } => (transfer(id, target, to), "transferring"),
        };
        let payload = client.ask(&Request::Call(request))?;
        answer::show(&payload, &Wording::done(done), output)
    }
}

/// One of the two is given: the parser has seen to it.
fn transfer(id: String, target: Option<String>, to: Option<String>) -> CallRequest {
    match to {
        Some(to) => CallRequest::TransferTo { id, to },
        None => CallRequest::Transfer { id, target: target.unwrap_or_default() },
    }
}

/// Shows calls as a table.
pub(crate) fn show(calls: &[CallStatus], output: &mut Output) -> Result<(), Failure> {
    if calls.is_empty() {
        return output.line("no calls");
    }
    let mut rows = heading(&["ID", "LINE", "WITH", "STATE", "TIME", "CODEC", "MOS", "THROUGH"]);
    for call in calls {
        rows.push(vec![
            call.id.clone(),
            call.line.to_string(),
            with(call),
            state(call),
            format!("{}:{:02}", call.duration_s / 60, call.duration_s % 60),
            call.codec.clone().unwrap_or_default(),
            call.quality.and_then(|q| q.mos).map(|mos| format!("{mos:.1}")).unwrap_or_default(),
            call.hop.clone().unwrap_or_default(),
        ]);
    }
    output.table(0, &rows)
}

/// Shows calls that are over as a table.
pub(crate) fn show_log(calls: &[LoggedCall], output: &mut Output) -> Result<(), Failure> {
    if calls.is_empty() {
        return output.line("no calls yet");
    }
    let mut rows = heading(&["BEGAN", "WHAT", "LINE", "WITH", "TIME"]);
    for call in calls {
        let what = match call.kind {
            LoggedKind::Missed => "missed",
            LoggedKind::Received => "received",
            LoggedKind::Refused => "refused",
            LoggedKind::Elsewhere => "answered elsewhere",
            LoggedKind::Dialled => "dialled",
        };
        let why = match (call.code, call.cut_off) {
            (_, true) => " (the phone stopped)".to_owned(),
            (Some(code), false) => format!(" ({code})"),
            (None, false) => String::new(),
        };
        let name = call.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        rows.push(vec![
            moment(call.t),
            format!("{what}{why}"),
            call.line.to_string(),
            format!("{}{name}", call.remote),
            format!("{}:{:02}", call.duration_s / 60, call.duration_s % 60),
        ]);
    }
    output.table(0, &rows)
}

/// How a call sounds, in words.
pub(crate) fn quality(quality: &CallQuality) -> String {
    let CallQuality { mos, loss_percent, jitter_ms, round_trip_ms, far_loss_percent, .. } = quality;
    let mos = mos.map(|mos| format!("mean opinion {mos:.2}, ")).unwrap_or_default();
    let trip = round_trip_ms.map(|ms| format!(", round trip {ms:.0} ms")).unwrap_or_default();
    let far = far_loss_percent.map(|percent| format!(", {percent:.1} % lost at the other side"));
    let far = far.unwrap_or_default();
    format!("{mos}{loss_percent:.1} % lost, jitter {jitter_ms:.1} ms{trip}{far}")
}

/// The other party, with the direction.
pub(crate) fn with(call: &CallStatus) -> String {
    match call.direction {
        Direction::In => {
            let name = call.remote_name.as_ref().map(|name| format!(" {name}"));
            format!("from {}{}", call.remote, name.unwrap_or_default())
        }
        Direction::Out => format!("to {}", call.remote),
    }
}

/// The state in words; of an ended call also how it ended.
pub(crate) fn state(call: &CallStatus) -> String {
    let mut text = match call.state {
        CallState::Dialing => "dialling",
        CallState::Ringing => "ringing",
        CallState::Active => "active",
        CallState::Held => "on hold",
        CallState::RemoteHeld => "held by the other party",
        CallState::Ended => "ended",
    }
    .to_owned();
    if call.muted {
        text.push_str(", muted");
    }
    if let Some(ended) = &call.ended {
        let by = match ended.by {
            EndedBy::Local => " here",
            EndedBy::Remote => " by the other party",
            EndedBy::Failure => ": failed",
        };
        text.push_str(by);
        let code = ended.code.map(|code| code.to_string());
        let why: Vec<&str> = code.as_deref().into_iter().chain([ended.reason.as_str()]).collect();
        let why = why.join(" ");
        if !why.trim().is_empty() {
            text.push_str(&format!(" ({})", why.trim()));
        }
    }
    if let Some(note) = &call.note {
        text.push_str(&format!("; {note}"));
    }
    text
}
