//! What a phone may rely on when it speaks TCP to a scripted proxy.

use super::*;
use crate::plan::TcpStyle;
use location::Wish;
use sip_core::message::read_datagram;

fn phone(n: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 1, n], port))
}

/// One proxy, p1, which two phones have connections with; 1002 is registered over TCP.
struct Bench {
    proxy: Proxy,
    table: Location,
    now: Instant,
    caller: Pair,
    callee: Pair,
}

impl Bench {
    fn new(reuses: bool, presence: Presence) -> Self {
        let style = ProxyStyle {
            count: 2,
            presence,
            aliases: false,
            challenge_register: false,
            challenge_calls: false,
            answers_options: true,
            patience: Duration::from_secs(5),
            nonce_life: Duration::from_secs(300),
            tcp: TcpStyle { listens: true, reuses, answers_pings: true },
        };
        let now = Instant::now();
        let mut proxy = Proxy::new(0, &style);
        let me = proxy.identity().addr;
        let (caller, callee) = (
            Pair { local: me, remote: phone(1, 5060) },
            // Its own port was taken.
            Pair { local: me, remote: phone(2, 50_000) },
        );
        proxy.handle_accepted(caller);
        proxy.handle_accepted(callee);
        let mut table = Location::default();
        let wish = Wish {
            contact: "<sip:1002@10.0.1.2:5060;transport=tcp>".to_owned(),
            hop: "tcp:10.0.1.2:5060".parse().unwrap(),
            expires_at: Some(now + Duration::from_secs(600)),
            call_id: "r".to_owned(),
            cseq: 1,
        };
        assert!(table.register("1002", wish, now));
        Self { proxy, table, now, caller, callee }
    }

    fn takes(&mut self, pair: Pair, text: &str) -> Vec<String> {
        let text = text.replace('\n', "\r\n") + "\r\nContent-Length: 0\r\n\r\n";
        self.proxy.handle_octets(pair, text.as_bytes(), &mut self.table, self.now);
        self.out()
    }

    /// What the proxy does, as (what, over which connection, start line).
    fn out(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.proxy.poll_output())
            .map(|action| match action {
                Action::Datagram(to, _) => format!("datagram to {to}"),
                Action::Connect(pair) => format!("connect to {}", pair.remote),
                Action::Close(pair) => format!("close {}", pair.remote),
                Action::Write(pair, bytes) => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    format!("{}: {}", pair.remote, text.lines().next().unwrap_or_default())
                }
            })
            .collect()
    }

    fn waits(&mut self, seconds: u64) -> Vec<String> {
        let until = self.now + Duration::from_secs(seconds);
        while let Some((at, _)) = self.proxy.poll_timeout().filter(|(at, _)| *at <= until) {
            self.now = at;
            self.proxy.handle_timeout(at);
        }
        self.now = until;
        self.out()
    }
}

fn invite() -> String {
    "INVITE sip:1002@sim.test SIP/2.0\nVia: SIP/2.0/TCP 10.0.1.1:5060;branch=z9hG4bK1\nMax-Forwards: 70\nFrom: <sip:1001@sim.test>;tag=a\nTo: <sip:1002@sim.test>\nCall-ID: c\nCSeq: 1 INVITE\nContact: <sip:1001@10.0.1.1:5060;transport=tcp>"
        .to_owned()
}

const TRYING: &str = "10.0.1.1:5060: SIP/2.0 100 Trying";

/// RFC 5923: a connection with the host will do.
#[test]
fn a_call_goes_over_the_connection_that_the_callee_has_opened() {
    let mut bench = Bench::new(true, Presence::ByAddress);
    let out = bench.takes(bench.caller, &invite());
    let to_callee = "10.0.1.2:50000: INVITE sip:1002@10.0.1.2:5060;transport=tcp SIP/2.0";
    assert_eq!(out, [TRYING, to_callee]);
    assert_eq!(bench.waits(4), [""; 0], "nothing is sent twice over a connection");
    assert_eq!(bench.waits(2), ["10.0.1.1:5060: SIP/2.0 408 Request Timeout"]);
    assert_eq!(bench.waits(40), [""; 0], "and neither is the answer");
}

#[test]
fn a_proxy_that_reuses_none_opens_a_connection_to_the_contact() {
    let mut bench = Bench::new(false, Presence::ByAddress);
    let out = bench.takes(bench.caller, &invite());
    let to_callee = "10.0.1.2:5060: INVITE sip:1002@10.0.1.2:5060;transport=tcp SIP/2.0";
    assert_eq!(out, [TRYING, "connect to 10.0.1.2:5060", to_callee]);
}

#[test]
fn what_a_broken_connection_has_not_brought_an_answer_to_goes_out_once_more() {
    let mut bench = Bench::new(true, Presence::ByAddress);
    bench.takes(bench.caller, &invite());
    bench.proxy.handle_over(bench.callee);
    let again = "10.0.1.2:5060: INVITE sip:1002@10.0.1.2:5060;transport=tcp SIP/2.0";
    assert_eq!(bench.out(), ["connect to 10.0.1.2:5060", again]);
    bench.proxy.handle_over(bench.callee);
    assert_eq!(bench.out(), [""; 0]);
}

/// RFC 3261 §18.2.2.
#[test]
fn an_answer_whose_connection_is_gone_opens_one_to_the_port_of_sent_by() {
    let mut bench = Bench::new(true, Presence::ByAddress);
    bench.takes(bench.caller, &invite());
    bench.proxy.handle_over(bench.caller);
    assert_eq!(
        bench.waits(6),
        ["connect to 10.0.1.1:5060", "10.0.1.1:5060: SIP/2.0 408 Request Timeout"]
    );
}

/// RFC 5626 §4.4.1.
#[test]
fn a_ping_is_answered_and_a_stream_that_cannot_be_read_is_closed() {
    let mut bench = Bench::new(true, Presence::ByAddress);
    bench.proxy.handle_octets(bench.caller, b"\r\n\r\n", &mut bench.table, bench.now);
    assert_eq!(bench.out(), ["10.0.1.1:5060: "]);
    let text = b"OPTIONS sip:sim.test SIP/2.0\r\n\r\n";
    bench.proxy.handle_octets(bench.caller, text, &mut bench.table, bench.now);
    assert_eq!(bench.out(), ["close 10.0.1.1:5060"]);
}

/// RFC 5658 §3.1: one entry for each side.
#[test]
fn a_proxy_between_two_transports_writes_itself_in_for_both() {
    let entries = |from, to, presence| {
        let request = format!("{}\n\n", invite()).replace('\n', "\r\n");
        let Ok(Message::Request(mut request)) = read_datagram(request.as_bytes()) else {
            panic!("an INVITE")
        };
        routing::stay_in(&mut request.headers, presence, &Identity::of(0), from, to);
        let entries = request.headers.all(&HeaderName::RecordRoute);
        entries.map(str::to_owned).collect::<Vec<_>>()
    };
    let (udp, tcp) = (Transport::Udp, Transport::Tcp);
    assert_eq!(entries(udp, udp, Presence::ByAddress), ["<sip:10.0.0.11:5060;lr>"]);
    assert_eq!(entries(tcp, tcp, Presence::ByName), ["<sip:p1.sim.test;transport=tcp;lr>"]);
    assert_eq!(
        entries(udp, tcp, Presence::ByAddress),
        ["<sip:10.0.0.11:5060;transport=tcp;r2=on;lr>", "<sip:10.0.0.11:5060;r2=on;lr>"],
        "the callee's side on top"
    );
}
