//! Which of our addresses leads to a hop: asked of the routing table, with no packet sent.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::SockaddrStorage;

/// Our address that the routing table chooses towards `remote`.
///
/// # Errors
/// `NetworkUnreachable` and the like while there is no route or no address; `NetworkDown` while the
/// address is there but its interface has no carrier, which the routing table does not mind.
pub(crate) fn address_towards(remote: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr =
        if remote.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let probe = UdpSocket::bind(SocketAddr::new(any, 0))?;
    // Connecting a UDP socket only looks up the route and fixes the source address.
    probe.connect(remote)?;
    let ip = probe.local_addr()?.ip();
    if has_carrier(ip)? { Ok(ip) } else { Err(io::ErrorKind::NetworkDown.into()) }
}

/// Whether an interface with this address is up and has a carrier. An address of no interface is
/// somebody else's business.
fn has_carrier(ip: IpAddr) -> io::Result<bool> {
    let own = |address: SockaddrStorage| -> Option<IpAddr> {
        let v4 = address.as_sockaddr_in().map(|v4| v4.ip().into());
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| v6.ip().into()))
    };
    let mut found = false;
    for interface in getifaddrs()? {
        if interface.address.and_then(own) == Some(ip) {
            if interface.flags.contains(InterfaceFlags::IFF_RUNNING) {
                return Ok(true);
            }
            found = true;
        }
    }
    Ok(!found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_hop_is_reached_from_loopback() {
        let local = |text: &str| address_towards(text.parse().unwrap()).unwrap().to_string();
        assert_eq!(local("127.0.0.11:5060"), "127.0.0.1");
        assert_eq!(local("[::1]:5060"), "::1");
    }

    #[test]
    fn an_address_that_no_interface_has_is_not_held_against_the_link() {
        assert!(has_carrier("192.0.2.1".parse().unwrap()).unwrap());
    }
}
