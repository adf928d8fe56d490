//! Figures for Prometheus (F9): what has been counted from the phone's notifications since its
//! start, and what stands now. Labels are bounded: lines, hops of lines, methods, kinds of cause.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use control::{AccountState, AccountStatus, CallState, CallStatus, DaemonStatus, Event, HopState};
use control::{EndedBy, Notification, QualityNews, TimingReport};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::figures::Counted;

type Labels = Vec<(&'static str, String)>;
type Figures = Family<Labels, Gauge<f64, AtomicU64>>;
type Counts = Family<Labels, Counter>;
type Times = Family<Labels, Histogram, fn() -> Histogram>;

/// What has been counted.
pub(crate) struct Metrics {
    failovers: Counts,
    failover_times: Times,
    failbacks: Counts,
    unavailable: Counts,
    calls: Counts,
    quality: Quality,
    /// Calls whose end is counted already.
    ended: BTreeSet<String>,
    on_backup: BTreeMap<u32, OnBackup>,
}

/// What calls that are over have sounded like.
struct Quality {
    opinion: Histogram,
    loss: Histogram,
    jitter: Histogram,
}

impl Default for Quality {
    fn default() -> Self {
        Self {
            // The borders of the categories of ITU-T G.107 annex B, and 4.4: all that G.711 can be.
            opinion: Histogram::new([2.0, 2.58, 3.1, 3.6, 4.03, 4.34, 4.5]),
            loss: Histogram::new([0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3]),
            jitter: Histogram::new([0.001, 0.005, 0.01, 0.02, 0.04, 0.08, 0.2]),
        }
    }
}

impl Quality {
    fn take(&self, news: &QualityNews) {
        let quality = &news.quality;
        // A call too short for an opinion says nothing of loss either.
        if let Some(opinion) = quality.mos.filter(|_| news.over) {
            self.opinion.observe(opinion);
            self.loss.observe(quality.loss_percent / 100.0);
            self.jitter.observe(quality.jitter_ms / 1000.0);
        }
    }

    fn register(&self, registry: &mut Registry) {
        let mut histogram = |name: &str, help: &str, histogram: &Histogram| {
            registry.register(name, help, histogram.clone());
        };
        let opinion = "Estimated mean opinion (ITU-T G.107, simplified) of calls that are over";
        histogram("call_mos", opinion, &self.opinion);
        let loss = "Share of packets that were lost or too late, of calls that are over";
        histogram("call_loss_ratio", loss, &self.loss);
        let jitter = "Interarrival jitter (RFC 3550) of calls that are over";
        histogram("call_jitter_seconds", jitter, &self.jitter);
    }
}

/// How long a line has used a backup.
#[derive(Default)]
struct OnBackup {
    before: f64,
    since: Option<Instant>,
}

impl OnBackup {
    fn seconds(&self, now: Instant) -> f64 {
        let running = self.since.map(|since| now.saturating_duration_since(since));
        self.before + running.unwrap_or_default().as_secs_f64()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            failovers: Family::default(),
            failover_times: Family::new_with_constructor(times),
            failbacks: Family::default(),
            unavailable: Family::default(),
            calls: Family::default(),
            quality: Quality::default(),
            ended: BTreeSet::new(),
            on_backup: BTreeMap::new(),
        }
    }
}

/// A round trip, 0.5 s and 3.5 s are the steps of failover design §8; 32 s is 64·T1.
fn times() -> Histogram {
    Histogram::new([0.01, 0.05, 0.2, 0.6, 1.0, 2.0, 4.0, 8.0, 16.0, 33.0])
}

