//! Which next hops a line has: its configured servers in order, each with the hops that its name
//! leads to now (requirements, "Words"; A1).
//!
//! Where a proxy is set, requests go to the proxies and the registrar only names the domain; where
//! none is set, to SIP Server 1 and then SIP Server 2. This module orders and merges; what a name
//! leads to is the resolver's word (RFC 3263, `sip_core::transport::resolve`).

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use config_store::{Address, Conflict, DnsMode, Endpoint, LineSettings, Sentence};
use phone::input::LineHop;
use phone::settings::ServerRole;
use sip_core::transport::resolve::{Lookup, Resolution, ResolvedHop, Resolver, State, Target};
use sip_core::transport::{Hop, Transport};

/// Our own place for a transport: TLS has the port after the SIP port.
pub(crate) fn at_port_of(transport: Transport, local: SocketAddr) -> SocketAddr {
    match transport {
        Transport::Udp | Transport::Tcp => local,
        Transport::Tls => SocketAddr::new(local.ip(), local.port().saturating_add(1)),
    }
}

/// One configured server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) role: ServerRole,
    /// As configured.
    pub(crate) address: Address,
    pub(crate) place: Place,
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// An IP literal is one hop.
    Hop(Hop),
    /// A name is as many as it leads to.
    Name(Target),
}

impl Server {
    fn new(
        role: ServerRole,
        endpoint: &Endpoint,
        transport: config_store::Transport,
        lookup: Option<Lookup>,
    ) -> Self {
        let transport = match transport {
            config_store::Transport::Udp => Transport::Udp,
            config_store::Transport::Tcp => Transport::Tcp,
            config_store::Transport::Tls => Transport::Tls,
        };
        let place = match &endpoint.address {
            Address::Ip(ip) => {
                let port = endpoint.port.unwrap_or(transport.default_port());
                Place::Hop(Hop { transport, addr: SocketAddr::new(*ip, port) })
            }
            Address::Name(name) => {
                Place::Name(Target::server(name, endpoint.port, transport, lookup))
            }
        };
        Self { role, address: endpoint.address.clone(), place }
    }

    /// By which transports it may be spoken to; for a name more than one where its records choose.
    pub(crate) fn transports(&self) -> Vec<Transport> {
        match &self.place {
            Place::Hop(hop) => vec![hop.transport],
            Place::Name(target) => target.transports.clone(),
        }
    }

