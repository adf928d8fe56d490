//! A running phoned with its own folder, whose log is followed line by line.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::client::Client;

/// Long enough for a loaded machine: to wait so long means "never".
pub(crate) const NEVER: Duration = Duration::from_secs(10);

pub(crate) struct Daemon {
    child: Child,
    log: Receiver<String>,
    seen: Vec<String>,
    port: u16,
    pub(crate) folder: TempDir,
}

/// A UDP port that nobody has just now.
pub(crate) fn free_port() -> u16 {
    UdpSocket::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port()
}

/// Items of line 1 with this server.
pub(crate) fn line(server: SocketAddr) -> Vec<(String, String)> {
    let item = |name: &str, value: String| (format!("SIP1 {name}"), value);
    vec![
        item("Phone Number", "1001".into()),
        item("Register Addr", server.ip().to_string()),
        item("Register Port", server.port().to_string()),
        item("Register User", "1001".into()),
        item("Register Pswd", "secret-1001".into()),
    ]
}

/// The text form of a configuration file.
pub(crate) fn file(items: &[(String, String)]) -> String {
    let lines: String =
        items.iter().map(|(item, value)| format!("{item:<20} :{value}\r\n")).collect();
    format!("<<VOIP CONFIG FILE>>Version:2.0000000000\r\n\r\n{lines}<<END OF FILE>>\r\n")
}

/// The command with a folder of its own; `more` follows the usual options.
pub(crate) fn command(folder: &TempDir, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phoned"));
    command.arg("run").arg("--state").arg(folder.path().join("state"));
    command.arg("--control").arg(folder.path().join("control.sock"));
    command.args(["--audio", "null", "--web", "off"]).args(more);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.env_remove("NOTIFY_SOCKET").env_remove("WATCHDOG_USEC");
    command
}

/// Runs until it ends by itself; returns its code and what it said.
pub(crate) fn fails(folder: &TempDir, more: &[&str]) -> (Option<i32>, String) {
    let output = command(folder, more).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

impl Daemon {
    /// Starts one with a free SIP port and these items, and waits until it is ready.
    pub(crate) fn start(items: &[(String, String)]) -> Self {
        let number = free_port();
        let port = ("SIP  Port".to_owned(), number.to_string());
        let folder = tempfile::tempdir().unwrap();
        let provision = folder.path().join("phone.cfg");
        std::fs::write(&provision, file(&[&[port], items].concat())).unwrap();
        let provision = provision.to_str().unwrap().to_owned();
        let mut daemon = Self::start_in(folder, &["--provision", &provision]);
        daemon.port = number;
        daemon
    }

    pub(crate) fn start_in(folder: TempDir, more: &[&str]) -> Self {
        let command = command(&folder, more);
        Self::spawn(folder, command)
    }

    /// Starts a command made by [`command`], and waits until it is ready.
    pub(crate) fn spawn(folder: TempDir, mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (lines, log) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        let mut daemon = Self { child, log, seen: Vec::new(), port: 0, folder };
        daemon.says("ready");
        daemon
    }

    /// Waits for a line of the log that contains `text`, and returns it.
    pub(crate) fn says(&mut self, text: &str) -> String {
        let by = Instant::now() + NEVER;
        loop {
            let left = by.saturating_duration_since(Instant::now());
            let Ok(line) = self.log.recv_timeout(left) else {
                panic!("never said {text:?}; it said:\n{}", self.seen.join("\n"))
            };
            self.seen.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// The SIP port that [`Self::start`] chose.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn control(&self) -> PathBuf {
        self.folder.path().join("control.sock")
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.control())
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for its end; returns how it ended and how long that took.
    pub(crate) fn ends(&mut self) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        // The log ends when the process does.
        while let Ok(line) = self.log.recv_timeout(NEVER) {
            self.seen.push(line);
        }
        (self.child.wait().unwrap(), begun.elapsed())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
