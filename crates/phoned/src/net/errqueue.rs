//! The error queue of a UDP socket (`IP_RECVERR`): which datagram came to nothing, and why.
//!
//! The kernel keeps, for each ICMP error, the destination that the datagram had been sent to, who
//! complained, and what the complaint quoted of it (520 octets on IPv4, 1184 on IPv6, none at all
//! from old routers). This module reads one entry and translates the ICMP code (RFC 792, RFC 1812
//! §5.2.7, RFC 4443 §3). It does not know requests; the core finds the branch in the quote
//! (requirement F2).

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::RawFd;

use nix::errno::Errno;
use nix::libc::{self, sock_extended_err};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};
use phone::input::Undeliverable;

use super::udp::{Undelivered, socket_address};

/// Room for the longest quote; what is longer is cut, and the Via is at the head.
const QUOTE_ROOM: usize = 2_048;

/// Takes one entry off the queue. `None`: it was about nothing that the core should hear.
///
/// # Errors
/// `WouldBlock` when the queue is empty.
pub(super) fn read(fd: RawFd) -> io::Result<Option<Undelivered>> {
    let mut quote = [0_u8; QUOTE_ROOM];
    let mut control = nix::cmsg_space!(
        sock_extended_err,
        libc::sockaddr_in6,
        libc::in6_pktinfo,
        libc::in_pktinfo
    );
    let (length, to, complaint) = {
        let mut parts = [IoSliceMut::new(&mut quote)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let entry = recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut control), flags)?;
        let complaint = entry.cmsgs()?.find_map(|part| Complaint::of(&part));
        (entry.bytes, entry.address.as_ref().and_then(socket_address), complaint)
    };
    let (Some(to), Some(complaint)) = (to, complaint) else { return Ok(None) };
    let Some(why) = complaint.judge(to.ip()) else { return Ok(None) };
    let quoted = quote.get(..length).unwrap_or_default().to_vec();
    Ok(Some(Undelivered { to, quoted, why }))
}

/// Whether a failed system call only tells of a datagram sent earlier.
pub(super) fn is_about_a_datagram(error: &io::Error) -> bool {
    let Some(code) = error.raw_os_error() else { return false };
    matches!(
        Errno::from_raw(code),
        Errno::ECONNREFUSED
            | Errno::EHOSTUNREACH
            | Errno::ENETUNREACH
            | Errno::EHOSTDOWN
            | Errno::ENETDOWN
            | Errno::ENOPROTOOPT
            | Errno::EPROTO
            | Errno::EMSGSIZE
            | Errno::EACCES
            | Errno::EOPNOTSUPP
            | Errno::ENONET
            | Errno::EINTR
    )
}

/// What a send that kept failing says of its own datagram; `None`: it is lost like any other.
pub(super) fn judge_send(error: Errno) -> Option<Undeliverable> {
    if error == Errno::EMSGSIZE {
        return Some(Undeliverable::TooBig);
    }
    let no_way_out = matches!(
        error,
        Errno::ENETUNREACH
            | Errno::EHOSTUNREACH
            | Errno::ENETDOWN
            | Errno::EADDRNOTAVAIL
            | Errno::EINVAL
            | Errno::ENODEV
    );
    no_way_out.then_some(Undeliverable::Local)
}

/// One ICMP message, or what our own host says in its place.
#[derive(Clone, Copy, Debug)]
struct Complaint {
    origin: u8,
    kind: u8,
    code: u8,
    offender: Option<IpAddr>,
}

impl Complaint {
    fn of(part: &ControlMessageOwned) -> Option<Self> {
        let (error, offender) = if let ControlMessageOwned::Ipv4RecvErr(error, offender) = part {
            let ip = offender.map(|o| Ipv4Addr::from(u32::from_be(o.sin_addr.s_addr)).into());
            (error, ip)
        } else if let ControlMessageOwned::Ipv6RecvErr(error, offender) = part {
            (error, offender.map(|o| Ipv6Addr::from(o.sin6_addr.s6_addr).into()))
        } else {
            return None;
        };
        let (origin, kind, code) = (error.ee_origin, error.ee_type, error.ee_code);
        Some(Self { origin, kind, code, offender })
    }

