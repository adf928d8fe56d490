//! Each edge that was measured of `IP_RECVERR` on Linux, as a test on loopback.

use std::net::UdpSocket as Plain;
use std::time::Duration;

use super::*;

const V4: &str = "127.0.0.1:0";
const V6: &str = "[::1]:0";

/// Long enough for a loaded machine, so a failure means "never".
const NEVER: Duration = Duration::from_secs(5);

fn run<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(NEVER, test).await.expect("timed out") })
}

/// A port that was open a moment ago.
fn closed(at: &str) -> SocketAddr {
    Plain::bind(at).unwrap().local_addr().unwrap()
}

fn open(at: &str) -> Udp {
    let any: SocketAddr = at.parse().unwrap();
    let wildcard: IpAddr =
        if any.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { [0_u8; 16].into() };
    Udp::bind(SocketAddr::new(wildcard, 0)).unwrap()
}

fn request(branch: &str, padding: usize) -> Vec<u8> {
    let pad = "p".repeat(padding);
    format!("OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch={branch}\r\nX: {pad}\r\n\r\n")
        .into()
}

fn names(quoted: &[u8], branch: &str) -> bool {
    String::from_utf8_lossy(quoted).contains(&format!("branch={branch}\r\n"))
}

async fn next(udp: &Udp) -> Vec<Arrival> {
    let mut found = Vec::new();
    udp.receive(&mut vec![0; DATAGRAM_MAX], &mut found).await.unwrap();
    found
}

async fn errors(udp: &Udp, mut found: Vec<Undelivered>, count: usize) -> Vec<Undelivered> {
    while found.len() < count {
        for arrival in next(udp).await {
            match arrival {
                Arrival::Undelivered(undelivered) => found.push(undelivered),
                Arrival::Datagram { .. } => panic!("nobody sent a datagram"),
            }
        }
    }
    found
}

fn closed_port_is_named_with_the_request(at: &str) {
    run(async {
        let (udp, to) = (open(at), closed(at));
        let mut found = Vec::new();
        udp.send(to.ip(), to, &request("z9hG4bK1", 400), &mut found);
        let found = errors(&udp, found, 1).await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to, to);
        assert_eq!(found[0].why, Undeliverable::Port);
        assert!(names(&found[0].quoted, "z9hG4bK1"));
    });
}

#[test]
fn a_closed_port_is_named_by_destination_and_payload_on_ipv4() {
    closed_port_is_named_with_the_request(V4);
}

#[test]
fn a_closed_port_is_named_by_destination_and_payload_on_ipv6() {
    closed_port_is_named_with_the_request(V6);
}

#[test]
fn a_long_request_comes_back_cut_but_with_its_branch() {
    run(async {
        for at in [V4, V6] {
            let (udp, to) = (open(at), closed(at));
            let mut found = Vec::new();
            udp.send(to.ip(), to, &request("z9hG4bKbig", 4_000), &mut found);
            let found = errors(&udp, found, 1).await;
            assert!(found[0].quoted.len() < 2_000, "the network quotes only the head");
            assert!(names(&found[0].quoted, "z9hG4bKbig"));
        }
    });
}

#[test]
fn a_burst_to_many_closed_ports_is_told_apart() {
    run(async {
        let udp = open(V4);
        // Closed together, so that no two are the same port.
        let open_ports: Vec<_> = (0..16).map(|_| Plain::bind(V4).unwrap()).collect();
        let ports: Vec<_> = open_ports.iter().map(|s| s.local_addr().unwrap()).collect();
        drop(open_ports);
        let mut found = Vec::new();
        for (index, to) in ports.iter().enumerate() {
            let bytes = request(&format!("z9hG4bK-{index}"), 300);
            udp.send(to.ip(), *to, &bytes, &mut found);
        }
        // Every send went out, though each finds the error of the one before it pending.
        let found = errors(&udp, found, ports.len()).await;
        for (index, to) in ports.iter().enumerate() {
            let of_it: Vec<_> = found.iter().filter(|u| u.to == *to).collect();
            assert_eq!(of_it.len(), 1);
            assert!(names(&of_it[0].quoted, &format!("z9hG4bK-{index}")));
        }
    });
}

#[test]
fn a_pending_error_does_not_kill_an_innocent_send() {
    run(async {
        let (udp, dead) = (open(V4), closed(V4));
        let healthy = UdpSocket::bind(V4).await.unwrap();
        let to = healthy.local_addr().unwrap();
        let mut found = Vec::new();
        udp.send(dead.ip(), dead, b"lost", &mut found);
        udp.send(to.ip(), to, b"arrives", &mut found);
        let mut buffer = [0; 64];
        let (length, _) = healthy.recv_from(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], b"arrives");
        assert_eq!(found.len(), 1, "the send brought the error of the other with it");
        assert_eq!((found[0].to, found[0].quoted.as_slice()), (dead, &b"lost"[..]));
    });
}

