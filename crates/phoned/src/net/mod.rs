//! The wire: the SIP sockets of the phone, both families on one port.
//!
//! A reader task for each socket turns what arrives into inputs; sending is done by whoever holds
//! [`Sockets`], at once, because a datagram leaves or is lost but never waits. Closing is dropping.

pub(crate) mod dns;
mod errqueue;
pub(crate) mod link;
pub(crate) mod local;
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
use udp::{Arrival, DATAGRAM_MAX, Udp, Undelivered};

/// Why the phone has no sockets.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetError {
    /// Another program, or another phoned, has the port.
    #[error("UDP port {0} is in use by another program (item 'SIP  Port')")]
    PortTaken(u16),
    /// The system refuses it.
    #[error("cannot open UDP port {0} (item 'SIP  Port')")]
    Refused(u16, #[source] io::Error),
}

/// The SIP sockets.
#[derive(Debug)]
pub(crate) struct Sockets {
    port: u16,
    v4: Option<Open>,
    v6: Option<Open>,
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
    /// Opens both families on a port; a family that the host lacks is left out.
    ///
    /// # Errors
    /// [`NetError`] if the port is taken in either family, or neither can be opened.
    pub(crate) fn open(port: u16, inbox: &mpsc::Sender<Message>) -> Result<Self, NetError> {
        let open = |address: SocketAddr| match Udp::bind(address) {
            Ok(udp) => {
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
            (v4, v6) => Ok(Self { port, v4: v4.ok(), v6: v6.ok() }),
        }
    }

    /// The SIP port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Sends one message; what could not be delivered, this one or earlier ones, is appended to
    /// `failures`.
    pub(crate) fn send(
        &self,
        local: SocketAddr,
        to: Hop,
        bytes: &[u8],
        failures: &mut Vec<Undelivered>,
    ) {
        tracing::trace!(target: "phoned::wire", %local, %to, packet = %masked(bytes), "sent");
        let open = if to.addr.is_ipv4() { &self.v4 } else { &self.v6 };
        match (to.transport, open) {
            (Transport::Udp, Some(open)) => open.udp.send(local.ip(), to.addr, bytes, failures),
            (Transport::Udp, None) | (Transport::Tcp | Transport::Tls, _) => {
                tracing::debug!(%to, "no socket of that kind");
                let why = phone::input::Undeliverable::Local;
                failures.push(Undelivered { to: to.addr, quoted: bytes.to_vec(), why });
            }
        }
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
