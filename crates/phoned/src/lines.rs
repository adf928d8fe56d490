//! Puts a configuration in force: what is set becomes inputs of the phone, with no restart.
//!
//! One task knows what the phone was told last and tells it what is different now: the settings, and
//! for each line the hops behind its servers' names and our own address towards each. It looks names
//! up (addresses only, in this version), asks the routing table, opens another SIP port when that
//! item changes, and tries again while something is missing. While nothing is, it sleeps.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use config_store::{Address, LineSettings, Settings};
use phone::input::{Input, LastGood};
use phone::settings::LineNumber;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::driver::Message;
use crate::hops::{self, HopList, Names};
use crate::limits;
use crate::memory::Remembered;
use crate::net::link::LinkWatch;
use crate::net::{Sockets, local};
use crate::settings::{Fixed, phone_settings};
use crate::store_thread::{StoreGone, StoreHandle};

/// Where a new configuration is handed in.
#[derive(Clone, Debug)]
pub(crate) struct LinesHandle {
    requests: mpsc::Sender<Apply>,
}

impl LinesHandle {
    /// Puts what the store holds now in force; returns what the user ought to know of it.
    pub(crate) async fn apply(&self) -> Vec<String> {
        let (back, warnings) = oneshot::channel();
        // The task is gone only when the daemon is ending.
        let _ = self.requests.send(Apply(back)).await;
        warnings.await.unwrap_or_default()
    }
}

#[derive(Debug)]
struct Apply(oneshot::Sender<Vec<String>>);

/// The task and all that it knows.
#[derive(Debug)]
pub(crate) struct Lines {
    requests: mpsc::Receiver<Apply>,
    store: StoreHandle,
    inbox: mpsc::Sender<Message>,
    fixed: Fixed,
    settings: Settings,
    /// The port that is open; the configured one may be taken.
    port: u16,
    last_good: BTreeMap<u16, LastGood>,
    /// Lines that have not begun since the device booted.
    booting: BTreeSet<u16>,
    names: Names,
    lookups: JoinSet<(String, std::io::Result<Vec<IpAddr>>)>,
    asked: BTreeSet<String>,
    unresolved: BTreeSet<String>,
    told: BTreeMap<u16, HopList>,
    /// `None` where the system tells nobody of changes; then only [`Retry`] notices them.
    watch: Option<LinkWatch>,
    link: bool,
    retry: Retry,
}

impl Lines {
    /// The task, with the configuration at start; `port` is open already.
    pub(crate) fn new(
        settings: Settings,
        port: u16,
        fixed: Fixed,
        remembered: Remembered,
        store: StoreHandle,
        inbox: mpsc::Sender<Message>,
    ) -> (Self, LinesHandle) {
        let (sender, requests) = mpsc::channel(limits::STORE_JOBS);
        let Remembered { last_good, booted, .. } = remembered;
        let booting = settings.lines.keys().copied().filter(|_| booted).collect();
        let lines = Self {
            requests,
            store,
            inbox,
            fixed,
            settings,
            port,
            last_good,
            booting,
            names: Names::new(),
            lookups: JoinSet::new(),
            asked: BTreeSet::new(),
            unresolved: BTreeSet::new(),
            told: BTreeMap::new(),
            watch: watch_network(),
            link: true,
            retry: Retry::default(),
        };
        (lines, LinesHandle { requests: sender })
    }

    /// Runs until the driver is gone.
    pub(crate) async fn run(mut self) {
        let of_line = |(number, line): (&u16, &LineSettings)| line.warnings(*number);
        let mut warnings: Vec<String> = self.settings.lines.iter().flat_map(of_line).collect();
        warnings.extend(self.apply_settings().await);
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        loop {
            tokio::select! {
                request = self.requests.recv() => {
                    let Some(Apply(back)) = request else { return };
                    // Read here and not by who asks: the last change wins, whoever is faster.
                    match self.store.with(|store| store.settings()).await {
                        Ok(settings) => drop(back.send(self.change(settings).await)),
                        Err(StoreGone) => return,
                    }
                }
                heard = network_changed(self.watch.as_mut()) => match heard {
                    Ok(()) => self.tell_hops().await,
                    Err(error) => {
                        tracing::warn!(%error, "changes of the network are not noticed any more");
                        self.watch = None;
                    }
                },
                Some(found) = self.lookups.join_next() => {
                    if let Ok((name, found)) = found {
                        self.found(name, found);
                        self.tell_hops().await;
                    }
                }
                () = self.retry.wait() => {
                    self.look_up_missing();
                    self.tell_hops().await;
                }
            }
            if self.inbox.is_closed() {
                return;
            }
        }
    }

