//! The control socket: its permissions, its manners with clients, and what changes through it.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use control::{
    CallRequest, ConfigRequest, ContactRequest, DrillRequest, JournalRequest, Payload, Request,
};

use crate::daemon::{Daemon, free_port, line};
use crate::registrar::Registrar;

#[test]
fn owner_and_group_may_use_it_and_it_goes_with_the_daemon() {
    let mut daemon = Daemon::start(&[]);
    let path = daemon.control();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o660);
    daemon.signal("INT");
    assert_eq!(daemon.ends().0.code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn what_is_no_request_is_refused_and_the_connection_goes_on() {
    let daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    for line in [&b"hello\n"[..], b"{\"account\":{\"verb\":\"dance\"}}\n", b"\xff\xfe\n"] {
        client.send(line);
        assert!(client.line().starts_with("{\"error\":"));
    }
    let drill = Request::Drill(DrillRequest::Stop {});
    assert_eq!(client.ask(&drill).unwrap_err().message, "no drill runs");
    let (hop, for_s) = ("second".into(), 60);
    let drill = Request::Drill(DrillRequest::Start { line: 1, hop, for_s });
    assert!(client.ask(&drill).unwrap_err().message.contains("neither primary"));
    let (hop, for_s) = ("primary".into(), 60);
    let drill = Request::Drill(DrillRequest::Start { line: 1, hop, for_s });
    assert_eq!(client.ask(&drill).unwrap_err().message, "line 1 is not configured");
    let journal = Request::Journal(JournalRequest { line: Some(9), since: None });
    assert_eq!(client.ask(&journal).unwrap_err().message, "line 9 is not configured");
    let journal = Request::Journal(JournalRequest { line: None, since: None });
    assert!(matches!(client.ask(&journal), Ok(Payload::Entries(_))));
    assert!(matches!(client.ask(&Request::Status {}), Ok(Payload::Status(_))));
}

#[test]
fn a_line_without_end_ends_the_connection_with_a_reason() {
    let daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    let chunk = vec![b'x'; 1 << 20];
    // It may hang up before everything is written.
    while client.stream.write_all(&chunk).is_ok() {}
    assert!(client.line().contains("control line longer than"));
}

#[test]
fn a_call_that_is_not_there_is_named() {
    let daemon = Daemon::start(&[]);
    let hold = Request::Call(CallRequest::Hold { id: "7".into() });
    assert_eq!(daemon.client().ask(&hold).unwrap_err().message, "there is no call 7");
    let answer = Request::Call(CallRequest::Answer { id: Some(String::new()) });
    assert_eq!(daemon.client().ask(&answer).unwrap_err().message, "there is no call ''");
    let dial = Request::Call(CallRequest::Dial { line: None, target: "1002".into() });
    let problem = daemon.client().ask(&dial).unwrap_err();
    assert!(problem.message.contains("no line is configured"), "{}", problem.message);
}

#[test]
fn a_refused_item_names_item_value_and_range_and_nothing_changes() {
    let daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    let wrong = [("SIP1 Phone Number", "1001"), ("SIP1 Signal Retry Counts", "0")];
    let problem = client.set(&wrong).unwrap_err();
    assert_eq!(problem.place.as_deref(), Some("SIP1 Signal Retry Counts"));
    let message = problem.message;
    assert!(message.contains("`0` is not a whole number from 1 to 10"), "{message}");
    let get = ConfigRequest::Get { items: vec!["sip1  phone number".into()] };
    let Ok(Payload::Items(items)) = client.ask(&Request::Config(get)) else { panic!("no items") };
    assert_eq!(items.value("SIP1 Phone Number"), Some(""));
}

#[test]
fn an_item_that_is_asked_for_in_two_spellings_is_answered_once() {
    let daemon = Daemon::start(&[]);
    let items = ["SIP  Port", "sip port", "SIP1 DNS Mode"].map(str::to_owned).into();
    let get = Request::Config(ConfigRequest::Get { items });
    let Ok(Payload::Items(items)) = daemon.client().ask(&get) else { panic!("no items") };
    let names: Vec<&str> = items.0.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["SIP  Port", "SIP1 DNS Mode"]);
}

