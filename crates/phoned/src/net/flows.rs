//! The connections of the phone, opened and accepted, and the listeners.
//!
//! Keeps for each hop the one task that serves it now, hands it what is to be written and lets it go
//! when the phone says so. How many peers may be connected, and how much may wait to be written, is
//! bounded here; what comes of it is told like any other end of a connection.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use phone::input::{FlowFault, Input};
use sip_core::transport::{Hop, Transport};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_rustls::TlsAcceptor;

use super::flow::{self, FlowNews, News, Secured, Teller};
use super::mark::mark;
use super::tls::Tls;
use crate::driver::Message;
use crate::limits;

/// Numbers connections, over every change of sockets.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A connection that a peer has opened, on its way to the driver.
#[derive(Debug)]
pub(crate) struct Arrived {
    stream: TcpStream,
    hop: Hop,
    local: SocketAddr,
}

#[derive(Debug)]
struct Flow {
    id: u64,
    queue: mpsc::Sender<Vec<u8>>,
    task: AbortHandle,
    accepted: bool,
    heard: Instant,
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Flows {
    inbox: mpsc::Sender<Message>,
    /// The DiffServ code point of connections that begin.
    dscp: u8,
    tls: Arc<Tls>,
    table: BTreeMap<Hop, Flow>,
    listeners: Vec<JoinHandle<()>>,
}

impl Drop for Flows {
    fn drop(&mut self) {
        for listener in &self.listeners {
            listener.abort();
        }
    }
}

impl Flows {
    /// Listens for TCP on the SIP port and, where we have a certificate, for TLS on the next one. A
    /// port that cannot be had is no reason not to run: what we open ourselves needs none.
    pub(super) fn listen(port: u16, dscp: u8, tls: Arc<Tls>, inbox: mpsc::Sender<Message>) -> Self {
        let listeners = Vec::new();
        let mut flows = Self { inbox, dscp, tls, table: BTreeMap::new(), listeners };
        flows.listen_on(port, Transport::Tcp);
        match flows.tls.server() {
            Ok(Some(_)) => flows.listen_on(port.saturating_add(1), Transport::Tls),
            Ok(None) => {}
            Err(error) => tracing::warn!("no TLS connections are taken: {error}"),
        }
        flows
    }

    fn listen_on(&mut self, port: u16, transport: Transport) {
        let everywhere =
            [(Ipv4Addr::UNSPECIFIED, port).into(), (Ipv6Addr::UNSPECIFIED, port).into()];
        for address in everywhere {
            match listener(address) {
                Ok(listener) => {
                    let inbox = self.inbox.clone();
                    self.listeners.push(tokio::spawn(take(listener, transport, inbox)));
                }
                Err(error) if address.is_ipv4() => {
                    tracing::warn!(port, %transport, %error, "no connections are taken");
                }
                Err(error) => tracing::debug!(port, %transport, %error, "not over IPv6"),
            }
        }
    }

    /// Opens a connection; one that there is to the same hop ends.
    pub(super) fn connect(&mut self, hop: Hop, local: SocketAddr, names: Vec<String>) {
        let secured = (hop.transport == Transport::Tls)
            .then(|| Secured { tls: Arc::clone(&self.tls), names });
        let from = (local, self.dscp);
        self.add(hop, false, |queue, teller| flow::open(from, secured, queue, teller));
    }

    /// Takes a connection that a peer has opened; what the phone is to be told.
    pub(super) fn accept(&mut self, arrived: Arrived) -> Vec<Input> {
        let Arrived { stream, hop, local } = arrived;
        let acceptor = match (hop.transport, self.tls.server()) {
            (Transport::Tls, Ok(Some(config))) => Some(TlsAcceptor::from(config)),
            (Transport::Tls, _) => return Vec::new(),
            (Transport::Udp | Transport::Tcp, _) => None,
        };
        mark(&stream, local.is_ipv4(), self.dscp);
        let mut told = Vec::new();
        if self.table.values().filter(|flow| flow.accepted).count() >= limits::ACCEPTED {
            told.extend(self.evict());
        }
        // A connection of ours between the same two ports is the older one, and over.
        if self.disconnect(hop) {
            told.push(Input::FlowClosed { hop, why: FlowFault::Closed });
        }
        self.add(hop, true, |queue, teller| flow::accept(stream, acceptor, queue, teller));
        told.push(Input::FlowAccepted { hop, local });
        told
    }

