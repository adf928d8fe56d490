//! Every bound of the shell, in one place.

use std::time::Duration;

/// Messages that wait for the driver; who sends more waits, datagrams in the kernel.
pub(crate) const INBOX: usize = 256;
/// Octets of datagrams that wait in the kernel for each SIP socket, where the system allows so many.
pub(crate) const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;
/// Jobs that wait for the store.
pub(crate) const STORE_JOBS: usize = 64;
/// Events that a watcher may be behind before it is dropped.
pub(crate) const EVENTS: usize = 256;
/// Journal entries of earlier runs that are shown at once; how many are kept, the journal says.
pub(crate) const ARCHIVE: usize = 256;
/// Places in the store for them: no phone has more lines.
pub(crate) const ARCHIVE_PLACES: u32 = 256 + 2 * config_store::limits::MAX_LINES as u32;
/// Entries of the phone book.
pub(crate) const CONTACTS: usize = 1000;
/// Characters of a name in it.
pub(crate) const CONTACT_NAME: usize = 64;
/// Numbers of one entry.
pub(crate) const CONTACT_NUMBERS: usize = 4;
/// Octets of one of them.
pub(crate) const CONTACT_NUMBER: usize = 128;
/// Calls of the call log, kept over a restart; the oldest gives way.
pub(crate) const CALL_LOG: u64 = 200;
/// Ended calls whose quality is remembered.
pub(crate) const QUALITIES: usize = 64;
/// Connections to the control socket at once.
pub(crate) const CLIENTS: usize = 32;
/// Requests of the web page that wait to be begun.
pub(crate) const WEB_REQUESTS: usize = 32;
/// How long a client may take to read one answer.
pub(crate) const CLIENT_PATIENCE: Duration = Duration::from_secs(10);
/// How long un-registering and ending calls may take at the end (exit within 5 s).
pub(crate) const FAREWELL: Duration = Duration::from_secs(4);
/// Signals of hook and keys that wait; a reader of a device waits with more.
pub(crate) const HANDSET_SIGNALS: usize = 32;
/// The wait before hardware that is missing is looked for again.
pub(crate) const HANDSET_RETRY: Duration = Duration::from_secs(2);
/// How long an input device must still be there after its hook was put down: unplugging looks alike.
pub(crate) const PUT_DOWN: Duration = Duration::from_millis(100);
/// A hook switch at a GPIO stands still for this long before it counts: it bounces.
pub(crate) const HOOK_DEBOUNCE: Duration = Duration::from_millis(20);
/// Rounds of outputs and their immediate results in one turn.
pub(crate) const SETTLE_ROUNDS: usize = 100;
/// How often one deadline is handled before it counts as stuck.
pub(crate) const SPIN: u32 = 1_000;
/// The wait that a stuck deadline costs.
pub(crate) const SPIN_PAUSE: Duration = Duration::from_millis(100);
/// Wishes to end the run that wait.
pub(crate) const ENDINGS: usize = 4;
/// How long the answer to a request that ends the run has to reach who asked.
pub(crate) const LAST_WORD: Duration = Duration::from_secs(1);
/// Connections that peers may hold open to us at once; one more ends the longest silent one.
pub(crate) const ACCEPTED: usize = 32;
/// Connections that wait to be taken.
pub(crate) const BACKLOG: i32 = 16;
/// The wait after a connection that could not be taken.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// How long TLS of a connection that a peer opened may take.
pub(crate) const HANDSHAKE: Duration = Duration::from_secs(10);
/// Messages that wait to be written to one connection.
pub(crate) const FLOW_QUEUE: usize = 64;
/// Octets read from a connection at once.
pub(crate) const STREAM_READ: usize = 16 * 1024;
/// How long a peer's system may leave what was written unacknowledged before the connection counts
/// as broken: RFC 3261's 64·T1.
pub(crate) const UNACKNOWLEDGED: Duration = Duration::from_secs(32);
/// Silence after which the system probes a connection, and the time between two probes.
pub(crate) const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
/// See [`KEEPALIVE_IDLE`].
pub(crate) const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// Octets of a file that an option or an item names: a configuration, a certificate.
pub(crate) const FILE: u64 = config_store::limits::MAX_DOCUMENT as u64;
// What comes by the control socket is a configuration, too, and neither crate knows the other.
const _: () = assert!(control::limits::MAX_DOCUMENT == config_store::limits::MAX_DOCUMENT);
/// How long fetching a configuration from a server may take in all.
pub(crate) const FETCH: Duration = Duration::from_secs(60);
/// Starts of the phone that a fetched change has to prove itself in, should each run end early.
pub(crate) const TRIAL_STARTS: u32 = 3;
/// DHCP leases that are looked at, and octets of each.
pub(crate) const LEASES: usize = 16;
/// See [`LEASES`].
pub(crate) const LEASE: u64 = 16 * 1024;
/// Interfaces of the host that are told of.
pub(crate) const INTERFACES: usize = 64;
/// Interfaces on which a network is asked for its server of configurations.
pub(crate) const PNP_INTERFACES: usize = 4;
/// Wishes that wait for the task that provisions.
pub(crate) const PROVISION_REQUESTS: usize = 8;
/// Name servers that are asked, all at the same time.
pub(crate) const NAME_SERVERS: usize = 8;
/// Domains of the search list that complete a name without a dot.
pub(crate) const SEARCH_DOMAINS: usize = 6;
/// How long a name server is waited for before it is asked a second and last time.
pub(crate) const LOOKUP_TRY: Duration = Duration::from_secs(2);
/// How long one question to DNS may take in all.
pub(crate) const LOOKUP: Duration = Duration::from_secs(5);
/// Wait before a hop without a route is tried again: the first time, doubled each time up to the
/// second value.
pub(crate) const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How long the sound system may take to say which devices there are.
pub(crate) const SOUND_DEVICES: Duration = Duration::from_secs(5);
/// Those who wait to be told what the mixers of sound cards have answered.
pub(crate) const MIXER_ASKERS: usize = 8;

/// Lines of the log that are kept in memory, and octets of their texts: some 100 KiB with what each
/// costs besides.
pub(crate) const LOG_LINES: usize = 500;
pub(crate) const LOG_OCTETS: usize = 64 * 1024;
/// Octets of one of them; a packet of the level TRACE is cut.
pub(crate) const LOG_LINE: usize = 2048;
