//! Word from the kernel that our own links, addresses or routes have changed (rtnetlink).
//!
//! Only *that* something changed: what it means for a line is found out by asking the routing table
//! again. Nothing wakes up while the network stays as it is.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Changes come in bursts, an address and then its routes; they are told as one.
const BURST: Duration = Duration::from_millis(100);

/// The socket that hears of changes.
#[derive(Debug)]
pub(crate) struct LinkWatch {
    /// Any datagram socket will do for waiting; what is read never passes through it.
    socket: UdpSocket,
    /// A change has been heard and not been told.
    burst: bool,
}

impl LinkWatch {
    /// Starts to listen.
    ///
    /// # Errors
    /// What the system says where it has no rtnetlink.
    pub(crate) fn open() -> io::Result<Self> {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let fd: OwnedFd =
            socket(AddressFamily::Netlink, SockType::Datagram, flags, SockProtocol::NetlinkRoute)?;
        let groups = libc::RTMGRP_LINK
            | libc::RTMGRP_IPV4_IFADDR
            | libc::RTMGRP_IPV4_ROUTE
            | libc::RTMGRP_IPV6_IFADDR
            | libc::RTMGRP_IPV6_ROUTE;
        let groups = u32::try_from(groups).map_err(io::Error::other)?;
        bind(fd.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
        Ok(Self { socket: UdpSocket::from_std(fd.into())?, burst: false })
    }

    /// Waits for the next burst of changes to be over. Dropping the future loses nothing.
    ///
    /// # Errors
    /// Where the socket is beyond use.
    pub(crate) async fn changed(&mut self) -> io::Result<()> {
        if !self.burst {
            self.heard().await?;
            self.burst = true;
        }
        tokio::time::sleep(BURST).await;
        self.drain()?;
        self.burst = false;
        Ok(())
    }

    async fn heard(&self) -> io::Result<()> {
        loop {
            self.socket.ready(Interest::READABLE).await?;
            if self.take()? {
                return Ok(());
            }
        }
    }

    fn drain(&self) -> io::Result<()> {
        while self.take()? {}
        Ok(())
    }

    /// Reads one message; `false` if there is none.
    fn take(&self) -> io::Result<bool> {
        // Longer messages are cut: their content does not matter.
        let mut message = [0; 512];
        let fd = self.socket.as_raw_fd();
        let read = || Ok(recv(fd, &mut message, MsgFlags::MSG_DONTWAIT).map(drop)?);
        // One interest only: to tokio's `try_io` a combined one is never ready, and `heard` would spin.
        match self.socket.try_io(Interest::READABLE, read) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            // More has changed than the kernel could keep.
            Err(error) if error.raw_os_error() == Some(Errno::ENOBUFS as i32) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::socket::{getsockname, sendto};

    use super::*;

    #[test]
    fn while_nothing_changes_nothing_is_heard() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let watch = LinkWatch::open().unwrap();
            watch.drain().unwrap();
            assert!(!watch.take().unwrap());
        });
    }

    /// A signal-free stand-in for a change of the network: a message from one netlink socket of this
    /// process to the other's port.
    #[test]
    fn a_message_that_arrives_is_heard_once_and_waiting_goes_on() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut watch = LinkWatch::open().unwrap();
            watch.drain().unwrap();
            let address: NetlinkAddr = getsockname(watch.socket.as_raw_fd()).unwrap();
            let sender = socket(
                AddressFamily::Netlink,
                SockType::Datagram,
                SockFlag::SOCK_CLOEXEC,
                SockProtocol::NetlinkRoute,
            )
            .unwrap();
            let port = NetlinkAddr::new(address.pid(), 0);
            sendto(sender.as_raw_fd(), b"change", &port, MsgFlags::empty()).unwrap();
            watch.changed().await.unwrap();
            let more = tokio::time::timeout(Duration::from_millis(50), watch.changed()).await;
            assert!(more.is_err(), "nothing else has changed");
        });
    }
}
