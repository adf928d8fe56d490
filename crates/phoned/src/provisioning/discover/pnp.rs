//! SIP PnP: a SUBSCRIBE for `ua-profile` to a multicast group, and the NOTIFY of a server that knows
//! the phone, whose body is the address of its configuration (as desk phones do it; the event package
//! is that of RFC 6080).
//!
//! It is asked from a port of its own on each interface, before the phone has a line: nothing of it
//! touches the SIP of lines and calls. Only a NOTIFY within the dialog of our SUBSCRIBE is heard.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use sip_core::message::{
    HeaderName, Message, Method, Request, Response, StatusCode, read_datagram,
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::limits;
use crate::provisioning::Marks;

const EVENT: &str = "ua-profile";
/// When the SUBSCRIBE is sent, and sent again; the last is the end of the wait.
const SCHEDULE: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// Octets of the longest datagram that is read.
const DATAGRAM: usize = 8 * 1024;
/// Octets of the longest address.
const ADDRESS: usize = 1024;

/// Asks on every interface at once; the first answer counts.
pub(super) async fn ask(group: SocketAddrV4, marks: &Marks) -> Option<String> {
    let mut asking = JoinSet::new();
    for ip in interfaces().into_iter().take(limits::PNP_INTERFACES) {
        let mac = marks.mac.clone();
        asking.spawn(async move { ask_from(ip, group, &mac).await });
    }
    while let Some(done) = asking.join_next().await {
        match done {
            Ok(Ok(Some(text))) => return Some(text),
            Ok(Ok(None)) | Err(_) => {}
            Ok(Err(error)) => tracing::debug!(%error, "PnP not asked"),
        }
    }
    None
}

/// The IPv4 address of each interface that leads to others.
fn interfaces() -> Vec<Ipv4Addr> {
    let wanted = InterfaceFlags::IFF_RUNNING | InterfaceFlags::IFF_MULTICAST;
    let Ok(all) = getifaddrs() else { return Vec::new() };
    all.filter(|one| {
        one.flags.contains(wanted) && !one.flags.contains(InterfaceFlags::IFF_LOOPBACK)
    })
    .filter_map(|one| Some(one.address?.as_sockaddr_in()?.ip()))
    .collect()
}

async fn ask_from(ip: Ipv4Addr, group: SocketAddrV4, mac: &str) -> io::Result<Option<String>> {
    let socket = open(ip)?;
    let local = socket.local_addr()?;
    let question = Question::new(mac, local, group)?;
    let mut buffer = vec![0; DATAGRAM];
    for wait in SCHEDULE {
        socket.send_to(&question.subscribe(), group).await?;
        let until = Instant::now() + wait;
        while let Ok(received) = timeout_at(until, socket.recv_from(&mut buffer)).await {
            let (length, from) = received?;
            let heard = question.hear(buffer.get(..length).unwrap_or_default());
            if let Some((answer, told)) = heard {
                socket.send_to(&answer, from).await?;
                if told.is_some() {
                    return Ok(told);
                }
            }
        }
    }
    Ok(None)
}

fn open(ip: Ipv4Addr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_multicast_if_v4(&ip)?;
    socket.bind(&SocketAddr::new(IpAddr::V4(ip), 0).into())?;
    UdpSocket::from_std(socket.into())
}

/// One SUBSCRIBE, by which its NOTIFY is known.
#[derive(Clone, Debug)]
struct Question {
    mac: String,
    local: SocketAddr,
    group: SocketAddrV4,
    /// 128 bits that nobody else on the network can guess; Call-ID, branch and tag are made of it.
    token: String,
}

impl Question {
    fn new(mac: &str, local: SocketAddr, group: SocketAddrV4) -> io::Result<Self> {
        let mut octets = [0_u8; 16];
        getrandom::fill(&mut octets).map_err(io::Error::other)?;
        let token = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        Ok(Self { mac: mac.to_owned(), local, group, token })
    }

    fn subscribe(&self) -> Vec<u8> {
        let Self { mac, local, group, token } = self;
        let (ip, version) = (group.ip(), env!("CARGO_PKG_VERSION"));
        format!(
            "SUBSCRIBE sip:MAC%3A{mac}@{ip} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {local};rport;branch=z9hG4bK{token}\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:MAC%3A{mac}@{ip}>;tag={token}\r\n\
             To: <sip:MAC%3A{mac}@{ip}>\r\n\
             Call-ID: {token}\r\n\
             CSeq: 1 SUBSCRIBE\r\n\
             Contact: <sip:MAC%3A{mac}@{local}>\r\n\
             Event: {EVENT};profile-type=\"device\";vendor=\"phoned\";model=\"phoned\";version=\"{version}\"\r\n\
             Accept: application/url\r\n\
             Expires: 0\r\n\
             User-Agent: phoned/{version}\r\n\
             Content-Length: 0\r\n\r\n"
        )
        .into_bytes()
    }

