//! What a phone may rely on when it talks to a scripted proxy: situations as dialogues, each line
//! a datagram in and what comes out.

use super::*;
use crate::plan::TcpStyle;
use sip_core::message::{Response, read_datagram};

fn start() -> Instant {
    Instant::now()
}

fn phone(n: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 1, n], 5060))
}

fn style(presence: Presence) -> ProxyStyle {
    ProxyStyle {
        count: 2,
        presence,
        aliases: false,
        challenge_register: false,
        challenge_calls: false,
        answers_options: true,
        patience: Duration::from_secs(5),
        nonce_life: Duration::from_secs(300),
        tcp: TcpStyle { listens: true, reuses: true, answers_pings: true },
    }
}

/// One proxy, p1, with 1002 registered at phone 2.
struct Bench {
    proxy: Proxy,
    table: Location,
    now: Instant,
}

impl Bench {
    fn new(style: &ProxyStyle) -> Self {
        let mut bench =
            Self { proxy: Proxy::new(0, style), table: Location::default(), now: start() };
        let wish = Wish {
            contact: "sip:1002@10.0.1.2:5060".to_owned(),
            hop: Hop::udp(phone(2)),
            expires_at: Some(bench.now + Duration::from_secs(600)),
            call_id: "r".to_owned(),
            cseq: 1,
        };
        assert!(bench.table.register("1002", wish, bench.now));
        bench
    }

    /// Hands in a datagram and gives back what goes out, as (to, start line, message).
    fn takes(&mut self, from: SocketAddr, text: &str) -> Vec<(SocketAddr, Message)> {
        let text = text.replace('\n', "\r\n") + "\r\n\r\n";
        self.proxy.handle_datagram(from, text.into_bytes().into(), &mut self.table, self.now);
        self.out()
    }

    fn waits(&mut self, millis: u64) -> Vec<(SocketAddr, Message)> {
        let until = self.now + Duration::from_millis(millis);
        while let Some((at, _)) = self.proxy.poll_timeout().filter(|(at, _)| *at <= until) {
            self.now = at;
            self.proxy.handle_timeout(at);
        }
        self.now = until;
        self.out()
    }

    fn out(&mut self) -> Vec<(SocketAddr, Message)> {
        std::iter::from_fn(|| self.proxy.poll_output())
            .map(|action| match action {
                Action::Datagram(to, bytes) => (to, read_datagram(&bytes).unwrap()),
                Action::Connect(_) | Action::Write(..) | Action::Close(_) => panic!("{action:?}"),
            })
            .collect()
    }

    /// Answers a request that the proxy sent on.
    fn answers(&mut self, request: &Message, code: u16) -> Vec<(SocketAddr, Message)> {
        let Message::Request(request) = request else { panic!("a request was expected") };
        let response = edit::answer(request, code, "callee", &[("Contact", "<sip:1002@10.0.1.2>")]);
        self.proxy.handle_datagram(phone(2), response.to_bytes().into(), &mut self.table, self.now);
        self.out()
    }
}

fn invite(branch: &str) -> String {
    request("INVITE", "sip:1002@sim.test", branch, "<sip:1002@sim.test>", "")
}

fn request(method: &str, uri: &str, branch: &str, to: &str, more: &str) -> String {
    format!(
        "{method} {uri} SIP/2.0\nVia: SIP/2.0/UDP 10.0.1.1:5060;branch=z9hG4bK{branch};rport\nMax-Forwards: 70\nFrom: <sip:1001@sim.test>;tag=a\nTo: {to}\nCall-ID: c\nCSeq: 1 {method}\nContact: <sip:1001@10.0.1.1:5060>{more}"
    )
}

fn seen(out: &[(SocketAddr, Message)]) -> Vec<String> {
    let name = |addr: &SocketAddr| match addr.ip().to_string().strip_prefix("10.0.1.") {
        Some(n) => format!("phone{n}"),
        None => addr.ip().to_string(),
    };
    out.iter()
        .map(|(to, message)| match message {
            Message::Request(r) => format!("{} {} {}", name(to), r.method, r.uri),
            Message::Response(r) => format!("{} {}", name(to), r.code),
        })
        .collect()
}

fn response(message: &Message) -> &Response {
    match message {
        Message::Response(response) => response,
        Message::Request(_) => panic!("a response was expected"),
    }
}

#[test]
fn a_register_is_challenged_with_a_nonce_that_names_the_proxy() {
    let mut bench =
        Bench::new(&ProxyStyle { challenge_register: true, ..style(Presence::ByAddress) });
    let out =
        bench.takes(phone(1), &request("REGISTER", "sim.test", "1", "<sip:1001@sim.test>", ""));
    assert_eq!(out.len(), 0, "a Request-URI without a scheme cannot be read");
    let register = request("REGISTER", "sip:sim.test", "2", "<sip:1001@sim.test>", "");
    let out = bench.takes(phone(1), &register);
    assert_eq!(seen(&out), ["phone1 401"]);
    let challenge = response(&out[0].1).headers.get(&HeaderName::WwwAuthenticate).unwrap();
    assert!(challenge.contains("nonce=\"p1-1\""), "{challenge}");
    assert!(bench.table.lookup("1001", bench.now).is_empty());
}

