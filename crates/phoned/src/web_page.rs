//! The web page's way into the phone: its requests are answered as those of the control socket are.
//!
//! What the page shows and whom it lets in is the business of the crate `web`, which knows nothing
//! of the phone but the words of the crate `control`.

use std::net::SocketAddr;

use anyhow::Context;
use config_store::Origin;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use web::{Asked, Phone, Trail, Web};

use crate::control_server::{Desk, answer};
use crate::daemon::named;
use crate::limits;
use crate::options::{self, Run};
use crate::report::Events;
use crate::trace::Trace;

/// The page, open but not served yet.
pub(crate) struct WebPage {
    web: Web,
    address: SocketAddr,
    asked: mpsc::Receiver<Asked>,
}

impl WebPage {
    /// Opens the page's socket; `None` where it is off, or where the usual address is taken.
    ///
    /// # Errors
    /// What is wrong, naming the address or the file.
    pub(crate) fn open(
        options: &Run,
        events: &Events,
        trace: &Trace,
    ) -> anyhow::Result<Option<Self>> {
        let options::Web::At(address) = options.web else { return Ok(None) };
        let (asks, asked) = mpsc::channel(limits::WEB_REQUESTS);
        let phone = Phone::new(asks, events.stream(), trace.latest());
        let folder = options.state.join("web");
        match Web::open(address, &folder, phone) {
            Ok(web) => Ok(Some(Self { web, address, asked })),
            // Whoever asked for no page in particular gets a telephone all the same.
            Err(error) if error.is_taken() && options.web == options::Web::usual() => {
                tracing::warn!(%error, "no web page: give another address with --web");
                Ok(None)
            }
            Err(error) => Err(error).context("option --web"),
        }
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has it served, and returns its audit log.
    pub(crate) fn start(self, desk: &Desk, parts: &mut JoinSet<&'static str>) -> Trail {
        let trail = self.web.trail();
        let desk = Desk { origin: Origin::Web, ..desk.clone() };
        parts.spawn(named("web page", self.web.run()));
        parts.spawn(named("web requests", serve(self.asked, desk)));
        trail
    }
}

/// Answers requests side by side; ends when the page is gone.
async fn serve(mut asked: mpsc::Receiver<Asked>, desk: Desk) {
    while let Some(Asked { request, back }) = asked.recv().await {
        let desk = desk.clone();
        tokio::spawn(async move {
            let reply = answer(request, &desk).await;
            // A visitor who has left needs no answer.
            drop(back.send(reply.map_or_else(control::Reply::Error, control::Reply::Ok)));
        });
    }
}
