//! The two UDP ports of a call: RTP on an even one, RTCP on the next (RFC 3550 §11). Bound before
//! the offer that names them is sent; read without waiting, each datagram with the time at which
//! the kernel took it from the network, so that a 20 ms tick does not show in the jitter.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant, SystemTime};

use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use nix::sys::time::TimeSpec;

use crate::limits;

/// A kernel stamp older than this is a stepped wall clock, not a packet that waited.
const OLDEST: Duration = Duration::from_secs(2);

/// The ports of one call.
#[derive(Debug)]
pub struct PortPair {
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
    port: u16,
}

impl PortPair {
    /// Binds the first free pair at `ip` whose RTP port is even and, like the RTCP port above it,
    /// within `range`. The search begins at `start_hint` and comes round; give the end of the last
    /// pair plus one, so that a late packet of an old call does not meet a new one.
    ///
    /// # Errors
    /// `AddrInUse` when no pair is free; any other error of the first bind as it is (an address
    /// that is not ours, say).
    pub fn bind(ip: IpAddr, range: RangeInclusive<u16>, start_hint: u16) -> io::Result<Self> {
        let ports: Vec<u16> = range
            .clone()
            .filter(|port| port % 2 == 0 && *port != 0 && *port < *range.end())
            .collect();
        let first = ports.iter().position(|port| *port >= start_hint).unwrap_or(0);
        for &port in ports[first..].iter().chain(&ports[..first]) {
            match (open(ip, port), open(ip, port + 1)) {
                (Ok(rtp), Ok(rtcp)) => return Ok(Self { rtp, rtcp, port }),
                (Err(error), _) | (_, Err(error)) if error.kind() != io::ErrorKind::AddrInUse => {
                    return Err(error);
                }
                _ => {}
            }
        }
        let problem = format!("no free pair of ports {} to {} at {ip}", range.start(), range.end());
        Err(io::Error::new(io::ErrorKind::AddrInUse, problem))
    }

    /// Marks what leaves from now on with a DiffServ code point.
    pub fn mark(&self, dscp: u8) {
        // The code point stands in the upper six bits (RFC 2474 §3).
        let class = i32::from(dscp) << 2;
        for socket in [&self.rtp, &self.rtcp] {
            // A call works without a mark as well.
            let _ = match socket.local_addr() {
                Ok(SocketAddr::V6(_)) => setsockopt(socket, sockopt::Ipv6TClass, &class),
                Ok(SocketAddr::V4(_)) | Err(_) => setsockopt(socket, sockopt::Ipv4Tos, &class),
            };
        }
    }

    /// The RTP port, for the session description.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn open(ip: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((ip, port))?;
    socket.set_nonblocking(true)?;
    // Without it a call still works: stamps fall back to our clock.
    let _ = setsockopt(&socket, sockopt::ReceiveTimestampns, &true);
    Ok(socket)
}

/// Both clocks, read together once a tick.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clocks {
    pub(super) now: Instant,
    pub(super) wall: SystemTime,
}

impl Clocks {
    pub(super) fn read() -> Self {
        Self { now: Instant::now(), wall: SystemTime::now() }
    }

    /// A kernel stamp on the monotonic clock.
    fn instant(&self, stamp: TimeSpec) -> Instant {
        let since_1970 = Duration::from(stamp);
        let age = SystemTime::UNIX_EPOCH
            .checked_add(since_1970)
            .and_then(|arrival| self.wall.duration_since(arrival).ok())
            .filter(|age| *age <= OLDEST)
            .unwrap_or(Duration::ZERO);
        self.now.checked_sub(age).unwrap_or(self.now)
    }
}

/// Reusable room for one datagram.
#[derive(Debug)]
pub(super) struct Inbox {
    datagram: Vec<u8>,
    control: Vec<u8>,
}

