//! A dialog and the way to its other end: which hop its requests take, and how they are built.
//!
//! Joins the dialog of sip-core with the line's hops (failover design §5). It sends nothing; the
//! change of a session, the BYE and the ACK are built here so that all three take the same way.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use failover::RequestKind;
use sip_core::dialog::{Dialog, DialogId};
use sip_core::message::{HeaderName, Host, Method, NameAddr, Request};
use sip_core::transport::resolve::Target;
use sip_core::transport::{Hop, Transport};

use super::ladder::{Ladder, Place, RouteUse, Rung, Situation};
use super::route::{self, Directory};
use crate::account::Account;
use crate::core::Parcel;
use crate::input::Way;
use crate::names::TRANSPORTS;
use crate::settings::LineNumber;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) line: LineNumber,
    pub(crate) dialog: Dialog,
    /// The hop that set the dialog up.
    pub(crate) hop: Hop,
    /// Our address towards it.
    pub(crate) local: SocketAddr,
    /// The transport by which we are reached there: not always that of the hop, as a server of the line
    /// may call by another way than the line's own to it.
    transport: Transport,
    learned: BTreeMap<String, Hop>,
    /// What the name leads to that the dialog's requests are to go to, if it is none of the line's.
    ways: Vec<Way>,
    worked: Option<Worked>,
}

/// The rung that worked, by address, since a hop list may change in the life of a call.
#[derive(Clone, Copy, Debug)]
struct Worked {
    hop: Hop,
    repaired_from: Option<Hop>,
}

impl Session {
    pub(crate) fn new(line: LineNumber, dialog: Dialog, hop: Hop, local: SocketAddr) -> Self {
        let mut learned = BTreeMap::new();
        // The first entry of an answer that came through this hop is this hop's own name for itself.
        if let Some(Host::Name(name)) = dialog.route_set.first().map(|first| &first.uri.host) {
            learned.insert(name.to_ascii_lowercase(), hop);
        }
        let (transport, ways) = (hop.transport, Vec::new());
        Self { line, dialog, hop, local, transport, learned, ways, worked: None }
    }

