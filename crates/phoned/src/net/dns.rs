//! The questions of the resolver, asked of the system's name servers (requirement F5).
//!
//! The servers and the search list are those of `/etc/resolv.conf`, and what stands in `/etc/hosts`
//! goes before them; both are read again when they have changed. Every server is asked at the same
//! time, so that a dead one costs nothing. Nothing is cached here: times to live and old answers are
//! the resolver's business (`sip_core::transport::resolve`).

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hickory_resolver::config::{
    NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts, ServerOrderingStrategy,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::parse_resolv_conf;
use hickory_resolver::{Hosts, TokioResolver};
use sip_core::transport::resolve::{Answer, Kind, Naptr, Query, Record, Srv};

use crate::limits;

/// Where the system names its name servers.
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// How long an entry of the hosts file is used before the file is looked at again.
const HOSTS_TTL: Duration = Duration::from_secs(60);

/// The way to DNS.
#[derive(Debug)]
pub(crate) struct Dns {
    resolv_conf: PathBuf,
    hosts: PathBuf,
    /// The port of all name servers.
    port: u16,
    loaded: Option<Loaded>,
}

/// What the two files said.
#[derive(Debug)]
struct Loaded {
    stamps: [Stamp; 2],
    hosts: Arc<Hosts>,
    /// `None` where no resolver could be made of what the file says.
    servers: Option<Servers>,
}

/// The name servers, and the domains that complete a name without a dot.
#[derive(Clone, Debug)]
struct Servers {
    resolver: TokioResolver,
    search: Vec<Name>,
}

/// By what a changed file is known.
type Stamp = Option<(SystemTime, u64)>;

impl Dns {
    /// As the system is configured.
    pub(crate) fn of_the_system() -> Self {
        Self::of_files(RESOLV_CONF.into(), "/etc/hosts".into(), 53)
    }

    fn of_files(resolv_conf: PathBuf, hosts: PathBuf, port: u16) -> Self {
        Self { resolv_conf, hosts, port, loaded: None }
    }

    /// Asks one question. The future ends within [`limits::LOOKUP`] and needs nothing of this value.
    pub(crate) fn ask(&mut self, query: &Query) -> impl Future<Output = Answer> + Send + use<> {
        let loaded = self.load();
        let known = of_hosts(&loaded.hosts, query);
        let (servers, query) = (loaded.servers.clone(), query.clone());
        async move {
            match (known, servers) {
                (Some(known), _) => known,
                (None, None) => Answer::Failed,
                (None, Some(servers)) => of_servers(&servers, &query).await,
            }
        }
    }

    /// Reads the files again if they have changed.
    fn load(&mut self) -> &Loaded {
        let stamps = [stamp(&self.resolv_conf), stamp(&self.hosts)];
        let current = self.loaded.take().filter(|loaded| loaded.stamps == stamps);
        let loaded = current.unwrap_or_else(|| Loaded {
            stamps,
            hosts: Arc::new(self.read_hosts()),
            servers: self.read_servers(),
        });
        self.loaded.insert(loaded)
    }

    fn read_hosts(&self) -> Hosts {
        let mut hosts = Hosts::default();
        let read = std::fs::File::open(&self.hosts).and_then(|file| hosts.read_hosts_conf(file));
        if let Err(error) = read {
            tracing::debug!(file = %self.hosts.display(), %error, "hosts file not read");
        }
        hosts
    }

    fn read_servers(&self) -> Option<Servers> {
        let (mut config, mut options) = read_config(&self.resolv_conf);
        for server in &mut config.name_servers {
            server.trust_negative_responses = true;
            for connection in &mut server.connections {
                connection.port = self.port;
            }
        }
        (options.timeout, options.attempts) = (limits::LOOKUP_TRY, 1);
        options.num_concurrent_reqs = config.name_servers.len().max(1);
        options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        let search = config.search.clone();
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let made = builder.with_options(options).build();
        let resolver = made
            .inspect_err(|error| tracing::warn!(%error, "name servers cannot be asked"))
            .ok()?;
        Some(Servers { resolver, search })
    }
}

/// What the file says, as much of it as is used. Without a file, or a server in it, the host itself is
/// asked (resolv.conf(5)).
fn read_config(resolv_conf: &Path) -> (ResolverConfig, ResolverOpts) {
    let parsed = std::fs::read(resolv_conf).map_err(NetError::from);
    let (mut config, options) = parsed.and_then(parse_resolv_conf).unwrap_or_else(|error| {
        tracing::debug!(file = %resolv_conf.display(), %error, "asking this host itself");
        let itself = NameServerConfig::udp_and_tcp(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![itself]);
        (config, ResolverOpts::default())
    });
    config.name_servers.truncate(limits::NAME_SERVERS);
    config.search.truncate(limits::SEARCH_DOMAINS);
    (config, options)
}

/// The name servers and the search list in use, for people.
pub(crate) fn in_use() -> (Vec<String>, Vec<String>) {
    let (config, _) = read_config(Path::new(RESOLV_CONF));
    let servers = config.name_servers.iter().map(|server| server.ip.to_string()).collect();
    let domain = |name: &Name| name.to_ascii().trim_end_matches('.').to_owned();
    (servers, config.search.iter().map(domain).collect())
}

fn stamp(path: &Path) -> Stamp {
    let data = std::fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}

/// What the hosts file says. A name in it is a host: it has no other records, and no other addresses
/// than those given there.
fn of_hosts(hosts: &Hosts, query: &Query) -> Option<Answer> {
    let name = Name::from_ascii(query.domain()).ok()?;
    let addresses = |kind| {
        let found = hosts.lookup_static_host(&op::Query::query(name.clone(), kind));
        found.map(|lookup| records(&lookup)).unwrap_or_default()
    };
    let (v4, v6) = (addresses(RecordType::A), addresses(RecordType::AAAA));
    if v4.is_empty() && v6.is_empty() {
        return None;
    }
    let records = match query.kind {
        Kind::A => v4,
        Kind::Aaaa => v6,
        Kind::Naptr | Kind::Srv => Vec::new(),
    };
    Some(Answer::Records { records, ttl: HOSTS_TTL })
}

async fn of_servers(servers: &Servers, query: &Query) -> Answer {
    let asked = tokio::time::timeout(limits::LOOKUP, async {
        let mut answer = Answer::Nothing { ttl: None };
        for name in candidates(query, &servers.search) {
            answer = of_name(&servers.resolver, query, name).await;
            if !matches!(answer, Answer::Nothing { .. }) {
                break;
            }
        }
        answer
    });
    asked.await.unwrap_or_else(|_| {
        tracing::debug!(%query, "DNS query not answered in time");
        Answer::Failed
    })
}

/// The whole names that a query may mean: a host name with a dot is whole, one without is completed
/// by the search list first.
fn candidates(query: &Query, search: &[Name]) -> Vec<Name> {
    let Ok(mut name) = Name::from_ascii(&query.name) else { return Vec::new() };
    let completed = |domain: &Name| name.clone().append_domain(domain).ok();
    let mut names: Vec<Name> = match query.domain().contains('.') {
        true => Vec::new(),
        false => search.iter().filter_map(completed).collect(),
    };
    name.set_fqdn(true);
    names.push(name);
    names
}

async fn of_name(resolver: &TokioResolver, query: &Query, name: Name) -> Answer {
    let kind = match query.kind {
        Kind::Naptr => RecordType::NAPTR,
        Kind::Srv => RecordType::SRV,
        Kind::A => RecordType::A,
        Kind::Aaaa => RecordType::AAAA,
    };
    match resolver.lookup(name, kind).await {
        Ok(lookup) => {
            let ttl = lookup.answers().iter().map(|record| record.ttl).min().unwrap_or_default();
            let ttl = Duration::from_secs(u64::from(ttl));
            Answer::Records { records: records(&lookup), ttl }
        }
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => Answer::Nothing {
            ttl: none.negative_ttl.map(|ttl| Duration::from_secs(u64::from(ttl))),
        },
        Err(error) => {
            tracing::debug!(%query, %error, "DNS query failed");
            Answer::Failed
        }
    }
}

/// The records of the kinds that the resolver knows; aliases on the way are left out.
fn records(lookup: &Lookup) -> Vec<Record> {
    let records = lookup.answers().iter().filter_map(|record| known(&record.data));
    records.take(sip_core::limits::RECORDS).collect()
}

fn known(data: &RData) -> Option<Record> {
    if let RData::SRV(srv) = data {
        return Some(Record::Srv(Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: srv.target.to_ascii(),
        }));
    }
    if let RData::NAPTR(naptr) = data {
        return Some(Record::Naptr(Naptr {
            order: naptr.order,
            preference: naptr.preference,
            flags: text(&naptr.flags),
            service: text(&naptr.services),
            replacement: naptr.replacement.to_ascii(),
        }));
    }
    data.ip_addr().map(Record::Address)
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
