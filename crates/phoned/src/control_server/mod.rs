//! The control socket: where phonectl, the web page and provisioning ask and are answered.
//!
//! A Unix socket of mode 0660, newline JSON in the words of the crate `control`. Who may open it is
//! decided by its file permissions alone. A fixed number of clients at once; one that does not read
//! is dropped, never waited for. What each request means is in the file of its noun.

mod account;
mod audio;
mod call;
mod client;
mod config;
mod contact;
mod describe;
mod desk;
mod drill;
mod journal;
mod network;
mod provision;
mod system;
mod trace;

pub(crate) use client::answer;
pub(crate) use desk::Desk;

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use web::Trail;

use crate::limits;

/// Owner and group may talk to the phone.
const MODE: u32 = 0o660;

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    /// Another phoned answers there.
    #[error("control socket {0} is in use by another phoned (option --control)")]
    InUse(PathBuf),
    /// The system refuses it.
    #[error("cannot open control socket {0} (option --control)")]
    Refused(PathBuf, #[source] io::Error),
}

/// The open socket; its file goes when it does.
#[derive(Debug)]
pub(crate) struct ControlServer {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlServer {
    /// Opens the socket; its directory is made where it is missing, and the file that a dead phoned
    /// left is replaced.
    ///
    /// # Errors
    /// [`ListenError`].
    pub(crate) fn open(path: &Path) -> Result<Self, ListenError> {
        let refused = |error| ListenError::Refused(path.to_owned(), error);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(refused)?;
        }
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(ListenError::InUse(path.to_owned()));
        }
        remove_stale(path).map_err(refused)?;
        let listener = UnixListener::bind(path).map_err(refused)?;
        let server = Self { listener, path: path.to_owned() };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE)).map_err(refused)?;
        Ok(server)
    }

    /// Serves clients, and writes into `trail` what they change; ends only by being dropped.
    pub(crate) async fn run(self, desk: Desk, trail: Option<Trail>) {
        let places = Arc::new(Semaphore::new(limits::CLIENTS));
        loop {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                // The peer is gone again, or the process has no descriptor left just now.
                Err(error) => {
                    tracing::warn!(%error, "control socket: cannot accept a client");
                    tokio::time::sleep(limits::RETRY.0).await;
                    continue;
                }
            };
            match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => {
                    let (desk, trail) = (desk.clone(), trail.clone());
                    tokio::spawn(async move {
                        client::serve(stream, desk, trail).await;
                        drop(place);
                    });
                }
                Err(_) => turn_away(&stream),
            }
        }
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes a socket that nobody listens at; anything else at the path is not ours to remove.
fn remove_stale(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "it exists and is no socket")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn turn_away(stream: &UnixStream) {
    let problem = control::Problem::new(
        format!("all {} connections are in use", limits::CLIENTS),
        format!("全部 {} 个连接都在使用中", limits::CLIENTS),
    );
    if let Ok(line) = control::encode(&control::Reply::Error(problem)) {
        // Fits into an empty buffer; a client that is gone needs no answer.
        let _ = stream.try_write(&line);
    }
}
