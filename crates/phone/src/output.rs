//! Everything that the phone wants done or known, as data.
//!
//! The shell drains [`crate::Phone::poll_output`] in one exhaustive match. Events carry the status
//! value that a listener would otherwise have to ask for, so each is complete by itself.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use failover::EntryCause;
use sip_core::transport::Hop;
use sip_core::transport::resolve::Target;

use crate::input::LastGood;
use crate::settings::LineNumber;
use crate::status::{AccountStatus, CallStatus, DrillStatus};

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a datagram; or, to a hop of TCP or TLS, write to its connection, which has been opened
    /// or asked for before: what cannot be written yet waits for it.
    Transmit {
        /// From this address of ours.
        local: SocketAddr,
        /// There.
        to: Hop,
        /// These bytes.
        bytes: Vec<u8>,
    },
    /// Open a connection, and say [`crate::input::Input::FlowOpened`] when TCP and TLS are set up or
    /// [`crate::input::Input::FlowFailed`] when they cannot be. Time is not the shell's business:
    /// [`Output::Disconnect`] follows where it takes too long.
    Connect {
        /// There.
        hop: Hop,
        /// From this address of ours; its port too where it can be had, so that the peer knows the
        /// connection by our Contact.
        local: SocketAddr,
        /// The configured names that a TLS certificate must be good for, each of them; with none,
        /// the hop's address (RFC 5922 §7). The first is asked for (SNI).
        names: Vec<String>,
    },
    /// Close a connection at once; nothing more is to be said of it.
    Disconnect {
        /// Which.
        hop: Hop,
    },
    /// Tell whoever listens.
    Event(Event),
    /// Do something with sound.
    Media(MediaCommand),
    /// Look these names up as long as they are in the latest set, and tell what each leads to by
    /// [`crate::input::Input::Name`]: dialogs lead there (failover design §5).
    Names(BTreeSet<Target>),
    /// Somebody who may wants the configuration fetched anew (F8).
    FetchConfiguration,
    /// Remember over a restart (failover design §2); `None` forgets.
    Remember {
        /// The line.
        line: LineNumber,
        /// Where it is registered.
        last_good: Option<LastGood>,
    },
}

/// What a user or an administrator would want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A line's registration or one of its hops changed.
    Registration(AccountStatus),
    /// A call changed.
    Call(CallStatus),
    /// A request was first sent to a next hop.
    Failover(Switch),
    /// The primary became current again.
    Failback(Switch),
    /// Every hop failed (requirement B4).
    Unavailable {
        /// The line.
        line: LineNumber,
        /// The request that failed.
        method: String,
        /// What the last hop said or did not say.
        cause: EntryCause,
    },
    /// With the watch on the backups: the last hop that could take over has gone, or one is back.
    Redundancy {
        /// The line.
        line: LineNumber,
        /// There is one that may serve.
        left: bool,
    },
    /// A drill began, has cost its line what it costs, or ended.
    Drill(DrillStatus),
}

/// A change of hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// The line.
    pub line: LineNumber,
    /// The request that caused it.
    pub method: String,
    /// From this hop; `None` where there was none.
    pub from: Option<Hop>,
    /// To this one.
    pub to: Hop,
    /// Why; its words begin as `design/interfaces` says: `no answer`, `icmp …`, a status code,
    /// or `drill`; for a failback `signal`, `interval`, `manual`, `restart` or `drill`.
    pub cause: EntryCause,
    /// Transmissions to `from`; for a failback, 1.
    pub attempts: u32,
    /// From the first transmission to the switch.
    pub elapsed: Duration,
}

/// What to do with sound. Calls are named by their id; a call's stream lives from `Start` to `Stop`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaCommand {
    /// Bind a pair of ports there and give it back as [`crate::input::Input::RtpPort`].
    NeedPort(IpAddr),
    /// Open the stream of a call on a port that was given.
    Start {
        /// The call.
        call: crate::CallId,
        /// Local address.
        ip: IpAddr,
        /// RTP port.
        port: u16,
    },
    /// What was negotiated; may come again.
    Set {
        /// The call.
        call: crate::CallId,
        /// The stream.
        stream: Stream,
    },
    /// Close the stream.
    Stop(crate::CallId),
    /// Whose sound is at the ear and mouth.
    Focus(Option<crate::CallId>),
    /// Send silence in place of the microphone, or no longer.
    Mute(crate::CallId, bool),
    /// Send a digit (RFC 4733).
    Digit(crate::CallId, char),
    /// Play a tone at the ear until told otherwise.
    Tone(Option<Tone>),
    /// Ring, or stop ringing.
    Ring(bool),
    /// Tell by a tone that another call waits, or no longer.
    Waiting(bool),
}

/// A negotiated stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Where RTP goes.
    pub remote: SocketAddr,
    /// Where RTCP goes, where there is such a port.
    pub remote_rtcp: Option<SocketAddr>,
    /// Codec name (RFC 3551).
    pub codec: String,
    /// Its payload type.
    pub payload_type: u8,
    /// Payload type of telephone-event, where both sides have it.
    pub dtmf_payload_type: Option<u8>,
    /// Whether we send.
    pub send: bool,
    /// Whether we listen.
    pub receive: bool,
    /// Silence after which the stream is reported dead; `None` while held.
    pub timeout: Option<Duration>,
}

/// Tones of a call's progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The other side rings.
    Ringback,
    /// Busy or refused.
    Busy,
    /// Every proxy failed (requirement B4).
    AllProxiesFailed,
}
