//! A connection whose last answer is not lost (RFC 9112 §9.6). Where one is closed at once while the
//! other end still sends, as who is told of a file that is too large does, the kernel resets it, and
//! the reset takes the answer along. So what still comes is read and forgotten, within a bound.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::limits;

/// A stream whose shutdown waits for the other end to be done, too.
pub(super) struct Lingering {
    stream: TcpStream,
    /// Octets that it will still read after its own end.
    left: usize,
    /// The end of the wait; `None` before the shutdown.
    until: Option<Pin<Box<Sleep>>>,
}

impl Lingering {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, left: limits::FORGOTTEN, until: None }
    }

    /// Reads and forgets until the other end has ended, too, or has sent all that is read of it.
    fn poll_forget(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut octets = [0; 8 * 1024];
        while self.left > 0 {
            let mut read = ReadBuf::new(&mut octets);
            let done = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read));
            if done.is_err() || read.filled().is_empty() {
                break;
            }
            self.left = self.left.saturating_sub(read.filled().len());
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.until.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.until = Some(Box::pin(sleep(limits::PATIENCE)));
        }
        let late = self.until.as_mut().is_some_and(|until| until.as_mut().poll(cx).is_ready());
        if late {
            return Poll::Ready(Ok(()));
        }
        self.poll_forget(cx).map(Ok)
    }
}
