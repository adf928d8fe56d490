//! Everything that can happen to the phone, as data, so that a field trace can be replayed.
//!
//! The shell turns sockets, timers, sound and people into these values and hands each to
//! [`crate::Phone::handle_input`] or [`crate::Phone::handle_command`] with the time it happened.
//! It judges nothing: whether an ICMP error counts is decided in `account::evidence`.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

pub use failover::TlsFault;
use sip_core::transport::Hop;
use sip_core::transport::resolve::Target;

use crate::settings::{LineNumber, ServerRole, Settings};
use crate::status::DrillStatus;
use crate::words::{InState, Said, Wanted};

/// One happening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A datagram arrived at one of our SIP sockets.
    Datagram {
        /// Our address that it was sent to (from `IP_PKTINFO`, never a wildcard).
        local: SocketAddr,
        /// Where it came from.
        remote: SocketAddr,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// The network says that a datagram of ours could not be delivered (requirement F2).
    Undeliverable {
        /// Where that datagram had been sent.
        to: Hop,
        /// What the network quoted of it; may be cut or empty.
        quoted: Vec<u8>,
        /// What the network said.
        why: Undeliverable,
    },
    /// A connection that was asked for is set up, TLS included.
    FlowOpened {
        /// Its hop.
        hop: Hop,
    },
    /// A connection that was asked for cannot be had.
    FlowFailed {
        /// Its hop.
        hop: Hop,
        /// Why.
        why: FlowFault,
    },
    /// A peer has opened a connection to us.
    FlowAccepted {
        /// The peer's own address and port.
        hop: Hop,
        /// Our address that it came to.
        local: SocketAddr,
    },
    /// Octets have come over a connection.
    Stream {
        /// Its hop.
        hop: Hop,
        /// The octets, in order, cut anywhere.
        bytes: Vec<u8>,
    },
    /// A connection, opened or accepted, is over.
    FlowClosed {
        /// Its hop.
        hop: Hop,
        /// Why.
        why: FlowFault,
    },
    /// The settings, at start and after each change; the phone finds out what changed.
    Settings(Settings),
    /// What a line's servers resolve to now, in order of preference (RFC 3263). Lines of the same
    /// servers may share the lists.
    Hops {
        /// The line.
        line: LineNumber,
        /// Its hop list; empty while nothing is known.
        hops: Arc<[LineHop]>,
        /// Hops that its names have led to and do not now: what works there goes on.
        former: Arc<[LineHop]>,
        /// Addresses of all its configured servers, used or not: calls may come from there.
        trusted: Arc<[IpAddr]>,
        /// The phone was at this hop when it last stopped, and why it may start there.
        last_good: Option<LastGood>,
        /// The device has booted, and this is what the line begins with: it waits a random part of
        /// its spread (failover design §6). A process that was started again does not wait.
        booted: bool,
    },
    /// What a name leads to that [`crate::output::Output::Names`] has asked for. It may come again.
    Name {
        /// The name.
        target: Target,
        /// In order of preference; empty where it leads nowhere.
        ways: Vec<Way>,
    },
    /// Our own network went away or came back.
    Link {
        /// Whether an address and a route are there.
        up: bool,
    },
    /// A pair of RTP and RTCP ports is bound and may be put into session descriptions.
    RtpPort {
        /// Local address.
        ip: IpAddr,
        /// RTP port; RTCP is the next one.
        port: u16,
    },
    /// The sound side reports.
    Media {
        /// Which call.
        call: crate::CallId,
        /// What.
        report: MediaReport,
    },
}

/// One entry of a line's hop list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineHop {
    /// Transport and address.
    pub hop: Hop,
    /// The server it came from.
    pub role: ServerRole,
    /// Our own address towards it: Via, Contact and SDP name this one.
    pub local: SocketAddr,
    /// Names that lead here: first the configured domain, by which TLS verifies, then others such
    /// as an SRV target, by which it does not (RFC 5922 §7.1). Empty for an IP literal.
    pub names: Vec<String>,
}

/// A way to a host that is none of a line's servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Transport and address.
    pub hop: Hop,
    /// Our own address towards it.
    pub local: SocketAddr,
}

/// Where a line was registered when the phone last stopped (failover design §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastGood {
    /// That hop.
    pub hop: Hop,
    /// Whether the primary was unavailable then.
    pub primary_was_unavailable: bool,
}

/// What the network said about a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Undeliverable {
    /// ICMP destination unreachable: network.
    Net,
    /// ICMP destination unreachable: host.
    Host,
    /// ICMP destination unreachable: protocol.
    Protocol,
    /// ICMP destination unreachable: port.
    Port,
    /// ICMP destination unreachable: administratively prohibited.
    Prohibited,
    /// ICMP fragmentation needed or packet too big.
    TooBig,
    /// ICMP time exceeded, source quench and all others: says nothing about the hop.
    Soft,
    /// Our own host has no route or no answer to ARP: a local outage, nobody's fault.
    Local,
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowFault {
    /// TCP: connection refused.
    Refused,
    /// TCP: reset.
    Reset,
    /// Closed by the other side.
    Closed,
    /// Not set up, or what was written not acknowledged, in time.
    TimedOut,
    /// ICMP while it was being set up.
    Unreachable(Undeliverable),
    /// TLS.
    Tls(TlsFault),
    /// Our own host: no route, no address, no socket.
    Local,
}

