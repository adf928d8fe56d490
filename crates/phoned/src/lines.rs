//! Puts a configuration in force: what is set becomes inputs of the phone, with no restart.
//!
//! One task knows what the phone was told last and tells it what is different now: the settings, and
//! for each line the hops behind its servers' names and our own address towards each. It carries the
//! resolver's questions to DNS and the answers back, asks the routing table, opens another SIP port
//! when that item changes, and tries again while a route is missing. While nothing is due, it sleeps.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use config_store::{Handset, LineSettings, Sentence, Settings};
use control::{Event, Interface};
use phone::input::{Input, LastGood, Way};
use phone::settings::LineNumber;
use sip_core::transport::Hop;
use sip_core::transport::resolve::{Answer, Output, Query, Resolver, State, Target};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::driver::Message;
use crate::hops::{self, HopList};
use crate::memory::Remembered;
use crate::net::dns::Dns;
use crate::net::link::LinkWatch;
use crate::net::tls::{Tls, TlsError};
use crate::net::{Sockets, local};
use crate::report::Events;
use crate::settings::{Fixed, phone_settings};
use crate::store_thread::{StoreGone, StoreHandle};
use crate::{host, limits, memory};

/// Where a new configuration is handed in.
#[derive(Clone, Debug)]
pub(crate) struct LinesHandle {
    requests: mpsc::Sender<Apply>,
}

impl LinesHandle {
    /// Puts what the store holds now in force; returns what the user ought to know of it.
    pub(crate) async fn apply(&self) -> Vec<Sentence> {
        let (back, warnings) = oneshot::channel();
        // The task is gone only when the daemon is ending.
        let _ = self.requests.send(Apply(back)).await;
        warnings.await.unwrap_or_default()
    }
}

#[derive(Debug)]
struct Apply(oneshot::Sender<Vec<Sentence>>);

/// The task and all that it knows.
#[derive(Debug)]
pub(crate) struct Lines {
    requests: mpsc::Receiver<Apply>,
    store: StoreHandle,
    events: Events,
    inbox: mpsc::Sender<Message>,
    fixed: Fixed,
    settings: Settings,
    /// Which hardware the phone has; whoever serves it sees the latest.
    handset: watch::Sender<Handset>,
    /// The port that is open; the configured one may be taken.
    port: u16,
    last_good: BTreeMap<u16, LastGood>,
    /// Lines that have not begun since the device booted.
    booting: BTreeSet<u16>,
    resolver: Resolver,
    dns: Dns,
    lookups: JoinSet<(Query, Answer)>,
    /// Names that dialogs lead to, and what was told of each.
    dialog_names: watch::Receiver<BTreeSet<Target>>,
    told_names: BTreeMap<Target, Vec<Way>>,
    /// Answers have come that a later run is to know.
    unsaved: bool,
    told: BTreeMap<u16, HopList>,
    /// `None` where the system tells nobody of changes; then only [`Retry`] notices them.
    watch: Option<LinkWatch>,
    link: bool,
    /// The host's interfaces, as they were when last looked at.
    interfaces: Vec<Interface>,
    retry: Retry,
}

impl Lines {
    /// The task, with the configuration at start; `port` is open already, `resolver` knows nothing.
    pub(crate) fn new(
        settings: Settings,
        (port, fixed): (u16, Fixed),
        remembered: Remembered,
        (mut resolver, dialog_names): (Resolver, watch::Receiver<BTreeSet<Target>>),
        (store, events): (StoreHandle, Events),
        inbox: mpsc::Sender<Message>,
    ) -> (Self, LinesHandle) {
        let (sender, requests) = mpsc::channel(limits::STORE_JOBS);
        let Remembered { last_good, booted, names, .. } = remembered;
        resolver.restore(&names);
        let booting = settings.lines.keys().copied().filter(|_| booted).collect();
        let lines = Self {
            requests,
            store,
            events,
            inbox,
            fixed,
            handset: watch::Sender::new(settings.handset.clone()),
            settings,
            port,
            last_good,
            booting,
            resolver,
            dns: Dns::of_the_system(),
            lookups: JoinSet::new(),
            dialog_names,
            told_names: BTreeMap::new(),
            unsaved: false,
            told: BTreeMap::new(),
            watch: watch_network(),
            link: true,
            interfaces: host::interfaces().unwrap_or_default(),
            retry: Retry::default(),
        };
        (lines, LinesHandle { requests: sender })
    }

