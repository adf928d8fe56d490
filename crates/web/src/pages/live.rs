//! Live pages: server-sent events, each with those parts of the page whose content is another one
//! now. Nothing is polled: the phone's own events are what is waited for. Only while somebody looks
//! does a slow tick move the timeline on.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use control::{Notification, Problem, Timestamp};
use futures_util::stream;
use serde::Deserialize;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::watch;

use crate::app::App;
use crate::limits;

use super::caller::Member;
use super::frame::{Frame, Tab};
use super::status::{self, Parts};
use super::trace::{self, Choice};
use super::{assets, calls, drill, network};

/// How often the timeline moves on by itself.
const TICK: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Page {
    Line,
    Status,
    Calls,
    Drill,
    Network,
    Trace,
}

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    page: Page,
    #[serde(default)]
    line: String,
    #[serde(default)]
    call: String,
}

/// One page that is looked at.
struct Watch {
    app: App,
    frame: Frame,
    cookie: String,
    page: Page,
    line: String,
    call: String,
    events: Receiver<Arc<Notification>>,
    /// Changes with each SIP message.
    traffic: watch::Receiver<u64>,
    shown: Option<Parts>,
    _place: OwnedSemaphorePermit,
}

/// The stream of one page.
pub(super) async fn stream(
    State(app): State<App>,
    Query(Which { page, line, call }): Query<Which>,
    member: Member,
) -> Response {
    let Some(place) = app.watcher() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let tab = match page {
        Page::Line => Tab::Line,
        Page::Status => Tab::Status,
        Page::Calls => Tab::Calls,
        Page::Drill => Tab::Drill,
        Page::Network => Tab::Network,
        Page::Trace => Tab::Trace,
    };
    let frame = Frame::of_member(&member, tab);
    if tab == Tab::Trace && !frame.is_admin() {
        return StatusCode::FORBIDDEN.into_response();
    }
    let watch = Watch {
        // Before the page is drawn: nothing that happens after it is missed.
        events: app.phone().watch(),
        traffic: app.phone().traffic(),
        frame,
        cookie: member.session.cookie().to_owned(),
        page,
        line,
        call,
        shown: None,
        app,
        _place: place,
    };
    let body = Body::from_stream(stream::unfold(watch, |mut watch| async move {
        let message = watch.next().await?;
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(message)), watch))
    }));
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

impl Watch {
    /// The next message; `None` once the phone or the session has ended.
    async fn next(&mut self) -> Option<String> {
        loop {
            if self.shown.is_some() {
                self.wait().await?;
            }
            if !self.app.trust().is_good(&self.cookie) {
                return None;
            }
            let parts = self.parts().await.ok()?;
            let before = self.shown.replace(parts.clone());
            let first = before.is_none();
            let before = before.unwrap_or_default();
            let news: Parts =
                parts.into_iter().filter(|(id, text)| before.get(id) != Some(text)).collect();
            if !news.is_empty() {
                return Some(message(&news, first));
            }
        }
    }

    /// Waits until something may have changed.
    async fn wait(&mut self) -> Option<()> {
        tokio::select! {
            event = self.events.recv() => match event {
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            },
            changed = self.traffic.changed(), if self.page == Page::Trace => {
                changed.ok()?;
                tokio::time::sleep(limits::TRACE_PAUSE).await;
                self.traffic.mark_unchanged();
            }
            () = tokio::time::sleep(TICK) => {}
        }
        // What came together is shown together.
        loop {
            match self.events.try_recv() {
                Ok(_) | Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty) => return Some(()),
                Err(TryRecvError::Closed) => return None,
            }
        }
    }

    async fn parts(&self) -> Result<Parts, Problem> {
        match self.page {
            Page::Line => {
                let line = self.line.parse().unwrap_or(0);
                status::line_parts(&self.app, &self.frame, line).await
            }
            Page::Status => status::parts(&self.app, &self.frame).await,
            Page::Calls => calls::parts(&self.app, &self.frame).await,
            Page::Drill => drill::parts(&self.app, &self.frame).await,
            Page::Network => network::parts(&self.app, &self.frame).await,
            Page::Trace => {
                let choice = Choice::new(&self.line, &self.call);
                trace::parts(&self.app, &self.frame, &choice).await
            }
        }
    }
}

/// One event of the stream. The first says which version speaks, so that a page which was drawn by
/// another one is drawn again.
fn message(parts: &Parts, first: bool) -> String {
    let json = serde_json::to_string(parts).unwrap_or_default();
    let hello = format!("retry: 1000\nevent: hello\ndata: {}\n\n", assets::version());
    format!("{}event: parts\ndata: {json}\n\n", if first { &hello } else { "" })
}

/// Calendar time.
pub(super) fn now() -> Timestamp {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(i64::try_from(unix.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_one_line_whatever_it_holds() {
        let text = message(&Parts::from([("lines", "<p>\n\n</p>".to_owned())]), false);
        assert_eq!(text, "event: parts\ndata: {\"lines\":\"<p>\\n\\n</p>\"}\n\n");
        assert!(message(&Parts::new(), true).starts_with("retry: 1000\nevent: hello\n"));
    }
}
