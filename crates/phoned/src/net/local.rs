//! Which of our addresses leads to a hop: asked of the routing table, with no packet sent.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Our address that the routing table chooses towards `remote`.
///
/// # Errors
/// `NetworkUnreachable` and the like while there is no route or no address.
pub(crate) fn address_towards(remote: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr =
        if remote.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let probe = UdpSocket::bind(SocketAddr::new(any, 0))?;
    // Connecting a UDP socket only looks up the route and fixes the source address.
    probe.connect(remote)?;
    Ok(probe.local_addr()?.ip())
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
}
