//! The other side of the control socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use control::{AccountStatus, Items, Payload, Problem, Reply, Request};

use crate::daemon::NEVER;

pub(crate) struct Client {
    pub(crate) stream: UnixStream,
    reader: BufReader<UnixStream>,
}

impl Client {
    pub(crate) fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(NEVER)).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Self { stream, reader }
    }

    pub(crate) fn send(&mut self, line: &[u8]) {
        self.stream.write_all(line).unwrap();
    }

    /// The next line, empty at the end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        line
    }

    pub(crate) fn ask(&mut self, request: &Request) -> Result<Payload, Problem> {
        self.send(&control::encode(request).unwrap());
        match control::decode(self.line().as_bytes()).unwrap() {
            Reply::Ok(payload) => Ok(payload),
            Reply::Error(problem) => Err(problem),
        }
    }

    pub(crate) fn account(&mut self) -> AccountStatus {
        let request = Request::Account(control::AccountRequest::Show { line: 1 });
        let Payload::Accounts(mut accounts) = self.ask(&request).unwrap() else {
            panic!("not accounts")
        };
        accounts.remove(0)
    }

    pub(crate) fn set(&mut self, items: &[(&str, &str)]) -> Result<Payload, Problem> {
        let pairs = items.iter().map(|(item, value)| ((*item).to_owned(), (*value).to_owned()));
        let items: Items = pairs.collect();
        self.ask(&Request::Config(control::ConfigRequest::Set { items }))
    }
}
