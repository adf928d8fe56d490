//! A pure RFC 3261 user agent: messages, transactions, dialogs, digest, registration.