/// A datagram as read.
#[derive(Debug)]
pub(super) struct Received<'a> {
    pub(super) octets: &'a [u8],
    pub(super) from: SocketAddr,
    pub(super) at: Instant,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { datagram: vec![0; limits::DATAGRAM], control: nix::cmsg_space!(TimeSpec) }
    }

    /// The next datagram of a socket; `None` when there is none. Errors of the network are not
    /// the reader's: they are skipped.
    pub(super) fn receive(&mut self, socket: &UdpSocket, clocks: &Clocks) -> Option<Received<'_>> {
        let (count, from, at) = loop {
            let mut room = [IoSliceMut::new(&mut self.datagram)];
            let result = recvmsg::<SockaddrStorage>(
                socket.as_raw_fd(),
                &mut room,
                Some(&mut self.control),
                MsgFlags::MSG_DONTWAIT,
            );
            let message = match result {
                Ok(message) => message,
                Err(Errno::EINTR | Errno::ECONNREFUSED) => continue,
                Err(_) => return None,
            };
            let stamp = message.cmsgs().ok().and_then(|mut all| {
                all.find_map(|control| {
                    if let ControlMessageOwned::ScmTimestampns(stamp) = control {
                        Some(stamp)
                    } else {
                        None
                    }
                })
            });
            if let Some(from) = message.address.as_ref().and_then(address) {
                break (message.bytes, from, stamp.map_or(clocks.now, |s| clocks.instant(s)));
            }
        };
        Some(Received { octets: &self.datagram[..count], from, at })
    }
}

/// The sender; an IPv4 one on a socket of both families as what it is.
fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|a| SocketAddr::new(a.ip().into(), a.port()));
    let v6 = || storage.as_sockaddr_in6().map(|a| SocketAddr::new(a.ip().into(), a.port()));
    v4.or_else(v6).map(|a| SocketAddr::new(a.ip().to_canonical(), a.port()))
}

/// Sends without waiting. What the network does not take is lost, as any datagram may be.
pub(super) fn send(socket: &UdpSocket, octets: &[u8], to: SocketAddr) -> io::Result<()> {
    socket.send_to(octets, to).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn pairs_are_even_and_odd_and_the_search_comes_round() {
        let range = 40_101..=40_106;
        let first = PortPair::bind(LOOPBACK, range.clone(), 40_104).unwrap();
        assert_eq!(first.port(), 40_104);
        assert_eq!(first.rtcp.local_addr().unwrap().port(), 40_105);
        // 40106 has no partner within the range; 40102 is what is left.
        let second = PortPair::bind(LOOPBACK, range.clone(), 40_106).unwrap();
        assert_eq!(second.port(), 40_102);
        let full = PortPair::bind(LOOPBACK, range, 0).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::AddrInUse);
        assert_eq!(full.to_string(), "no free pair of ports 40101 to 40106 at 127.0.0.1");
    }

    #[test]
    fn an_address_that_is_not_ours_is_told_as_such() {
        let error = PortPair::bind(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 40_200..=40_300, 0);
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::AddrNotAvailable);
        assert!(PortPair::bind(LOOPBACK, 65_535..=65_535, 0).is_err());
    }

    #[test]
    fn a_pair_of_ipv6_works_like_one_of_ipv4() {
        let ip = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);
        let pair = match PortPair::bind(ip, 40_600..=40_700, 0) {
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => return,
            bound => bound.unwrap(),
        };
        let to = pair.rtp.local_addr().unwrap();
        send(&pair.rtcp, b"six", to).unwrap();
        let mut inbox = Inbox::new();
        let received = inbox.receive(&pair.rtp, &Clocks::read()).unwrap();
        assert_eq!((received.octets, received.from.ip()), (&b"six"[..], ip));
    }

    #[test]
    fn a_datagram_carries_the_time_at_which_it_arrived_not_at_which_it_was_read() {
        let pair = PortPair::bind(LOOPBACK, 40_400..=40_500, 0).unwrap();
        let before = Instant::now();
        send(&pair.rtcp, b"hello", pair.rtp.local_addr().unwrap()).unwrap();
        let after = Instant::now();
        // Both clocks as they would read a second and a half from now.
        let later = Duration::from_millis(1500);
        let clocks = Clocks::read();
        let clocks = Clocks { now: clocks.now + later, wall: clocks.wall + later };
        let mut inbox = Inbox::new();
        let received = inbox.receive(&pair.rtp, &clocks).unwrap();
        assert_eq!((received.octets, received.from.port()), (&b"hello"[..], pair.port() + 1));
        let slack = Duration::from_millis(1);
        assert!(received.at + slack >= before && received.at <= after + slack);
        assert!(inbox.receive(&pair.rtp, &clocks).is_none());
    }
}