    /// Notes by what the dialog's first request has come.
    pub(crate) fn reached_by(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// Our Contact in it.
    pub(crate) fn contact(&self, account: &Account) -> String {
        account.contact(self.transport, self.local)
    }

    /// The name that the dialog's requests are to go to, where it is none of the line's.
    pub(crate) fn foreign_name(&self, account: &Account) -> Option<Target> {
        let first = self.dialog.first_hop_uri();
        let known = self.directory(account).hop_of(first).is_some();
        Target::of_uri(first, TRANSPORTS).filter(|_| !known)
    }

    /// What that name leads to now. Where it leads nowhere, what it led to before stays.
    pub(crate) fn set_ways(&mut self, ways: &[Way]) {
        if !ways.is_empty() {
            self.ways = ways.to_vec();
        }
    }

    fn directory<'a>(&'a self, account: &'a Account) -> Directory<'a> {
        Directory { hops: &account.hops, learned: &self.learned }
    }

    /// Where the route set, or with none the remote target, leads.
    fn named(&self, account: &Account) -> Place {
        let first = self.dialog.first_hop_uri();
        if let Some(hop) = self.directory(account).hop_of(first) {
            return Place::Line(hop);
        }
        let of_line = |hop: Hop| account.hops.iter().position(|entry| entry.hop == hop);
        let place = |hop: Hop| of_line(hop).map_or(Place::Elsewhere(hop), Place::Line);
        if let Some(hop) = Hop::of_uri(first) {
            return place(hop);
        }
        // A name: of a B2BUA it leads to the line's own hop. Until it is looked up, the way that the
        // dialog came by is the best guess.
        let ways = || self.ways.iter().map(|way| way.hop);
        let ours = ways().find(|hop| of_line(*hop).is_some());
        place(ours.or_else(|| ways().next()).unwrap_or(self.hop))
    }

    /// Whether a request of the other side belongs to this dialog: by its identifiers, whatever its
    /// source (failover design §5).
    pub(crate) fn owns(&self, request: &Request) -> bool {
        DialogId::of_request(request).as_ref() == Some(&self.dialog.id)
    }

    /// The hop that the dialog's requests take now, for the status.
    pub(crate) fn current_hop(&self) -> Hop {
        self.worked.map_or(self.hop, |worked| worked.hop)
    }

    /// The rungs of a new request.
    pub(crate) fn plan(&self, account: &mut Account, method: &Method, now: Instant) -> Ladder {
        let named = self.named(account);
        let on_primary = named == Place::Line(0);
        let kind = if *method == Method::Bye {
            RequestKind::Bye { route_is_primary: on_primary }
        } else {
            RequestKind::InDialog
        };
        let order = account.machine.order(kind, now);
        let probes_primary = on_primary
            && *method == Method::Bye
            && account.settings.policy.signal_failback
            && order.hops.first().is_some_and(|hop| hop.0 == 0);
        let usable = match named {
            Place::Line(hop) => account.is_usable(hop),
            Place::Elsewhere(_) => true,
        };
        let situation = Situation {
            named,
            worked: self.worked_rung(account).filter(|_| !probes_primary),
            // With no Route there is nothing to repair: only the next hop changes.
            repair: account.settings.repair_route && !self.dialog.route_set.is_empty(),
        };
        let ladder = Ladder::plan(situation, &order, usable || probes_primary);
        match named {
            Place::Elsewhere(first) if self.ways.iter().any(|way| way.hop == first) => {
                ladder.or_else(self.ways.iter().map(|way| way.hop).filter(|hop| *hop != first))
            }
            Place::Elsewhere(_) | Place::Line(_) => ladder,
        }
    }

    fn worked_rung(&self, account: &Account) -> Option<Rung> {
        let worked = self.worked?;
        let place = |hop: Hop| account.hops.iter().position(|entry| entry.hop == hop);
        let at = place(worked.hop)?;
        if !account.is_usable(at) {
            return None;
        }
        let route = match worked.repaired_from {
            Some(from) => RouteUse::RepairedFrom(place(from)?),
            None => RouteUse::AsIs,
        };
        Some(Rung { place: Place::Line(at), route })
    }

    /// Remembers the rung that an answer came from.
    pub(crate) fn landed(&mut self, rung: Rung, account: &Account) {
        let Place::Line(at) = rung.place else { return };
        let Some(entry) = account.hops.get(at) else { return };
        let repaired_from = match rung.route {
            RouteUse::AsIs => None,
            RouteUse::RepairedFrom(from) => account.hops.get(from).map(|entry| entry.hop),
        };
        self.worked = Some(Worked { hop: entry.hop, repaired_from });
    }

    /// The next request of the dialog for a rung: with that CSeq, or with the next one.
    ///
    /// `None` where the hop has gone from the list meanwhile.
    pub(crate) fn request(
        &mut self,
        method: Method,
        cseq: Option<u32>,
        rung: Rung,
        patience: Duration,
        account: &Account,
    ) -> Option<Parcel> {
        let (to, local) = self.address(rung.place, account)?;
        let route = self.route(rung.route, to, account)?;
        let next = self.dialog.local_cseq.saturating_add(1);
        let cseq = cseq.unwrap_or(next);
        self.dialog.local_cseq = self.dialog.local_cseq.max(cseq);
        let has_contact = matches!(
            method,
            Method::Invite | Method::Update | Method::Refer | Method::Notify | Method::Subscribe
        );
        let mut request = self.dialog.request_with(method, cseq, &route);
        if has_contact {
            let transport = match rung.place {
                Place::Line(_) => to.transport,
                // Our address is the one towards the dialog's own hop.
                Place::Elsewhere(_) => self.transport,
            };
            request.headers.set(HeaderName::Contact, account.contact(transport, local));
        }
        Some(Parcel { line: self.line, request, to, local, patience })
    }

    /// The ACK of a 2xx to our INVITE with that CSeq, and where it goes: the dialog's own way, or
    /// rung 1 at once if that is known dead. `asked` is where the INVITE went, if that is known.
    pub(crate) fn ack(
        &self,
        invite: &Request,
        asked: Option<Hop>,
        account: &mut Account,
        now: Instant,
    ) -> Option<(Request, Hop, SocketAddr)> {
        let rung = self.plan(account, &Method::Ack, now).rung;
        let (to, local) = self.address(rung.place, account)?;
        let route = self.route(rung.route, to, account)?;
        let cseq = invite.headers.cseq().ok()?.number;
        let mut ack = self.dialog.request_with(Method::Ack, cseq, &route);
        // RFC 3261 §13.2.2.4: the same credentials as the INVITE; but they are for the hop that asked
        // for them, and a route set may lead past it, or the dialog have moved on (requirement F10).
        // The INVITE may have gone there by another transport, because it was large.
        let credentials = [HeaderName::Authorization, HeaderName::ProxyAuthorization];
        let same = asked.is_some_and(|asked| asked.addr == to.addr);
        for name in credentials.into_iter().filter(|_| same) {
            let values: Vec<String> = invite.headers.all(&name).map(str::to_owned).collect();
            for value in values {
                ack.headers.push(name.clone(), &value);
            }
        }
        Some((ack, to, local))
    }

    fn address(&self, place: Place, account: &Account) -> Option<(Hop, SocketAddr)> {
        match place {
            Place::Line(at) => account.hops.get(at).map(|entry| (entry.hop, entry.local)),
            Place::Elsewhere(hop) => {
                let way = self.ways.iter().find(|way| way.hop == hop);
                Some((hop, way.map_or(self.local, |way| way.local)))
            }
        }
    }

    fn route(&self, usage: RouteUse, to: Hop, account: &Account) -> Option<Vec<NameAddr>> {
        let RouteUse::RepairedFrom(failed) = usage else {
            return Some(self.dialog.route_set.clone());
        };
        let failed = account.hops.get(failed)?;
        let next = account.hops.iter().find(|entry| entry.hop == to)?;
        Some(route::repair(&self.dialog.route_set, failed, next, self.directory(account)))
    }
}