    /// `None` for what the failed send itself reports as well.
    fn judge(self, to: IpAddr) -> Option<Undeliverable> {
        let why = match self.origin {
            libc::SO_EE_ORIGIN_ICMP => of_icmp(self.kind, self.code),
            libc::SO_EE_ORIGIN_ICMP6 => of_icmp6(self.kind, self.code),
            _ => return None,
        };
        // No answer to ARP or neighbour discovery: our own host writes the ICMP message.
        let of_a_host = matches!(why, Undeliverable::Host | Undeliverable::Net);
        let ours = of_a_host && self.offender.is_some_and(|ip| ip != to && is_ours(ip));
        Some(if ours { Undeliverable::Local } else { why })
    }
}

/// An address is ours if a socket can be bound to it; asked for so rarely that no list is kept.
fn is_ours(ip: IpAddr) -> bool {
    UdpSocket::bind(SocketAddr::new(ip, 0)).is_ok()
}

/// RFC 792 and RFC 1812 §5.2.7.1: type 3 is *destination unreachable*.
fn of_icmp(kind: u8, code: u8) -> Undeliverable {
    match (kind, code) {
        (3, 0 | 6 | 11) => Undeliverable::Net,
        (3, 1 | 7 | 8 | 12) => Undeliverable::Host,
        (3, 2) => Undeliverable::Protocol,
        (3, 3) => Undeliverable::Port,
        (3, 4) => Undeliverable::TooBig,
        (3, 9 | 10 | 13 | 14 | 15) => Undeliverable::Prohibited,
        _ => Undeliverable::Soft,
    }
}

/// RFC 4443 §3.1, §3.2 and §3.4: type 1 is *destination unreachable*.
fn of_icmp6(kind: u8, code: u8) -> Undeliverable {
    match (kind, code) {
        (1, 0 | 2) => Undeliverable::Net,
        (1, 1 | 5 | 6) => Undeliverable::Prohibited,
        (1, 3) => Undeliverable::Host,
        (1, 4) => Undeliverable::Port,
        (2, _) => Undeliverable::TooBig,
        (4, 1) => Undeliverable::Protocol,
        _ => Undeliverable::Soft,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(kind: u8, code: u8, offender: &str) -> Complaint {
        let offender: IpAddr = offender.parse().unwrap();
        let origin = if offender.is_ipv4() { 2 } else { 3 };
        Complaint { origin, kind, code, offender: Some(offender) }
    }

    #[test]
    fn only_unreachable_codes_say_something_about_the_destination() {
        let by_code: Vec<_> = (0..=13).map(|code| of_icmp(3, code)).collect();
        use Undeliverable as U;
        let expected = [
            U::Net,
            U::Host,
            U::Protocol,
            U::Port,
            U::TooBig,
            U::Soft,
            U::Net,
            U::Host,
            U::Host,
            U::Prohibited,
            U::Prohibited,
            U::Net,
            U::Host,
            U::Prohibited,
        ];
        assert_eq!(by_code, expected);
        assert_eq!(of_icmp(11, 0), U::Soft, "time exceeded");
        assert_eq!(of_icmp(4, 0), U::Soft, "source quench");
        let six: Vec<_> = (0..=4).map(|code| of_icmp6(1, code)).collect();
        assert_eq!(six, [U::Net, U::Prohibited, U::Net, U::Host, U::Port]);
        assert_eq!(of_icmp6(2, 0), U::TooBig);
        assert_eq!(of_icmp6(3, 0), U::Soft, "time exceeded");
    }

    #[test]
    fn a_host_unreachable_that_we_wrote_ourselves_is_a_local_outage() {
        let to: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!(complaint(3, 1, "127.0.0.5").judge(to), Some(Undeliverable::Local));
        assert_eq!(complaint(3, 1, "192.0.2.99").judge(to), Some(Undeliverable::Host));
        assert_eq!(complaint(3, 3, "127.0.0.5").judge(to), Some(Undeliverable::Port));
        assert_eq!(complaint(3, 1, "192.0.2.1").judge(to), Some(Undeliverable::Host));
        let to: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(complaint(1, 3, "::1").judge(to), Some(Undeliverable::Local));
    }

    #[test]
    fn a_send_without_a_way_out_is_local_and_a_full_buffer_is_loss() {
        assert_eq!(judge_send(Errno::ENETUNREACH), Some(Undeliverable::Local));
        assert_eq!(judge_send(Errno::EHOSTUNREACH), Some(Undeliverable::Local));
        assert_eq!(judge_send(Errno::EMSGSIZE), Some(Undeliverable::TooBig));
        assert_eq!(judge_send(Errno::ENOBUFS), None);
        assert_eq!(judge_send(Errno::EPERM), None, "a packet filter drops: silence, not evidence");
    }
}