    fn resolution(&self, resolver: &Resolver) -> Resolution {
        match &self.place {
            Place::Hop(hop) => Resolution {
                hops: vec![ResolvedHop { hop: *hop, names: Vec::new() }],
                state: State::Resolved,
                ..Resolution::default()
            },
            Place::Name(target) => resolver.resolution(target).cloned().unwrap_or_default(),
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
fn all(line: &LineSettings) -> Vec<Server> {
    let lookup = lookup(line);
    let registrar = |role, server: &Option<config_store::Server>| {
        server.as_ref().map(|server| Server::new(role, &server.endpoint, server.transport, lookup))
    };
    let proxy = |role, endpoint: &Option<Endpoint>| {
        endpoint.as_ref().map(|endpoint| Server::new(role, endpoint, line.transport, lookup))
    };
    let servers = [
        proxy(ServerRole::Proxy, &line.proxy),
        proxy(ServerRole::BackupProxy, &line.backup_proxy),
        registrar(ServerRole::Server1, &line.server1),
        registrar(ServerRole::Server2, &line.server2),
    ];
    servers.into_iter().flatten().collect()
}

/// What the user has set to be looked up; `DNS Mode` wins over `DNS SRV` (interfaces).
fn lookup(line: &LineSettings) -> Option<Lookup> {
    match (line.dns_mode, line.dns_srv) {
        (Some(DnsMode::Addresses), _) | (None, Some(false)) => Some(Lookup::Addresses),
        (Some(DnsMode::Srv), _) | (None, Some(true)) => Some(Lookup::Srv),
        (Some(DnsMode::NaptrSrv), _) => Some(Lookup::Naptr),
        (None, None) => None,
    }
}

/// Every name of a line that is to be resolved.
pub(crate) fn targets(line: &LineSettings) -> BTreeSet<Target> {
    let names = all(line).into_iter().filter_map(|server| match server.place {
        Place::Name(target) => Some(target),
        Place::Hop(_) => None,
    });
    names.collect()
}

/// What is known of the way to a line's servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HopList {
    /// The hops, in order of preference.
    pub(crate) hops: Arc<[LineHop]>,
    /// Hops that its names have led to and do not now.
    pub(crate) former: Arc<[LineHop]>,
    /// Addresses of all its servers, and those that their names have led to and do not now.
    pub(crate) trusted: Arc<[IpAddr]>,
    /// The first answer for a name is still being waited for.
    pub(crate) pending: bool,
    /// An address is known, but no route leads there.
    pub(crate) unrouted: bool,
    /// What the user ought to know, a sentence each.
    pub(crate) warnings: Vec<Sentence>,
}

/// The hops of line `number`. `local` finds our address towards one, `None` while there is no route.
pub(crate) fn hop_list(
    number: u16,
    line: &LineSettings,
    resolver: &Resolver,
    mut local: impl FnMut(SocketAddr) -> Option<SocketAddr>,
) -> HopList {
    let mut list = HopList::default();
    let (mut hops, mut former, mut twice) = (Vec::new(), Vec::new(), Vec::new());
    for server in used(line) {
        let resolution = server.resolution(resolver);
        list.pending |= resolution.state == State::Pending;
        if let Place::Name(target) = &server.place {
            list.warnings.extend(trouble(number, target, resolution.state));
        }
        for ResolvedHop { hop, names } in resolution.hops {
            match local(hop.addr) {
                Some(local) => {
                    let local = at_port_of(hop.transport, local);
                    let new = LineHop { hop, role: server.role, local, names };
                    twice.extend(add(&mut hops, new));
                }
                None => list.unrouted = true,
            }
        }
        former.extend(resolution.former.into_iter().filter_map(|ResolvedHop { hop, names }| {
            let local = at_port_of(hop.transport, local(hop.addr)?);
            Some(LineHop { hop, role: server.role, local, names })
        }));
    }
    // The store has said so already of two that are written alike.
    if !twice.is_empty() && !line.conflicts().contains(&Conflict::OneAddress) {
        let hops: Vec<String> = twice.iter().map(Hop::to_string).collect();
        let zh = format!("两个服务器是同一个地址：{}", hops.join("、"));
        let en = format!("two servers are one address, {}", hops.join(", "));
        list.warnings.push(Sentence::new(en, zh).of_line(number));
    }
    former.retain(|old: &LineHop| !hops.iter().any(|new| new.hop == old.hop));
    (list.hops, list.former) = (hops.into(), former.into());
    let resolutions = all(line).into_iter().map(|server| server.resolution(resolver));
    // "Resolves or last resolved to" (failover design §5), the servers that are not sent to as well.
    let trusted: BTreeSet<IpAddr> = resolutions
        .flat_map(|found| found.hops.into_iter().chain(found.former))
        .map(|entry| entry.hop.addr.ip())
        .collect();
    list.trusted = trusted.into_iter().collect();
    list
}

/// Why a name leads nowhere, for the user.
fn trouble(number: u16, target: &Target, state: State) -> Option<Sentence> {
    let name = &target.name;
    let why = match state {
        State::Pending | State::Resolved => return None,
        State::Nothing => Sentence::new(
            format!("{name} does not resolve: it has no address"),
            format!("{name} 无法解析：没有地址"),
        ),
        State::Failed => Sentence::new(
            format!("{name} does not resolve: no name server answers"),
            format!("{name} 无法解析：DNS 服务器无应答"),
        ),
        State::Refused => {
            let transport = target.transports.first().map_or("SIP", |transport| transport.name());
            Sentence::new(
                format!("{name} offers no SIP over {transport}, says its SRV record"),
                format!("{name} 的 SRV 记录表明不支持 {transport} 上的 SIP"),
            )
        }
    };
    Some(why.of_line(number))
}

/// Adds a hop, or its names to the same hop of an earlier server; the hop where two servers are one.
fn add(hops: &mut Vec<LineHop>, new: LineHop) -> Option<Hop> {
    let Some(known) = hops.iter_mut().find(|known| known.hop == new.hop) else {
        hops.push(new);
        return None;
    };
    for name in new.names {
        if !known.names.contains(&name) {
            known.names.push(name);
        }
    }
    (known.role != new.role).then_some(new.hop)
}

impl HopList {
    /// Takes from the list of another line what is the same, so that both have it once.
    pub(crate) fn share_with(&mut self, other: &Self) {
        share(&mut self.hops, &other.hops);
        share(&mut self.former, &other.former);
        share(&mut self.trusted, &other.trusted);
    }
}

fn share<T: PartialEq>(own: &mut Arc<[T]>, other: &Arc<[T]>) {
    if own == other {
        *own = Arc::clone(other);
    }
}

#[cfg(test)]
#[path = "hops_tests.rs"]
mod tests;