/// What the sound side reports of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaReport {
    /// No RTP or RTCP for the call's media time-out.
    Silence,
    /// The other party pressed a key (RFC 4733).
    Digit(char),
    /// The sockets or the device failed; the call has no sound.
    Failed(Said),
}

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Call someone: a number, `user@host` or a SIP URI.
    Dial {
        /// Through this line; `None`: the first that is registered, else the first.
        line: Option<LineNumber>,
        /// Whom.
        target: String,
    },
    /// Answer a ringing call; `None`: the only one that rings.
    Answer(Option<crate::CallId>),
    /// Refuse a ringing call (486 Busy Here).
    Reject(crate::CallId),
    /// End or cancel a call; `None`: the only one.
    HangUp(Option<crate::CallId>),
    /// Put on hold (RFC 3264 §8.4).
    Hold(crate::CallId),
    /// Take back from hold.
    Resume(crate::CallId),
    /// Send silence instead of what is said here (`true`), or no longer.
    Mute(crate::CallId, bool),
    /// Send digits, by RFC 4733 or INFO as the line's settings say.
    Dtmf(crate::CallId, String),
    /// Send the other party to someone else, unannounced (RFC 3515): a number, `user@host` or a SIP
    /// URI.
    Transfer(crate::CallId, String),
    /// Send the other party of the first call to that of the second, in our place (RFC 3891).
    TransferTo(crate::CallId, crate::CallId),
    /// Register now, whatever the back-off says (requirement B1).
    Register(LineNumber),
    /// Remove our registration and stay unregistered.
    Unregister(LineNumber),
    /// Treat a hop of a line as dead for a while (failover design §7); one that runs ends first.
    StartDrill {
        /// The line.
        line: LineNumber,
        /// The hop.
        hop: DrillHop,
        /// For how long, 1 s to 1 day.
        length: Duration,
    },
    /// End the drill that runs.
    StopDrill,
    /// Un-register everything and end all calls with BYE; [`crate::Phone::is_quiet`] tells when done.
    ShutDown,
}

/// Which hop a drill concerns; it keeps to that address when the line's list changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrillHop {
    /// The first of the line's order.
    Primary,
    /// The one that the line is registered through.
    Current,
    /// This one.
    This(Hop),
}

/// What a command gave back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Accepted.
    Ok,
    /// A call was made or concerned.
    Call(crate::CallId),
    /// A drill was begun or ended: where it stands.
    Drill(DrillStatus),
}

/// Why a command was refused, in words for the person who gave it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such call.
    #[error("there is no call {0}")]
    NoSuchCall(crate::CallId),
    /// No call that the command could mean.
    #[error("no call is {0}")]
    NoCall(InState),
    /// More than one call that the command could mean.
    #[error("several calls are {0}: name one")]
    Ambiguous(InState),
    /// No such line.
    #[error("line {} is not configured", .0.0)]
    NoSuchLine(LineNumber),
    /// No line at all.
    #[error("no line is configured: set SIP1 Phone Number and SIP1 Register Addr")]
    NoLine,
    /// The line has no hop to send to.
    #[error("line {} has no server address yet", .0.0)]
    NoHop(LineNumber),
    /// The target is not an address.
    #[error("cannot call '{0}': not a number, user@host or SIP URI")]
    BadTarget(String),
    /// Not possible in the call's state.
    #[error("call {0} is {1}: cannot {2}")]
    WrongState(crate::CallId, InState, Wanted),
    /// A call waits for others to be put on hold.
    #[error("call {0} waits until the other call is on hold")]
    Waits(crate::CallId),
    /// A character that is no DTMF digit.
    #[error("'{0}' is not a DTMF digit (0-9, *, #, A-D)")]
    BadDigit(char),
    /// No digit, or more than one command may send.
    #[error("1 to {0} digits are sent at once")]
    DigitCount(usize),
    /// No RTP port is free.
    #[error("no RTP port is free on {0}")]
    NoPort(IpAddr),
    /// As many calls as the phone holds.
    #[error("the phone holds {0} calls at most")]
    TooManyCalls(usize),
    /// The line's registration is disabled.
    #[error("registration is disabled on line {} (SIP{} Enable Reg is 0)", .0.0, .0.0)]
    Disabled(LineNumber),
    /// The line has no such hop.
    #[error("{hop} is no server of line {}", line.0)]
    NotAHop {
        /// The line.
        line: LineNumber,
        /// What was named.
        hop: Hop,
    },
    /// A drill too short or too long.
    #[error("a drill lasts from {0} to {1} s")]
    DrillLength(u64, u64),
    /// No drill to end.
    #[error("no drill runs")]
    NoDrill,
    /// Shutting down.
    #[error("the phone is shutting down")]
    ShuttingDown,
}
