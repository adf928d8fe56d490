//! One wildcard UDP socket that knows which of our addresses was asked and which datagram failed.
//!
//! `IP_PKTINFO` gives the local address of each arrival and sets the source of each departure, so
//! an answer leaves from the address that was asked. `IP_RECVERR` (module [`super::errqueue`])
//! says what became of a datagram that the network returned. The two disturb each other: a pending
//! error fails the next `send`, whoever it is for, and a full error queue keeps arrivals out.
//! Hence the order here: the error queue first and until it is empty, and a failed send is
//! repeated after that. Nothing is judged; what an error means for a line is the core's business.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, RawFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, SockaddrIn6, SockaddrStorage,
    recvmsg, sendmsg, setsockopt, sockopt,
};
use phone::input::Undeliverable;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use super::errqueue;
use crate::limits;

/// The largest datagram there is; a shorter buffer would cut messages.
pub(crate) const DATAGRAM_MAX: usize = 65_535;

/// Arrivals read in one turn before others get theirs.
const BATCH: usize = 32;

/// Sends of one datagram: each failure is followed by emptying the error queue, so one more send
/// is enough unless errors keep arriving in between.
const SEND_TRIES: usize = 4;

/// How much of a datagram that never left is handed back: what an IPv6 router would quote.
const QUOTE_MAX: usize = 1_184;

/// What a socket had to tell.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// A datagram.
    Datagram {
        /// Our address that it was sent to, never a wildcard.
        local: SocketAddr,
        /// Where it came from.
        remote: SocketAddr,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// A datagram of ours came to nothing.
    Undelivered(Undelivered),
}

/// A datagram of ours that the network, or our own host, could not deliver.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Undelivered {
    /// Where it had been sent.
    pub(crate) to: SocketAddr,
    /// Its first bytes, as many as came back.
    pub(crate) quoted: Vec<u8>,
    /// What was said about it.
    pub(crate) why: Undeliverable,
}

/// The socket.
#[derive(Debug)]
pub(crate) struct Udp {
    socket: UdpSocket,
    port: u16,
    v4: bool,
}

