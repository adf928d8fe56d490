//! Which next hops a line has: its configured servers in order, each with the addresses that its
//! name has now (requirements, "Words"; A1).
//!
//! Where a proxy is set, requests go to the proxies and the registrar only names the domain; where
//! none is set, to SIP Server 1 and then SIP Server 2. This module orders and merges; names are
//! looked up elsewhere, and RFC 3263 in full (NAPTR, SRV) takes the place of that look-up.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use config_store::{Address, Endpoint, LineSettings, Transport};
use phone::input::LineHop;
use phone::settings::ServerRole;
use sip_core::transport::Hop;

/// The port of a server for which none is configured.
const SIP_PORT: u16 = 5060;

/// One configured server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) role: ServerRole,
    pub(crate) address: Address,
    pub(crate) port: u16,
    pub(crate) transport: Transport,
}

impl Server {
    fn new(role: ServerRole, endpoint: &Endpoint, transport: Transport) -> Self {
        let address = endpoint.address.clone();
        Self { role, address, port: endpoint.port.unwrap_or(SIP_PORT), transport }
    }

    fn addresses<'a>(&'a self, names: &'a Names) -> &'a [IpAddr] {
        match &self.address {
            Address::Ip(ip) => std::slice::from_ref(ip),
            Address::Name(name) => names.get(name).map_or(&[], Vec::as_slice),
        }
    }
}

/// The servers that a line sends to, the preferred one first.
pub(crate) fn used(line: &LineSettings) -> Vec<Server> {
    let unused = |server: &Server| {
        let registrar = matches!(server.role, ServerRole::Server1 | ServerRole::Server2);
        registrar == line.proxy.is_some()
    };
    let mut servers = all(line);
    servers.retain(|server| !unused(server));
    servers
}

/// Every server of a line, used or not.
pub(crate) fn all(line: &LineSettings) -> Vec<Server> {
    let registrar = |role, server: &Option<config_store::Server>| {
        server.as_ref().map(|server| Server::new(role, &server.endpoint, server.transport))
    };
    let proxy = |role, endpoint: &Option<Endpoint>| {
        endpoint.as_ref().map(|endpoint| Server::new(role, endpoint, line.transport))
    };
    let servers = [
        proxy(ServerRole::Proxy, &line.proxy),
        proxy(ServerRole::BackupProxy, &line.backup_proxy),
        registrar(ServerRole::Server1, &line.server1),
        registrar(ServerRole::Server2, &line.server2),
    ];
    servers.into_iter().flatten().collect()
}

/// What names lead to now.
pub(crate) type Names = BTreeMap<String, Vec<IpAddr>>;

/// What is known of the way to a line's servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HopList {
    /// The hops, in order of preference.
    pub(crate) hops: Vec<LineHop>,
    /// Addresses of all its servers.
    pub(crate) trusted: Vec<IpAddr>,
    /// Something is not known yet: a name did not resolve, or no route leads there.
    pub(crate) incomplete: bool,
    /// An address is known, but no route leads there.
    pub(crate) unrouted: bool,
    /// What the user ought to know, a sentence each.
    pub(crate) warnings: Vec<String>,
}

/// The hops of line `number`. `local` finds our address towards one, `None` while there is no route.
pub(crate) fn hop_list(
    number: u16,
    line: &LineSettings,
    names: &Names,
    mut local: impl FnMut(SocketAddr) -> Option<SocketAddr>,
) -> HopList {
    let mut list = HopList::default();
    for server in used(line) {
        if server.transport != Transport::Udp {
            list.warnings.push(format!(
                "line {number}: {} is not used, because TCP and TLS are not in this version",
                server.address
            ));
            continue;
        }
        let addresses = server.addresses(names);
        list.incomplete |= addresses.is_empty();
        for ip in addresses {
            let addr = SocketAddr::new(*ip, server.port);
            let Some(local) = local(addr) else {
                (list.incomplete, list.unrouted) = (true, true);
                continue;
            };
            list.add(number, &server, Hop::udp(addr), local);
        }
    }
    let mut trusted: Vec<IpAddr> =
        all(line).iter().flat_map(|s| s.addresses(names).to_vec()).collect();
    trusted.sort_unstable();
    trusted.dedup();
    list.trusted = trusted;
    list
}

impl HopList {
    /// Adds a hop, or its name to the same hop of an earlier server.
    fn add(&mut self, number: u16, server: &Server, hop: Hop, local: SocketAddr) {
        let name = match &server.address {
            Address::Ip(_) => None,
            Address::Name(name) => Some(name.clone()),
        };
        match self.hops.iter_mut().find(|known| known.hop == hop) {
            Some(known) => {
                known.names.extend(name.filter(|name| !known.names.contains(name)));
                if known.role != server.role {
                    self.warnings
                        .push(format!("line {number}: two servers are one address, {hop}"));
                }
            }
            None => {
                let names = name.into_iter().collect();
                self.hops.push(LineHop { hop, role: server.role, local, names });
            }
        }
    }
}

/// The addresses of a name in the order in which they are to be used: what was known stays where it
/// was, so that a rotated answer moves no line (failover design §2).
pub(crate) fn keep_order(known: &[IpAddr], found: &[IpAddr]) -> Vec<IpAddr> {
    let mut kept: Vec<IpAddr> = known.iter().filter(|ip| found.contains(ip)).copied().collect();
    for ip in found {
        if !kept.contains(ip) {
            kept.push(*ip);
        }
    }
    kept
}

#[cfg(test)]
#[path = "hops_tests.rs"]
mod tests;