#[test]
fn a_register_without_challenge_binds_the_contact_for_what_it_asks() {
    let mut bench = Bench::new(&style(Presence::ByAddress));
    let register = request("REGISTER", "sip:sim.test", "1", "<sip:1001@sim.test>", "\nExpires: 90");
    let out = bench.takes(phone(1), &register);
    assert_eq!(seen(&out), ["phone1 200"]);
    let contact = response(&out[0].1).headers.get(&HeaderName::Contact).unwrap();
    assert_eq!(contact, "<sip:1001@10.0.1.1:5060>;expires=90");
    let again = register.replace("z9hG4bK1", "z9hG4bK2");
    assert_eq!(seen(&bench.takes(phone(1), &again)), ["phone1 400"], "the CSeq did not rise");
}

#[test]
fn a_call_goes_to_the_contact_and_its_answers_come_back() {
    let mut bench = Bench::new(&style(Presence::ByAddress));
    let out = bench.takes(phone(1), &invite("1"));
    assert_eq!(seen(&out), ["phone1 100", "phone2 INVITE sip:1002@10.0.1.2:5060"]);
    let forwarded = out[1].1.clone();
    assert_eq!(forwarded.headers().get(&HeaderName::RecordRoute), Some("<sip:10.0.0.11:5060;lr>"));
    assert_eq!(forwarded.headers().vias().unwrap().len(), 2);
    assert_eq!(seen(&bench.takes(phone(1), &invite("1"))), ["phone1 100"], "absorbed");
    assert_eq!(seen(&bench.answers(&forwarded, 180)), ["phone1 180"]);
    let up = bench.answers(&forwarded, 200);
    assert_eq!(seen(&up), ["phone1 200"]);
    assert_eq!(up[0].1.headers().vias().unwrap().len(), 1);
    assert_eq!(seen(&bench.answers(&forwarded, 200)), ["phone1 200"], "every 2xx passes");
}

#[test]
fn a_refusal_is_acknowledged_below_and_repeated_above_until_acknowledged() {
    let mut bench = Bench::new(&style(Presence::ByAddress));
    let forwarded = bench.takes(phone(1), &invite("1")).remove(1).1;
    let out = bench.answers(&forwarded, 486);
    assert_eq!(seen(&out), ["phone2 ACK sip:1002@10.0.1.2:5060", "phone1 486"]);
    assert_eq!(seen(&bench.waits(1_600)), ["phone1 486", "phone1 486"]);
    let ack = request("ACK", "sip:1002@sim.test", "1", "<sip:1002@sim.test>;tag=callee", "");
    assert_eq!(seen(&bench.takes(phone(1), &ack)), Vec::<String>::new());
    assert_eq!(seen(&bench.waits(20_000)), Vec::<String>::new());
}

#[test]
fn a_silent_callee_is_asked_again_and_then_reported_with_408() {
    let mut bench = Bench::new(&style(Presence::ByAddress));
    bench.takes(phone(1), &invite("1"));
    let out = seen(&bench.waits(5_000));
    let again = "phone2 INVITE sip:1002@10.0.1.2:5060";
    assert_eq!(out, [again, again, again, "phone1 408"]);
}

#[test]
fn a_cancel_waits_for_a_sign_of_life_and_then_follows_the_invite() {
    let mut bench = Bench::new(&style(Presence::ByAddress));
    let forwarded = bench.takes(phone(1), &invite("1")).remove(1).1;
    let cancel = request("CANCEL", "sip:1002@sim.test", "1", "<sip:1002@sim.test>", "");
    assert_eq!(seen(&bench.takes(phone(1), &cancel)), ["phone1 200"]);
    let out = bench.answers(&forwarded, 180);
    assert_eq!(seen(&out), ["phone2 CANCEL sip:1002@10.0.1.2:5060", "phone1 180"]);
    assert_eq!(
        out[0].1.headers().via().unwrap().branch(),
        forwarded.headers().via().unwrap().branch()
    );
    let out = bench.answers(&forwarded, 487);
    assert_eq!(seen(&out), ["phone2 ACK sip:1002@10.0.1.2:5060", "phone1 487"]);
    let unknown = request("CANCEL", "sip:1002@sim.test", "9", "<sip:1002@sim.test>", "");
    assert_eq!(seen(&bench.takes(phone(1), &unknown)), ["phone1 481"]);
}

