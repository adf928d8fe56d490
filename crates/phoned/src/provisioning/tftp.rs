//! Fetches a file by TFTP (RFC 1350), with larger blocks where the server knows them (RFC 2348).
//!
//! Lock-step and unauthenticated, so for the local network only. Bounded in octets and time; a
//! datagram from elsewhere than the server's transfer port is not part of the transfer.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use super::FetchError;

const READ: u16 = 1;
const DATA: u16 = 3;
const ACK: u16 = 4;
const ERROR: u16 = 5;
const OPTIONS: u16 = 6;

/// Octets of a block where the server takes no other (RFC 1350 §2).
const BLOCK: usize = 512;
/// What is asked for: a block that fits into one frame of a local network.
const WANTED_BLOCK: usize = 1428;
/// How long one datagram is waited for before ours is sent again, and how often.
const WAIT: Duration = Duration::from_secs(1);
const TRIES: u32 = 5;

/// Fetches `file`, at most `limit` octets, until `deadline`.
///
/// # Errors
/// What the server or the network says, or that a bound was reached.
pub(super) fn fetch(
    server: SocketAddr,
    file: &str,
    limit: usize,
    deadline: Instant,
) -> Result<Vec<u8>, FetchError> {
    let any: SocketAddr = if server.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let socket = UdpSocket::bind(any)?;
    socket.set_read_timeout(Some(WAIT))?;
    let mut transfer =
        Transfer { socket, server, peer: None, block: BLOCK, data: Vec::new(), next: 1, limit };
    transfer.run(&read_request(file), deadline)?;
    Ok(transfer.data)
}

struct Transfer {
    socket: UdpSocket,
    server: SocketAddr,
    /// The port that the server has chosen for this transfer.
    peer: Option<SocketAddr>,
    block: usize,
    data: Vec<u8>,
    /// The block that comes next.
    next: u16,
    limit: usize,
}

/// What a datagram has led to.
enum Step {
    /// To be sent, and then the next block waited for.
    Answer(Vec<u8>),
    /// The last block has come: this acknowledges it.
    Done(Vec<u8>),
    /// Nothing: a copy, or not of this transfer.
    Nothing,
}