impl Metrics {
    /// Counts what happened at `now`.
    pub(crate) fn take(&mut self, notification: &Notification, now: Instant) {
        match &notification.event {
            Event::Failover(step) => {
                let labels = vec![
                    ("line", step.line.to_string()),
                    ("method", step.method.clone()),
                    ("cause", kind(&step.cause)),
                ];
                self.failovers.get_or_create(&labels).inc();
                let labels = vec![("method", step.method.clone())];
                self.failover_times.get_or_create(&labels).observe(step.elapsed_ms / 1000.0);
            }
            Event::Failback(step) => {
                let labels = vec![("line", step.line.to_string()), ("cause", step.cause.clone())];
                self.failbacks.get_or_create(&labels).inc();
            }
            Event::Unavailable(unreached) => {
                let labels = vec![
                    ("line", unreached.line.to_string()),
                    ("method", unreached.method.clone()),
                    ("cause", kind(&unreached.cause)),
                ];
                self.unavailable.get_or_create(&labels).inc();
            }
            Event::Registration(account) => self.registration(account, now),
            Event::Call(call) => self.call(call),
            Event::Quality(news) => self.quality.take(news),
            Event::Redundancy { .. }
            | Event::Drill(_)
            | Event::Config { .. }
            | Event::Audio(_)
            | Event::Network { .. } => {}
        }
    }

    fn registration(&mut self, account: &AccountStatus, now: Instant) {
        let backup = account.state == AccountState::Registered && !account.on_primary;
        let line = self.on_backup.entry(account.line.into()).or_default();
        if backup {
            line.since.get_or_insert(now);
        } else {
            line.before = line.seconds(now);
            line.since = None;
        }
    }

    fn call(&mut self, call: &CallStatus) {
        /// Ended calls whose end may be told again.
        const REMEMBERED: usize = 64;
        let Some(ended) = call.ended.as_ref().filter(|_| call.state == CallState::Ended) else {
            return;
        };
        if !self.ended.insert(call.id.clone()) {
            return;
        }
        if self.ended.len() > REMEMBERED {
            self.ended.pop_first();
        }
        let by = match ended.by {
            EndedBy::Local => "local",
            EndedBy::Remote => "remote",
            EndedBy::Failure => "failure",
        };
        let direction = match call.direction {
            control::Direction::In => "in",
            control::Direction::Out => "out",
        };
        let labels = vec![("direction", direction.to_owned()), ("ended_by", by.to_owned())];
        self.calls.get_or_create(&labels).inc();
    }

    /// Everything in the text form.
    pub(crate) fn text(
        &self,
        status: &DaemonStatus,
        timing: &TimingReport,
        now: Instant,
    ) -> String {
        let mut registry = Registry::with_prefix("phoned");
        registry.register("failovers", "Requests sent to a next hop", self.failovers.clone());
        registry.register(
            "failover_seconds",
            "From the first transmission to the step to the next hop",
            self.failover_times.clone(),
        );
        registry.register("failbacks", "Returns to the primary", self.failbacks.clone());
        registry.register(
            "unavailable",
            "Requests that found no hop that answered",
            self.unavailable.clone(),
        );
        registry.register("calls_ended", "Calls that are over", self.calls.clone());
        self.quality.register(&mut registry);
        answers(&mut registry, timing);
        self.lines(&mut registry, status, now);
        process(&mut registry, status);
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &registry) {
            tracing::error!(%error, "metrics not written");
        }
        text
    }

    fn lines(&self, registry: &mut Registry, status: &DaemonStatus, now: Instant) {
        let registered = figures(registry, "line_registered", "1 while the line is registered");
        let backup = figures(registry, "line_on_backup", "1 while it is registered at a backup");
        let seconds = figures(
            registry,
            "line_on_backup_seconds",
            "How long the line has been registered at a backup since the start, in all",
        );
        let hops = figures(registry, "hop_available", "1 available, 0 unavailable, else 0.5");
        for account in &status.accounts {
            let line = || vec![("line", account.line.to_string())];
            let is = account.state == AccountState::Registered;
            registered.get_or_create(&line()).set(f64::from(u8::from(is)));
            backup.get_or_create(&line()).set(f64::from(u8::from(is && !account.on_primary)));
            let kept = self.on_backup.get(&u32::from(account.line));
            seconds.get_or_create(&line()).set(kept.map_or(0.0, |kept| kept.seconds(now)));
            for hop in &account.hops {
                let labels = vec![("line", account.line.to_string()), ("hop", hop.hop.clone())];
                hops.get_or_create(&labels).set(match hop.state {
                    HopState::Available => 1.0,
                    HopState::Unavailable => 0.0,
                    HopState::Unknown | HopState::Suspect | HopState::HeldOff => 0.5,
                });
            }
        }
        // Of calls in which sound comes; without any there is no opinion.
        let opinions: Vec<f64> = (status.calls.iter())
            .filter(|call| call.state != CallState::Ended)
            .filter_map(|call| call.quality?.recent_mos)
            .collect();
        if let Ok(count) = u32::try_from(opinions.len())
            && count > 0
        {
            let help =
                "Estimated mean opinion of the last five seconds, mean of the calls that go on";
            let mean = opinions.iter().sum::<f64>() / f64::from(count);
            figure(registry, "calls_mos", help, mean);
        }
        let going = status.calls.iter().filter(|call| call.state != CallState::Ended).count();
        let going = f64::from(u32::try_from(going).unwrap_or(u32::MAX));
        figure(registry, "calls", "Calls that are not over", going);
    }
}

