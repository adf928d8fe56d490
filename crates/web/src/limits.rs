//! Every bound of the web page, in one place. Whoever asks for more is refused or waits; nothing
//! grows without end.

use std::time::Duration;

/// Connections at once; one more is closed at once.
pub const CONNECTIONS: usize = 64;
/// Connections of one address at once.
pub const CONNECTIONS_PER_ADDRESS: usize = 24;
/// Pages that watch live at once.
pub const WATCHERS: usize = 16;
/// How long a visitor may take for the TLS handshake, for the head of a request (also the time that
/// a connection may be idle), and for its body.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// How long what was sent may stay unacknowledged before the connection is given up.
pub const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
/// Octets that are read and forgotten of who still sends after the last answer of a connection; for as
/// long as [`PATIENCE`], too. Who sends more finds it reset.
pub const FORGOTTEN: usize = 16 * control::limits::MAX_DOCUMENT;
/// Octets of a request's head.
pub const HEAD: usize = 16 * 1024;
/// Octets of a request's body: a form.
pub const BODY: usize = 64 * 1024;
/// Octets of a request's body that is a file: the largest, and some more so that who sends a larger one is
/// told how large it may be.
pub const BODY_OF_FILE: usize = control::limits::MAX_DOCUMENT + 1024 * 1024;
/// Octets of a request's body where JSON carries a configuration file: the largest file, each octet of
/// which may take six, and what stands around it.
pub const BODY_WITH_FILE: usize = 6 * control::limits::MAX_DOCUMENT + 64 * 1024;

/// Entries of the phone book that are shown at once.
pub const CONTACTS_SHOWN: usize = 100;

/// Users.
pub const USERS: usize = 16;
/// Access tokens for programs.
pub const TOKENS: usize = 16;
/// Octets of a user's or a token's name.
pub const NAME: usize = 32;
/// Octets of a password: at least, at most.
pub const PASSWORD: (usize, usize) = (8, 128);
/// Sessions at once; one more ends the one that was idle longest.
pub const SESSIONS: usize = 64;
/// How long a session may be idle, and how long it lasts at most.
pub const SESSION: (Duration, Duration) =
    (Duration::from_secs(8 * 3600), Duration::from_secs(7 * 24 * 3600));

/// Failed log-ins from one address before it has to wait.
pub const FAILURES: u32 = 5;
/// The first wait, doubled with each further failure, and the longest.
pub const LOCK: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(900));
/// Addresses whose failures are remembered; one more forgets the oldest.
pub const ADDRESSES: usize = 256;
/// Failures from all addresses together within [`FAILURE_SPAN`] before strangers have to wait.
pub const FAILURES_OF_ALL: u32 = 60;
/// After how long without a further one failures are forgotten.
pub const FAILURE_SPAN: Duration = Duration::from_secs(900);
/// Passwords that wait to be checked; one is checked at a time.
pub const CHECKS_WAITING: usize = 8;

/// Octets of the audit log before it is begun anew; the one before is kept.
pub const AUDIT: u64 = 256 * 1024;
/// Items that an entry of the audit log names; of more it tells how many they are.
pub(crate) const AUDIT_ITEMS: usize = 32;
/// Entries of the audit log that are shown.
pub const AUDIT_SHOWN: usize = 50;

/// SIP messages that the ladder diagram shows, the latest.
pub const TRACE_SHOWN: u32 = 100;
/// How long what is drawn of them waits for more that comes with them.
pub const TRACE_PAUSE: Duration = Duration::from_millis(100);
/// Calls whose quality is drawn, and how many intervals of each: five minutes.
pub const SOUNDED: (usize, usize) = (16, 60);
/// Changes of registration and ended calls that the timeline remembers.
pub const HISTORY: usize = 512;
