//! A pure RFC 3261 user agent: messages, transactions, dialogs, digest, registration.

pub mod dialog;
pub mod digest;
pub mod endpoint;
pub mod limits;
pub mod message;
pub mod sdp;
pub mod registration;
pub mod transaction;
pub mod transport;
pub mod usage;