impl Transfer {
    fn run(&mut self, request: &[u8], deadline: Instant) -> Result<(), FetchError> {
        let mut last = request.to_vec();
        let mut buffer = vec![0; WANTED_BLOCK + 4];
        let mut tries = 0;
        self.socket.send_to(&last, self.server)?;
        loop {
            if Instant::now() >= deadline {
                return Err(FetchError::TooSlow);
            }
            let (length, from) = match self.socket.recv_from(&mut buffer) {
                Ok(received) => received,
                Err(error) if is_time_out(&error) => {
                    tries += 1;
                    if tries >= TRIES {
                        return Err(FetchError::Silent);
                    }
                    self.socket.send_to(&last, self.peer.unwrap_or(self.server))?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            match self.handle(buffer.get(..length).unwrap_or_default(), from)? {
                Step::Answer(answer) => {
                    tries = 0;
                    self.socket.send_to(&answer, from)?;
                    last = answer;
                }
                Step::Done(answer) => {
                    self.socket.send_to(&answer, from)?;
                    return Ok(());
                }
                Step::Nothing => {}
            }
        }
    }

    fn handle(&mut self, datagram: &[u8], from: SocketAddr) -> Result<Step, FetchError> {
        let expected = match self.peer {
            Some(peer) => peer == from,
            None => self.server.ip() == from.ip(),
        };
        let (Some(code), true) = (number_at(datagram, 0), expected) else {
            return Ok(Step::Nothing);
        };
        self.peer = Some(from);
        match code {
            DATA => self.data(datagram),
            OPTIONS if self.next == 1 && self.data.is_empty() => {
                self.block = granted_block(datagram.get(2..).unwrap_or_default());
                Ok(Step::Answer(acknowledge(0)))
            }
            ERROR => Err(FetchError::Refused(error_text(datagram.get(4..).unwrap_or_default()))),
            _ => Ok(Step::Nothing),
        }
    }

    fn data(&mut self, datagram: &[u8]) -> Result<Step, FetchError> {
        let (Some(number), Some(data)) = (number_at(datagram, 2), datagram.get(4..)) else {
            return Ok(Step::Nothing);
        };
        if number != self.next {
            // A copy of the one before: our answer to it was lost.
            let copy = number == self.next.wrapping_sub(1) && !self.data.is_empty();
            return Ok(if copy { Step::Answer(acknowledge(number)) } else { Step::Nothing });
        }
        if self.data.len() + data.len() > self.limit {
            return Err(FetchError::TooLong(self.limit));
        }
        self.data.extend_from_slice(data);
        self.next = self.next.wrapping_add(1);
        let answer = acknowledge(number);
        Ok(if data.len() < self.block { Step::Done(answer) } else { Step::Answer(answer) })
    }
}

fn read_request(file: &str) -> Vec<u8> {
    let mut request = READ.to_be_bytes().to_vec();
    for text in [file, "octet", "blksize", &WANTED_BLOCK.to_string()] {
        request.extend_from_slice(text.as_bytes());
        request.push(0);
    }
    request
}

fn acknowledge(number: u16) -> Vec<u8> {
    [ACK.to_be_bytes(), number.to_be_bytes()].concat()
}

fn number_at(datagram: &[u8], at: usize) -> Option<u16> {
    let octets = datagram.get(at..at + 2)?;
    Some(u16::from_be_bytes(octets.try_into().ok()?))
}

/// The block size of an option acknowledgement (RFC 2347); the usual one where it names none that
/// can be (RFC 2348).
fn granted_block(options: &[u8]) -> usize {
    let mut texts = options.split(|&octet| octet == 0).map(String::from_utf8_lossy);
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        if name.eq_ignore_ascii_case("blksize")
            && let Some(size) = value.parse().ok().filter(|size| (8..=WANTED_BLOCK).contains(size))
        {
            return size;
        }
    }
    BLOCK
}

/// The server's own words, made harmless for a log.
fn error_text(octets: &[u8]) -> String {
    let text = octets.split(|&octet| octet == 0).next().unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    let shown: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    if shown.is_empty() { "the server gives no reason".to_owned() } else { shown }
}

fn is_time_out(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use std::thread::{self, JoinHandle};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// A server of one transfer: for each datagram that comes in it sends what `script` says.
    fn server(
        mut script: impl FnMut(&[u8]) -> Option<Vec<Vec<u8>>> + Send + 'static,
    ) -> (SocketAddr, JoinHandle<()>) {
        let listens = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = listens.local_addr().unwrap();
        let thread = thread::spawn(move || {
            let transfers = UdpSocket::bind("127.0.0.1:0").unwrap();
            transfers.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut buffer = [0; 2048];
            let (mut length, client) = listens.recv_from(&mut buffer).unwrap();
            while let Some(answers) = script(&buffer[..length]) {
                for answer in answers {
                    transfers.send_to(&answer, client).unwrap();
                }
                length = transfers.recv_from(&mut buffer).unwrap().0;
            }
        });
        (address, thread)
    }

    fn data(number: u16, data: &[u8]) -> Vec<u8> {
        [&DATA.to_be_bytes()[..], &number.to_be_bytes(), data].concat()
    }

    fn get(address: SocketAddr, limit: usize) -> Result<Vec<u8>, FetchError> {
        fetch(address, "a.cfg", limit, Instant::now() + PATIENCE)
    }

    #[test]
    fn a_server_that_knows_no_options_sends_blocks_of_512_octets() {
        let (address, thread) = server(|datagram| match datagram {
            [0, 1, rest @ ..] => {
                assert!(rest.starts_with(b"a.cfg\0octet\0blksize\0"));
                Some(vec![data(1, &[7; 512])])
            }
            [0, 4, 0, 1] => Some(vec![data(1, &[7; 512]), data(2, b"end")]),
            [0, 4, 0, 2] => None,
            other => panic!("{other:?}"),
        });
        let got = get(address, 1000).unwrap();
        assert_eq!(got.len(), 515, "the copy of block 1 counts once");
        thread.join().unwrap();
    }

    #[test]
    fn the_block_size_that_a_server_grants_is_used() {
        let (address, thread) = server(|datagram| match datagram {
            [0, 1, ..] => Some(vec![b"\0\x06blksize\x001000\0".to_vec()]),
            [0, 4, 0, 0] => Some(vec![data(1, &[1; 1000])]),
            [0, 4, 0, 1] => Some(vec![data(2, b"")]),
            [0, 4, 0, 2] => None,
            other => panic!("{other:?}"),
        });
        assert_eq!(get(address, 1000).unwrap().len(), 1000);
        thread.join().unwrap();
    }

    #[test]
    fn what_the_server_refuses_is_told_in_its_words_without_control_characters() {
        let (address, thread) = server(|datagram| match datagram {
            [0, 1, ..] => Some(vec![b"\0\x05\0\x01File\nnot found\0".to_vec()]),
            _ => None,
        });
        let error = get(address, 1000).unwrap_err().to_string();
        assert_eq!(error, "the server refuses: File\\nnot found");
        // The script waits for one more datagram before it ends.
        UdpSocket::bind("127.0.0.1:0").unwrap();
        drop(thread);
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused() {
        let (address, thread) = server(|datagram| match datagram {
            [0, 1, ..] => Some(vec![data(1, &[1; 512])]),
            _ => None,
        });
        assert!(matches!(get(address, 100), Err(FetchError::TooLong(100))));
        drop(thread);
    }
}
