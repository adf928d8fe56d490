//! What is recorded, put into the words of the control protocol: which line a message belongs to, what
//! it is, and its text without secrets.

use std::collections::{BTreeMap, HashMap};

use control::{AccountStatus, TraceDialog, TraceMessage, TraceReport, Way};

use super::glance::{Glance, user_and_host};
use super::ring::{Entry, Ring};
use crate::clock::Reading;
use crate::mask::masked;

/// Which messages are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Of this line.
    pub(crate) line: Option<u16>,
    /// Of this Call-ID.
    pub(crate) call_id: Option<String>,
    /// After this number.
    pub(crate) since: u64,
    /// Up to this number.
    pub(crate) until: Option<u64>,
    /// So many at most, the latest.
    pub(crate) last: Option<u32>,
}

/// Whose addresses are whose: the lines by their address of record.
#[derive(Debug)]
pub(crate) struct Lines {
    /// By user and host, the host in lower case.
    by_address: HashMap<(String, String), u16>,
    /// By user alone; `None` where several lines have that user.
    by_user: HashMap<String, Option<u16>>,
}

impl Lines {
    pub(crate) fn of(accounts: &[AccountStatus]) -> Self {
        let mut lines = Self { by_address: HashMap::new(), by_user: HashMap::new() };
        for account in accounts {
            let (user, host) = user_and_host(&account.aor);
            let (user, host) = (user.to_owned(), host.to_ascii_lowercase());
            let known = lines.by_user.entry(user.clone()).or_insert(Some(account.line));
            if *known != Some(account.line) {
                *known = None;
            }
            lines.by_address.entry((user, host)).or_insert(account.line);
        }
        lines
    }

    fn find(&self, address: &str) -> Option<u16> {
        let (user, host) = user_and_host(address);
        let exact = self.by_address.get(&(user.to_owned(), host.to_ascii_lowercase()));
        exact.copied().or_else(|| self.by_user.get(user).copied().flatten())
    }

    /// The line of a message by itself: ours is the From of what we ask and of its answers, else the
    /// To; a request from outside may also have come to our Contact.
    fn of_message(&self, way: Way, glance: Glance<'_>) -> Option<u16> {
        let asked_here = (way == Way::Sent) == glance.code().is_none();
        let ours = if asked_here { glance.header("From", "f") } else { glance.header("To", "t") };
        let contact = || {
            let came = !asked_here && glance.code().is_none();
            came.then(|| self.find(glance.request_uri())).flatten()
        };
        self.find(ours).or_else(contact)
    }
}

/// What is recorded and fits.
pub(super) fn report(ring: &Ring, filter: &Filter, lines: &Lines, clock: Reading) -> TraceReport {
    let dialogs = Dialogs::of(ring, lines);
    let in_range = |entry: &Entry| {
        entry.id > filter.since && filter.until.is_none_or(|until| entry.id <= until)
    };
    let fits = |entry: &&Entry| in_range(entry) && dialogs.fits(entry, filter, lines);
    let most = filter.last.and_then(|last| usize::try_from(last).ok()).unwrap_or(usize::MAX);
    let mut messages: Vec<TraceMessage> = (ring.entries().rev().filter(fits).take(most))
        .map(|entry| message(entry, dialogs.line(entry, lines), clock))
        .collect();
    messages.reverse();
    TraceReport {
        messages,
        dialogs: dialogs.told(clock),
        forgotten: ring.forgotten(),
        limit: ring.limit() as u64,
    }
}

/// The recorded messages that fit, oldest first.
pub(super) fn select<'a>(ring: &'a Ring, filter: &Filter, lines: &Lines) -> Vec<&'a Entry> {
    let dialogs = Dialogs::of(ring, lines);
    ring.entries().filter(|entry| dialogs.fits(entry, filter, lines)).collect()
}

fn message(entry: &Entry, line: Option<u16>, clock: Reading) -> TraceMessage {
    let glance = Glance::at(&entry.message);
    TraceMessage {
        id: entry.id,
        t: clock.calendar(entry.at),
        mono_ms: clock.mono_ms(entry.at),
        way: entry.way,
        local: entry.local.to_string(),
        hop: entry.hop.to_string(),
        line,
        call_id: glance.call_id().to_owned(),
        method: glance.method().to_owned(),
        code: glance.code(),
        text: String::from_utf8_lossy(&masked(&entry.message)).into_owned(),
    }
}

/// One Call-ID.
struct Dialog<'a> {
    first: &'a Entry,
    line: Option<u16>,
    messages: u32,
}

/// Every Call-ID that is recorded. A message whose own addresses name no line has that of its Call-ID.
struct Dialogs<'a>(BTreeMap<&'a str, Dialog<'a>>);

impl<'a> Dialogs<'a> {
    fn of(ring: &'a Ring, lines: &Lines) -> Self {
        let mut dialogs: BTreeMap<&str, Dialog<'_>> = BTreeMap::new();
        for entry in ring.entries() {
            let glance = Glance::at(&entry.message);
            let call_id = glance.call_id();
            if call_id.is_empty() {
                continue;
            }
            let fresh = Dialog { first: entry, line: None, messages: 0 };
            let dialog = dialogs.entry(call_id).or_insert(fresh);
            dialog.messages += 1;
            dialog.line = dialog.line.or_else(|| lines.of_message(entry.way, glance));
        }
        Self(dialogs)
    }

    fn line(&self, entry: &Entry, lines: &Lines) -> Option<u16> {
        let glance = Glance::at(&entry.message);
        let by_call = || self.0.get(glance.call_id()).and_then(|dialog| dialog.line);
        lines.of_message(entry.way, glance).or_else(by_call)
    }

    fn fits(&self, entry: &Entry, filter: &Filter, lines: &Lines) -> bool {
        let of_call = |call_id: &String| Glance::at(&entry.message).call_id() == call_id;
        filter.call_id.as_ref().is_none_or(of_call)
            && filter.line.is_none_or(|line| self.line(entry, lines) == Some(line))
    }

    fn told(&self, clock: Reading) -> Vec<TraceDialog> {
        let mut dialogs: Vec<_> = self.0.iter().collect();
        dialogs.sort_by_key(|(_, dialog)| dialog.first.id);
        let tell = |(call_id, dialog): (&&str, &Dialog<'_>)| {
            let glance = Glance::at(&dialog.first.message);
            let asked_here = (dialog.first.way == Way::Sent) == glance.code().is_none();
            let remote =
                if asked_here { glance.header("To", "t") } else { glance.header("From", "f") };
            let (user, host) = user_and_host(remote);
            let at = if user.is_empty() { "" } else { "@" };
            TraceDialog {
                call_id: (*call_id).to_owned(),
                line: dialog.line,
                method: glance.method().to_owned(),
                remote: format!("{user}{at}{host}"),
                since: clock.calendar(dialog.first.at),
                messages: dialog.messages,
            }
        };
        dialogs.into_iter().map(tell).collect()
    }
}
