//! The phone's configuration: which items there are, which values they take, where they are kept,
//! and the files in which they come and go.
//!
//! - [`items`] is the one table of items: name, values, unit, default, help. Everything else
//!   (checks, `docs/config.md`, the web page, the Fanvil forms) reads it.
//! - [`Store`] keeps the values in SQLite. Whoever changes them, a user or a file, does so by one
//!   checked [`Patch`], all or nothing; a change that has been acknowledged survives the loss of
//!   power at any instant (D1, F11).
//! - [`Settings`] is the same configuration with types, for the parts that work by it.
//! - [`fanvil`] reads and writes Fanvil's files, text and XML (F8).
//!
//! This crate knows no SIP and opens no socket. What an item leads to is decided elsewhere.

mod chinese;
mod config_md;
pub mod fanvil;
mod handset;
pub mod items;
pub mod limits;
mod patch;
mod provisioning;
mod sentence;
mod settings;
mod store;
mod values;

pub use chinese::said_by_system;
pub use config_md::config_md;
pub use handset::{Handset, KeyMeaning, Pin};
pub use items::{Item, ItemError, ItemName, Kind, MASK, MixerElement, Scope};
pub use patch::Patch;
pub use provisioning::{FetchProtocol, PlaceOf, ProvisionMode, Provisioning};
pub use sentence::Sentence;
pub use settings::{
    Address, Conflict, DnsMode, Dscp, Dtmf, Endpoint, Forward, KeepAlive, LineSettings, Policy,
    RetryMode, Secret, Server, Settings, Sound, SoundDevices, TlsFiles, Transport,
};
pub use store::{
    Bound, Change, Changes, ImportError, Origin, Recovery, Section, SetError, Store, StoreError,
    Submission, Trial, erase,
};
