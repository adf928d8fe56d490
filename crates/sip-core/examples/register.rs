//! Registers at a SIP server over UDP, says for how long, and takes the registration back.
//!
//! The crate has neither socket nor clock. This is the shell that lends it both, whole, in one loop:
//!
//! ```text
//! cargo run -p sip-core --example register -- 10.0.0.1:5060 sip:1001@example.test secret
//! ```

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "what the crate must not do is what its shell is for"
)]

use std::error::Error;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use sip_core::digest::{Credentials, Session, answerable};
use sip_core::endpoint::{Endpoint, Event, Output, Tokens};
use sip_core::message::{HeaderName, Method, NameAddr, Request, Response, StatusCode, Uri};
use sip_core::registration::Registration;
use sip_core::transport::{Hop, Transport};

type Failure = Box<dyn Error>;

/// Seconds that are asked for, then none: the registration is taken back.
const EXPIRES: [u32; 2] = [300, 0];
/// RFC 3261's 64·T1: there is no other server to try.
const PATIENCE: Duration = Duration::from_secs(32);

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, address, password] = arguments.as_slice() else {
        return Err("usage: register SERVER:PORT SIP-ADDRESS PASSWORD".into());
    };
    let address: NameAddr = address.parse()?;
    let user = address.uri.user.clone().ok_or("the address has no user")?;
    let registrar = Uri::sip(None, address.uri.host.clone());
    let credentials = Credentials { user: user.clone(), password: password.clone() };
    let mut tokens = Tokens::new(seed()?);
    let instance = "urn:uuid:00000000-0000-4000-8000-000000000001"; // a device makes one, once
    let mut registration = Registration::new(&address, &user, instance, &mut tokens);
    let mut agent = Agent::new(server.parse()?)?;

    for expires in EXPIRES {
        let here = Hop::udp(agent.local);
        let mut response = agent.ask(registration.register(&registrar, here, expires))?;
        if response.code == StatusCode::UNAUTHORIZED {
            let challenges = response.headers.challenges(HeaderName::WwwAuthenticate);
            let challenge = answerable(&challenges).into_iter().next().ok_or("no digest")?;
            let mut again = registration.register(&registrar, here, expires);
            let uri = again.uri.to_string();
            let proof = Session::new(challenge).answer(
                &credentials,
                again.method.as_str(),
                &uri,
                &tokens.cnonce(),
            );
            again.headers.push(HeaderName::Authorization, proof);
            response = agent.ask(again)?;
        }
        println!("{} {}", response.code, response.reason);
        if response.code != StatusCode::OK {
            return Err("not registered".into());
        }
        println!("granted: {} s", registration.granted(&response, here, expires).expires);
    }
    Ok(())
}

/// The transaction layer with a socket.
struct Agent {
    endpoint: Endpoint,
    socket: UdpSocket,
    local: SocketAddr,
    server: Hop,
}

impl Agent {
    fn new(server: SocketAddr) -> Result<Self, Failure> {
        let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any)?;
        // Connected, so that the system says which of its addresses leads there, and tells of ICMP.
        socket.connect(server)?;
        let local = socket.local_addr()?;
        Ok(Self { endpoint: Endpoint::new(seed()?), socket, local, server: Hop::udp(server) })
    }

    /// Sends a request and waits for its final answer.
    fn ask(&mut self, request: Request) -> Result<Response, Failure> {
        let now = Instant::now();
        let asked = self.endpoint.send(request, self.server, self.local, PATIENCE, now);
        let mut buffer = [0; 65_535];
        loop {
            // What there is to do.
            while let Some(output) = self.endpoint.poll_output() {
                match output {
                    Output::Transmit(datagram) => drop(self.socket.send(&datagram.bytes)?),
                    Output::Event(Event::Final { id, response }) if id == asked => {
                        return Ok(response);
                    }
                    Output::Event(Event::TimedOut { .. }) => return Err("no answer".into()),
                    Output::Event(Event::Unreachable { .. }) => return Err("unreachable".into()),
                    Output::Event(Event::Incoming { id, request, .. }) => {
                        let is_options = request.method == Method::Options;
                        let code =
                            if is_options { StatusCode::OK } else { StatusCode::NOT_IMPLEMENTED };
                        self.endpoint.respond(id, Response::to(&request, code), Instant::now());
                    }
                    Output::Event(_) => {}
                }
            }
            // A datagram, or the next timer, whichever comes first.
            let timer = self.endpoint.poll_timeout().map_or(Instant::now(), |(at, _why)| at);
            let wait = timer.saturating_duration_since(Instant::now());
            self.socket.set_read_timeout(Some(wait.max(Duration::from_millis(1))))?;
            match self.socket.recv(&mut buffer) {
                Ok(length) => {
                    let datagram = buffer.get(..length).unwrap_or_default();
                    let (local, remote) = (self.local, self.server.addr);
                    let now = Instant::now();
                    self.endpoint.handle_datagram(local, remote, Transport::Udp, datagram, now);
                }
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    self.endpoint.handle_unreachable(self.server, b"", Instant::now());
                }
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error.into()),
            }
            self.endpoint.handle_timeout(Instant::now());
        }
    }
}

/// Whoever could guess it could forge answers.
fn seed() -> Result<[u8; 32], Failure> {
    let mut seed = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    Ok(seed)
}
