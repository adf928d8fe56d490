//! Requests that are too large for a datagram (RFC 3261 §18.1.1; failover design §1).

use phone::input::{LineHop, Undeliverable};
use phone::settings::{KeepAlive, LineSettings};
use sip_core::message::{HeaderName, Method};
use sip_core::transport::Hop;

use crate::rig::{Mode, Rig, hop, p1};

fn t1() -> Hop {
    hop("tcp:10.0.0.1:5060")
}

fn long_name(line: &mut LineSettings) {
    line.display_name = "A".repeat(900);
}

/// RFC 3261 §18.1.1: "within 200 bytes of the path MTU, or larger than 1300 bytes".
#[test]
fn a_large_request_goes_over_tcp_and_back_to_udp_where_that_is_refused() {
    let mut rig = Rig::registered_with(long_name);
    rig.dial();
    assert_eq!(rig.connected(), [(0, t1())], "over TCP at first");
    let invite = rig.last(Method::Invite);
    assert_eq!(invite.to, p1());
    assert!(invite.bytes.len() > 1_300);
    assert!(invite.header(HeaderName::Via).starts_with("SIP/2.0/UDP"));
    assert_eq!(rig.account().hop, Some(p1()), "no evidence against the server");
    rig.dial();
    assert_eq!(rig.connected().len(), 1, "a refusal is remembered for a while");
}

#[test]
fn a_large_request_stays_on_tcp_where_the_server_takes_it() {
    let mut rig = Rig::registered_with(|line| {
        long_name(line);
        line.keep_alive = KeepAlive::Off;
        line.policy_mut().keep_alive = None;
    });
    // The REGISTER was refused over TCP, which is forgotten after five minutes.
    rig.advance(301_000);
    let mut hops = rig.hops.clone();
    hops.push(LineHop { hop: t1(), ..hops[0].clone() });
    rig.modes.push(Mode::Frozen);
    // Known to the rig only: the line has its two UDP hops.
    rig.hops = hops;
    rig.dial();
    let invite = rig.last(Method::Invite);
    assert_eq!(invite.to, t1());
    assert!(invite.header(HeaderName::Via).starts_with("SIP/2.0/TCP"));
    assert_eq!(rig.log(Method::Invite).len(), 1);
}

/// Failover design §1: "ICMP fragmentation needed: repeated over TCP here".
#[test]
fn a_request_too_large_for_the_way_is_repeated_over_tcp() {
    let mut rig = Rig::registered();
    rig.modes[0] = Mode::Silent;
    rig.dial();
    let invite = rig.last(Method::Invite);
    rig.connects.clear();
    rig.undeliverable(&invite, Undeliverable::TooBig);
    assert_eq!(rig.connected(), [(0, t1())]);
    let back = rig.last(Method::Invite);
    assert_eq!(back.to, p1(), "nobody takes connections there: UDP after all");
    assert_ne!(back.branch(), invite.branch());
    assert_eq!(back.cseq(), invite.cseq());
}
