//! The gateways of default routes, out of the kernel's tables as text (proc(5)). What is not
//! well-formed says nothing.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Gateways;

/// Of `/proc/net/route`: addresses are numbers as the processor writes them.
pub(super) fn gateways(table: &str) -> Gateways {
    let entry = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [name, to, via, _flags, _, _, _, mask, ..] = columns.as_slice() else { return None };
        let number = |text: &str| u32::from_str_radix(text, 16).ok();
        let via = Ipv4Addr::from(number(via)?.to_ne_bytes());
        let leads_out = number(to)? == 0 && number(mask)? == 0 && !via.is_unspecified();
        leads_out.then(|| ((*name).to_owned(), via.to_string()))
    };
    collect(table.lines().filter_map(entry))
}

/// Of `/proc/net/ipv6_route`.
pub(super) fn gateways_v6(table: &str) -> Gateways {
    let entry = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [to, prefix, _, _, via, _, _, _, _, name] = columns.as_slice() else { return None };
        let number = |text: &str| u128::from_str_radix(text, 16).ok();
        let via = Ipv6Addr::from(number(via)?);
        let leads_out = number(to)? == 0 && number(prefix)? == 0 && !via.is_unspecified();
        leads_out.then(|| ((*name).to_owned(), via.to_string()))
    };
    collect(table.lines().filter_map(entry))
}

/// Each gateway of an interface once, though several routes lead through it.
fn collect(entries: impl Iterator<Item = (String, String)>) -> Gateways {
    let mut gateways = Gateways::new();
    for (name, via) in entries {
        let known = gateways.entry(name).or_default();
        if !known.contains(&via) {
            known.push(via);
        }
    }
    gateways
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_route_names_its_gateway() {
        let via = u32::from_ne_bytes([10, 0, 0, 254]);
        let net = u32::from_ne_bytes([10, 0, 0, 0]);
        let mask = u32::from_ne_bytes([255, 255, 255, 0]);
        let table = format!(
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
             eth0\t00000000\t{via:08X}\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
             wlan0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n\
             eth0\t{net:08X}\t00000000\t0001\t0\t0\t100\t{mask:08X}\t0\t0\t0\n\
             eth0\t00000000\t{via:08X}\t0003\t0\t0\t200\t00000000\t0\t0\t0\nbroken\tx\n"
        );
        let expected = Gateways::from([("eth0".to_owned(), vec!["10.0.0.254".to_owned()])]);
        assert_eq!(gateways(&table), expected);
    }

    #[test]
    fn a_default_route_of_ipv6_does_too_and_the_kernels_refusing_one_does_not() {
        let (zero, via) = ("0".repeat(32), "fe80000000000000000000000000000a");
        let table = format!(
            "fd900000000000000000000000000000 40 {zero} 00 {zero} 00000100 1 0 00000001 eth0\n\
             {zero} 00 {zero} 00 {via} 00000400 1 0 00000003 eth0\n\
             {zero} 00 {zero} 00 {zero} ffffffff 1 0 00200200 lo\n"
        );
        let expected = Gateways::from([("eth0".to_owned(), vec!["fe80::a".to_owned()])]);
        assert_eq!(gateways_v6(&table), expected);
    }
}
