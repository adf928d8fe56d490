//! Each rule by a configuration that meets it (failover design §7).

use config_store::{Origin, Store};

use super::*;

const BASE: [(&str, &str); 3] = [
    ("SIP1 Phone Number", "1001"),
    ("SIP1 Register Addr", "10.0.0.1"),
    ("SIP1 Backup Addr", "10.0.0.2"),
];

fn settings(more: &[(&str, &str)]) -> LineSettings {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.set(&BASE, Origin::CommandLine).unwrap();
    store.set(more, Origin::CommandLine).unwrap();
    store.settings().lines.remove(&1).unwrap()
}

fn report(more: &[(&str, &str)]) -> LineCheck {
    check(1, &settings(more), &[])
}

fn warnings(more: &[(&str, &str)]) -> Vec<String> {
    let findings = report(more).findings.into_iter();
    findings.filter(|f| f.level == Level::Warning).map(|finding| finding.text).collect()
}

fn about(more: &[(&str, &str)], item: &str) -> String {
    let findings = report(more).findings.into_iter();
    let texts: Vec<String> =
        findings.filter(|f| f.item.as_deref() == Some(item)).map(|f| f.text).collect();
    texts.join("; ")
}

/// Requirement E1: the page in Chinese shows them.
#[test]
fn every_sentence_is_there_in_both_languages_with_the_same_numbers() {
    let figures = |text: &str| {
        let mut figures: Vec<String> = text
            .split(|c: char| !c.is_ascii_digit() && c != '.')
            .filter(|word| word.contains(|c: char| c.is_ascii_digit()))
            .map(str::to_owned)
            .collect();
        figures.sort();
        figures
    };
    for more in [
        &[][..],
        &[("SIP1 Backup Addr", "")],
        &[("SIP1 Proxy Addr", "10.0.0.3")],
        &[("SIP1 Proxy Addr", "10.0.0.3"), ("SIP1 BakProxy Addr", "10.0.0.3")],
        &[("SIP1 NAT UDPUpdate", "0"), ("SIP1 Enable Failback", "0")],
        &[("SIP1 NAT UDPUpdate", "1"), ("SIP1 Signal Retry Counts", "1")],
        &[("SIP1 Transport", "1"), ("SIP1 Backup Transport", "1"), ("SIP1 NAT UDPUpdate", "1")],
        &[("SIP1 UDPUpdate TTL", "2"), ("SIP1 Register TTL", "20"), ("SIP1 Refuse Unknown", "0")],
        &[("SIP1 UDPUpdate TTL", "60"), ("SIP1 Failback Interval", "60")],
        &[("SIP1 UDPUpdate TTL", "600"), ("SIP1 Failback Interval", "2")],
        &[("SIP1 Signal Failback", "1"), ("SIP1 Signal Retry Counts", "9")],
        &[("SIP1 Signal Failback", "1"), ("SIP1 Signal Failback Hold", "9")],
        &[("SIP1 Register Both", "1"), ("SIP1 Flap Damping", "0"), ("SIP1 Watch Backups", "1")],
        &[("SIP1 Register Addr", "example.test"), ("SIP1 Failback Interval", "60")],
        &[("SIP1 Enable Reg", "0"), ("SIP1 Backup Addr", ""), ("SIP1 Register Both", "1")],
    ] {
        for finding in report(more).findings {
            let Finding { text, text_zh, .. } = finding;
            assert!(text.is_ascii(), "{text}");
            assert!(text_zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{text}");
            assert_eq!(figures(&text), figures(&text_zh), "{text} | {text_zh}");
        }
    }
}

/// The numbers are those of `failover::worst_case` and failover design §8.
#[test]
fn the_defaults_are_explained_without_a_warning() {
    let report = report(&[]);
    assert!(report.findings.iter().all(|f| f.level == Level::Note), "{:?}", report.findings);
    let Bounds { incoming_s, incoming_first_s, register_s, invite_s, bye_s, .. } = report.bounds;
    assert_eq!((incoming_s, incoming_first_s), (Some(33.5), Some(37.0)));
    assert_eq!((register_s, invite_s, bye_s), (3.5, 3.5, 3.5));
    assert_eq!((report.bounds.all_silent_s, report.bounds.failback_s), (35.5, Some(7927.0)));
    assert_eq!(
        about(&[], "SIP1 UDPUpdate TTL"),
        "a server that falls silent is left after at most 33.5 s, before it has answered a first \
         keep-alive after 37 s; incoming calls are lost so long, and for up to 59 min 23 s at a \
         server that answers no OPTIONS"
    );
    assert_eq!(
        about(&[], "SIP1 Failback Interval"),
        "once the primary works again the line is back after at most 2 h 12 min 7 s, after at most \
         33 min 7 s where it had not come and gone before; after at most 2 h 17 min 35 s if every \
         server had failed"
    );
    assert_eq!(
        about(&[], "SIP1 Signal Retry Counts"),
        "at a silent server a dialled call, a hang-up or a REGISTER goes on after 3.5 s, once for \
         each one before one that works; with all of them silent a call fails after 35.5 s"
    );
}

/// The example of failover design §7.
#[test]
fn keep_alives_that_are_off_cost_up_to_the_refresh() {
    let off = [("SIP1 NAT UDPUpdate", "0")];
    assert_eq!(
        about(&off, "SIP1 NAT UDPUpdate"),
        "refresh 1 h, keep-alive off: after a failure incoming calls are lost for up to 59 min 23 s"
    );
    assert_eq!(report(&off).bounds.incoming_s, Some(3563.0));
    let crlf = about(&[("SIP1 NAT UDPUpdate", "1")], "SIP1 NAT UDPUpdate");
    assert!(crlf.contains("by CRLF, which nobody answers over UDP"), "{crlf}");
}

/// The examples of failover design §7.
#[test]
fn servers_that_are_not_used_or_are_one_are_named() {
    let proxies = [("SIP1 Proxy Addr", "10.0.0.3"), ("SIP1 BakProxy Addr", "10.0.0.4")];
    assert_eq!(warnings(&proxies), ["with `SIP1 Proxy Addr` set, SIP Server 2 is not used"]);
    let names = [("SIP1 Register Addr", "a.test"), ("SIP1 Backup Addr", "b.test")];
    let same = check(1, &settings(&names), &[Server::Server1]);
    let texts: Vec<&str> = same.findings.iter().map(|finding| finding.text.as_str()).collect();
    assert_eq!(same.hops, 1);
    let said = "both names are one address, or b.test does not resolve: it is no server of its own";
    assert!(texts.contains(&said), "{texts:?}");
}

#[test]
fn a_line_with_one_server_has_no_backup_and_no_bound() {
    let single = [("SIP1 Backup Addr", "")];
    assert_eq!(
        warnings(&single),
        ["there is no backup: while the one server is down nobody can call or be called"]
    );
    let bounds = report(&single).bounds;
    assert_eq!((bounds.incoming_s, bounds.failback_s, bounds.all_silent_s), (None, None, 32.0));
    // A name with two addresses is a backup.
    let two = check(1, &settings(&single), &[Server::Server1, Server::Server1]);
    assert_eq!((two.hops, two.bounds.incoming_s), (2, Some(33.5)));
}

#[test]
fn keep_alives_that_no_nat_waits_for_are_pointed_out() {
    assert_eq!(
        about(&[("SIP1 UDPUpdate TTL", "30")], "SIP1 UDPUpdate TTL").matches(';').count(),
        1
    );
    let note = about(&[("SIP1 UDPUpdate TTL", "60")], "SIP1 UDPUpdate TTL");
    assert!(note.contains("forgets the phone after 30 s, before the 60 s are over"), "{note}");
    let warned = warnings(&[("SIP1 UDPUpdate TTL", "600")]);
    assert!(warned[0].starts_with("a packet every 10 min keeps no NAT open"), "{warned:?}");
}

/// The document's signal failback costs its user a wait with each call (failover design §2).
#[test]
fn signal_failback_names_what_each_call_pays() {
    let signal = [("SIP1 Signal Failback", "1")];
    assert!(warnings(&signal)[0].contains("first waits 3.5 s there: `SIP1 Signal Failback Hold`"));
    let held = [("SIP1 Signal Failback", "1"), ("SIP1 Signal Failback Hold", "300")];
    assert_eq!(warnings(&held), Vec::<String>::new());
    let note = about(&held, "SIP1 Signal Failback");
    assert!(note.contains("one call, hang-up or refresh in 5 min"), "{note}");
}

#[test]
fn with_no_failback_the_line_is_said_to_stay() {
    let warned = warnings(&[("SIP1 Enable Failback", "0")]);
    assert!(warned[0].starts_with("no failback is on"), "{warned:?}");
}

#[test]
fn intervals_that_fight_each_other_are_named() {
    let overlap = warnings(&[("SIP1 UDPUpdate TTL", "2")]);
    assert!(overlap[0].starts_with("a keep-alive is due every 2 s, but each waits 3.5 s"));
    let brief = warnings(&[("SIP1 Register TTL", "60"), ("SIP1 Backup TTL", "60")]);
    assert!(
        brief[0].starts_with("a registration of 60 s is refreshed after 30 s, and a refresh may"),
        "{brief:?}"
    );
    let flapping = [("SIP1 Failback Interval", "60"), ("SIP1 Flap Damping", "0")];
    assert!(warnings(&flapping)[0].contains("takes the line with it every 60 s"));
    let hasty = warnings(&[("SIP1 Failback Interval", "3")]);
    assert!(hasty[0].contains("probed without a pause"), "{hasty:?}");
}

/// Requirement A2; failover design §8: a set-up is bounded, and counts at each further dead server.
#[test]
fn over_connections_their_set_up_is_counted_and_no_nat_is_feared() {
    let tcp = [("SIP1 Transport", "1"), ("SIP1 Backup Transport", "3")];
    let check = report(&tcp);
    assert!(check.findings.iter().all(|f| f.level == Level::Note), "{:?}", check.findings);
    let Bounds { incoming_s, register_s, invite_s, all_silent_s, recovery_s, .. } = check.bounds;
    assert_eq!(incoming_s, Some(33.5), "the connection to the one that dies is there");
    assert_eq!((register_s, invite_s, all_silent_s), (7.5, 7.5, 7.5 + 36.0));
    assert_eq!(recovery_s, 7.5 + 36.0 + 300.0 + 7.5);
    let set_up = about(&tcp, "SIP1 Connect Timeout");
    assert!(
        set_up.contains("within 4 s is left then") && set_up.contains("3.5 s more"),
        "{set_up}"
    );
    assert!(about(&tcp, "SIP1 Signal Retry Counts").contains("goes on after up to 7.5 s"));
    let slow = [&tcp[..], &[("SIP1 UDPUpdate TTL", "600")]].concat();
    assert_eq!(warnings(&slow), Vec::<String>::new(), "the two minutes are those of UDP");
    assert_eq!(about(&[], "SIP1 Connect Timeout"), "", "not over UDP");
}

/// Failover design §6: CRLF pings are answered over connections.
#[test]
fn crlf_alone_finds_a_silent_server_over_connections() {
    let pings =
        [("SIP1 Transport", "1"), ("SIP1 Backup Transport", "1"), ("SIP1 NAT UDPUpdate", "1")];
    assert_eq!(warnings(&pings), Vec::<String>::new());
    let note = about(&pings, "SIP1 NAT UDPUpdate");
    assert!(note.contains("after at most 40 s if it has answered a CRLF ping"), "{note}");
    assert!(note.contains("for up to 59 min"), "{note}");
    assert_eq!(report(&pings).bounds.incoming_s, Some(40.0));
    let half = [pings[0], pings[2]];
    assert!(warnings(&half)[0].contains("which nobody answers over UDP"), "one server is on UDP");
}

/// Requirement F5.
#[test]
fn a_name_is_said_to_make_no_failover_wait_for_dns() {
    let named = [("SIP1 Register Addr", "example.test")];
    let note = about(&named, "SIP1 Register Addr");
    assert!(note.starts_with("example.test is a name: no failover waits for DNS"), "{note}");
    assert!(note.contains("1 s later after a start") && note.contains("at most 60 s"), "{note}");
    assert_eq!(about(&[], "SIP1 Register Addr"), "", "an address needs none");
}

/// Failover design §8: five transmissions take longer for an INVITE.
#[test]
fn retry_counts_that_cost_a_caller_or_a_server_are_named() {
    let many = [("SIP1 Signal Retry Counts", "5")];
    assert!(warnings(&many)[0].contains("hears nothing for 15.5 s"));
    let note = about(&many, "SIP1 Signal Retry Counts");
    let said = "a dialled call goes on after 15.5 s, a hang-up or a REGISTER after 11.5 s";
    assert!(note.contains(said), "{note}");
    let once = warnings(&[("SIP1 Signal Retry Counts", "1")]);
    assert!(once[0].starts_with("with one transmission a single lost packet"), "{once:?}");
}

#[test]
fn what_else_a_setting_means_is_said_where_it_is_not_the_default() {
    for (item, value, words) in [
        ("SIP1 Enable Reg", "0", "the line does not register"),
        ("SIP1 Refuse Unknown", "0", "can ring it"),
        ("SIP1 Start Spread", "90", "may stay unregistered for 90 s"),
        ("SIP1 Backoff Cap", "600", "later after at most 10 min"),
        ("SIP1 Backoff Cap", "300", "registered there after at most 5 min 39 s"),
        ("SIP1 Watch Backups", "0", "not known before it is needed"),
        ("SIP1 Register Both", "1", "calls come through a second server as well"),
        ("SIP1 Register Both", "1", "found out by its refresh, after at most 59 min 26 s"),
        ("SIP1 Watch Backups", "1", "is asked about every 30 s"),
        ("SIP1 Watch Backups", "1", "is dead is known after at most 33.5 s"),
    ] {
        let text = about(&[(item, value)], item);
        assert!(text.contains(words), "{item}: {text}");
    }
    let three = [Server::Server1, Server::Server1, Server::Server2];
    let known = check(1, &settings(&[("SIP1 Dead Hop Last", "0")]), &three);
    assert!(known.findings.iter().any(|f| f.text.contains("keeps its place")), "{known:?}");
}
