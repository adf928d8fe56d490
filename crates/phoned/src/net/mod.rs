//! The wire: the SIP sockets of the phone, both families on one port, and its connections.
//!
//! A reader task for each UDP socket turns what arrives into inputs; sending is done by whoever holds
//! [`Sockets`], at once, because a datagram leaves or is lost but never waits. What goes to a hop of
//! TCP or TLS is handed to its connection. Closing is dropping.

pub(crate) mod dns;
mod errqueue;
mod flow;
mod flows;
pub(crate) mod link;
pub(crate) mod local;
mod mark;
pub(crate) mod tls;
pub(crate) mod udp;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use phone::input::Input;
use sip_core::transport::{Hop, Transport};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::driver::Message;
use crate::logging::masked;
pub(crate) use flow::FlowNews;
pub(crate) use flows::Arrived;
use flows::Flows;
use tls::Tls;
use udp::{Arrival, DATAGRAM_MAX, Udp, Undelivered};

/// Why the phone has no sockets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetError {
    /// Another program, or another phoned, has the port.
    #[error("UDP port {0} is in use by another program (item 'SIP  Port')")]
    PortTaken(u16),
    /// The system refuses it.
    #[error("cannot open UDP port {0} (item 'SIP  Port'): {1}")]
    Refused(u16, io::Error),
}

impl NetError {
    /// The same as its `Display` form, in Chinese; what the system says stays as it is.
    pub(crate) fn chinese(&self) -> String {
        match self {
            Self::PortTaken(port) => {
                format!("UDP 端口 {port} 正被另一个程序使用（参数 `SIP  Port`）")
            }
            Self::Refused(port, error) => {
                let why = config_store::said_by_system(error);
                format!("无法打开 UDP 端口 {port}（参数 `SIP  Port`）：{why}")
            }
        }
    }
}

/// The SIP sockets.
#[derive(Debug)]
pub(crate) struct Sockets {
    port: u16,
    v4: Option<Open>,
    v6: Option<Open>,
    flows: Flows,
}

#[derive(Debug)]
struct Open {
    udp: Arc<Udp>,
    reader: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Sockets {
    /// Opens both families on a port, marked with a DiffServ code point; a family that the host lacks is
    /// left out.
    ///
    /// # Errors
    /// [`NetError`] if the port is taken in either family, or neither can be opened.
    pub(crate) fn open(
        port: u16,
        dscp: u8,
        tls: Arc<Tls>,
        inbox: &mpsc::Sender<Message>,
    ) -> Result<Self, NetError> {
        let open = |address: SocketAddr| match Udp::bind(address) {
            Ok(udp) => {
                udp.mark(dscp);
                let udp = Arc::new(udp);
                let reader = tokio::spawn(read(Arc::clone(&udp), inbox.clone()));
                Ok(Ok(Open { udp, reader }))
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                Err(NetError::PortTaken(port))
            }
            Err(error) => Ok(Err(error)),
        };
        let v4 = open((Ipv4Addr::UNSPECIFIED, port).into())?;
        let v6 = open((Ipv6Addr::UNSPECIFIED, port).into())?;
        match (v4, v6) {
            (Err(error), Err(_)) => Err(NetError::Refused(port, error)),
            (v4, v6) => {
                let flows = Flows::listen(port, dscp, tls, inbox.clone());
                Ok(Self { port, v4: v4.ok(), v6: v6.ok(), flows })
            }
        }
    }

    /// The SIP port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Marks packets with this code point from now on; of connections, those that begin later.
    pub(crate) fn set_dscp(&mut self, dscp: u8) {
        for open in [&self.v4, &self.v6].into_iter().flatten() {
            open.udp.mark(dscp);
        }
        self.flows.set_dscp(dscp);
    }

    /// Sends one message; what the phone is to hear of it, or of earlier ones, is appended to
    /// `results`.
    pub(crate) fn send(
        &mut self,
        local: SocketAddr,
        to: Hop,
        bytes: &[u8],
        results: &mut impl Extend<Input>,
    ) {
        tracing::trace!(target: "phoned::wire", %local, %to, packet = %masked(bytes), "sent");
        let open = if to.addr.is_ipv4() { &self.v4 } else { &self.v6 };
        match (to.transport, open) {
            (Transport::Udp, Some(open)) => {
                let mut failures = Vec::new();
                open.udp.send(local.ip(), to.addr, bytes, &mut failures);
                results.extend(failures.into_iter().map(undeliverable));
            }
            (Transport::Udp, None) => {
                tracing::debug!(%to, "no socket of that family");
                let why = phone::input::Undeliverable::Local;
                let undelivered = Undelivered { to: to.addr, quoted: bytes.to_vec(), why };
                results.extend([undeliverable(undelivered)]);
            }
            (Transport::Tcp | Transport::Tls, _) => results.extend(self.flows.send(to, bytes)),
        }
    }

    /// Opens a connection.
    pub(crate) fn connect(&mut self, hop: Hop, local: SocketAddr, names: Vec<String>) {
        self.flows.connect(hop, local, names);
    }

    /// Ends a connection.
    pub(crate) fn disconnect(&mut self, hop: Hop) {
        self.flows.disconnect(hop);
    }

    /// News of a connection, as the phone hears it.
    pub(crate) fn news(&mut self, news: FlowNews) -> Option<Input> {
        self.flows.news(news)
    }

    /// Takes a connection that a peer has opened; what the phone is to hear.
    pub(crate) fn accept(&mut self, arrived: Arrived) -> Vec<Input> {
        self.flows.accept(arrived)
    }

    /// Puts other TLS settings in force: connections are verified anew.
    pub(crate) fn set_tls(&mut self, tls: Arc<Tls>) -> Vec<Input> {
        self.flows.set_tls(self.port, tls)
    }

    /// Ends every connection for a reason of our own; what the phone is to hear.
    pub(crate) fn end_connections(&mut self) -> Vec<Input> {
        self.flows.end_all()
    }
}

/// What became of one of our datagrams, as the core hears it.
pub(crate) fn undeliverable(undelivered: Undelivered) -> Input {
    let Undelivered { to, quoted, why } = undelivered;
    tracing::debug!(%to, ?why, "undeliverable");
    Input::Undeliverable { to: Hop::udp(to), quoted, why }
}

fn input(arrival: Arrival) -> Input {
    match arrival {
        Arrival::Datagram { local, remote, bytes } => {
            tracing::trace!(target: "phoned::wire", %local, %remote, packet = %masked(&bytes), "received");
            Input::Datagram { local, remote, bytes }
        }
        Arrival::Undelivered(undelivered) => undeliverable(undelivered),
    }
}

/// Reads until the socket breaks or the driver is gone. While the driver's queue is full, arrivals
/// wait, and are finally dropped, in the kernel: that is the bound.
async fn read(udp: Arc<Udp>, inbox: mpsc::Sender<Message>) {
    let mut buffer = vec![0; DATAGRAM_MAX];
    let mut found = Vec::new();
    loop {
        if let Err(error) = udp.receive(&mut buffer, &mut found).await {
            // The receiver is gone only when the daemon is ending.
            let _ = inbox.send(Message::SocketBroke(error)).await;
            return;
        }
        for arrival in found.drain(..) {
            if inbox.send(Message::Input(input(arrival))).await.is_err() {
                return;
            }
        }
    }
}