    /// What to answer to a datagram, and the address that it brings; `None` where it is no request of
    /// ours.
    fn hear(&self, datagram: &[u8]) -> Option<(Vec<u8>, Option<String>)> {
        let Ok(Message::Request(request)) = read_datagram(datagram) else { return None };
        if !self.is_ours(&request) {
            return None;
        }
        let told = address(&request.body);
        let code = if told.is_some() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        Some((Response::to(&request, code).to_bytes(), told))
    }

    fn is_ours(&self, request: &Request) -> bool {
        let header = |name: HeaderName| request.headers.get(&name).unwrap_or_default();
        let event = header(HeaderName::Event);
        let package = event.split(';').next().unwrap_or_default().trim();
        let tag = request.headers.to().ok().and_then(|to| to.tag().map(str::to_owned));
        request.method == Method::Notify
            && package.eq_ignore_ascii_case(EVENT)
            && header(HeaderName::CallId) == self.token
            && tag.as_ref() == Some(&self.token)
    }
}

/// The first line of a body that is one address with a scheme.
fn address(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let line = text.lines().next()?.trim();
    let plain = line.len() <= ADDRESS && line.chars().all(|character| character.is_ascii_graphic());
    (plain && line.contains("://")).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Question {
        let group = "224.0.1.75:5060".parse().unwrap();
        Question::new("0c383e0a0b0c", "10.0.0.9:40000".parse().unwrap(), group).unwrap()
    }

    fn notify(question: &Question, event: &str, call: &str, body: &str) -> Vec<u8> {
        let token = &question.token;
        format!(
            "NOTIFY sip:MAC%3A0c383e0a0b0c@10.0.0.9:40000 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKn\r\nMax-Forwards: 70\r\n\
             From: <sip:pnp@10.0.0.1>;tag=server\r\nTo: <sip:MAC%3A0c383e0a0b0c@224.0.1.75>;tag={token}\r\n\
             Call-ID: {call}\r\nCSeq: 7 NOTIFY\r\nEvent: {event}\r\n\
             Subscription-State: terminated\r\nContent-Type: application/url\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    #[test]
    fn the_question_is_a_request_that_can_be_read_and_tells_who_asks() {
        let question = question();
        let Ok(Message::Request(request)) = read_datagram(&question.subscribe()) else { panic!() };
        assert_eq!(request.method, Method::Subscribe);
        assert_eq!(request.uri.to_string(), "sip:MAC%3A0c383e0a0b0c@224.0.1.75");
        assert!(request.headers.get(&HeaderName::Event).unwrap().starts_with("ua-profile;"));
        assert_eq!(request.headers.via().unwrap().branch().unwrap().len(), 7 + 32);
    }

    /// F8.
    #[test]
    fn the_address_of_a_notify_of_ours_is_taken_and_answered() {
        let question = question();
        let body = " http://10.0.0.1/$mac.cfg \r\n";
        let notify = notify(&question, "ua-profile;effective-by=0", &question.token, body);
        let (answer, told) = question.hear(&notify).unwrap();
        assert_eq!(told.as_deref(), Some("http://10.0.0.1/$mac.cfg"));
        let Ok(Message::Response(answer)) = read_datagram(&answer) else { panic!() };
        assert_eq!(answer.code, StatusCode::OK);
    }

    #[test]
    fn what_is_not_the_answer_to_our_question_is_not_heard() {
        let question = question();
        let other = question_of_another();
        assert!(question.hear(&notify(&question, "ua-profile", "x", "http://h/")).is_none());
        assert!(
            question.hear(&notify(&other, "ua-profile", &question.token, "http://h/")).is_none()
        );
        assert!(
            question.hear(&notify(&question, "presence", &question.token, "http://h/")).is_none()
        );
        assert!(question.hear(&question.subscribe()).is_none());
        assert!(question.hear(b"\r\n\r\n").is_none());
        for body in [
            "",
            "10.0.0.1",
            "http://h/a b",
            "http://h/\u{e9}",
            &format!("http://{}", "x".repeat(2000)),
        ] {
            let (answer, told) =
                question.hear(&notify(&question, "ua-profile", &question.token, body)).unwrap();
            assert_eq!(told, None, "{body}");
            assert!(answer.starts_with(b"SIP/2.0 400"), "{body}");
        }
    }

    fn question_of_another() -> Question {
        question()
    }
}
