//! What is counted, and that it is written as OpenMetrics has it.

mod exposition;

use std::time::Duration;

use control::{CallQuality, Durations, HopTiming, Move, Timestamp};

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
        note_zh: String::new(),
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
            cause_zh: String::new(),
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
    let text = metrics.text(&status, &TimingReport::default(), now);
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

fn quality(mos: Option<f64>) -> CallQuality {
    CallQuality {
        mos,
        loss_percent: 2.0,
        jitter_ms: 15.0,
        recent_mos: mos,
        ..CallQuality::default()
    }
}

fn busy() -> (Metrics, DaemonStatus, TimingReport) {
    let (mut metrics, now) = (Metrics::default(), Instant::now());
    for (id, over, mos) in [("1", false, Some(4.2)), ("1", true, Some(4.0)), ("2", true, None)] {
        let news = QualityNews { id: id.into(), line: 1, over, quality: quality(mos) };
        take(&mut metrics, Event::Quality(news), now);
    }
    take(&mut metrics, Event::Registration(account(true)), now);
    let call = |state, mos| CallStatus {
        id: "3".into(),
        line: 1,
        direction: control::Direction::In,
        remote: "sip:1002@example.test".into(),
        remote_name: None,
        state,
        hop: None,
        duration_s: 1,
        codec: None,
        muted: false,
        note: None,
        note_zh: String::new(),
        call_id: String::new(),
        quality: Some(quality(mos)),
        ended: None,
    };
    let calls = vec![
        call(CallState::Active, Some(4.0)),
        call(CallState::Held, Some(3.0)),
        call(CallState::Active, None),
        call(CallState::Ended, Some(1.0)),
    ];
    let mut account = account(true);
    account.hops.push(control::HopStatus {
        hop: "udp:[::1]:5060".into(),
        server: control::Server::Proxy,
        state: HopState::Available,
        cause: None,
        cause_zh: String::new(),
        since: Timestamp::default(),
    });
    let status = DaemonStatus { version: "0".into(), uptime_s: 7, accounts: vec![account], calls };
    let mut timing =
        TimingReport { registration: Durations::new(&[0.1, 1.0]), ..TimingReport::default() };
    timing.registration.take(0.05);
    timing.registration.take(3.0);
    let mut round_trip = Durations::new(&[0.01]);
    round_trip.take(0.004);
    let hop = "udp:10.0.0.1:5060\"\\\n".to_owned();
    timing.hops.push(HopTiming { hop, last_s: 0.004, round_trip });
    (metrics, status, timing)
}

#[test]
fn quality_and_answering_times_are_there_f9() {
    let (metrics, status, timing) = busy();
    let text = metrics.text(&status, &timing, Instant::now());
    for line in [
        "phoned_call_mos_count 1",
        "phoned_call_mos_sum 4.0",
        "phoned_call_loss_ratio_bucket{le=\"0.02\"} 1",
        "phoned_call_jitter_seconds_bucket{le=\"0.01\"} 0",
        "phoned_calls_mos 3.5",
        "phoned_registration_seconds_bucket{le=\"0.1\"} 1",
        "phoned_registration_seconds_bucket{le=\"+Inf\"} 2",
        "phoned_hop_round_trip_seconds_count{hop=\"udp:10.0.0.1:5060\\\"\\\\\\n\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[test]
fn what_is_written_is_openmetrics_to_the_letter_f9() {
    let (metrics, status, timing) = busy();
    exposition::check(&metrics.text(&status, &timing, Instant::now()));
    exposition::check(&Metrics::default().text(&status, &TimingReport::default(), Instant::now()));
}

#[test]
fn dashboard_and_alerts_ask_only_for_what_is_there_f9() {
    let (mut metrics, mut status, timing) = busy();
    let now = Instant::now();
    let step = || Move {
        line: 1,
        method: "INVITE".into(),
        from: "a".into(),
        to: "b".into(),
        cause: "no answer".into(),
        cause_zh: String::new(),
        attempts: 1,
        elapsed_ms: 1.0,
    };
    take(&mut metrics, Event::Failover(step()), now);
    take(&mut metrics, Event::Failback(step()), now);
    let unreached = control::Unreached {
        line: 1,
        method: "INVITE".into(),
        cause: "no answer".into(),
        cause_zh: String::new(),
    };
    take(&mut metrics, Event::Unavailable(unreached), now);
    status.calls[3].ended = Some(control::Ended {
        by: EndedBy::Local,
        code: None,
        reason: String::new(),
        reason_zh: String::new(),
    });
    take(&mut metrics, Event::Call(status.calls[3].clone()), now);
    let text = metrics.text(&status, &timing, now);
    let there: BTreeSet<&str> =
        text.lines().filter_map(|line| line.split(['{', ' ']).next()).collect();
    let dashboard = include_str!("../../../../docs/grafana/phoned.json");
    let alerts = include_str!("../../../../docs/grafana/alerts.yml");
    let page = include_str!("../../../../docs/api.md");
    let mut asked = 0;
    for text in [dashboard, alerts, page] {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for name in words.filter(|word| word.starts_with("phoned_")) {
            let histogram = format!("{name}_count");
            let known = there.contains(name) || there.contains(histogram.as_str());
            assert!(known, "{name} is asked for and not there");
            asked += 1;
        }
    }
    assert!(asked > 30, "{asked}");
}
