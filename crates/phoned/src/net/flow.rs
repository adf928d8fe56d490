//! One connection as the shell sees it: set up, read, written, over.
//!
//! A task for each. It says what happens to it and nothing else; whether a connection is worth
//! having, how long it may take and when it ends is the phone's business.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use phone::input::{FlowFault, TlsFault, Undeliverable};
use sip_core::transport::Hop;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::mark::mark;
use super::tls::{self, Tls};
use crate::driver::Message;
use crate::limits;

/// What has happened to a connection.
#[derive(Debug)]
pub(crate) enum News {
    /// TCP and TLS are set up.
    Opened,
    /// They cannot be.
    Failed(FlowFault),
    /// Octets have come.
    Bytes(Vec<u8>),
    /// It is over.
    Closed(FlowFault),
}

/// News with the connection's number: one that was given up is not mixed up with its successor.
#[derive(Debug)]
pub(crate) struct FlowNews {
    pub(crate) hop: Hop,
    pub(crate) id: u64,
    pub(crate) news: News,
}

/// The way of news to the driver.
#[derive(Clone, Debug)]
pub(super) struct Teller {
    pub(super) hop: Hop,
    pub(super) id: u64,
    pub(super) inbox: mpsc::Sender<Message>,
}

impl Teller {
    async fn tell(&self, news: News) {
        let news = FlowNews { hop: self.hop, id: self.id, news };
        // The driver is gone only when the daemon is ending.
        let _ = self.inbox.send(Message::Flow(news)).await;
    }
}

/// What TLS needs to reach a server: the names to verify.
#[derive(Debug)]
pub(super) struct Secured {
    pub(super) tls: Arc<Tls>,
    pub(super) names: Vec<String>,
}

/// Sets a connection up from `local`, marked with a DiffServ code point, and carries it until it is over.
pub(super) async fn open(
    (local, dscp): (SocketAddr, u8),
    secured: Option<Secured>,
    mut queue: mpsc::Receiver<Vec<u8>>,
    teller: Teller,
) {
    let hop = teller.hop;
    let stream = match connect(local, hop.addr, dscp).await {
        Ok(stream) => stream,
        Err(fault) => {
            tracing::debug!(%hop, ?fault, "no connection");
            return teller.tell(News::Failed(fault)).await;
        }
    };
    let Some(Secured { tls, names }) = secured else {
        teller.tell(News::Opened).await;
        return carry(stream, &mut queue, &teller).await;
    };
    let set_up = tls.client(&names, hop.addr.ip());
    let (config, name) = match set_up {
        Ok(set_up) => set_up,
        Err(error) => {
            tracing::warn!(%hop, "TLS: {error}");
            return teller.tell(News::Failed(FlowFault::Tls(TlsFault::Settings))).await;
        }
    };
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(stream) => {
            teller.tell(News::Opened).await;
            carry(stream, &mut queue, &teller).await;
        }
        Err(error) => {
            tracing::warn!(%hop, ?names, %error, "TLS refused");
            let fault = tls::fault(&error).unwrap_or(FlowFault::Tls(TlsFault::Failed));
            teller.tell(News::Failed(fault)).await;
        }
    }
}

/// Carries a connection that a peer has opened until it is over.
pub(super) async fn accept(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    mut queue: mpsc::Receiver<Vec<u8>>,
    teller: Teller,
) {
    let Some(acceptor) = acceptor else { return carry(stream, &mut queue, &teller).await };
    let handshake = tokio::time::timeout(limits::HANDSHAKE, acceptor.accept(stream)).await;
    match handshake {
        Ok(Ok(stream)) => carry(stream, &mut queue, &teller).await,
        Ok(Err(error)) => {
            tracing::debug!(hop = %teller.hop, %error, "TLS from a peer failed");
            let fault = tls::fault(&error).unwrap_or(FlowFault::Closed);
            teller.tell(News::Closed(fault)).await;
        }
        Err(_) => teller.tell(News::Closed(FlowFault::TimedOut)).await,
    }
}

/// Our port is part of the connection where it can be had: the peer then finds our Contact among its
/// connections, and its requests come over this one even where we take none (TLS without a
/// certificate of ours, a NAT).
async fn connect(local: SocketAddr, remote: SocketAddr, dscp: u8) -> Result<TcpStream, FlowFault> {
    match try_connect(local, remote, dscp).await {
        Err(error) if is_taken(&error) => {
            tracing::debug!(%local, %remote, "our port cannot be had for a connection");
            let any = SocketAddr::new(local.ip(), 0);
            try_connect(any, remote, dscp).await.map_err(|error| connect_fault(&error))
        }
        done => done.map_err(|error| connect_fault(&error)),
    }
}

