//! Figures for Prometheus (F9): what has been counted from the phone's notifications since its
//! start, and what stands now. Labels are bounded: lines, hops of lines, methods, kinds of cause.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use control::{AccountState, AccountStatus, CallState, CallStatus, DaemonStatus, Event, HopState};
use control::{EndedBy, Notification};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

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
    /// Calls whose end is counted already.
    ended: BTreeSet<String>,
    on_backup: BTreeMap<u32, OnBackup>,
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
            Event::Redundancy { .. } | Event::Drill(_) | Event::Config { .. } | Event::Audio(_) => {
            }
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
    pub(crate) fn text(&self, status: &DaemonStatus, now: Instant) -> String {
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
        let calls = figures(registry, "calls", "Calls that are not over");
        let going = status.calls.iter().filter(|call| call.state != CallState::Ended).count();
        calls.get_or_create(&Vec::new()).set(f64::from(u32::try_from(going).unwrap_or(u32::MAX)));
    }
}

fn figures(registry: &mut Registry, name: &str, help: &str) -> Figures {
    let figures = Figures::default();
    registry.register(name, help, figures.clone());
    figures
}

/// What the process itself takes, as the kernel counts it.
fn process(registry: &mut Registry, status: &DaemonStatus) {
    let mut figure = |name: &str, help: &str, value: f64| {
        figures(registry, name, help).get_or_create(&Vec::new()).set(value);
    };
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
mod tests {
    use std::time::Duration;

    use control::{Move, Timestamp};

    use super::*;

    fn take(metrics: &mut Metrics, event: Event, now: Instant) {
        metrics.take(&Notification { t: Timestamp::default(), mono_ms: 0.0, event }, now);
    }

    fn account(on_primary: bool) -> AccountStatus {
        AccountStatus {
            line: 1,
            aor: "sip:1001@example.test".into(),
            state: AccountState::Registered,
            hop: Some("udp:10.0.0.2:5060".into()),
            on_primary,
            since: Timestamp::default(),
            expires_in_s: None,
            hops: Vec::new(),
            note: None,
        }
    }

    #[test]
    fn failovers_are_counted_by_line_method_and_kind_of_cause() {
        let (mut metrics, now) = (Metrics::default(), Instant::now());
        for cause in ["icmp port unreachable", "icmp host unreachable", "503 Service Unavailable"] {
            let step = Move {
                line: 1,
                method: "REGISTER".into(),
                from: "udp:10.0.0.1:5060".into(),
                to: "udp:10.0.0.2:5060".into(),
                cause: cause.into(),
                attempts: 3,
                elapsed_ms: 3500.2,
            };
            take(&mut metrics, Event::Failover(step), now);
        }
        let status = DaemonStatus {
            version: "0".into(),
            uptime_s: 7,
            accounts: vec![account(false)],
            calls: Vec::new(),
        };
        let text = metrics.text(&status, now);
        let failovers = "phoned_failovers_total{line=\"1\",method=\"REGISTER\",cause=";
        assert!(text.contains(&format!("{failovers}\"icmp\"}} 2")), "{text}");
        assert!(text.contains(&format!("{failovers}\"503\"}} 1")), "{text}");
        assert!(text.contains("phoned_failover_seconds_bucket{le=\"4.0\",method=\"REGISTER\"} 3"));
        assert!(text.contains("phoned_line_on_backup{line=\"1\"} 1.0"), "{text}");
        assert!(text.contains("phoned_process_resident_bytes "), "{text}");
    }

    #[test]
    fn time_on_the_backup_adds_up() {
        let (mut metrics, start) = (Metrics::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        for (seconds, on_primary) in [(0, false), (5, false), (10, true), (20, false)] {
            take(&mut metrics, Event::Registration(account(on_primary)), at(seconds));
        }
        let seconds = metrics.on_backup[&1].seconds(at(23));
        assert!((seconds - 13.0).abs() < 1e-9, "{seconds}");
    }

    #[test]
    fn a_cause_of_no_known_kind_makes_no_new_label() {
        assert_eq!(kind("no answer"), "no answer");
        assert_eq!(kind("tls certificate expired"), "tls");
        assert_eq!(kind("whatever a server says"), "other");
    }
}
