//! The connection to the phone: one request and its reply, or a stream of events. Blocking, with a
//! limit on how long a reply may take.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    time::Duration,
};

use control::{Decoder, Payload, Reply, Request, decode, encode};

use crate::failure::Failure;

/// How long the phone may take to answer.
const REPLY_LIMIT: Duration = Duration::from_secs(10);

/// Where the phone is.
pub(crate) struct Client {
    socket: PathBuf,
}

/// A connection to it.
pub(crate) struct Connection<'a> {
    client: &'a Client,
    stream: UnixStream,
    decoder: Decoder,
}

impl Client {
    pub(crate) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// Asks and waits for the answer.
    pub(crate) fn ask(&self, request: &Request) -> Result<Payload, Failure> {
        self.connect(request)?.reply()
    }

    /// Connects and sends a request.
    pub(crate) fn connect(&self, request: &Request) -> Result<Connection<'_>, Failure> {
        let line = encode(request).map_err(Failure::NotSent)?;
        let stream = UnixStream::connect(&self.socket).map_err(|error| {
            let absent = [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused];
            let hint = if absent.contains(&error.kind()) {
                "; is phoned running, and is --control (or PHONED_CONTROL) right?"
            } else if error.kind() == io::ErrorKind::PermissionDenied {
                "; only the socket's owner and group may control the phone"
            } else {
                ""
            };
            self.silent(format!("no phone answers: {error}{hint}"))
        })?;
        let mut connection = Connection { client: self, stream, decoder: Decoder::new() };
        connection.send(&line).map_err(|error| self.broken(&error))?;
        Ok(connection)
    }

    fn silent(&self, reason: String) -> Failure {
        Failure::NoPhone { socket: self.socket.clone(), reason }
    }

    fn broken(&self, error: &io::Error) -> Failure {
        let late = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
        if late {
            self.silent(format!("the phone has not answered within {} s", REPLY_LIMIT.as_secs()))
        } else {
            self.silent(format!("connection to the phone lost: {error}"))
        }
    }
}

impl Connection<'_> {
    fn send(&mut self, line: &[u8]) -> io::Result<()> {
        self.stream.set_read_timeout(Some(REPLY_LIMIT))?;
        self.stream.set_write_timeout(Some(REPLY_LIMIT))?;
        self.stream.write_all(line)
    }

    /// Waits for the reply to the request.
    pub(crate) fn reply(&mut self) -> Result<Payload, Failure> {
        let line = self.line()?;
        match decode(&line) {
            Ok(Reply::Ok(payload)) => Ok(payload),
            Ok(Reply::Error(problem)) => Err(Failure::Refused(problem)),
            Err(error) => Err(self.client.silent(format!("reply not understood: {error}"))),
        }
    }

    /// From now on waits for lines without limit.
    pub(crate) fn wait_for_ever(&mut self) -> Result<(), Failure> {
        self.stream.set_read_timeout(None).map_err(|error| self.client.broken(&error))
    }

    /// The next line.
    pub(crate) fn line(&mut self) -> Result<Vec<u8>, Failure> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.decoder.next_line() {
                Some(Ok(line)) => return Ok(line),
                Some(Err(error)) => return Err(self.client.silent(error.to_string())),
                None => {}
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    let reason = "the phone has closed the connection".to_owned();
                    return Err(self.client.silent(reason));
                }
                Ok(length) => self.decoder.push(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.client.broken(&error)),
            }
        }
    }
}
