//! Why a command did not do what it should, how that is told on standard error, and with which exit
//! status. Nothing here prints to standard output.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use control::{FrameError, Problem};

use crate::output::plain;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The phone refuses.
    #[error("{}", .0.message)]
    Refused(Problem),
    /// The phone refuses what a file says.
    #[error("{}: {}", path.display(), problem.message)]
    RefusedFile {
        /// Which; `-` for standard input.
        path: PathBuf,
        /// What is wrong in it.
        problem: Problem,
    },
    /// A file given on the command line cannot be used.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which; `-` for standard input.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The phone answers and does not do what it is for; why, in words.
    #[error("not healthy: {0}")]
    Unhealthy(String),
    /// No phone answers.
    #[error("{}: {reason}", socket.display())]
    NoPhone {
        /// The socket tried.
        socket: PathBuf,
        /// What happened there.
        reason: String,
    },
    /// The request is longer than the protocol takes.
    #[error("request not sent: {0}")]
    NotSent(FrameError),
    /// Standard output does not work.
    #[error("standard output: {0}")]
    Output(io::Error),
    /// Standard output was closed by its reader.
    #[error("standard output closed")]
    ReaderGone,
}

impl Failure {
    /// Names the file that the phone has refused; other failures stay what they are.
    pub(crate) fn in_file(self, path: PathBuf) -> Self {
        match self {
            Self::Refused(problem) => Self::RefusedFile { path, problem },
            Self::RefusedFile { .. }
            | Self::File { .. }
            | Self::Unhealthy(_)
            | Self::NoPhone { .. }
            | Self::NotSent(_)
            | Self::Output(_)
            | Self::ReaderGone => self,
        }
    }

    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Refused(_) | Self::RefusedFile { .. } | Self::Unhealthy(_) => 1,
            Self::File { .. } | Self::NotSent(_) | Self::Output(_) | Self::ReaderGone => 2,
            Self::NoPhone { .. } => 3,
        }
    }

    /// Tells the user: one line for each thing that is wrong.
    pub(crate) fn report(&self) {
        let mut lines = vec![];
        match self {
            Self::Refused(problem) => {
                lines.push(told(problem));
                lines.extend(problem.also.iter().map(told));
            }
            Self::RefusedFile { path, problem } => {
                let of_file = |problem| format!("{}: {}", path.display(), told(problem));
                lines.push(of_file(problem));
                lines.extend(problem.also.iter().map(of_file));
            }
            Self::File { .. }
            | Self::Unhealthy(_)
            | Self::NoPhone { .. }
            | Self::NotSent(_)
            | Self::Output(_)
            | Self::ReaderGone => lines.push(self.to_string()),
        }
        for line in lines {
            complain(&line);
        }
    }
}

/// A problem with its place, unless the message names it already.
fn told(problem: &Problem) -> String {
    match &problem.place {
        Some(place) if !problem.message.contains(place.as_str()) => {
            format!("{place}: {}", problem.message)
        }
        Some(_) | None => problem.message.clone(),
    }
}

/// One line on standard error. Should that not work either, there is no one left to tell.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "phonectl: {}", plain(line));
}