/// How long servers take to answer, as the phone has counted it.
fn answers(registry: &mut Registry, timing: &TimingReport) {
    let registration = Counted(vec![(Vec::new(), timing.registration.clone())]);
    let help = "From the first REGISTER to its 2xx, challenges and failovers included";
    registry.register("registration_seconds", help, registration);
    let hops = timing.hops.iter();
    let hops = hops.map(|hop| (vec![("hop", hop.hop.clone())], hop.round_trip.clone()));
    let help = "From a request to its first response, of requests that were sent once";
    registry.register("hop_round_trip_seconds", help, Counted(hops.collect()));
}

fn figures(registry: &mut Registry, name: &str, help: &str) -> Figures {
    let figures = Figures::default();
    registry.register(name, help, figures.clone());
    figures
}

/// A figure that there is once.
fn figure(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let figure = Gauge::<f64, AtomicU64>::default();
    figure.set(value);
    registry.register(name, help, figure);
}

/// What the process itself takes, as the kernel counts it.
fn process(registry: &mut Registry, status: &DaemonStatus) {
    let mut figure = |name: &str, help: &str, value: f64| figure(registry, name, help, value);
    #[expect(clippy::cast_precision_loss, reason = "a figure to be drawn")]
    figure("uptime_seconds", "Since the phone was ready", status.uptime_s as f64);
    if let Some(kib) = resident_kib() {
        figure("process_resident_bytes", "Resident memory", kib * 1024.0);
    }
    if let Some(seconds) = cpu_seconds() {
        figure("process_cpu_seconds", "Processor time so far", seconds);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        let count = u32::try_from(open.count()).unwrap_or(u32::MAX);
        figure("process_open_fds", "Open file descriptors", f64::from(count));
    }
}

fn resident_kib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().split(' ').next()?.parse().ok()
}

fn cpu_seconds() -> Option<f64> {
    /// Ticks of proc(5) a second: the same on every Linux that programs see.
    const USER_HZ: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The command's name in parentheses may hold anything; user and system time are the 12th and
    // 13th field after it.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (times.next()?.parse().ok()?, times.next()?.parse().ok()?);
    Some((user + system) / USER_HZ)
}

/// The kind of a cause: its first word or words; a status code stays itself.
fn kind(cause: &str) -> String {
    const KINDS: &[&str] = &["no answer", "icmp", "tcp", "tls", "dns", "drill", "link"];
    let known = KINDS.iter().find(|kind| cause.starts_with(**kind)).copied();
    let code = || cause.get(..3).filter(|code| code.bytes().all(|octet| octet.is_ascii_digit()));
    known.or_else(code).unwrap_or("other").to_owned()
}

#[cfg(test)]
mod tests;
