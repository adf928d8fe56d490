//! What must hold when any octets come to a whole phone, as datagrams, over a connection and as answers.
//!
//! The input is a play: parts with a zero octet between, each beginning with a letter that says what
//! it is (see [`Stage::play`]). Used by the fuzz target and by the replay of its corpus.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use failover::Policy;
use phone::input::{Command, Done, Input, LineHop};
use phone::output::{MediaCommand, Output};
use phone::settings::{
    Dtmf, KeepAlive, LineNumber, LineSettings, Login, Registrar, ServerRole, Settings,
};
use phone::{CallId, Phone};
use sip_core::message::{Message, Method, Request, Response, StatusCode, read_datagram};
use sip_core::transport::{Hop, Transport};

/// Parts of a play that are played.
const PARTS: usize = 64;
/// Outputs of one step.
const OUTPUTS: usize = 4096;
/// Wake-ups of one wait.
const WAKES: usize = 20_000;

/// Panics if anything does not hold. `start` is where virtual time begins.
pub(crate) fn check(octets: &[u8], start: Instant) {
    let mut stage = Stage::new(start);
    for part in octets.split(|octet| *octet == 0).take(PARTS) {
        stage.play(part);
        stage.tell();
    }
    // Whatever was said, everything comes to an end, or at least to rest.
    stage.wait(Duration::from_secs(70));
    stage.tell();
}

fn hop(text: &str) -> Hop {
    text.parse().expect("a hop")
}

fn line() -> LineSettings {
    let login = Login { user: "1001".to_owned(), password: "secret".to_owned() };
    LineSettings {
        line: LineNumber(1),
        register: true,
        user: "1001".to_owned(),
        display_name: String::new(),
        server1: Registrar {
            host: "example.test".parse().expect("a host"),
            port: None,
            expiry: Duration::from_secs(3600),
        },
        server2: None,
        register_login: login,
        proxy_login: None,
        keep_alive: KeepAlive::Options(Duration::from_secs(30)),
        policy: Policy::default().into(),
        connect_timeout: Duration::from_secs(4),
        codecs: ["PCMA".to_owned(), "PCMU".to_owned()].into(),
        instance: "urn:uuid:00000000-0000-1000-8000-000A95A0E128".into(),
        failover_on_500: true,
        preloaded_route: false,
        repair_route: true,
        join_copies: true,
        register_both: true,
        register_first: true,
        refuse_strangers: true,
        ring_limit: Duration::from_secs(180),
        trying_limit: Duration::from_secs(180),
        media_timeout: Duration::from_secs(60),
        session_timer: Some(Duration::from_secs(1800)),
        dtmf: Dtmf::Auto,
        reliable_provisional: true,
        forward: None,
    }
}

struct Stage {
    phone: Phone,
    now: Instant,
    local: SocketAddr,
    asked: Vec<(Hop, Request)>,
    call: Option<CallId>,
    next_port: u16,
}

impl Stage {
    fn new(now: Instant) -> Self {
        let local = SocketAddr::from(([10, 0, 0, 9], 5060));
        let phone = Phone::new([7; 32], now);
        let (asked, call, next_port) = (Vec::new(), None, 10_000);
        let mut stage = Self { phone, now, local, asked, call, next_port };
        stage.input(Input::Settings(Settings {
            lines: vec![line()],
            user_agent: "phoned/test".to_owned(),
            ..Settings::default()
        }));
        let places = [
            ("udp:10.0.0.1:5060", ServerRole::Proxy),
            ("tcp:10.0.0.2:5060", ServerRole::BackupProxy),
        ];
        let hops = places.map(|(text, role)| LineHop {
            hop: hop(text),
            role,
            local,
            names: vec!["p.example.test".to_owned()],
        });
        stage.input(Input::Hops {
            line: LineNumber(1),
            hops: hops.to_vec().into(),
            former: [].into(),
            trusted: [].into(),
            last_good: None,
            booted: false,
        });
        stage
    }

    /// `1`: a datagram of the primary; `s`: of a stranger; `t`: octets over the connection to the backup;
    /// `r` and three digits: an answer to the last request with that code, `R` to the one before it, the
    /// rest being header lines, an empty line and a body; `w` and a digit: a wait of so many seconds,
    /// squared; `d`, `a`, `h`, `o`, `u`, `k`: dial, answer, hang up, hold, resume, dial a digit.
    fn play(&mut self, part: &[u8]) {
        let Some((kind, rest)) = part.split_first() else { return };
        match kind {
            b'1' => self.datagram("10.0.0.1:5060", rest),
            b's' => self.datagram("203.0.113.5:5060", rest),
            b't' => {
                let hop = hop("tcp:10.0.0.2:5060");
                self.input(Input::Stream { hop, bytes: rest.to_vec() });
            }
            b'r' => self.answer(1, rest),
            b'R' => self.answer(2, rest),
            b'w' => {
                let seconds =
                    u64::from(rest.first().map_or(1, |digit| digit.wrapping_sub(b'0') % 32));
                self.wait(Duration::from_secs(seconds * seconds));
            }
            b'd' => self.command(Command::Dial { line: None, target: "1002".to_owned() }),
            b'a' => self.command(Command::Answer(None)),
            b'h' => self.command(Command::HangUp(None)),
            b'o' => self.of_call(Command::Hold),
            b'u' => self.of_call(Command::Resume),
            _ => {}
        }
    }

