//! Every bound of this crate, in one place. Reaching one is never an error of the core: the thing
//! that comes too much is refused, dropped or takes the place of the oldest of its kind.

use std::time::Duration;

/// Client transactions at once. One more takes the place of the oldest that is only absorbing
/// copies, else of the oldest, which then counts as timed out.
pub const CLIENT_TRANSACTIONS: usize = 512;

/// Client transactions more for each user (see [`crate::endpoint::Endpoint::make_room_for`]): a
/// REGISTER and an OPTIONS that a dead hop left open for 64·T1, and the two that follow at the next.
pub const CLIENT_TRANSACTIONS_PER_USER: usize = 4;

/// Ended client transactions whose number of transmissions can still be asked for; one more for each
/// user, who may all be told of an end at once.
pub const ENDED_CLIENTS: usize = 64;

/// Octets of a request that still goes by UDP; a larger one goes over TCP. RFC 3261 §18.1.1: 1300
/// where the MTU of the way is not known, which is within 200 of Ethernet's.
pub const UDP_REQUEST: usize = 1300;

/// Hops remembered as not to be had over TCP; the oldest goes.
pub const TCP_REFUSALS: usize = 32;

/// How long that is remembered.
pub const TCP_REFUSED_FOR: Duration = Duration::from_secs(300);

/// Server transactions at once, and one more for each user. A further one takes the place of the
/// oldest that is only absorbing copies; if all are alive the request is refused with 503.
pub const SERVER_TRANSACTIONS: usize = 512;

/// Users that room is made for; more share it.
pub const USERS: usize = 10_000;

/// Answers outside any transaction (400, 503, 505) in one second; what comes beyond is dropped.
pub const STATELESS_REPLIES_PER_SECOND: u32 = 20;

/// Nonces kept for later requests, per [`crate::digest::NonceCache`]; the least recently used goes.
pub const NONCES: usize = 32;

/// How long a nonce of ours serves that a stranger was asked with.
pub const NONCE_LIFE: Duration = Duration::from_secs(60);

/// Nonces of ours that have served in that time; more requests are put off.
pub const USED_NONCES: usize = 64;

/// Challenges looked at in one 401 or 407; a server that sends more is not asking for an answer.
pub const CHALLENGES: usize = 16;

/// Record-Route entries that a dialog takes over from a peer. Max-Forwards lets a request pass 70
/// proxies; a longer list is cut, so that its requests fail instead of growing without bound.
pub const ROUTE_SET: usize = 70;

/// Bindings of others reported from one answer to REGISTER.
pub const FOREIGN_BINDINGS: usize = 32;

/// How often one session asks for longer because of a 422: each proxy on the way may want more than
/// the one before.
pub const SESSION_RAISES: u8 = 4;

/// Octets of a domain name (RFC 1035 §2.3.4, without the last dot).
pub const NAME: usize = 253;

/// Records used of one DNS answer.
pub const RECORDS: usize = 32;

/// Hops that one name leads to; more are not used. The failover machine has as many in a line.
pub const HOPS_PER_TARGET: usize = 32;

/// Hops remembered of a name that its latest answer has not.
pub const FORMER_HOPS: usize = 8;

/// Names looked up at once.
pub const TARGETS: usize = 512;

/// Questions that one name may need.
pub const QUERIES_PER_TARGET: usize = 96;

/// Questions known at once.
pub const QUERIES: usize = 2048;

/// Lines of records kept over a restart.
pub const KEPT_LINES: usize = 512;

/// Shortest and longest time that DNS records are used before they are asked for again.
pub const DNS_TTL: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(86_400));

/// Shortest and longest time that a denial stands. It stands twice as long each time that it is
/// repeated, so that an idle phone does not wake up for records that most domains never have; but
/// never long, because a phone without a server has nothing better to do than to ask.
pub const DNS_DENIAL: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(300));

/// Wait before a question that nobody could answer is asked again: the first time, doubled each time
/// up to the second value.
pub const DNS_RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Questions due within so long of one another are asked together.
pub const DNS_TOGETHER: Duration = Duration::from_secs(2);

/// How long a domain must deny records that it had before that is believed.
pub const DENIAL_BELIEVED: Duration = Duration::from_secs(86_400);

/// How long records of an earlier run are held back for DNS to answer.
pub const KEPT_RECORDS_WAIT: Duration = Duration::from_secs(1);

/// How long a first list of which only a part is known is held back for the rest.
pub const PARTIAL_LIST_WAIT: Duration = Duration::from_secs(1);
