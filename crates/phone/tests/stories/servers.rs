//! What differs from hop to hop, and what does not (failover design §1, §3).
//!
//! Two proxies share a domain; two SIP Servers have each their own. A Route of our own is only
//! there where a setting asks for it.

use std::time::Duration;

use phone::input::{Command, Undeliverable};
use phone::settings::{Registrar, ServerRole};
use sip_core::message::{HeaderName, Method};

use crate::rig::{LOCAL, Mode, Rig, Sent, line_settings, p1, p2};

fn two_servers() -> Rig {
    let mut line = line_settings();
    let server = |host: &str, seconds| Registrar {
        host: host.parse().unwrap(),
        port: None,
        expiry: Duration::from_secs(seconds),
    };
    line.server1 = server("one.test", 3600);
    line.server2 = Some(server("two.test", 600));
    let hops =
        [("udp:10.0.0.1:5060", ServerRole::Server1), ("udp:10.0.0.2:5060", ServerRole::Server2)];
    Rig::with_hops(line, &hops)
}

/// Failover design §3: the registrar's domain and expiry are that server's; the Call-ID stays.
#[test]
fn a_register_at_sip_server_2_names_its_domain_and_asks_for_its_expiry() {
    let mut rig = two_servers();
    rig.modes[0] = Mode::Dead;
    rig.plug_in();
    let sent: Vec<_> = rig.sent.iter().filter(|sent| sent.is(Method::Register)).collect();
    let (first, second) = (sent[0], sent[1]);
    assert_eq!(first.request().uri.to_string(), "sip:one.test");
    assert_eq!(second.request().uri.to_string(), "sip:two.test");
    for name in [HeaderName::From, HeaderName::To] {
        assert!(first.header(name.clone()).contains("1001@one.test"));
        assert!(second.header(name).contains("1001@two.test"));
    }
    assert_eq!(first.header(HeaderName::CallId), second.header(HeaderName::CallId));
    assert!(second.header(HeaderName::Contact).contains("expires=600"));
}

/// Failover design §3: a number takes each server's domain; an address that was written stays.
#[test]
fn a_number_is_dialled_in_the_domain_of_the_server_that_is_tried() {
    for (dialled, at_first, at_second) in [
        ("1002", "sip:1002@one.test", "sip:1002@two.test"),
        ("sip:bob@else.test", "sip:bob@else.test", "sip:bob@else.test"),
    ] {
        let mut rig = two_servers();
        rig.plug_in();
        rig.modes[0] = Mode::Dead;
        rig.command(Command::Dial { line: None, target: dialled.to_owned() }).unwrap();
        let sent: Vec<_> = rig.sent.iter().filter(|sent| sent.is(Method::Invite)).collect();
        assert_eq!(sent[0].request().uri.to_string(), at_first);
        assert_eq!(sent[1].request().uri.to_string(), at_second);
        assert_eq!(sent[0].header(HeaderName::From), sent[1].header(HeaderName::From));
        assert_eq!(sent[0].header(HeaderName::To), sent[1].header(HeaderName::To));
    }
}

/// Failover design §3: "if on, it names the hop being tried".
#[test]
fn a_route_of_our_own_names_the_proxy_that_is_tried() {
    let mut rig = Rig::registered_with(|line| line.preloaded_route = true);
    rig.modes[0] = Mode::Dead;
    rig.dial();
    let sent: Vec<_> = rig.sent.iter().filter(|sent| sent.is(Method::Invite)).collect();
    assert_eq!(sent[0].header(HeaderName::Route), "<sip:10.0.0.1:5060;lr>");
    assert_eq!(sent[1].header(HeaderName::Route), "<sip:10.0.0.2:5060;lr>");
}

/// Failover design §1, last row: our own network's fault is nobody's, and the request goes on.
#[test]
fn a_local_outage_moves_a_call_and_blames_no_hop() {
    let mut rig = Rig::registered();
    rig.dial();
    let first = rig.last(Method::Invite);
    rig.undeliverable(&first, Undeliverable::Local);
    let last = rig.last(Method::Invite);
    assert_eq!((first.to, last.to), (p1(), p2()));
    assert!(rig.account().hops.iter().all(|hop| hop.cause.is_none()), "{:?}", rig.account());
    assert_eq!(rig.account().hop, Some(p1()));
}

/// Failover design §3: "Via names the local address towards that hop", and the Contact has the same user
/// with our host and port there: at a backup behind another interface nobody would reach us by the
/// address of the first.
#[test]
fn each_hop_reads_our_address_towards_it_in_via_and_contact() {
    let mut rig = Rig::new(|_| {});
    let there = "192.168.1.9:5062";
    rig.hops[1].local = there.parse().unwrap();
    rig.plug_in();
    let reads = |sent: &Sent, address: &str| {
        let (via, contact) = (sent.header(HeaderName::Via), sent.header(HeaderName::Contact));
        assert!(via.starts_with(&format!("SIP/2.0/UDP {address};")), "{via}");
        assert!(contact.starts_with(&format!("<sip:1001@{address}>")), "{contact}");
    };
    let register = rig.last(Method::Register);
    assert_eq!(register.to, p1());
    reads(&register, LOCAL);
    let id = rig.call_up();
    rig.modes[0] = Mode::Dead;
    rig.command(Command::Hold(id)).unwrap();
    let hold = rig.last(Method::Invite);
    assert_eq!(hold.to, p2());
    reads(&hold, there);
    let register = rig.last(Method::Register);
    assert_eq!(register.to, p2());
    reads(&register, there);
    rig.command(Command::HangUp(None)).unwrap();
    let bye = rig.last(Method::Bye);
    assert_eq!(bye.to, p2());
    assert!(bye.header(HeaderName::Via).contains(there));
    rig.answer(&bye, 200);
    rig.dial();
    let invite = rig.last(Method::Invite);
    assert_eq!(invite.to, p2());
    reads(&invite, there);
}
