//! A server that a test plays by hand: it sees each request and answers as it is told.

use std::net::{SocketAddr, UdpSocket};

use crate::daemon::NEVER;

pub(crate) struct Registrar {
    socket: UdpSocket,
}

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) text: String,
    pub(crate) from: SocketAddr,
}

impl Seen {
    /// The value of a header's first line.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.text.split("\r\n").skip(1).take_while(|line| !line.is_empty());
        let mut pairs = lines.filter_map(|line| line.split_once(':'));
        pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    pub(crate) fn method(&self) -> &str {
        self.text.split(' ').next().unwrap()
    }
}

impl Registrar {
    pub(crate) fn open(address: &str) -> Self {
        let socket = UdpSocket::bind(address).unwrap();
        socket.set_read_timeout(Some(NEVER)).unwrap();
        Self { socket }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// The next request, whatever it is.
    pub(crate) fn next(&self) -> Seen {
        let mut buffer = [0; 65_535];
        let (length, from) = self.socket.recv_from(&mut buffer).unwrap();
        Seen { text: String::from_utf8(buffer[..length].to_vec()).unwrap(), from }
    }

    /// The next request of a method; others that come before it are answered with 200.
    pub(crate) fn expect(&self, method: &str) -> Seen {
        loop {
            let seen = self.next();
            if seen.method() == method {
                return seen;
            }
            self.answer(&seen, "200 OK", &[]);
        }
    }

    pub(crate) fn answer(&self, to: &Seen, status: &str, more: &[(&str, &str)]) {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            let tag = if name == "To" { ";tag=server" } else { "" };
            text += &format!("{name}: {}{tag}\r\n", to.header(name).unwrap());
        }
        for (name, value) in more {
            text += &format!("{name}: {value}\r\n");
        }
        text += "Content-Length: 0\r\n\r\n";
        self.socket.send_to(text.as_bytes(), to.from).unwrap();
    }

    /// Takes a REGISTER and grants it for an hour.
    pub(crate) fn grant(&self) -> Seen {
        let seen = self.expect("REGISTER");
        let contact = seen.header("Contact").unwrap().to_owned();
        let expires = if contact.ends_with("expires=0") { "0" } else { "3600" };
        let uri = contact.split('>').next().unwrap().to_owned();
        self.answer(&seen, "200 OK", &[("Contact", &format!("{uri}>;expires={expires}"))]);
        seen
    }

    /// Sends OPTIONS there and waits for the answer to it; requests are answered meanwhile.
    pub(crate) fn is_answered_at(&self, to: SocketAddr) {
        let options = "OPTIONS sip:1001@h SIP/2.0\r\n\
            Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKtest;rport\r\n\
            From: <sip:s@h>;tag=1\r\nTo: <sip:1001@h>\r\nCall-ID: test\r\nCSeq: 1 OPTIONS\r\n\
            Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
        self.send(options.as_bytes(), to);
        loop {
            let seen = self.next();
            if seen.method() == "SIP/2.0" {
                assert!(seen.text.starts_with("SIP/2.0 200"), "{}", seen.text);
                assert_eq!((seen.header("Call-ID"), seen.from), (Some("test"), to));
                return;
            }
            self.answer(&seen, "200 OK", &[]);
        }
    }

    /// Forgets what has come and was not read.
    pub(crate) fn drain(&self) {
        self.socket.set_nonblocking(true).unwrap();
        while self.socket.recv_from(&mut [0; 1]).is_ok() {}
        self.socket.set_nonblocking(false).unwrap();
    }

    pub(crate) fn send(&self, bytes: &[u8], to: SocketAddr) {
        self.socket.send_to(bytes, to).unwrap();
    }
}