    fn add<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        hop: Hop,
        accepted: bool,
        serve: impl FnOnce(mpsc::Receiver<Vec<u8>>, Teller) -> F,
    ) {
        let id = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (queue, waiting) = mpsc::channel(limits::FLOW_QUEUE);
        let teller = Teller { hop, id, inbox: self.inbox.clone() };
        let task = tokio::spawn(serve(waiting, teller)).abort_handle();
        self.table.insert(hop, Flow { id, queue, task, accepted, heard: Instant::now() });
    }

    /// Ends the accepted connection that has been silent for longest.
    fn evict(&mut self) -> Option<Input> {
        let accepted = self.table.iter().filter(|(_, flow)| flow.accepted);
        let hop = accepted.min_by_key(|(_, flow)| flow.heard).map(|(hop, _)| *hop)?;
        tracing::debug!(%hop, "too many connections: the longest silent one ends");
        self.disconnect(hop);
        Some(Input::FlowClosed { hop, why: FlowFault::Closed })
    }

    /// Ends a connection; whether there was one.
    pub(super) fn disconnect(&mut self, hop: Hop) -> bool {
        self.table.remove(&hop).is_some()
    }

    /// Hands octets to a connection. One whose peer takes nothing ends.
    pub(super) fn send(&mut self, hop: Hop, bytes: &[u8]) -> Option<Input> {
        let flow = self.table.get(&hop)?;
        match flow.queue.try_send(bytes.to_vec()) {
            // Its end is on its way to us.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => None,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.disconnect(hop);
                Some(Input::FlowClosed { hop, why: FlowFault::TimedOut })
            }
        }
    }

    /// News of a connection, as the phone hears it; `None` of one that was let go.
    pub(super) fn news(&mut self, news: FlowNews) -> Option<Input> {
        let FlowNews { hop, id, news } = news;
        let flow = self.table.get_mut(&hop).filter(|flow| flow.id == id)?;
        match news {
            News::Opened => Some(Input::FlowOpened { hop }),
            News::Bytes(bytes) => {
                flow.heard = Instant::now();
                tracing::trace!(target: "phoned::wire", %hop, octets = bytes.len(), "received");
                Some(Input::Stream { hop, bytes })
            }
            News::Failed(why) => {
                self.disconnect(hop);
                Some(Input::FlowFailed { hop, why })
            }
            News::Closed(why) => {
                self.disconnect(hop);
                Some(Input::FlowClosed { hop, why })
            }
        }
    }

    /// Every connection ends for a reason of our own: what the phone is to be told.
    pub(super) fn end_all(&mut self) -> Vec<Input> {
        let table = std::mem::take(&mut self.table);
        table.into_keys().map(|hop| Input::FlowClosed { hop, why: FlowFault::Local }).collect()
    }

    /// Marks connections that begin from now on.
    pub(super) fn set_dscp(&mut self, dscp: u8) {
        self.dscp = dscp;
    }

    /// Puts other TLS settings in force. Listeners share the port, so the new ones may open before
    /// the old ones are gone.
    pub(super) fn set_tls(&mut self, port: u16, tls: Arc<Tls>) -> Vec<Input> {
        let lost = self.end_all();
        *self = Self::listen(port, self.dscp, tls, self.inbox.clone());
        lost
    }
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let kind = Type::STREAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    // Shared with the connections that we open from this port.
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    socket.listen(limits::BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Takes connections until the driver is gone.
async fn take(listener: TcpListener, transport: Transport, inbox: mpsc::Sender<Message>) {
    loop {
        let (stream, remote) = match listener.accept().await {
            Ok(taken) => taken,
            Err(error) => {
                // Of one peer, or of us for a while (no descriptors left): never the end.
                tracing::debug!(%error, "a connection was not taken");
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                continue;
            }
        };
        let _ = flow::tune(&SockRef::from(&stream));
        let Ok(local) = stream.local_addr() else { continue };
        let arrived = Arrived { stream, hop: Hop { transport, addr: remote }, local };
        if inbox.send(Message::Arrived(arrived)).await.is_err() {
            return;
        }
    }
}
