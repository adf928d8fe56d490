//! Requests about the network: what the operating system has, and which way each hop of a line is
//! reached, asked of the routing table.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use control::{HopWay, Interface, NetworkStatus, Payload, Problem};
use phone::status::AccountStatus;
use sip_core::transport::Hop;

use super::desk::Desk;
use crate::driver::Ask;
use crate::hops::at_port_of;
use crate::host;
use crate::net::{dns, local};

pub(super) async fn answer(desk: &Desk) -> Result<Payload, Problem> {
    let accounts = desk.ask(Ask::Accounts).await?;
    let sip_port = desk.ask(Ask::SipPort).await?;
    let interfaces = host::interfaces().map_err(|error| {
        Problem::new(
            format!("the system does not tell its interfaces: {error}"),
            format!("系统没有给出网络接口：{}", config_store::said_by_system(&error)),
        )
    })?;
    let (name_servers, search) = dns::in_use();
    Ok(Payload::Network(NetworkStatus {
        host: host::name(),
        sip_port,
        web: desk.web.map(|web| web.to_string()),
        ways: ways(&accounts, sip_port, &interfaces),
        interfaces,
        name_servers,
        search,
    }))
}

/// The way to each hop, whichever lines it is of: thousands share a few.
fn ways(accounts: &[AccountStatus], sip_port: u16, interfaces: &[Interface]) -> Vec<HopWay> {
    let mut hops: BTreeMap<Hop, Vec<u16>> = BTreeMap::new();
    for account in accounts {
        for status in &account.hops {
            hops.entry(status.hop).or_default().push(account.line.0);
        }
    }
    let way = |(hop, lines): (Hop, Vec<u16>)| {
        let ip = local::address_towards(hop.addr).ok();
        let interface = ip.and_then(|ip| host::interface_of(ip, interfaces));
        HopWay {
            hop: hop.to_string(),
            local: ip
                .map(|ip| at_port_of(hop.transport, SocketAddr::new(ip, sip_port)).to_string()),
            interface: interface.map(|interface| interface.name.clone()),
            lines,
        }
    };
    hops.into_iter().map(way).collect()
}
