//! The ladder diagram: a line for the phone and for each address that it speaks with, an arrow for
//! each message. Servers of the lines come first, in order of preference; other addresses follow.
//!
//! Drawn here and not in the browser, as the timeline is: across in per cent, down in pixels. Each
//! arrow is a link to its message, so the diagram is a list for who cannot see it.

use askama::Template;
use control::{AccountStatus, TraceMessage, TraceReport, Way};

use crate::text::Words;

/// Pixels: a message, a mark of time, and what is left below the last.
const STEP: usize = 30;
const MARK: usize = 26;
const FOOT: usize = 10;
/// Per cent of the width that times take.
const GUTTER: f64 = 11.0;
/// Milliseconds of silence after which the time is told again.
const PAUSE: f64 = 400.0;
/// Addresses beside the phone that have a line of their own; the last one is shared by all others.
const PEERS: usize = 5;

#[derive(Template)]
#[template(path = "trace_ladder.html")]
pub(super) struct Ladder {
    w: &'static Words,
    /// Nothing is recorded at all.
    off: bool,
    forgotten: u64,
    columns: Vec<Column>,
    steps: Vec<Step>,
    marks: Vec<Mark>,
    height: usize,
}

struct Column {
    x: f64,
    title: String,
    address: String,
}

struct Step {
    id: u64,
    y: usize,
    from: f64,
    to: f64,
    middle: f64,
    label: String,
    /// `request`, `good`, `wait` or `bad`.
    class: &'static str,
    t: String,
    clock: String,
    /// All of it in words.
    title: String,
}

/// Time has passed.
struct Mark {
    y: usize,
    t: String,
    clock: String,
    pause: String,
}

/// An address beside the phone's.
struct Peer {
    title: String,
    hop: String,
}

impl Ladder {
    pub(super) fn of(
        words: &'static Words,
        report: &TraceReport,
        accounts: &[AccountStatus],
    ) -> Self {
        let peers = peers(words, &report.messages, accounts);
        let x = |column: usize| place(column, peers.len() + 1);
        let phone = Column { x: x(0), title: words.by_local.to_owned(), address: String::new() };
        let others = peers.iter().enumerate().map(|(n, peer)| Column {
            x: x(n + 1),
            title: peer.title.clone(),
            address: host(&peer.hop).to_owned(),
        });
        let columns: Vec<Column> = [phone].into_iter().chain(others).collect();
        let (mut y, mut before) = (0, None);
        let (mut steps, mut marks) = (Vec::new(), Vec::new());
        for message in &report.messages {
            let pause = before.map_or(f64::INFINITY, |before| message.mono_ms - before);
            if pause >= PAUSE {
                marks.push(mark(message, pause, y));
                y += MARK;
            }
            before = Some(message.mono_ms);
            let column = column_of(&peers, &message.hop) + 1;
            let title = peers.get(column - 1).map_or("", |peer| peer.title.as_str());
            steps.push(step(words, message, title, (x(0), x(column)), y));
            y += STEP;
        }
        let (off, forgotten) = (report.limit == 0, report.forgotten);
        Self { w: words, off, forgotten, columns, steps, marks, height: y + FOOT }
    }

    /// Whether it is wider than the smallest screen.
    fn is_wide(&self) -> bool {
        self.columns.len() > 3
    }
}

/// Where a column stands, per cent of the width.
#[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
fn place(column: usize, columns: usize) -> f64 {
    round(GUTTER + (100.0 - GUTTER) * (column as f64 + 0.5) / columns as f64)
}

