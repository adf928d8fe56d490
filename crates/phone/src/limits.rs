//! Every bound of this crate in one place.

use std::time::Duration;

/// Calls at once, ended ones that are still listed not counted.
pub(crate) const CALLS: usize = 16;
/// Ended calls that stay listed.
pub(crate) const ENDED_CALLS: usize = 32;
/// How long an ended call stays listed (interfaces: at least 60 s).
pub(crate) const ENDED_LISTED: Duration = Duration::from_secs(120);
/// Calls that have rung and whose late copies are known for such.
pub(crate) const RECENT_CALLS: usize = 64;
/// Copies of one incoming INVITE that are joined; a further one gets 482.
pub(crate) const COPIES: usize = 8;
/// How long after the first ACK a BYE may have overtaken the ACK of the leg that the caller holds.
pub(crate) const OVERTAKEN: Duration = Duration::from_secs(2);
/// Dialogs of answered legs that nobody holds and that are being ended.
pub(crate) const FAREWELLS: usize = 64;
/// Early dialogs of a call that we make: forks that ring.
pub(crate) const EARLY_DIALOGS: usize = 16;
/// INVITE legs that were abandoned and may still answer.
pub(crate) const STRAYS: usize = 64;
/// Names that dialogs lead to and that are looked up at once.
pub(crate) const NAMES: usize = 32;
/// Entries of the failover journal that are of one line, and that are shown of all lines together.
pub(crate) const JOURNAL: usize = 256;
/// Room in the journal beside [`JOURNAL`] that each line brings: what the death of a proxy which all
/// lines share makes each of them tell.
pub(crate) const JOURNAL_PER_LINE: usize = 2;
/// Shortest and longest lifetime of a second registration that is believed.
pub(crate) const STANDBY_EXPIRES: (Duration, Duration) =
    (Duration::from_secs(4), Duration::from_secs(30 * 24 * 3600));
/// Shortest and longest drill.
pub(crate) const DRILL: (Duration, Duration) =
    (Duration::from_secs(1), Duration::from_secs(24 * 3600));
/// Answers to OPTIONS from strangers in any second.
pub(crate) const STRANGER_OPTIONS_PER_SECOND: u32 = 5;
/// `stale=true` that is believed at one hop for one request (failover design §1).
pub(crate) const STALE_ANSWERS: u8 = 3;
/// Lines that begin in one second, where there are more: a process that is started again registers at
/// once (failover design §6), but not thousands of lines in one instant.
pub(crate) const LINES_PER_SECOND: usize = 200;
/// Outputs for which there is always room; room for more is given back.
pub(crate) const OUTPUTS_KEPT: usize = 64;
/// Owners of transactions that are looked at each time to find those whose transaction is over.
pub(crate) const SWEPT: usize = 64;
/// RTP ports kept bound for the next calls, per address.
pub(crate) const SPARE_PORTS: usize = 2;
/// How long a tone that tells of a failure is heard.
pub(crate) const FAILURE_TONE: Duration = Duration::from_secs(10);
/// Digits in one DTMF command.
pub(crate) const DIGITS: usize = 64;
/// Requests of a call that wait for those before them, such as digits by INFO.
pub(crate) const ERRANDS: usize = 2 * DIGITS;
/// How long a transfer may take to come to its result.
pub(crate) const TRANSFER: Duration = Duration::from_secs(180);
/// Wait between checks of a hop that said 100 and nothing more (failover design §1).
pub(crate) const TRYING_CHECK: Duration = Duration::from_secs(30);
/// How often a change of the session is repeated after `500` with `Retry-After`, or 491.
pub(crate) const CHANGE_REPEATS: u8 = 3;
/// How often a request goes out with other extensions because of a 420 or 421: as many as it offers.
pub(crate) const EXTENSION_REPEATS: u8 = 3;
/// Wait before a session refresh that did not take is tried again, unless a hop answers before.
pub(crate) const REFRESH_AGAIN: Duration = Duration::from_secs(10);
/// Connections at once, accepted ones included.
pub(crate) const FLOWS: usize = 128;
/// How long a connection that no line needs stays open without traffic.
pub(crate) const FLOW_IDLE: Duration = Duration::from_secs(300);
/// Silence after which a connection that nothing keeps alive is opened anew rather than used for
/// another request: as long as one that is pinged every 30 s may be silent. A NAT forgets sooner or
/// later, and says nothing.
pub(crate) const FLOW_UNHEARD: Duration = Duration::from_secs(40);
/// How long after a bare CRLF an ICMP error may be about it.
pub(crate) const CRLF_ERROR: Duration = Duration::from_secs(2);
/// Wait for the answer to a CRLF ping (RFC 5626 §4.4.1).
pub const PONG: Duration = Duration::from_secs(10);
/// Connections to its current hop that a line opens again within [`REOPENED_WITHIN`] before a loss
/// counts as the hop's failure: a server that ends each one as it comes does not serve.
pub(crate) const REOPENED: usize = 3;
/// See [`REOPENED`].
pub(crate) const REOPENED_WITHIN: Duration = Duration::from_secs(30);
/// Wait for a connection to an address that is none of the lines' servers.
pub(crate) const CONNECT: Duration = Duration::from_secs(4);