    fn datagram(&mut self, remote: &str, octets: &[u8]) {
        let (local, bytes) = (self.local, octets.to_vec());
        self.input(Input::Datagram { local, remote: remote.parse().expect("an address"), bytes });
    }

    fn answer(&mut self, back: usize, rest: &[u8]) {
        let at = self.asked.len().checked_sub(back);
        let Some((to, request)) = at.and_then(|at| self.asked.get(at)).cloned() else { return };
        let (code, rest) = rest.split_at(rest.len().min(3));
        let code = std::str::from_utf8(code).ok().and_then(|code| code.parse().ok());
        let Some(code) = code.and_then(StatusCode::new) else { return };
        let written = Response::to(&request, code).to_bytes();
        let end = written.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(written.len());
        let head = String::from_utf8_lossy(&written[..end]).into_owned();
        let head: Vec<&str> =
            head.split("\r\n").filter(|line| !line.starts_with("Content-Length")).collect();
        let mut octets = head.join("\r\n").into_bytes();
        octets.extend_from_slice(b"\r\n");
        octets.extend_from_slice(rest);
        match to.transport {
            Transport::Udp => {
                let (local, remote) = (self.local, to.addr);
                self.input(Input::Datagram { local, remote, bytes: octets });
            }
            Transport::Tcp | Transport::Tls => self.input(Input::Stream { hop: to, bytes: octets }),
        }
    }

    fn command(&mut self, command: Command) {
        if let Ok(Done::Call(id)) = self.phone.handle_command(command, self.now) {
            self.call = Some(id);
        }
        self.drain();
    }

    fn of_call(&mut self, command: fn(CallId) -> Command) {
        let first = self.phone.calls(self.now).first().map(|call| call.id);
        if let Some(id) = self.call.or(first) {
            self.command(command(id));
        }
    }

    fn input(&mut self, input: Input) {
        self.phone.handle_input(input, self.now);
        self.drain();
    }

    fn wait(&mut self, span: Duration) {
        let until = self.now + span;
        let mut wakes = 0;
        while let Some((at, why)) = self.phone.poll_timeout().filter(|(at, _)| *at <= until) {
            wakes += 1;
            assert!(wakes < WAKES, "the phone wakes up too often: {why}");
            self.now = self.now.max(at);
            self.phone.handle_timeout(self.now);
            self.drain();
        }
        self.now = until;
    }

    /// Does what the phone wants: the backup's connections are set up at once, its ports are there.
    fn drain(&mut self) {
        let mut count = 0;
        while let Some(output) = self.phone.poll_output() {
            count += 1;
            assert!(count < OUTPUTS, "one step wants too much");
            match output {
                Output::Transmit { to, bytes, .. } => self.sent(to, &bytes),
                Output::Connect { hop, .. } => {
                    self.phone.handle_input(Input::FlowOpened { hop }, self.now);
                }
                Output::Media(MediaCommand::NeedPort(ip)) => {
                    self.next_port = self.next_port.wrapping_add(2).max(10_000);
                    let port = self.next_port;
                    self.phone.handle_input(Input::RtpPort { ip, port }, self.now);
                }
                _ => {}
            }
        }
    }

    /// Whatever it shows can be put into words.
    fn tell(&self) {
        for account in self.phone.accounts() {
            let _ = account.message.said();
        }
        for call in self.phone.calls(self.now) {
            let _ = call.note.map(|note| note.said());
        }
    }

    /// What the phone sends is SIP, or a ping or pong.
    fn sent(&mut self, to: Hop, bytes: &[u8]) {
        if bytes.iter().all(|octet| b"\r\n".contains(octet)) {
            return;
        }
        match read_datagram(bytes) {
            Ok(Message::Request(request)) => {
                assert!(request.validate().is_ok(), "what it sends is valid");
                if request.method != Method::Ack {
                    self.asked.push((to, request));
                }
            }
            Ok(Message::Response(_)) => {}
            Err(error) => panic!("what it sends can be read: {error:?}"),
        }
    }
}