fn round(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

/// Everybody that the shown messages are with, and every server of a line that they are of.
fn peers(
    words: &'static Words,
    messages: &[TraceMessage],
    accounts: &[AccountStatus],
) -> Vec<Peer> {
    let mut peers: Vec<Peer> = Vec::new();
    for account in accounts.iter().filter(|a| messages.iter().any(|m| m.line == Some(a.line))) {
        for hop in &account.hops {
            if peers.len() < PEERS - 1 && !peers.iter().any(|peer| peer.hop == hop.hop) {
                let title = super::status::server(words, hop.server).to_owned();
                peers.push(Peer { title, hop: hop.hop.clone() });
            }
        }
    }
    for message in messages {
        let known = peers.iter().any(|peer| is_same(&peer.hop, &message.hop));
        if !known && peers.len() < PEERS {
            let title = words.trace_other.to_owned();
            peers.push(Peer { title, hop: message.hop.clone() });
        }
    }
    peers
}

/// The column of a hop: its own, or that of its host (a connection that a server has opened comes from
/// a port of its choice), or the last one.
fn column_of(peers: &[Peer], hop: &str) -> usize {
    let exact = peers.iter().position(|peer| peer.hop == hop);
    let of_host = || peers.iter().position(|peer| is_same(&peer.hop, hop));
    exact.or_else(of_host).unwrap_or(peers.len().saturating_sub(1))
}

fn is_same(one: &str, other: &str) -> bool {
    host(one) == host(other)
}

/// The host of a hop: `udp:10.0.0.1:5060` → `10.0.0.1`.
fn host(hop: &str) -> &str {
    let address = hop.split_once(':').map_or(hop, |(_, address)| address);
    address.rsplit_once(':').map_or(address, |(host, _)| host)
}

fn step(
    words: &Words,
    message: &TraceMessage,
    peer: &str,
    (phone, column): (f64, f64),
    y: usize,
) -> Step {
    let t = message.t.to_string();
    let (from, to) = match message.way {
        Way::Sent => (phone, column),
        Way::Received => (column, phone),
    };
    let label = match message.code {
        Some(code) => format!("{code} {}", message.method),
        None => message.method.clone(),
    };
    let label = if label.trim().is_empty() { "?".to_owned() } else { label };
    let class = match message.code {
        None => "request",
        Some(100..200) => "wait",
        Some(200..300) => "good",
        // A challenge is no refusal.
        Some(401 | 407) => "wait",
        Some(_) => "bad",
    };
    let (own, hop) = (words.by_local, &message.hop);
    let way = match message.way {
        Way::Sent => format!("{own} → {peer} {hop}"),
        Way::Received => format!("{peer} {hop} → {own}"),
    };
    let clock = t.get(11..23).unwrap_or_default().to_owned();
    Step {
        id: message.id,
        y,
        from,
        to,
        middle: round(f64::midpoint(from, to)),
        class,
        title: format!("{clock} {label} · {way}: {}", message.start()),
        label,
        t,
        clock,
    }
}

fn mark(message: &TraceMessage, pause: f64, y: usize) -> Mark {
    let t = message.t.to_string();
    let clock = t.get(11..23).unwrap_or_default().to_owned();
    let pause = if pause.is_finite() { format!("+{:.1} s", pause / 1000.0) } else { String::new() };
    Mark { y, t, clock, pause }
}

#[cfg(test)]
mod tests {
    use control::{AccountState, HopState, HopStatus, Server, Timestamp};

    use super::*;
    use crate::text::Language;

    fn message(id: u64, ms: i64, way: Way, hop: &str, code: Option<u16>) -> TraceMessage {
        TraceMessage {
            id,
            t: Timestamp::from_unix_ms(1_800_000_000_000 + ms),
            mono_ms: ms as f64,
            way,
            local: "10.0.0.9:5060".into(),
            hop: hop.into(),
            line: Some(1),
            call_id: "c".into(),
            method: "REGISTER".into(),
            code,
            text: "REGISTER sip:example.test SIP/2.0\r\n\r\n".into(),
        }
    }

    fn account() -> AccountStatus {
        let hop = |hop: &str, server| HopStatus {
            hop: hop.into(),
            server,
            state: HopState::Available,
            cause: None,
            cause_zh: String::new(),
            since: Timestamp::default(),
        };
        AccountStatus {
            line: 1,
            aor: "sip:1001@example.test".into(),
            state: AccountState::Registered,
            hop: None,
            on_primary: true,
            since: Timestamp::default(),
            expires_in_s: None,
            hops: vec![
                hop("tcp:10.0.0.1:5060", Server::Proxy),
                hop("tcp:10.0.0.2:5060", Server::BackupProxy),
            ],
            note: None,
            note_zh: String::new(),
        }
    }

    #[test]
    fn an_arrow_leads_from_who_sent_to_who_received_f9() {
        let messages = vec![
            message(1, 0, Way::Sent, "tcp:10.0.0.1:5060", None),
            message(2, 3500, Way::Sent, "tcp:10.0.0.2:5060", None),
            message(3, 3501, Way::Received, "tcp:10.0.0.2:41234", Some(200)),
            message(4, 3600, Way::Received, "udp:[fd00::7]:5060", Some(486)),
        ];
        let report = TraceReport { messages, limit: 1, ..TraceReport::default() };
        let ladder = Ladder::of(Language::En.words(), &report, &[account()]);
        let titles: Vec<&str> = ladder.columns.iter().map(|c| c.title.as_str()).collect();
        assert_eq!(titles, ["this phone", "SIP Proxy", "Backup Proxy", "other address"]);
        let x: Vec<f64> = ladder.columns.iter().map(|column| column.x).collect();
        let arrows: Vec<_> = ladder.steps.iter().map(|s| (s.from, s.to, s.class)).collect();
        assert_eq!(
            arrows,
            [
                (x[0], x[1], "request"),
                (x[0], x[2], "request"),
                // From a port of its own: still the backup.
                (x[2], x[0], "good"),
                (x[3], x[0], "bad"),
            ]
        );
        let marks: Vec<_> = ladder.marks.iter().map(|m| (m.y, m.pause.as_str())).collect();
        assert_eq!(marks, [(0, ""), (MARK + STEP, "+3.5 s")]);
        assert_eq!(ladder.columns[3].address, "[fd00::7]");
    }

    #[test]
    fn many_addresses_share_the_last_line_and_what_strangers_say_is_escaped_f10() {
        let many = (0..9).map(|n| {
            let hop = format!("udp:10.0.1.{n}:5060");
            let mut message = message(n, 0, Way::Received, &hop, None);
            (message.line, message.method) = (None, "<b>".into());
            message.text = "<b> \"><script>".into();
            message
        });
        let report = TraceReport { messages: many.collect(), limit: 1, ..TraceReport::default() };
        let ladder = Ladder::of(Language::Zh.words(), &report, &[account()]);
        assert_eq!(ladder.columns.len(), PEERS + 1);
        assert_eq!(ladder.steps[8].from, ladder.columns[PEERS].x);
        let drawn = ladder.render().unwrap();
        assert!(!drawn.contains("<b>") && !drawn.contains("<script"), "{drawn}");
    }
}
