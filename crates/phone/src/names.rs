//! Names that dialogs lead to and that no line has configured (RFC 3263; failover design §5).
//!
//! A route set or a remote target may name a host that is none of the line's servers. The shell is
//! told which such names are needed now, looks them up while they are, and tells what they lead to;
//! requests that come before it knows take the hop that set the dialog up.

use std::collections::{BTreeMap, BTreeSet};

use sip_core::transport::resolve::Target;
use sip_core::transport::{Hop, Transport};

use crate::input::Way;
use crate::output::Output;
use crate::{Phone, limits};

/// The transports that a dialog's own names may be reached by, in the order in which a name that says
/// nothing of its own is tried (RFC 3263 §4.1).
pub(crate) const TRANSPORTS: &[Transport] = &[Transport::Udp, Transport::Tcp, Transport::Tls];

/// What is needed and what is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameBook {
    wanted: BTreeSet<Target>,
    known: BTreeMap<Target, Vec<Way>>,
}

impl NameBook {
    /// The names that lead to a hop, in order: a certificate there must be good for each.
    pub(crate) fn behind(&self, hop: Hop) -> impl Iterator<Item = &str> {
        let leads = move |(_, ways): &(&Target, &Vec<Way>)| ways.iter().any(|way| way.hop == hop);
        self.known.iter().filter(leads).map(|(target, _)| target.name.as_str())
    }
}

impl Phone {
    /// A name that a dialog leads to has been looked up.
    pub(crate) fn set_name(&mut self, target: Target, ways: Vec<Way>) {
        if self.core.names.wanted.contains(&target) {
            self.core.names.known.insert(target, ways);
        }
    }

    /// Tells the shell which names are needed, and the dialogs what theirs lead to.
    pub(crate) fn ask_for_names(&mut self) {
        let mut wanted = BTreeSet::new();
        let calls = self.calls.values_mut().filter_map(|call| call.session_mut());
        let farewells = self.core.farewells.values_mut().map(|bye| bye.session_mut());
        for session in calls.chain(farewells) {
            let account = self.core.accounts.get(&session.line);
            let Some(target) = account.and_then(|account| session.foreign_name(account)) else {
                continue;
            };
            if let Some(ways) = self.core.names.known.get(&target) {
                session.set_ways(ways);
            }
            if wanted.len() < limits::NAMES {
                wanted.insert(target);
            }
        }
        if wanted != self.core.names.wanted {
            self.core.names.known.retain(|target, _| wanted.contains(target));
            self.core.names.wanted.clone_from(&wanted);
            self.core.output(Output::Names(wanted));
        }
    }
}
