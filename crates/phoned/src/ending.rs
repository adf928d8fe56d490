//! How the daemon's run ends, and what is done then: nothing, another run, or another run that knows
//! nothing of this one.

use std::convert::Infallible;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io};

/// Why a run ends that has not failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It was told to stop.
    Stop,
    /// It shall start again.
    Restart,
    /// It shall forget everything and start again.
    Reset,
}

impl Ending {
    /// What counts where the run is told a second thing before it has ended: who stops the service
    /// wants it stopped, and what is to be forgotten is forgotten.
    pub(crate) fn or(self, later: Self) -> Self {
        match (self, later) {
            (Self::Stop, _) | (_, Self::Stop) => Self::Stop,
            (Self::Reset, _) | (_, Self::Reset) => Self::Reset,
            (Self::Restart, Self::Restart) => Self::Restart,
        }
    }
}

/// Puts a fresh run with the same command line in the place of this one: the same process to the
/// service manager, which needs no part in it.
///
/// # Errors
/// What the system says; then this run goes on, which has nothing to do any more.
pub(crate) fn again() -> io::Result<Infallible> {
    let mut arguments = env::args_os();
    let program = program(arguments.next())?;
    Err(Command::new(program).args(arguments).exec())
}

/// The file that was started: one that an update has put in its place since is the one wanted.
fn program(named: Option<OsString>) -> io::Result<PathBuf> {
    match named.map(PathBuf::from).filter(|path| path.components().count() > 1) {
        Some(path) => Ok(path),
        None => env::current_exe(),
    }
}

/// Removes all that phoned keeps in its state directory, and nothing else.
///
/// # Errors
/// What cannot be removed; the rest may be gone.
pub(crate) fn erase(state: &Path) -> io::Result<()> {
    // The configuration last: as long as it is there, a reset that was interrupted shows.
    web::erase(&state.join("web"))?;
    config_store::erase(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stops_the_service_wants_it_stopped_whatever_else_is_asked() {
        use Ending::{Reset, Restart, Stop};
        assert_eq!((Restart.or(Stop), Stop.or(Restart)), (Stop, Stop));
        assert_eq!((Restart.or(Reset), Reset.or(Restart)), (Reset, Reset));
    }

    #[test]
    fn a_reset_removes_what_is_ours_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path();
        drop(config_store::Store::open(state).unwrap());
        std::fs::create_dir(state.join("web")).unwrap();
        for file in ["web/users.json", "web/audit.log", "web/key.pem", "somebody's"] {
            std::fs::write(state.join(file), "x").unwrap();
        }
        erase(state).unwrap();
        let left: Vec<_> =
            state.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["somebody's"]);
        erase(state).unwrap();
    }
}