/// An error before anything was sent is our own host's.
struct ConnectError {
    error: io::Error,
    sent: bool,
}

async fn try_connect(
    local: SocketAddr,
    remote: SocketAddr,
    dscp: u8,
) -> Result<TcpStream, ConnectError> {
    let ours = |error| ConnectError { error, sent: false };
    let theirs = |error| ConnectError { error, sent: true };
    let stream = begin(local, remote, dscp).map_err(ours)?;
    let stream = TcpStream::from_std(stream).map_err(ours)?;
    stream.writable().await.map_err(theirs)?;
    match stream.take_error().map_err(theirs)? {
        Some(error) => Err(theirs(error)),
        None => Ok(stream),
    }
}

fn begin(local: SocketAddr, remote: SocketAddr, dscp: u8) -> io::Result<std::net::TcpStream> {
    let kind = Type::STREAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(remote), kind, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    tune(&SockRef::from(&socket))?;
    mark(&socket, remote.is_ipv4(), dscp);
    // Ended by a reset: a port that lingers could not be used again for this peer.
    socket.set_linger(Some(Duration::ZERO))?;
    socket.bind(&local.into())?;
    match socket.connect(&remote.into()) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(nix::libc::EINPROGRESS) => {}
        Err(error) => return Err(error),
    }
    Ok(socket.into())
}

/// Small messages leave at once, and a peer that has vanished is noticed.
pub(super) fn tune(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_user_timeout(Some(limits::UNACKNOWLEDGED))?;
    let probes = socket2::TcpKeepalive::new()
        .with_time(limits::KEEPALIVE_IDLE)
        .with_interval(limits::KEEPALIVE_INTERVAL);
    socket.set_tcp_keepalive(&probes)
}

fn is_taken(failed: &ConnectError) -> bool {
    use io::ErrorKind::{AddrInUse, AddrNotAvailable};
    !failed.sent && matches!(failed.error.kind(), AddrInUse | AddrNotAvailable)
}

fn connect_fault(failed: &ConnectError) -> FlowFault {
    use nix::libc::{ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOPROTOOPT, EPROTO, ETIMEDOUT};
    if !failed.sent && failed.error.kind() != io::ErrorKind::ConnectionRefused {
        return FlowFault::Local;
    }
    match failed.error.raw_os_error() {
        Some(ECONNREFUSED) => FlowFault::Refused,
        Some(ETIMEDOUT) => FlowFault::TimedOut,
        Some(ENETUNREACH) => FlowFault::Unreachable(Undeliverable::Net),
        Some(EHOSTUNREACH) => FlowFault::Unreachable(Undeliverable::Host),
        Some(ENOPROTOOPT | EPROTO) => FlowFault::Unreachable(Undeliverable::Protocol),
        _ => FlowFault::Reset,
    }
}

/// Reads and writes until either ends.
async fn carry(
    stream: impl AsyncRead + AsyncWrite,
    queue: &mut mpsc::Receiver<Vec<u8>>,
    teller: &Teller,
) {
    let (mut reading, mut writing) = tokio::io::split(stream);
    let read = async {
        let mut buffer = vec![0; limits::STREAM_READ];
        loop {
            match reading.read(&mut buffer).await {
                Ok(0) => return FlowFault::Closed,
                Ok(length) => {
                    let bytes = buffer.get(..length).unwrap_or_default().to_vec();
                    teller.tell(News::Bytes(bytes)).await;
                }
                Err(error) => return stream_fault(&error),
            }
        }
    };
    let write = async {
        while let Some(bytes) = queue.recv().await {
            let written = async {
                writing.write_all(&bytes).await?;
                writing.flush().await
            };
            if let Err(error) = written.await {
                return stream_fault(&error);
            }
        }
        // The driver has let go of this connection, and of this task with it.
        std::future::pending().await
    };
    let fault = tokio::select! {
        biased;
        fault = read => fault,
        fault = write => fault,
    };
    tracing::debug!(hop = %teller.hop, ?fault, "connection over");
    teller.tell(News::Closed(fault)).await;
}

fn stream_fault(error: &io::Error) -> FlowFault {
    if let Some(fault) = tls::fault(error) {
        return fault;
    }
    if error.kind() == io::ErrorKind::TimedOut {
        return FlowFault::TimedOut;
    }
    // TLS without its farewell.
    let ended = error.kind() == io::ErrorKind::UnexpectedEof;
    if ended { FlowFault::Closed } else { FlowFault::Reset }
}
