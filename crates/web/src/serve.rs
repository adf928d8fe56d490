//! Connections: whom there is room for, TLS or not, and how long anything may take.
//!
//! The first octet of a connection tells TLS from plain HTTP. Plain HTTP is served only where the
//! page listens on a loopback address; elsewhere a plain request is sent to the HTTPS address and
//! told nothing else.

mod linger;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::header::HeaderName;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::limits;

use linger::Lingering;

/// The first octet of a TLS connection: a handshake record (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 22;
/// The wait before accepting is tried again where the system refuses it.
const RETRY: Duration = Duration::from_secs(1);

/// What an answer says that is the last one of its connection. Where the rest of a request is not read, no
/// other can follow, and who was not told would lose the next one that it sends (RFC 9112 §9.6).
pub(crate) const CLOSES: (HeaderName, &str) = (header::CONNECTION, "close");

/// Who sent a request, and over what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visitor {
    /// The address of the other end.
    pub(crate) address: IpAddr,
    /// Whether TLS protects the connection.
    pub(crate) tls: bool,
}

/// Serves what comes in at one address.
pub(crate) struct Server {
    pub(crate) listener: TcpListener,
    pub(crate) acceptor: TlsAcceptor,
    /// Whether plain HTTP is served as well.
    pub(crate) plain: bool,
    pub(crate) router: Router,
}

impl Server {
    /// Serves for ever.
    pub(crate) async fn run(self) {
        let places = Places::default();
        let server = Arc::new(self);
        loop {
            let (stream, peer) = match server.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "web page: cannot accept a visitor");
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            let Some(place) = places.take(peer.ip().to_canonical()) else {
                tracing::debug!(%peer, "web page: no room for another connection");
                continue;
            };
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                if let Err(error) = server.serve(stream, peer).await {
                    tracing::debug!(%peer, %error, "web page: connection ended");
                }
                drop(place);
            });
        }
    }

    async fn serve(&self, stream: TcpStream, peer: SocketAddr) -> io::Result<()> {
        prepare(&stream)?;
        let late = |_| io::Error::from(io::ErrorKind::TimedOut);
        let mut first = [0];
        if timeout(limits::PATIENCE, stream.peek(&mut first)).await.map_err(late)?? == 0 {
            return Ok(());
        }
        let address = peer.ip().to_canonical();
        let stream = Lingering::new(stream);
        if first[0] == TLS_HANDSHAKE {
            let stream =
                timeout(limits::PATIENCE, self.acceptor.accept(stream)).await.map_err(late)??;
            return self.speak(stream, Visitor { address, tls: true }).await;
        }
        self.speak(stream, Visitor { address, tls: false }).await
    }

    /// Speaks HTTP/1.1 until either side has enough.
    async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        visitor: Visitor,
    ) -> io::Result<()> {
        let welcome = visitor.tls || self.plain;
        let router = TowerToHyperService::new(self.router.clone());
        let service = service_fn(|mut request: Request<Incoming>| {
            let router = router.clone();
            async move {
                if !welcome {
                    return Ok(to_https(&request));
                }
                request.extensions_mut().insert(visitor);
                router.call(request).await
            }
        });
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits::PATIENCE)
            .max_buf_size(limits::HEAD)
            .serve_connection(TokioIo::new(stream), service)
            .await
            .map_err(io::Error::other)
    }
}

/// A plain request's only answer: the same address, by HTTPS.
fn to_https(request: &Request<Incoming>) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.filter(|host| is_authority(host)) else {
        return (StatusCode::BAD_REQUEST, [CLOSES], "this page speaks HTTPS\n").into_response();
    };
    let to = format!("https://{host}{}", request.uri().path());
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, to.as_str()), CLOSES]).into_response()
}

fn is_authority(host: &str) -> bool {
    !host.is_empty()
        && host.len() < 256
        && host.bytes().all(|octet| octet.is_ascii_alphanumeric() || b".-:[]".contains(&octet))
}

/// Whoever vanishes without a word is noticed by the kernel, not by a timer of ours.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    let socket = socket2::SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_user_timeout(Some(limits::UNACKNOWLEDGED))?;
    socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(Duration::from_secs(60)))
}

/// The connections that there are, by address.
#[derive(Clone, Default)]
struct Places(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

impl Places {
    fn take(&self, address: IpAddr) -> Option<Place> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let of_address = taken.get(&address).copied().unwrap_or_default();
        if all >= limits::CONNECTIONS || of_address >= limits::CONNECTIONS_PER_ADDRESS {
            return None;
        }
        taken.insert(address, of_address + 1);
        Some(Place { places: self.clone(), address })
    }
}

/// One connection's place; free again when it is dropped.
struct Place {
    places: Places,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests;