impl Udp {
    /// Binds to `address` (a wildcard in the daemon), with error queue and packet information on.
    ///
    /// # Errors
    /// What the system says: the port is taken, the address is not ours, the family is missing.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let kind = Type::DGRAM.nonblocking().cloexec();
        let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::UDP))?;
        if address.is_ipv4() {
            setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
            setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        } else {
            socket.set_only_v6(true)?;
            setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?;
            setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
        }
        // Thousands of lines are answered within a second, and what has no room is lost. The system
        // gives as much of it as its own limit allows, and nothing is taken before it is needed.
        socket.set_recv_buffer_size(limits::RECEIVE_BUFFER)?;
        socket.bind(&address.into())?;
        // The registration of tokio covers errors too; one for reading alone never wakes for them.
        let socket = UdpSocket::from_std(socket.into())?;
        let port = socket.local_addr()?.port();
        Ok(Self { socket, port, v4: address.is_ipv4() })
    }

    /// Marks what leaves from now on.
    pub(crate) fn mark(&self, dscp: u8) {
        super::mark::mark(&self.socket, self.v4, dscp);
    }

    /// Waits until something arrived and appends it to `found`; errors come first. Dropping the
    /// future loses nothing.
    ///
    /// # Errors
    /// Only where the socket itself is broken; an error about a datagram is an arrival.
    pub(crate) async fn receive(
        &self,
        buffer: &mut [u8],
        found: &mut Vec<Arrival>,
    ) -> io::Result<()> {
        while found.is_empty() {
            self.socket.ready(Interest::READABLE | Interest::ERROR).await?;
            self.read_errors(|undelivered| found.push(Arrival::Undelivered(undelivered)));
            self.read_datagrams(buffer, found)?;
        }
        Ok(())
    }

    fn read_datagrams(&self, buffer: &mut [u8], found: &mut Vec<Arrival>) -> io::Result<()> {
        for _ in 0..BATCH {
            let read = || read_datagram(self.socket.as_raw_fd(), self.port, buffer);
            match self.socket.try_io(Interest::READABLE, read) {
                Ok(Some(arrival)) => found.push(arrival),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // A pending error is told here first; the datagram behind it is still there.
                Err(error) if errqueue::is_about_a_datagram(&error) => {
                    self.read_errors(|undelivered| {
                        found.push(Arrival::Undelivered(undelivered));
                    });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Empties the error queue. Errors occupy the receive buffer: what stays keeps arrivals out.
    fn read_errors(&self, mut found: impl FnMut(Undelivered)) {
        loop {
            let read = || errqueue::read(self.socket.as_raw_fd());
            match self.socket.try_io(Interest::ERROR, read) {
                Ok(Some(undelivered)) => found(undelivered),
                Ok(None) => {}
                Err(_) => return,
            }
        }
    }

    /// Sends one datagram from one of our addresses. What became known of earlier datagrams
    /// meanwhile, and of this one where it could not leave, is appended to `undelivered`.
    ///
    /// A datagram that a full buffer or a local packet filter swallows counts as lost on the way:
    /// its retransmission is already planned.
    pub(crate) fn send(
        &self,
        from: IpAddr,
        to: SocketAddr,
        bytes: &[u8],
        undelivered: &mut Vec<Undelivered>,
    ) {
        let fd = self.socket.as_raw_fd();
        let mut last = Errno::UnknownErrno;
        for _ in 0..SEND_TRIES {
            match send_datagram(fd, from, to, bytes) {
                Ok(()) => return,
                Err(Errno::EAGAIN) => break,
                Err(error) => last = error,
            }
            // Not through `try_io`: that answers from tokio's memory of the last wake-up.
            while let Ok(entry) = errqueue::read(fd) {
                undelivered.extend(entry);
            }
        }
        match errqueue::judge_send(last) {
            Some(why) => {
                let quoted = bytes.get(..QUOTE_MAX).unwrap_or(bytes).to_vec();
                undelivered.push(Undelivered { to, quoted, why });
            }
            None => tracing::debug!(%to, error = %last, "datagram lost on the way out"),
        }
    }
}

/// One datagram; `None` where the system gave no address with it.
fn read_datagram(fd: RawFd, port: u16, buffer: &mut [u8]) -> io::Result<Option<Arrival>> {
    let mut control = nix::cmsg_space!(libc::in6_pktinfo, libc::in_pktinfo);
    let (length, remote, local) = {
        let mut parts = [IoSliceMut::new(buffer)];
        let flags = MsgFlags::MSG_DONTWAIT;
        let message = recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut control), flags)?;
        let local = message.cmsgs()?.find_map(|part| local_address(&part));
        (message.bytes, message.address.as_ref().and_then(socket_address), local)
    };
    let (Some(remote), Some(local)) = (remote, local) else { return Ok(None) };
    let bytes = buffer.get(..length).unwrap_or_default().to_vec();
    Ok(Some(Arrival::Datagram { local: SocketAddr::new(local, port), remote, bytes }))
}

fn send_datagram(fd: RawFd, from: IpAddr, to: SocketAddr, bytes: &[u8]) -> Result<(), Errno> {
    let parts = [IoSlice::new(bytes)];
    let flags = MsgFlags::MSG_DONTWAIT;
    match (to, from) {
        (SocketAddr::V4(to), IpAddr::V4(from)) => {
            let info = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: libc::in_addr { s_addr: u32::from(from).to_be() },
                ipi_addr: libc::in_addr { s_addr: u32::from(Ipv4Addr::UNSPECIFIED) },
            };
            let source = [ControlMessage::Ipv4PacketInfo(&info)];
            sendmsg(fd, &parts, &source, flags, Some(&SockaddrIn::from(to)))?;
        }
        (SocketAddr::V6(to), IpAddr::V6(from)) => {
            let info = libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr { s6_addr: from.octets() },
                ipi6_ifindex: 0,
            };
            let source = [ControlMessage::Ipv6PacketInfo(&info)];
            sendmsg(fd, &parts, &source, flags, Some(&SockaddrIn6::from(to)))?;
        }
        (SocketAddr::V4(_), IpAddr::V6(_)) | (SocketAddr::V6(_), IpAddr::V4(_)) => {
            return Err(Errno::EADDRNOTAVAIL);
        }
    }
    Ok(())
}

fn local_address(part: &ControlMessageOwned) -> Option<IpAddr> {
    if let ControlMessageOwned::Ipv4PacketInfo(info) = part {
        return Some(Ipv4Addr::from(u32::from_be(info.ipi_spec_dst.s_addr)).into());
    }
    if let ControlMessageOwned::Ipv6PacketInfo(info) = part {
        return Some(info.ipi6_addr.s6_addr.into());
    }
    None
}

/// The address that the system gave, where it is one of the Internet's.
pub(super) fn socket_address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|address| SocketAddrV4::from(*address).into());
    v4.or_else(|| storage.as_sockaddr_in6().map(|address| SocketAddrV6::from(*address).into()))
}

#[cfg(test)]
#[path = "udp_tests.rs"]
mod tests;
