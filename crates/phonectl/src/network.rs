//! `phonectl network`: interfaces, name servers, and our address towards each server.

use clap::Args;
use control::{HopWay, Interface, NetworkRequest, NetworkStatus, Request};

use crate::{
    answer::{self, Wording},
    client::Client,
    failure::Failure,
    output::{Output, heading},
};

#[derive(Args)]
pub(crate) struct Network {}

impl Network {
    pub(crate) fn run(self, client: &Client, output: &mut Output) -> Result<(), Failure> {
        let payload = client.ask(&Request::Network(NetworkRequest {}))?;
        answer::show(&payload, &Wording::default(), output)
    }
}

/// Shows the host, then its interfaces, then the way to each hop.
pub(crate) fn show(status: &NetworkStatus, output: &mut Output) -> Result<(), Failure> {
    let web =
        status.web.as_ref().map_or("no web page".to_owned(), |at| format!("web page at {at}"));
    output.line(&format!("host {}, SIP port {}, {web}", status.host, status.sip_port))?;
    let servers = list(&status.name_servers);
    output.line(&format!("name servers {servers}, search list {}", list(&status.search)))?;
    let mut rows = heading(&["INTERFACE", "STATE", "ADDRESSES", "GATEWAY", "MAC", "MANAGED BY"]);
    rows.extend(status.interfaces.iter().map(interface));
    output.table(0, &rows)?;
    if status.ways.is_empty() {
        return Ok(());
    }
    let mut rows = heading(&["HOP", "FROM", "INTERFACE", "LINES"]);
    rows.extend(status.ways.iter().map(way));
    output.table(0, &rows)
}

/// Whether an interface can be used, in a word or two.
pub(crate) fn state(interface: &Interface) -> &'static str {
    match (interface.up, interface.carrier) {
        (true, true) => "up",
        (true, false) => "no carrier",
        (false, _) => "off",
    }
}

fn interface(interface: &Interface) -> Vec<String> {
    vec![
        interface.name.clone(),
        state(interface).to_owned(),
        list(&interface.addresses),
        list(&interface.gateways),
        interface.mac.clone().unwrap_or_else(|| "-".to_owned()),
        interface.manager.map_or("-", control::Manager::name).to_owned(),
    ]
}

fn way(way: &HopWay) -> Vec<String> {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let local = way.local.clone().unwrap_or_else(|| "no way".to_owned());
    vec![way.hop.clone(), local, or_none(&way.interface), way.spans()]
}

fn list(texts: &[String]) -> String {
    if texts.is_empty() { "-".to_owned() } else { texts.join(" ") }
}
