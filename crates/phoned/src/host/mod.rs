//! What the operating system has given the phone: its interfaces with addresses and gateways, and who
//! manages them. Read when somebody asks, never changed: the network is not the phone's to set up.

mod manager;
mod routes;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use control::Interface;
use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::SockaddrStorage;

use crate::limits;

/// The host's name, as the kernel has it.
pub(crate) fn name() -> String {
    let name = nix::unistd::gethostname().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Every interface, in the kernel's order.
///
/// # Errors
/// What the system says where it tells nobody.
pub(crate) fn interfaces() -> io::Result<Vec<Interface>> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let mut gateways = routes::gateways(&read("/proc/self/net/route"));
    for (name, more) in routes::gateways_v6(&read("/proc/self/net/ipv6_route")) {
        gateways.entry(name).or_default().extend(more);
    }
    let mut found: Vec<(Interface, usize)> = Vec::new();
    for entry in getifaddrs()? {
        let (interface, index) =
            match found.iter().position(|(it, _)| it.name == entry.interface_name) {
                Some(at) => &mut found[at],
                None if found.len() < limits::INTERFACES => {
                    found.push((new(&entry), 0));
                    let last = found.len() - 1;
                    &mut found[last]
                }
                None => continue,
            };
        let link = entry.address.as_ref().and_then(SockaddrStorage::as_link_addr);
        if let Some(link) = link {
            *index = link.ifindex();
            interface.mac = link.addr().filter(|mac| *mac != [0; 6]).map(mac);
        }
        interface.addresses.extend(address(&entry));
    }
    let complete = |(mut interface, index): (Interface, usize)| {
        interface.gateways = gateways.remove(&interface.name).unwrap_or_default();
        interface.manager = manager::of(Path::new("/run"), &interface.name, index);
        interface
    };
    Ok(found.into_iter().map(complete).collect())
}

/// The interface with an address of ours.
pub(crate) fn interface_of(ip: IpAddr, interfaces: &[Interface]) -> Option<&Interface> {
    let has =
        |address: &String| address.split('/').next().and_then(|text| text.parse().ok()) == Some(ip);
    interfaces.iter().find(|interface| interface.addresses.iter().any(has))
}

type Gateways = BTreeMap<String, Vec<String>>;

fn new(entry: &InterfaceAddress) -> Interface {
    Interface {
        name: entry.interface_name.clone(),
        up: entry.flags.contains(InterfaceFlags::IFF_UP),
        carrier: entry.flags.contains(InterfaceFlags::IFF_RUNNING),
        mac: None,
        addresses: Vec::new(),
        gateways: Vec::new(),
        manager: None,
    }
}

fn mac(octets: [u8; 6]) -> String {
    octets.map(|octet| format!("{octet:02x}")).join(":")
}

fn address(entry: &InterfaceAddress) -> Option<String> {
    let ip = ip(entry.address.as_ref()?)?;
    let prefix = match entry.netmask.as_ref().and_then(ip_of_mask(ip)) {
        Some(IpAddr::V4(mask)) => mask.to_bits().count_ones(),
        Some(IpAddr::V6(mask)) => mask.to_bits().count_ones(),
        None => return Some(ip.to_string()),
    };
    Some(format!("{ip}/{prefix}"))
}

fn ip(storage: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = storage.as_sockaddr_in().map(|v4| v4.ip().into());
    v4.or_else(|| storage.as_sockaddr_in6().map(|v6| v6.ip().into()))
}

/// A mask of the family of its address.
fn ip_of_mask(of: IpAddr) -> impl Fn(&SockaddrStorage) -> Option<IpAddr> {
    move |mask| ip(mask).filter(|mask| mask.is_ipv4() == of.is_ipv4())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_is_found_with_its_address() {
        let all = interfaces().unwrap();
        let own = interface_of("127.0.0.1".parse().unwrap(), &all).unwrap();
        assert_eq!((own.name.as_str(), own.mac.as_deref()), ("lo", None));
        assert!(own.up && own.carrier && own.addresses.contains(&"127.0.0.1/8".to_owned()));
        assert!(interface_of("192.0.2.1".parse().unwrap(), &all).is_none());
        assert!(!name().is_empty());
    }
}