fn bye(route: &str, uri: &str) -> String {
    let route = if route.is_empty() { String::new() } else { format!("\nRoute: {route}") };
    request("BYE", uri, "b", "<sip:1002@sim.test>;tag=callee", &route)
}

#[test]
fn a_bye_follows_its_route_and_anothers_entry_is_ours_only_by_alias() {
    let target = "sip:1002@10.0.1.2:5060";
    let mine = bye("<sip:10.0.0.11:5060;lr>", target);
    let others = bye("<sip:p2.sim.test;lr>", target);
    let mut bench = Bench::new(&style(Presence::ByAddress));
    assert_eq!(seen(&bench.takes(phone(1), &mine)), ["phone2 BYE sip:1002@10.0.1.2:5060"]);
    let mut bench = Bench::new(&style(Presence::ByAddress));
    assert_eq!(seen(&bench.takes(phone(1), &others)), ["10.0.0.12 BYE sip:1002@10.0.1.2:5060"]);
    let mut bench = Bench::new(&ProxyStyle { aliases: true, ..style(Presence::ByAddress) });
    assert_eq!(seen(&bench.takes(phone(1), &others)), ["phone2 BYE sip:1002@10.0.1.2:5060"]);
    let mut bench = Bench::new(&style(Presence::ByAddress));
    assert_eq!(seen(&bench.takes(phone(1), &bye("", target))), ["phone1 404"]);
}

#[test]
fn a_pair_of_entries_is_written_and_taken_off_as_one() {
    let mut bench = Bench::new(&style(Presence::ByPair));
    let forwarded = bench.takes(phone(1), &invite("1")).remove(1).1;
    let entries: Vec<String> =
        forwarded.headers().record_routes().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(entries, ["<sip:p1.sim.test;r2=on;lr>", "<sip:10.0.0.11:5060;r2=on;lr>"]);
    let out = bench.takes(phone(1), &bye(&entries.join(", "), "sip:1002@10.0.1.2:5060"));
    assert_eq!(seen(&out), ["phone2 BYE sip:1002@10.0.1.2:5060"]);
    assert_eq!(out[0].1.headers().routes().unwrap(), []);
}

#[test]
fn a_hidden_contact_leads_to_the_proxy_and_through_either_to_the_phone() {
    let mut bench = Bench::new(&style(Presence::AsContact));
    let forwarded = bench.takes(phone(1), &invite("1")).remove(1).1;
    let up = bench.answers(&forwarded, 200);
    let contact = up[0].1.headers().contact().unwrap().uri;
    assert_eq!(contact.host.to_string(), "10.0.0.11");
    assert!(forwarded.headers().record_routes().unwrap().is_empty());
    let bye = bye("", &contact.to_string());
    assert_eq!(seen(&bench.takes(phone(1), &bye)), ["phone2 BYE sip:1002@10.0.1.2"]);
    let mut other = Bench::new(&style(Presence::AsContact));
    other.proxy = Proxy::new(1, &ProxyStyle { aliases: true, ..style(Presence::AsContact) });
    assert_eq!(seen(&other.takes(phone(1), &bye)), ["phone2 BYE sip:1002@10.0.1.2"]);
}

#[test]
fn a_request_that_has_been_here_before_is_a_loop() {
    let mut bench = Bench::new(&style(Presence::ByAddress));
    let looped = invite("1").replace(
        "Max-Forwards",
        "Via: SIP/2.0/UDP 10.0.0.11:5060;branch=z9hG4bK.p1.1\nMax-Forwards",
    );
    assert_eq!(seen(&bench.takes(phone(1), &looped)), ["phone1 482"]);
}

#[test]
fn a_mood_refuses_new_requests_of_every_kind() {
    let mut bench = Bench::new(&style(Presence::ByAddress));
    bench.proxy.set_mood(Mood::Overloaded(Some(3)));
    let out = bench.takes(phone(1), &invite("1"));
    assert_eq!(seen(&out), ["phone1 503"]);
    assert_eq!(response(&out[0].1).headers.retry_after(), Some(3));
    bench.proxy.set_mood(Mood::Broken);
    let register = request("REGISTER", "sip:sim.test", "2", "<sip:1001@sim.test>", "");
    assert_eq!(seen(&bench.takes(phone(1), &register)), ["phone1 500"]);
}

#[test]
fn a_restart_forgets_what_was_going_on() {
    let mut bench = Bench::new(&style(Presence::ByAddress));
    let forwarded = bench.takes(phone(1), &invite("1")).remove(1).1;
    bench.proxy.restart();
    assert_eq!(seen(&bench.waits(60_000)), Vec::<String>::new());
    assert_eq!(seen(&bench.answers(&forwarded, 180)), Vec::<String>::new());
    assert_eq!(seen(&bench.answers(&forwarded, 200)), ["phone1 200"], "a 2xx still passes");
}
