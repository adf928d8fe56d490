//! Recorded messages as a capture file that Wireshark opens: pcapng (draft-ietf-opsawg-pcapng).
//!
//! A message of UDP becomes a datagram again, addresses and ports as they were. One of TCP or TLS is
//! written as an exported PDU (link type 252) that says by itself that it is SIP, so that what went
//! through TLS is read as well and no stream has to be made up.

use std::net::{IpAddr, SocketAddr};

use control::Way;
use sip_core::transport::Transport;

use super::ring::Entry;
use crate::clock::Reading;

/// Link types (the tcpdump group's registry): bare IP packets, and Wireshark's exported PDUs.
const LINK_RAW: u16 = 101;
const LINK_UPPER_PDU: u16 = 252;

/// Writes a capture file. `text` gives the octets of a message that the file is to have.
pub(super) fn write<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    clock: Reading,
    text: impl Fn(&Entry) -> Vec<u8>,
) -> Vec<u8> {
    let mut file = Vec::new();
    // Section header: byte order, version 1.0, length not told.
    let mut body = Vec::new();
    body.extend(0x1A2B_3C4D_u32.to_le_bytes());
    body.extend(1_u16.to_le_bytes());
    body.extend(0_u16.to_le_bytes());
    body.extend(u64::MAX.to_le_bytes());
    block(&mut file, 0x0A0D_0D0A, &body);
    interface(&mut file, LINK_RAW, b"UDP");
    interface(&mut file, LINK_UPPER_PDU, b"TCP and TLS, as messages");
    for entry in entries {
        let message = text(entry);
        let (from, to) = match entry.way {
            Way::Sent => (entry.local, entry.hop.addr),
            Way::Received => (entry.hop.addr, entry.local),
        };
        let (number, packet) = match entry.hop.transport {
            Transport::Udp => (0_u32, datagram(from, to, &message)),
            Transport::Tcp | Transport::Tls => (1, exported(from, to, &message)),
        };
        let unix_ms = clock.calendar(entry.at).unix_ms();
        // The clock's fraction of a millisecond keeps the order of messages that came together.
        let micro = (clock.mono_ms(entry.at).fract() * 1000.0).round();
        let at = u64::try_from(unix_ms).unwrap_or(0).saturating_mul(1000) + micro as u64;
        packet_block(&mut file, number, at, entry.way, &packet);
    }
    file
}

/// A block: its length stands before and after it.
fn block(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX).to_le_bytes();
    file.extend(kind.to_le_bytes());
    file.extend(length);
    file.extend(body);
    file.extend(length);
}

fn pad(octets: &mut Vec<u8>) {
    octets.resize(octets.len().next_multiple_of(4), 0);
}

fn interface(file: &mut Vec<u8>, link: u16, name: &[u8]) {
    let mut body = Vec::new();
    body.extend(link.to_le_bytes());
    body.extend([0; 2]);
    // No limit of the length of a packet.
    body.extend(0_u32.to_le_bytes());
    option(&mut body, 2, name);
    option(&mut body, 0, b"");
    block(file, 1, &body);
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(value.len()).unwrap_or(0).to_le_bytes());
    body.extend(value);
    pad(body);
}

/// An enhanced packet block, times in microseconds.
fn packet_block(file: &mut Vec<u8>, interface: u32, at: u64, way: Way, packet: &[u8]) {
    let length = u32::try_from(packet.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut body = Vec::with_capacity(packet.len() + 48);
    body.extend(interface.to_le_bytes());
    body.extend(u32::try_from(at >> 32).unwrap_or(0).to_le_bytes());
    body.extend(u32::try_from(at & 0xFFFF_FFFF).unwrap_or(0).to_le_bytes());
    body.extend(length);
    body.extend(length);
    body.extend(packet);
    pad(&mut body);
    let direction: u32 = match way {
        Way::Received => 1,
        Way::Sent => 2,
    };
    option(&mut body, 2, &direction.to_le_bytes());
    option(&mut body, 0, b"");
    block(file, 6, &body);
}

/// An IP packet with a UDP datagram (RFC 768, RFC 791, RFC 8200).
fn datagram(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap_or(u16::MAX);
    let mut udp = Vec::with_capacity(payload.len() + 8);
    udp.extend(from.port().to_be_bytes());
    udp.extend(to.port().to_be_bytes());
    udp.extend(length.to_be_bytes());
    udp.extend([0; 2]);
    udp.extend(payload);
    let mut packet = Vec::with_capacity(udp.len() + 40);
    let mut pseudo = Vec::new();
    match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            packet.extend([0x45, 0]);
            packet.extend(length.saturating_add(20).to_be_bytes());
            packet.extend([0, 0, 0, 0, 64, 17, 0, 0]);
            packet.extend(from.octets());
            packet.extend(to.octets());
            let sum = checksum(&[&packet]).to_be_bytes();
            packet.splice(10..12, sum);
            pseudo.extend(from.octets());
            pseudo.extend(to.octets());
        }
        (from, to) => {
            packet.extend([0x60, 0, 0, 0]);
            packet.extend(length.to_be_bytes());
            packet.extend([17, 64]);
            for ip in [from, to] {
                let ip = match ip {
                    IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                    IpAddr::V6(ip) => ip,
                };
                packet.extend(ip.octets());
                pseudo.extend(ip.octets());
            }
        }
    }
    pseudo.extend([0, 17]);
    pseudo.extend(length.to_be_bytes());
    let sum = match checksum(&[&pseudo, &udp]) {
        0 => u16::MAX,
        sum => sum,
    };
    udp.splice(6..8, sum.to_be_bytes());
    packet.extend(udp);
    packet
}