    /// Which hardware the phone has, now and after each change.
    pub(crate) fn handset(&self) -> watch::Receiver<Handset> {
        self.handset.subscribe()
    }

    /// Runs until the driver is gone.
    pub(crate) async fn run(mut self) {
        let of_line = |(number, line): (&u16, &LineSettings)| line.warnings(*number);
        for warning in self.settings.lines.iter().flat_map(of_line) {
            tracing::warn!("{warning}");
        }
        self.apply_settings().await;
        loop {
            let due = self.resolver.poll_timeout().map(|(at, _)| at.into());
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
                    Ok(()) => {
                        self.resolver.refresh(std::time::Instant::now());
                        self.tell_hops().await;
                        self.tell_interfaces();
                    }
                    Err(error) => {
                        tracing::warn!(%error, "changes of the network are not noticed any more");
                        self.watch = None;
                    }
                },
                Ok(()) = self.dialog_names.changed() => self.want(),
                Some(answered) = self.lookups.join_next() => match answered {
                    Ok((query, answer)) => {
                        let now = std::time::Instant::now();
                        self.resolver.handle_answer(&query, answer, now);
                    }
                    // It has told the log; a question without an answer would stay open for ever.
                    Err(_panic) => return,
                },
                () = sleep_until(due) => {
                    self.resolver.handle_timeout(std::time::Instant::now());
                }
                () = self.retry.wait() => self.tell_hops().await,
            }
            self.carry().await;
            if self.inbox.is_closed() {
                return;
            }
        }
    }

    /// Carries out what the resolver wants.
    async fn carry(&mut self) {
        let mut changed = false;
        while let Some(output) = self.resolver.poll_output() {
            match output {
                Output::Ask(query) => {
                    let answer = self.dns.ask(&query);
                    self.lookups.spawn(async move { (query, answer.await) });
                }
                Output::Changed => changed = true,
                Output::Keep => self.unsaved = true,
            }
        }
        if changed {
            self.tell_hops().await;
        }
        self.tell_names().await;
        // One write for all answers of one round.
        if self.unsaved && self.lookups.is_empty() {
            self.unsaved = false;
            memory::keep_names(&self.store, self.resolver.kept());
        }
    }

    async fn change(&mut self, settings: Settings) -> Vec<Sentence> {
        let mut warnings = Vec::new();
        if settings.tls != self.settings.tls {
            let tls = Tls::new(settings.tls.clone());
            let unusable = |error: TlsError| {
                let zh = format!("无法使用 TLS 设置（{}）", error.chinese());
                Sentence::new(error.to_string(), zh)
            };
            warnings.extend(tls.check().err().map(unusable));
            self.tell(Message::Tls(tls)).await;
        }
        if settings.sip_port != self.port {
            let tls = Tls::new(settings.tls.clone());
            match Sockets::open(settings.sip_port, settings.dscp.sip, tls, &self.inbox) {
                Ok(sockets) => {
                    self.port = sockets.port();
                    tracing::info!(port = self.port, "SIP port changed");
                    self.tell(Message::Sockets(sockets)).await;
                }
                Err(error) => {
                    let port = self.port;
                    warnings.push(Sentence::new(
                        format!("{error}; port {port} stays in use"),
                        format!("{}；仍使用端口 {port}", error.chinese()),
                    ));
                }
            }
        }
        if settings.dscp != self.settings.dscp {
            self.tell(Message::Dscp(settings.dscp)).await;
        }
        if settings.rtp_ports != self.settings.rtp_ports {
            self.tell(Message::RtpPorts(settings.rtp_ports.clone())).await;
        }
        self.handset.send_if_modified(|wiring| {
            let changed = *wiring != settings.handset;
            wiring.clone_from(&settings.handset);
            changed
        });
        if settings.sound != self.settings.sound {
            self.tell(Message::Sound(settings.sound.clone())).await;
        }
        if settings.sound_devices != self.settings.sound_devices {
            self.tell(Message::SoundDevices(settings.sound_devices.clone())).await;
        }
        for warning in &warnings {
            tracing::warn!("{warning}");
        }
        self.settings = settings;
        self.retry = Retry::default();
        self.apply_settings().await;
        warnings.extend(self.told.values().flat_map(|list| list.warnings.clone()));
        warnings
    }

    /// Tells the phone all of the settings, then what has become of the hops. Every name is asked for
    /// again: the user may know that it leads elsewhere now.
    async fn apply_settings(&mut self) {
        self.tell_input(Input::Settings(phone_settings(&self.settings, &self.fixed))).await;
        self.told.retain(|line, _| self.settings.lines.contains_key(line));
        self.want();
        self.resolver.refresh(std::time::Instant::now());
        self.carry().await;
        self.tell_hops().await;
    }

    /// Tells the resolver which names matter: those of the lines and those of dialogs.
    fn want(&mut self) {
        let mut targets: BTreeSet<Target> =
            self.settings.lines.values().flat_map(hops::targets).collect();
        let of_dialogs = self.dialog_names.borrow_and_update().clone();
        self.told_names.retain(|target, _| of_dialogs.contains(target));
        targets.extend(of_dialogs);
        self.resolver.want(&targets, std::time::Instant::now());
    }

    /// Tells the phone what the names of dialogs lead to.
    async fn tell_names(&mut self) {
        let names = self.dialog_names.borrow().clone();
        for target in names {
            let Some(resolution) = self.resolver.resolution(&target) else { continue };
            if resolution.state == State::Pending {
                continue;
            }
            let hops = resolution.hops.iter().map(|entry| entry.hop);
            let local = |hop: Hop| Some(hops::at_port_of(hop.transport, self.towards(hop.addr)?));
            let way = |hop: Hop| Some(Way { hop, local: local(hop)? });
            let ways: Vec<Way> = hops.filter_map(way).collect();
            if self.told_names.get(&target) != Some(&ways) {
                self.told_names.insert(target.clone(), ways.clone());
                self.tell_input(Input::Name { target, ways }).await;
            }
        }
    }

    /// Tells the phone the hops that are other ones now, and whether there is a network at all.
    async fn tell_hops(&mut self) {
        let lists = self.hop_lists();
        self.retry.set(lists.values().any(|list| list.unrouted));
        let known = |list: &HopList| !list.hops.is_empty();
        let link = lists.values().any(known) || !lists.values().any(|list| list.unrouted);
        for (number, list) in lists {
            // While a name is being looked up the order is not known. While only a route is missing,
            // the hops are those that were known, and the link is down.
            let premature = list.pending || (list.hops.is_empty() && list.unrouted);
            if premature || self.told.get(&number) == Some(&list) {
                continue;
            }
            self.tell_line(number, list).await;
        }
        if link != self.link {
            self.link = link;
            tracing::info!(up = link, "network");
            self.tell_input(Input::Link { up: link }).await;
        }
    }

    /// Tells watchers of interfaces that are other ones now. Most of what the kernel reports (routes
    /// renewed, neighbours) changes none.
    fn tell_interfaces(&mut self) {
        match host::interfaces() {
            Ok(interfaces) if interfaces != self.interfaces => {
                self.interfaces.clone_from(&interfaces);
                self.events.tell(Event::Network { interfaces });
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "interfaces not read"),
        }
    }

    /// What is known of every line's hops now.
    fn hop_lists(&self) -> BTreeMap<u16, HopList> {
        // Many lines share a server: the routing table is asked once for each.
        let mut ways = BTreeMap::new();
        let mut towards = |remote| *ways.entry(remote).or_insert_with(|| self.towards(remote));
        let lines = self.settings.lines.iter();
        let mut last = HopList::default();
        let list = |(number, line): (&u16, _)| {
            let mut list = hops::hop_list(*number, line, &self.resolver, &mut towards);
            list.share_with(&last);
            last = list.clone();
            (*number, list)
        };
        lines.map(list).collect()
    }

    async fn tell_line(&mut self, number: u16, list: HopList) {
        let HopList { hops, former, trusted, .. } = list.clone();
        let before = self.told.insert(number, list);
        let said = before.map(|list| list.warnings).unwrap_or_default();
        let warnings = self.told.get(&number).into_iter().flat_map(|list| &list.warnings);
        for warning in warnings.filter(|warning| !said.contains(warning)) {
            tracing::warn!("{warning}");
        }
        let first = if hops.is_empty() { None } else { self.last_good.remove(&number) };
        let (line, last_good) = (LineNumber(number), first);
        let booted = !hops.is_empty() && self.booting.remove(&number);
        self.tell_input(Input::Hops { line, hops, former, trusted, last_good, booted }).await;
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

/// Waits for a moment, or for ever.
async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
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