#[test]
fn a_pending_error_does_not_hide_a_datagram() {
    run(async {
        let (udp, dead) = (open(V4), closed(V4));
        let mut found = Vec::new();
        udp.send(dead.ip(), dead, b"lost", &mut found);
        let peer = Plain::bind(V4).unwrap();
        let me = SocketAddr::new(dead.ip(), udp.port);
        peer.send_to(b"hello", me).unwrap();
        let mut seen = next(&udp).await;
        while seen.len() < 2 {
            seen.extend(next(&udp).await);
        }
        assert!(matches!(&seen[0], Arrival::Undelivered(u) if u.to == dead), "errors first");
        assert!(matches!(&seen[1], Arrival::Datagram { bytes, .. } if bytes == b"hello"));
    });
}

#[test]
fn a_full_error_queue_does_not_starve_arrivals() {
    run(async {
        let (udp, dead) = (open(V4), closed(V4));
        // Sent past our own draining, until the queue holds no more.
        for _ in 0..2_000 {
            let bytes = request("z9hG4bKflood", 900);
            let _ = send_datagram(udp.socket.as_raw_fd(), dead.ip(), dead, &bytes);
        }
        let peer = Plain::bind(V4).unwrap();
        let me = SocketAddr::new(dead.ip(), udp.port);
        let full = next(&udp).await;
        assert!(full.len() > 50, "only {} entries were queued", full.len());
        for _ in 0..10 {
            peer.send_to(b"hello", me).unwrap();
        }
        let mut datagrams = 0;
        while datagrams < 10 {
            let seen = next(&udp).await;
            datagrams += seen.iter().filter(|a| matches!(a, Arrival::Datagram { .. })).count();
        }
    });
}

/// Readiness that stays set would be a busy loop inside [`Udp::receive`].
#[test]
fn after_an_error_and_a_datagram_the_socket_sleeps_again() {
    run(async {
        let (udp, dead) = (open(V4), closed(V4));
        let mut found = Vec::new();
        udp.send(dead.ip(), dead, b"lost", &mut found);
        errors(&udp, found, 1).await;
        Plain::bind(V4).unwrap().send_to(b"hello", ("127.0.0.1", udp.port)).unwrap();
        assert_eq!(next(&udp).await.len(), 1);
        let ready = udp.socket.ready(Interest::READABLE | Interest::ERROR);
        let again = tokio::time::timeout(Duration::from_millis(50), ready).await;
        assert!(again.is_err(), "nothing more is there: {again:?}");
    });
}

#[test]
fn an_answer_leaves_from_the_address_that_was_asked() {
    run(async {
        let udp = open(V4);
        let peer = Plain::bind(V4).unwrap();
        peer.send_to(b"ask", ("127.0.0.77", udp.port)).unwrap();
        let seen = next(&udp).await;
        let [Arrival::Datagram { local, remote, bytes }] = seen.as_slice() else {
            panic!("one datagram: {seen:?}")
        };
        assert_eq!(*local, SocketAddr::from(([127, 0, 0, 77], udp.port)));
        assert_eq!((*remote, bytes.as_slice()), (peer.local_addr().unwrap(), &b"ask"[..]));
        let mut found = Vec::new();
        udp.send(local.ip(), *remote, b"answer", &mut found);
        let (length, from) = peer.recv_from(&mut [0; 16]).unwrap();
        assert_eq!((length, from), (6, *local));
        assert!(found.is_empty());
    });
}

#[test]
fn a_datagram_too_long_to_send_is_told_at_once() {
    run(async {
        let (udp, to) = (open(V4), closed(V4));
        let mut found = Vec::new();
        udp.send(to.ip(), to, &vec![b'x'; 70_000], &mut found);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].to, found[0].why), (to, Undeliverable::TooBig));
        assert_eq!(found[0].quoted.len(), QUOTE_MAX);
    });
}

#[test]
fn a_send_from_an_address_that_is_not_ours_is_a_local_outage() {
    run(async {
        let (udp, to) = (open(V4), closed(V4));
        let mut found = Vec::new();
        udp.send([192, 0, 2, 7].into(), to, b"x", &mut found);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].why, Undeliverable::Local);
    });
}

#[test]
fn a_second_socket_on_the_same_port_is_refused() {
    run(async {
        let first = open(V4);
        let taken = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), first.port);
        let error = Udp::bind(taken).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        Udp::bind(SocketAddr::new([0_u8; 16].into(), first.port)).expect("IPv6 is separate");
    });
}
