//! Worlds of phones and proxies in virtual time.
//!
//! A world is drawn from one seed ([`plan::Plan`]): real phones (the crate `phone`), a lossy wire
//! (`netem`), scripted proxies ([`proxy::Proxy`]), people who call each other, and faults that come
//! and go. It plays in virtual time, on one thread, and repeats bit for bit; an oracle watches it
//! from outside, by the wire and by what the phones say of themselves.
//!
//! [`fleet`] plays many phones against cheap servers, for the load that they are to a backup.
//!
//! Nothing here decides how a phone behaves; what a phone must never do is written in [`oracle`].

pub mod dice;
pub mod faults;
pub mod fleet;
pub mod names;
pub mod network;
pub mod oracle;
pub mod packet;
pub mod plan;
pub mod proxy;
pub mod run;
pub mod sound;
pub mod station;
pub mod tls;
pub mod trace;
pub mod world;
