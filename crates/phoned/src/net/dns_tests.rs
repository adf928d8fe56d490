//! The questions against name servers in this process, one thread and one port for all.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicU32, Ordering};

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata;
use hickory_resolver::proto::rr::{self};

use super::*;

/// A name server at 127.0.0.1 on a free port, and files that lead to it.
struct Lab {
    folder: tempfile::TempDir,
    port: u16,
    asked: Arc<AtomicU32>,
}

impl Lab {
    /// `resolv_conf` is the file's text; the server answers what `zone` says.
    fn new(
        resolv_conf: &str,
        zone: fn(&str, RecordType) -> Result<Vec<RData>, ResponseCode>,
    ) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (port, asked) = (socket.local_addr().unwrap().port(), Arc::new(AtomicU32::new(0)));
        let count = Arc::clone(&asked);
        // It ends with the process: it only waits.
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                count.fetch_add(1, Ordering::SeqCst);
                let request = Message::from_vec(&buffer[..length]).unwrap();
                let query = request.queries[0].clone();
                let mut reply = Message::response(request.metadata.id, OpCode::Query);
                reply.add_query(query.clone());
                match zone(&query.name().to_ascii(), query.query_type()) {
                    Ok(found) => {
                        let record = |data| rr::Record::from_rdata(query.name().clone(), 77, data);
                        reply.add_answers(found.into_iter().map(record));
                    }
                    Err(code) => reply.metadata.response_code = code,
                }
                socket.send_to(&reply.to_vec().unwrap(), from).unwrap();
            }
        });
        let lab = Self { folder: tempfile::tempdir().unwrap(), port, asked };
        lab.write("resolv.conf", resolv_conf);
        lab.write("hosts", "10.9.9.9 fixed.test\n");
        lab
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn dns(&self) -> Dns {
        let file = |name| self.folder.path().join(name);
        Dns::of_files(file("resolv.conf"), file("hosts"), self.port)
    }
}

fn zone(name: &str, kind: RecordType) -> Result<Vec<RData>, ResponseCode> {
    let host = |text: &str| Name::from_ascii(text).unwrap();
    match (name, kind) {
        ("example.test.", RecordType::NAPTR) => {
            let octets = |text: &str| text.as_bytes().to_vec().into_boxed_slice();
            let next = host("_sip._udp.example.test.");
            let (flags, service) = (octets("s"), octets("SIP+D2U"));
            Ok(vec![RData::NAPTR(rdata::NAPTR::new(10, 20, flags, service, octets(""), next))])
        }
        ("_sip._udp.example.test.", RecordType::SRV) => {
            Ok(vec![RData::SRV(rdata::SRV::new(1, 2, 5070, host("P1.example.test.")))])
        }
        ("p1.example.test.", RecordType::A) | ("pbx.lan.test.", RecordType::A) => {
            Ok(vec![RData::A(rdata::A::new(10, 0, 0, 1))])
        }
        ("p1.example.test.", _) | ("example.test.", _) => Ok(Vec::new()),
        ("broken.test.", _) => Err(ResponseCode::ServFail),
        _ => Err(ResponseCode::NXDomain),
    }
}

fn ask(dns: &mut Dns, kind: Kind, name: &str) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { dns.ask(&Query::new(kind, name)).await })
}

fn address(ip: &str, ttl: u64) -> Answer {
    let records = vec![Record::Address(ip.parse().unwrap())];
    Answer::Records { records, ttl: Duration::from_secs(ttl) }
}

const ONE: &str = "nameserver 127.0.0.1\n";

#[test]
fn every_kind_of_record_comes_with_its_time_to_live() {
    let mut dns = Lab::new(ONE, zone).dns();
    assert_eq!(ask(&mut dns, Kind::A, "p1.example.test"), address("10.0.0.1", 77));
    let Answer::Records { records, .. } = ask(&mut dns, Kind::Srv, "_sip._udp.example.test") else {
        panic!("no SRV");
    };
    let target = "P1.example.test.".to_owned();
    assert_eq!(records, [Record::Srv(Srv { priority: 1, weight: 2, port: 5070, target })]);
    let Answer::Records { records, .. } = ask(&mut dns, Kind::Naptr, "example.test") else {
        panic!("no NAPTR");
    };
    let naptr = Naptr {
        order: 10,
        preference: 20,
        flags: "s".into(),
        service: "SIP+D2U".into(),
        replacement: "_sip._udp.example.test.".into(),
    };
    assert_eq!(records, [Record::Naptr(naptr)]);
}

#[test]
fn what_does_not_exist_is_told_from_what_nobody_can_say() {
    let mut dns = Lab::new(ONE, zone).dns();
    for name in ["p1.example.test", "nobody.test"] {
        assert_eq!(ask(&mut dns, Kind::Aaaa, name), Answer::Nothing { ttl: None }, "{name}");
    }
    assert_eq!(ask(&mut dns, Kind::A, "broken.test"), Answer::Failed);
}

/// Requirement F5: every server is asked at once. Nobody is at the two dead addresses.
#[test]
fn dead_name_servers_in_front_of_a_good_one_cost_nothing() {
    let three = "nameserver 127.9.9.1\nnameserver 127.9.9.2\nnameserver 127.0.0.1\n";
    let mut dns = Lab::new(three, zone).dns();
    let begun = std::time::Instant::now();
    assert_eq!(ask(&mut dns, Kind::A, "p1.example.test"), address("10.0.0.1", 77));
    assert!(begun.elapsed() < limits::LOOKUP_TRY, "{:?}", begun.elapsed());
}

#[test]
fn a_name_in_the_hosts_file_is_a_host_and_dns_is_not_asked() {
    let lab = Lab::new(ONE, zone);
    let mut dns = lab.dns();
    assert_eq!(ask(&mut dns, Kind::A, "fixed.test"), address("10.9.9.9", HOSTS_TTL.as_secs()));
    let none = Answer::Records { records: Vec::new(), ttl: HOSTS_TTL };
    assert_eq!(ask(&mut dns, Kind::Aaaa, "fixed.test"), none);
    assert_eq!(ask(&mut dns, Kind::Srv, "_sip._udp.fixed.test"), none);
    assert_eq!(lab.asked.load(Ordering::SeqCst), 0);
}

const SEARCH: &str = "nameserver 127.0.0.1\nsearch else.test lan.test\n";

#[test]
fn a_name_without_a_dot_is_completed_by_the_search_list() {
    let lab = Lab::new(SEARCH, zone);
    assert_eq!(ask(&mut lab.dns(), Kind::A, "pbx"), address("10.0.0.1", 77));
    assert_eq!(lab.asked.load(Ordering::SeqCst), 2, "pbx.else.test, pbx.lan.test");
}

#[test]
fn a_name_with_a_dot_is_asked_for_as_it_is() {
    let lab = Lab::new(SEARCH, zone);
    assert_eq!(ask(&mut lab.dns(), Kind::A, "nobody.test"), Answer::Nothing { ttl: None });
    assert_eq!(lab.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn the_files_are_read_again_when_they_have_changed() {
    let lab = Lab::new("nameserver 127.9.9.1\n", zone);
    let mut dns = lab.dns();
    assert_eq!(ask(&mut dns, Kind::A, "p1.example.test"), Answer::Failed);
    lab.write("resolv.conf", ONE);
    assert_eq!(ask(&mut dns, Kind::A, "p1.example.test"), address("10.0.0.1", 77));
    lab.write("hosts", "10.8.8.8 p1.example.test other\n");
    assert_eq!(ask(&mut dns, Kind::A, "p1.example.test"), address("10.8.8.8", 60));
}
