//! Every bound of this crate, in one place. Reaching one is never an error of the core: the thing
//! that comes too much is refused, dropped or takes the place of the oldest of its kind.

/// Client transactions at once. One more takes the place of the oldest that is only absorbing
/// copies, else of the oldest, which then counts as timed out.
pub const CLIENT_TRANSACTIONS: usize = 512;

/// Client transactions more for each user (see [`crate::endpoint::Endpoint::make_room_for`]): a
/// REGISTER and an OPTIONS that a dead hop left open for 64·T1, and the two that follow at the next.
pub const CLIENT_TRANSACTIONS_PER_USER: usize = 4;

/// Ended client transactions whose number of transmissions can still be asked for; one more for each
/// user, who may all be told of an end at once.
pub const ENDED_CLIENTS: usize = 64;

/// Server transactions at once, and one more for each user. A further one takes the place of the
/// oldest that is only absorbing copies; if all are alive the request is refused with 503.
pub const SERVER_TRANSACTIONS: usize = 512;

/// Users that room is made for; more share it.
pub const USERS: usize = 10_000;

/// Answers outside any transaction (400, 503, 505) in one second; what comes beyond is dropped.
pub const STATELESS_REPLIES_PER_SECOND: u32 = 20;

/// Nonces kept for later requests, per [`crate::digest::NonceCache`]; the least recently used goes.
pub const NONCES: usize = 32;

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
