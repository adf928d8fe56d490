//! RTP ports that the shell has bound and no call uses yet.
//!
//! A session description must name a port before any packet flows, so ports are bound ahead and
//! kept in a small pool; the pool asks for more whenever it runs low.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::limits;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ports {
    free: BTreeMap<IpAddr, VecDeque<u16>>,
    asked: BTreeMap<IpAddr, usize>,
}

impl Ports {
    /// A bound port has come.
    pub(crate) fn add(&mut self, ip: IpAddr, port: u16) {
        if let Some(asked) = self.asked.get_mut(&ip) {
            *asked = asked.saturating_sub(1);
        }
        self.free.entry(ip).or_default().push_back(port);
    }

    /// Takes a port on an address. Where there is none, what was asked for has not come and is
    /// asked for again.
    pub(crate) fn take(&mut self, ip: IpAddr) -> Option<u16> {
        let port = self.free.get_mut(&ip).and_then(VecDeque::pop_front);
        if port.is_none() {
            self.asked.remove(&ip);
        }
        port
    }

    /// How many more to bind on an address; counted as asked for.
    pub(crate) fn wanted(&mut self, ip: IpAddr) -> usize {
        let have = self.free.get(&ip).map_or(0, VecDeque::len);
        let asked = self.asked.entry(ip).or_default();
        let wanted = limits::SPARE_PORTS.saturating_sub(have + *asked);
        *asked += wanted;
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_asks_for_what_it_lacks_and_no_more() {
        let ip: IpAddr = "10.0.0.9".parse().unwrap();
        let mut ports = Ports::default();
        assert_eq!(ports.wanted(ip), limits::SPARE_PORTS);
        assert_eq!(ports.wanted(ip), 0, "asked already");
        ports.add(ip, 10_000);
        ports.add(ip, 10_002);
        assert_eq!(ports.take(ip), Some(10_000));
        assert_eq!(ports.wanted(ip), 1);
    }

    #[test]
    fn a_port_that_never_came_is_asked_for_again_when_one_is_missed() {
        let ip: IpAddr = "10.0.0.9".parse().unwrap();
        let mut ports = Ports::default();
        ports.wanted(ip);
        assert_eq!(ports.take(ip), None);
        assert_eq!(ports.wanted(ip), limits::SPARE_PORTS);
    }
}