/// Requirement D1: takes effect when submitted, with no restart.
#[test]
fn a_change_takes_effect_at_once_and_watchers_are_told() {
    let (old, new) = (Registrar::open("127.0.0.1:0"), Registrar::open("127.0.0.1:0"));
    let daemon = Daemon::start(&line(old.address()));
    old.grant();
    let mut watcher = daemon.client();
    assert!(matches!(watcher.ask(&Request::Watch {}), Ok(Payload::Watching {})));
    let port = new.address().port().to_string();
    let changed = daemon.client().set(&[("SIP1 Register Port", &port)]).unwrap();
    let Payload::Changes(report) = changed else { panic!("no report: {changed:?}") };
    assert_eq!(report.items[0].new, port);
    assert!(new.grant().text.contains("1001"));
    let mut told = watcher.line();
    while !told.contains(r#""event":"config""#) {
        told = watcher.line();
    }
    assert!(told.contains(r#""items":["SIP1 Register Port"]"#), "{told}");
}

#[test]
fn another_sip_port_is_opened_without_a_restart() {
    let registrar = Registrar::open("127.0.0.1:0");
    let mut daemon = Daemon::start(&line(registrar.address()));
    let old = registrar.grant().from;
    let port = free_port();
    daemon.client().set(&[("SIP  Port", &port.to_string())]).unwrap();
    daemon.says("SIP port changed");
    registrar.is_answered_at(([127, 0, 0, 1], port).into());
    assert!(std::net::UdpSocket::bind(("0.0.0.0", old.port())).is_ok(), "the old one is closed");
}

#[test]
fn a_sip_port_that_is_taken_leaves_the_old_one_in_use() {
    let other = Registrar::open("0.0.0.0:0");
    let daemon = Daemon::start(&[]);
    let taken = other.address().port().to_string();
    let Ok(Payload::Changes(report)) = daemon.client().set(&[("SIP  Port", &taken)]) else {
        panic!("refused")
    };
    let kept = format!("port {} stays in use", daemon.port());
    assert!(report.warnings[0].contains(&kept), "{:?}", report.warnings);
}

#[test]
fn a_configuration_goes_out_and_comes_in_again() {
    let registrar = Registrar::open("127.0.0.1:0");
    let daemon = Daemon::start(&line(registrar.address()));
    let export = ConfigRequest::Export { format: control::ExportFormat::Text, with_secrets: false };
    let Ok(Payload::Document(document)) = daemon.client().ask(&Request::Config(export)) else {
        panic!("no document")
    };
    let text = String::from_utf8(document.octets().unwrap()).unwrap();
    assert!(text.contains("SIP1 Phone Number") && !text.contains("secret-1001"), "{text}");
    let import =
        Request::Config(ConfigRequest::Import { document, replace: false, dry_run: false });
    let Ok(Payload::Changes(report)) = daemon.client().ask(&import) else { panic!("refused") };
    assert!(report.items.is_empty(), "the same again changes nothing");
}

/// F7, issue 4: a backup comes whole or not at all.
#[test]
fn a_backup_with_a_broken_phone_book_changes_no_configuration() {
    let daemon = Daemon::start(&[]);
    let mut client = daemon.client();
    client.set(&[("SIP1 Display Name", "before")]).unwrap();
    let add = ContactRequest::Add { name: "Bob".into(), numbers: vec!["1".into()], line: None };
    client.ask(&Request::Contact(add)).unwrap();
    for book in ["Ann,\n", "Ann,call me\n"] {
        let text = format!(
            "<<VOIP CONFIG FILE>>Version:2.0002\n<SIP CONFIG MODULE>\nSIP1 Display Name :after\n\
             ; phone book: name,number\n; phone book: {book}<<END OF FILE>>\n"
        );
        for replace in [false, true] {
            let document = control::Document::from_octets(text.as_bytes()).unwrap();
            let import = ConfigRequest::Import { document, replace, dry_run: false };
            let problem = client.ask(&Request::Config(import)).unwrap_err();
            assert!(problem.message.starts_with("phone book: "), "{problem:?}");
            assert_eq!(problem.place.as_deref(), Some("phone book line 2"));
        }
    }
    let get = ConfigRequest::Get { items: vec!["SIP1 Display Name".into()] };
    let Ok(Payload::Items(items)) = client.ask(&Request::Config(get)) else { panic!("refused") };
    assert_eq!(items.value("SIP1 Display Name"), Some("before"));
    let Ok(Payload::Contacts(book)) = client.ask(&Request::Contact(ContactRequest::List {})) else {
        panic!("refused")
    };
    assert_eq!(book.len(), 1, "{book:?}");
    let revert = Request::Config(ConfigRequest::Revert {});
    assert!(client.ask(&revert).is_err(), "there is nothing to take back");
}

#[test]
fn one_client_too_many_is_told_so_and_the_others_go_on() {
    let daemon = Daemon::start(&[]);
    let mut clients: Vec<_> = (0..32).map(|_| daemon.client()).collect();
    // Each has its place once it has been answered.
    for client in &mut clients {
        client.ask(&Request::Status {}).unwrap();
    }
    assert!(daemon.client().line().contains("all 32 connections are in use"));
    assert!(clients[31].ask(&Request::Status {}).is_ok());
}