    async fn change(&mut self, settings: Settings) -> Vec<String> {
        let mut warnings = Vec::new();
        if settings.sip_port != self.port {
            match Sockets::open(settings.sip_port, &self.inbox) {
                Ok(sockets) => {
                    self.port = sockets.port();
                    tracing::info!(port = self.port, "SIP port changed");
                    self.tell(Message::Sockets(sockets)).await;
                }
                Err(error) => {
                    let port = self.port;
                    warnings.push(format!("{error}; port {port} stays in use"));
                }
            }
        }
        if settings.rtp_ports != self.settings.rtp_ports {
            self.tell(Message::RtpPorts(settings.rtp_ports.clone())).await;
        }
        self.settings = settings;
        self.retry = Retry::default();
        warnings.extend(self.apply_settings().await);
        for warning in &warnings {
            tracing::warn!("{warning}");
        }
        warnings
    }

    /// Tells the phone all of the settings, then what has become of the hops.
    async fn apply_settings(&mut self) -> Vec<String> {
        self.tell_input(Input::Settings(phone_settings(&self.settings, &self.fixed))).await;
        self.told.retain(|line, _| self.settings.lines.contains_key(line));
        self.look_up_all();
        self.tell_hops().await;
        self.told.values().flat_map(|list| list.warnings.clone()).collect()
    }

    /// Tells the phone the hops that are other ones now, and whether there is a network at all.
    async fn tell_hops(&mut self) {
        let lists = self.hop_lists();
        self.retry.set(lists.values().any(|list| list.incomplete));
        let known = |list: &HopList| !list.hops.is_empty();
        let link = lists.values().any(known) || !lists.values().any(|list| list.unrouted);
        for (number, list) in lists {
            if self.is_premature(number, &list) || self.told.get(&number) == Some(&list) {
                continue;
            }
            let (hops, trusted) = (list.hops.clone(), list.trusted.clone());
            self.told.insert(number, list);
            let first = if hops.is_empty() { None } else { self.last_good.remove(&number) };
            let (line, last_good) = (LineNumber(number), first);
            let booted = !hops.is_empty() && self.booting.remove(&number);
            self.tell_input(Input::Hops { line, hops, trusted, last_good, booted }).await;
        }
        if link != self.link {
            self.link = link;
            tracing::info!(up = link, "network");
            self.tell_input(Input::Link { up: link }).await;
        }
    }

    /// What is known of every line's hops now.
    fn hop_lists(&self) -> BTreeMap<u16, HopList> {
        // Many lines share a server: the routing table is asked once for each.
        let mut ways = BTreeMap::new();
        let mut towards = |remote| *ways.entry(remote).or_insert_with(|| self.towards(remote));
        let lines = self.settings.lines.iter();
        let mut list = |number: u16, line| hops::hop_list(number, line, &self.names, &mut towards);
        lines.map(|(number, line)| (*number, list(*number, line))).collect()
    }

    /// An empty list says that names do not resolve. It is not told while a look-up is under way,
    /// nor while only a route is missing: then the hops are those that were known, the link is down.
    fn is_premature(&self, number: u16, list: &HopList) -> bool {
        let servers = self.settings.lines.get(&number).map(hops::used).unwrap_or_default();
        let mut names = servers.into_iter().filter_map(|server| match server.address {
            Address::Ip(_) => None,
            Address::Name(name) => Some(name),
        });
        list.hops.is_empty() && (list.unrouted || names.any(|name| self.asked.contains(&name)))
    }

