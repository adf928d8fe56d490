//! Configuration from the network (F8): when it is fetched, from where, and what becomes of it.
//!
//! [`Provisioner`] is one task: it waits until a fetch is due or wanted, has the file fetched on a
//! thread that may wait, and hands it to the store, the way of every other change: one checked
//! patch, all or nothing. A file that is broken, too long, or not there changes nothing and is told.
//! `place` makes the address, `discover` finds it where nobody has set it, `http` and `tftp` fetch, `schedule` says when, `local` is a file that
//! is named on the command line.

mod discover;
mod http;
pub(crate) mod local;
mod marks;
pub(crate) mod past;
mod place;
mod schedule;
pub(crate) mod seal;
mod sources;
mod task;
mod tftp;
mod trust;

pub(crate) use marks::marks;
pub(crate) use past::Past;
pub(crate) use place::{Marks, Place, PlaceError, Scheme};
pub(crate) use sources::Sources;
pub(crate) use task::{Provisioner, ProvisionerHandle, channel};
use trust::trust;

use std::net::ToSocketAddrs;
use std::time::Instant;

use phone::input::TlsFault;
use ureq::tls::TlsConfig;

use crate::limits;

/// A user name and its password.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl std::fmt::Debug for Login {
    /// The user only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// The network says so.
    #[error("{0}")]
    Network(#[from] std::io::Error),
    /// A name that leads nowhere.
    #[error("`{0}` has no address")]
    NoAddress(String),
    /// No answer.
    #[error("the server does not answer")]
    Silent,
    /// It took longer than a fetch may.
    #[error("not complete within {} s", limits::FETCH.as_secs())]
    TooSlow,
    /// It is longer than a configuration may be.
    #[error("longer than {0} octets")]
    TooLong(usize),
    /// An HTTP status other than 200.
    #[error("the server answers {0}")]
    Status(u16),
    /// The server wants a login of a kind that we cannot give.
    #[error("the server wants a login of a kind that the phone does not know")]
    NoLogin,
    /// A TFTP server's reason.
    #[error("the server refuses: {0}")]
    Refused(String),
    /// TLS did not come about.
    #[error("{0}")]
    Tls(TlsFault),
    /// It leads from one address to the next and never to a file.
    #[error("the server sends us on more than {} times", http::REDIRECTIONS)]
    SentOn,
    /// Anything else about HTTP or TLS.
    #[error("{0}")]
    Http(String),
}

impl FetchError {
    /// The same as its `Display` form, in Chinese.
    fn chinese(&self) -> String {
        match self {
            Self::Network(error) => config_store::said_by_system(error),
            Self::NoAddress(host) => format!("`{host}` 没有地址"),
            Self::Silent => "服务器没有应答".to_owned(),
            Self::TooSlow => format!("未能在 {} 秒内完成", limits::FETCH.as_secs()),
            Self::TooLong(octets) => format!("超过 {octets} 字节"),
            Self::Status(code) => format!("服务器应答 {code}"),
            Self::NoLogin => "服务器要求的登录方式话机不支持".to_owned(),
            Self::Refused(why) => format!("服务器拒绝：「{why}」"),
            Self::Tls(fault) => fault.chinese().to_owned(),
            Self::SentOn => format!("服务器重定向超过 {} 次", http::REDIRECTIONS),
            Self::Http(why) => format!("「{why}」"),
        }
    }
}

/// Whether an address is one that a configuration can be fetched from.
///
/// # Errors
/// Why it is none.
pub(crate) fn check(url: &str) -> Result<(), PlaceError> {
    Place::of_url(url, &marks()).map(drop)
}

/// Fetches a file; waits for it, so not for the driver's thread.
fn fetch(place: &Place, login: &Login, trust: Option<TlsConfig>) -> Result<Vec<u8>, FetchError> {
    let deadline = Instant::now() + limits::FETCH;
    let limit = config_store::limits::MAX_DOCUMENT;
    match place.scheme {
        Scheme::Http | Scheme::Https => http::fetch(place, login, trust, limit, deadline),
        Scheme::Tftp => {
            const PORT: u16 = 69;
            let named = place.authority.to_socket_addrs();
            let mut found = match named {
                Ok(found) => found,
                // No port in it.
                Err(_) => {
                    let host = place.authority.trim_start_matches('[').trim_end_matches(']');
                    (host, PORT).to_socket_addrs()?
                }
            };
            let server =
                found.next().ok_or_else(|| FetchError::NoAddress(place.authority.clone()))?;
            tftp::fetch(server, place.path.trim_start_matches('/'), limit, deadline)
        }
    }
}
