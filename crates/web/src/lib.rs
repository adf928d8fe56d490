//! The phone's web page and its API (requirements E1, F9, F10), served by the phone itself.
//!
//! It knows nothing of the phone but the words of the crate `control`: a page is made of replies,
//! what is live of notifications, and what a visitor does becomes a request ([`Phone`]). It decides
//! nothing about telephony; what it does decide is who may ask (`trust`), and how long anybody may
//! take (`serve`). Everything that a browser needs is in the binary.
//!
//! The pages work as plain forms; a small script makes them live. While nobody looks, nothing here
//! wakes up but for the phone's own events.

// Whatever a visitor sends, no panic: in a release build it would end the whole phone (docs/device.md).
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

mod api;
mod app;
mod certificate;
mod figures;
mod file;
mod history;
pub mod limits;
mod metrics;
mod pages;
mod phone;
mod serve;
#[cfg(test)]
mod testing;
mod text;
mod trust;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use tokio::net::TcpListener;

pub use certificate::CertificateError;
pub use phone::{Asked, Phone};

use app::App;
use serve::Server;
use trust::{Deed, Trust};

/// Why there is no web page.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address cannot be listened at.
    #[error("cannot listen at {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The folder or a file in it cannot be used.
    #[error("{}", .0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// There is no certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

impl OpenError {
    /// Whether somebody else listens there already.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Listen(_, error) if error.kind() == io::ErrorKind::AddrInUse)
    }
}

/// The page, open but not served yet.
pub struct Web {
    server: Server,
    app: App,
}

impl Web {
    /// Listens at an address; users, sessions, certificate and audit log are in `folder`. Needs a
    /// tokio runtime around it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(address: SocketAddr, folder: &Path, phone: Phone) -> Result<Self, OpenError> {
        let unusable = |error| OpenError::Folder(folder.to_owned(), error);
        file::make_folder(folder).map_err(unusable)?;
        let acceptor = certificate::acceptor(folder)?;
        let trust = Trust::open(folder).map_err(unusable)?;
        let listener = listen(address).map_err(|error| OpenError::Listen(address, error))?;
        let app = App::new(phone, trust);
        let plain = address.ip().to_canonical().is_loopback();
        let router = pages::router(app.clone());
        let web = Self { server: Server { listener, acceptor, plain, router }, app };
        web.greet(address);
        Ok(web)
    }

    /// Where it is, and how to get in for the first time.
    fn greet(&self, asked: SocketAddr) {
        let at = self.server.listener.local_addr().unwrap_or(asked);
        let scheme = if self.server.plain { "http" } else { "https" };
        tracing::info!(address = %at, scheme, "web page");
        if let Some(code) = self.app.trust().code() {
            tracing::info!(
                code,
                "web page: no password is set; its first visit sets one with this code"
            );
        }
    }

    /// The audit log, for what is done past the page.
    #[must_use]
    pub fn trail(&self) -> Trail {
        Trail(self.app.clone())
    }

    /// Serves for ever.
    pub async fn run(self) {
        tokio::join!(self.server.run(), app::record(self.app));
    }
}

/// The audit log (F10), for what is done over the control socket.
#[derive(Clone)]
pub struct Trail(App);

/// What a request is about to change, if anything.
pub struct Intent(Option<Deed>);

impl Intent {
    /// Of this request.
    #[must_use]
    pub fn of(request: &control::Request) -> Self {
        Self(Deed::asked_for(request))
    }
}

impl Trail {
    /// Writes down that it is done, and answered so.
    pub fn note(&self, intent: Intent, payload: &control::Payload) {
        if let Intent(Some(deed)) = intent {
            self.0.trust().note_local(&deed.answered(payload));
        }
    }
}

/// Removes everything that the page keeps in its folder: users, sessions, tokens, certificate, logs.
///
/// # Errors
/// What cannot be removed.
pub fn erase(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Listens. A kernel without IPv6 gets the same port on every IPv4 address.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = match std::net::TcpListener::bind(address) {
        Err(error) if address.ip().is_unspecified() && address.is_ipv6() && no_ipv6(&error) => {
            std::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port()))?
        }
        other => other?,
    };
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// EAFNOSUPPORT, or EADDRNOTAVAIL where IPv6 is there but switched off.
fn no_ipv6(error: &io::Error) -> bool {
    const EAFNOSUPPORT: i32 = 97;
    error.raw_os_error() == Some(EAFNOSUPPORT) || error.kind() == io::ErrorKind::AddrNotAvailable
}