/// The Internet checksum (RFC 1071) over parts of even length, the last may be odd.
fn checksum(parts: &[&[u8]]) -> u16 {
    let word = |pair: &[u8]| match pair {
        [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
        [high] => u32::from(*high) << 8,
        _ => 0,
    };
    let mut sum: u32 = parts.iter().flat_map(|part| part.chunks(2)).map(word).sum();
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

/// An exported PDU: tags that say what it is and between whom, then the message (Wireshark,
/// `wsutil/exported_pdu_tlvs.h`).
fn exported(from: SocketAddr, to: SocketAddr, message: &[u8]) -> Vec<u8> {
    const DISSECTOR: u16 = 12;
    const V4: (u16, u16) = (20, 21);
    const V6: (u16, u16) = (22, 23);
    const PORT_TYPE: u16 = 24;
    const PORTS: (u16, u16) = (25, 26);
    const TCP: u32 = 2;
    let mut pdu = Vec::with_capacity(message.len() + 80);
    tag(&mut pdu, DISSECTOR, b"sip\0");
    match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            tag(&mut pdu, V4.0, &from.octets());
            tag(&mut pdu, V4.1, &to.octets());
        }
        (from, to) => {
            for (code, ip) in [(V6.0, from), (V6.1, to)] {
                match ip {
                    IpAddr::V4(ip) => tag(&mut pdu, code, &ip.to_ipv6_mapped().octets()),
                    IpAddr::V6(ip) => tag(&mut pdu, code, &ip.octets()),
                }
            }
        }
    }
    tag(&mut pdu, PORT_TYPE, &TCP.to_be_bytes());
    tag(&mut pdu, PORTS.0, &u32::from(from.port()).to_be_bytes());
    tag(&mut pdu, PORTS.1, &u32::from(to.port()).to_be_bytes());
    tag(&mut pdu, 0, b"");
    pdu.extend(message);
    pdu
}

fn tag(pdu: &mut Vec<u8>, code: u16, value: &[u8]) {
    pdu.extend(code.to_be_bytes());
    pdu.extend(u16::try_from(value.len()).unwrap_or(0).to_be_bytes());
    pdu.extend(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_sums_to_nothing_as_a_receiver_checks_it() {
        for (from, to) in [("10.0.0.9:5060", "10.0.0.1:5070"), ("[fd00::9]:5060", "[fd00::1]:5060")]
        {
            for payload in [&b"SIP"[..], b"SIP/", b""] {
                let packet = datagram(from.parse().unwrap(), to.parse().unwrap(), payload);
                let v4 = packet[0] == 0x45;
                let (header, udp) = packet.split_at(if v4 { 20 } else { 40 });
                let addresses = if v4 { &header[12..] } else { &header[8..] };
                let length = (udp.len() as u16).to_be_bytes();
                if v4 {
                    assert_eq!(checksum(&[header]), 0);
                    assert_eq!(u16::from_be_bytes([header[2], header[3]]) as usize, packet.len());
                }
                assert_eq!(checksum(&[addresses, &[0, 17], &length, udp]), 0);
                assert_eq!(&udp[8..], payload);
            }
        }
    }

    #[test]
    fn every_block_is_a_multiple_of_four_and_says_its_length_twice() {
        let clock = crate::clock::Clock::new().read();
        let entry = |transport: &str, message: &[u8]| Entry {
            id: 1,
            at: clock.now(),
            way: Way::Sent,
            local: "10.0.0.9:5060".parse().unwrap(),
            hop: format!("{transport}:10.0.0.1:5060").parse().unwrap(),
            message: message.into(),
        };
        let entries = [entry("udp", b"a"), entry("tcp", b"ab"), entry("tls", b"abc")];
        let file = write(&entries, clock, |entry| entry.message.to_vec());
        let (mut rest, mut kinds) = (&file[..], Vec::new());
        while !rest.is_empty() {
            let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
            let length = word(4) as usize;
            assert_eq!((length % 4, word(length - 4) as usize), (0, length));
            kinds.push(word(0));
            rest = &rest[length..];
        }
        assert_eq!(kinds, [0x0A0D_0D0A, 1, 1, 6, 6, 6]);
    }
}
