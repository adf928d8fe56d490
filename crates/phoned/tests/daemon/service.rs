//! The service itself on the wire: registering, moving on, surviving, leaving.

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use control::AccountState;

use crate::daemon::{Daemon, NEVER, command, line};
use crate::registrar::Registrar;

#[test]
fn it_registers_answers_a_challenge_and_shows_it() {
    let registrar = Registrar::open("127.0.0.1:0");
    let mut daemon = Daemon::start(&line(registrar.address()));
    let first = registrar.expect("REGISTER");
    assert_eq!(first.header("Authorization"), None, "nobody asked for credentials yet");
    let challenge = r#"Digest realm="test", nonce="abc", qop="auth", algorithm=MD5"#;
    registrar.answer(&first, "401 Unauthorized", &[("WWW-Authenticate", challenge)]);
    let second = registrar.grant();
    assert!(second.header("Authorization").unwrap().contains(r#"username="1001""#));
    daemon.says("state=registered");
    let account = daemon.client().account();
    assert_eq!(account.state, AccountState::Registered);
    assert_eq!(account.hop, Some(format!("udp:{}", registrar.address())));
    assert!(account.on_primary);
    assert!((3590..=3600).contains(&account.expires_in_s.unwrap()));
}

#[test]
fn sigterm_unregisters_and_ends_with_success() {
    let registrar = Registrar::open("127.0.0.1:0");
    let mut daemon = Daemon::start(&line(registrar.address()));
    registrar.grant();
    daemon.says("state=registered");
    daemon.signal("TERM");
    let last = registrar.grant();
    let contact = last.header("Contact").unwrap();
    let zero = contact.contains("expires=0") || last.header("Expires") == Some("0");
    assert!(zero && contact != "*", "{}", last.text);
    let (status, took) = daemon.ends();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn sigterm_ends_in_time_though_the_server_is_silent() {
    let registrar = Registrar::open("127.0.0.1:0");
    let mut daemon = Daemon::start(&line(registrar.address()));
    registrar.grant();
    daemon.says("state=registered");
    daemon.signal("TERM");
    let (status, took) = daemon.ends();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// Requirement F2: a closed port costs a round trip, not 3.5 s.
#[test]
fn a_closed_port_at_the_primary_costs_a_round_trip() {
    let dead = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let backup = Registrar::open("127.0.0.1:0");
    let port = backup.address().port().to_string();
    let mut items = line(dead);
    items.push(("SIP1 Backup Addr".into(), "127.0.0.1".into()));
    items.push(("SIP1 Backup Port".into(), port));
    let mut daemon = Daemon::start(&items);
    backup.grant();
    let said = daemon.says("failover");
    assert!(said.contains("icmp port unreachable"), "{said}");
    daemon.says("state=registered");
    let account = daemon.client().account();
    assert!(!account.on_primary);
    assert_eq!(account.hops[0].cause.as_deref(), Some("icmp port unreachable"));
}

#[test]
fn garbage_gets_no_answer_and_does_no_harm() {
    let registrar = Registrar::open("127.0.0.1:0");
    let mut daemon = Daemon::start(&line(registrar.address()));
    let phone = registrar.grant().from;
    daemon.says("state=registered");
    let junk: [&[u8]; 5] = [
        b"",
        b"\0\0\0\0",
        b"\r\n\r\n",
        &[b'A'; 60_000],
        b"INVITE sip:x SIP/2.0\r\nVia: ;;;\r\n\r\n",
    ];
    for bytes in junk {
        registrar.send(bytes, phone);
    }
    // The first thing that comes back is the answer to a request.
    registrar.is_answered_at(phone);
}

/// SIGKILL at any instant loses no configuration; the next start registers within a second.
#[test]
fn after_sigkill_it_comes_back_with_its_configuration() {
    let registrar = Registrar::open("127.0.0.1:0");
    let mut daemon = Daemon::start(&line(registrar.address()));
    registrar.grant();
    daemon.client().set(&[("SIP1 Display Name", "Kept")]).unwrap();
    daemon.signal("KILL");
    daemon.ends();
    registrar.drain();
    let folder = std::mem::replace(&mut daemon.folder, tempfile::tempdir().unwrap());
    let begun = Instant::now();
    let mut again = Daemon::start_in(folder, &[]);
    assert!(registrar.grant().header("From").unwrap().contains("Kept"));
    again.says("state=registered");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

/// Idle with one registered line: under 10 MB resident.
#[test]
fn an_idle_phone_is_small() {
    let registrar = Registrar::open("127.0.0.1:0");
    let mut daemon = Daemon::start(&line(registrar.address()));
    registrar.grant();
    daemon.says("state=registered");
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    let kib: u64 = resident.split_whitespace().nth(1).unwrap().parse().unwrap();
    // A debug build is larger than what is shipped.
    assert!(kib < 24 * 1024, "{resident}");
}

/// Requirement F11: systemd hears `ready`, then that it lives, and nothing from a daemon that stands
/// still.
#[test]
fn the_service_manager_hears_that_it_is_ready_and_lives() {
    let folder = tempfile::tempdir().unwrap();
    let manager = UnixDatagram::bind(folder.path().join("notify")).unwrap();
    let mut command = command(&folder, &[]);
    command.env("NOTIFY_SOCKET", folder.path().join("notify"));
    command.env("WATCHDOG_USEC", "600000");
    let mut daemon = Daemon::spawn(folder, command);
    let hear = |patience: Duration| {
        let mut buffer = [0; 256];
        manager.set_read_timeout(Some(patience)).unwrap();
        manager.recv(&mut buffer).ok().map(|n| String::from_utf8_lossy(&buffer[..n]).into_owned())
    };
    let mut heard: Vec<_> = (0..4).filter_map(|_| hear(NEVER)).collect();
    heard.iter_mut().for_each(|said| said.truncate(said.trim_end().len()));
    assert!(heard.contains(&"READY=1".to_owned()), "{heard:?}");
    assert_eq!(heard.iter().filter(|said| *said == "WATCHDOG=1").count(), 3, "{heard:?}");
    daemon.signal("STOP");
    while hear(Duration::from_millis(100)).is_some() {}
    assert_eq!(hear(Duration::from_millis(700)), None, "it stands still");
    daemon.signal("CONT");
    assert!(hear(NEVER).is_some_and(|said| said.contains("WATCHDOG=1")));
    daemon.signal("TERM");
    while let Some(said) = hear(Duration::from_millis(700)) {
        heard.push(said.trim_end().to_owned());
    }
    assert!(heard.contains(&"STOPPING=1".to_owned()), "{heard:?}");
    assert_eq!(daemon.ends().0.code(), Some(0));
}