    fn towards(&self, remote: SocketAddr) -> Option<SocketAddr> {
        match local::address_towards(remote) {
            Ok(ip) => Some(SocketAddr::new(ip, self.port)),
            Err(error) => {
                tracing::debug!(%remote, %error, "no way there");
                None
            }
        }
    }

    /// Asks again for every name: the user may know that it leads elsewhere now.
    fn look_up_all(&mut self) {
        let servers = self.settings.lines.values().flat_map(hops::all);
        let names: BTreeSet<String> = servers
            .filter_map(|server| match server.address {
                Address::Ip(_) => None,
                Address::Name(name) => Some(name),
            })
            .collect();
        self.names.retain(|name, _| names.contains(name));
        for name in names {
            self.look_up(name);
        }
    }

    fn look_up_missing(&mut self) {
        let servers = self.settings.lines.values().flat_map(hops::used);
        let missing: BTreeSet<String> = servers
            .filter_map(|server| match server.address {
                Address::Name(name) if !self.names.contains_key(&name) => Some(name),
                Address::Name(_) | Address::Ip(_) => None,
            })
            .collect();
        for name in missing {
            self.look_up(name);
        }
    }

    fn look_up(&mut self, name: String) {
        if !self.asked.insert(name.clone()) {
            return;
        }
        self.lookups.spawn(async move {
            let lookup = tokio::net::lookup_host((name.as_str(), 0));
            let found = match tokio::time::timeout(limits::LOOKUP, lookup).await {
                Ok(Ok(found)) => Ok(found.map(|address| address.ip()).collect()),
                Ok(Err(error)) => Err(error),
                Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
            };
            (name, found)
        });
    }

    fn found(&mut self, name: String, found: std::io::Result<Vec<IpAddr>>) {
        self.asked.remove(&name);
        match found {
            Ok(mut found) => {
                self.unresolved.remove(&name);
                found.truncate(limits::ADDRESSES_PER_NAME);
                let known = self.names.get(&name).map_or(&[][..], Vec::as_slice);
                let kept = hops::keep_order(known, &found);
                tracing::debug!(name, addresses = ?kept, "name resolved");
                self.names.insert(name, kept);
            }
            // What was known of it stays: DNS may be down while the server is not (F5).
            Err(error) if self.is_used(&name) && self.unresolved.insert(name.clone()) => {
                tracing::warn!(name, %error, "server name does not resolve; trying again");
            }
            Err(error) => tracing::debug!(name, %error, "server name does not resolve"),
        }
    }

    /// A registrar behind a proxy is often no host at all, only a domain.
    fn is_used(&self, name: &str) -> bool {
        let mut servers = self.settings.lines.values().flat_map(hops::used);
        servers.any(|server| matches!(server.address, Address::Name(used) if used == name))
    }

    async fn tell_input(&self, input: Input) {
        self.tell(Message::Input(input)).await;
    }

    async fn tell(&self, message: Message) {
        // The driver is gone only when the daemon is ending.
        let _ = self.inbox.send(message).await;
    }
}

fn watch_network() -> Option<LinkWatch> {
    LinkWatch::open()
        .inspect_err(|error| tracing::warn!(%error, "changes of the network are not noticed"))
        .ok()
}

async fn network_changed(watch: Option<&mut LinkWatch>) -> std::io::Result<()> {
    match watch {
        Some(watch) => watch.changed().await,
        None => std::future::pending().await,
    }
}

/// When to try again what is missing: later each time, never while nothing is.
#[derive(Debug)]
struct Retry {
    wait: Duration,
    at: Option<Instant>,
}

impl Default for Retry {
    fn default() -> Self {
        Self { wait: limits::RETRY.0, at: None }
    }
}

impl Retry {
    fn set(&mut self, missing: bool) {
        if !missing {
            *self = Self::default();
        } else if self.at.is_none() {
            self.at = Some(Instant::now() + self.wait);
            self.wait = (self.wait * 2).min(limits::RETRY.1);
        }
    }

    async fn wait(&mut self) {
        match self.at {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
        self.at = None;
    }
}
