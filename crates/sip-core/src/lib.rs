//! A pure RFC 3261 user agent: messages, transactions, dialogs, digest, registration.

pub mod message;
pub mod transaction;
pub mod usage;
