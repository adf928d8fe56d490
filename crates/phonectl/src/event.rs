//! One event in one line of text, for `journal` and `watch`. With `--json` events pass as the phone
//! wrote them and nothing here is used.

use control::{AccountState, AudioState, Event, Interface, Move, Notification};

use crate::{call, drill, network};

/// `2026-11-22T13:37:00.123Z  line 1  failover  INVITE: …`.
pub(crate) fn line(notification: &Notification) -> String {
    let what = match &notification.event {
        Event::Registration(account) => {
            let state = match account.state {
                AccountState::Unregistered => "not registered",
                AccountState::Registering => "registering",
                AccountState::Registered => "registered",
                AccountState::Failed => "failed",
                AccountState::Disabled => "switched off",
            };
            let role = if account.on_primary { "primary" } else { "backup" };
            let hop = account.hop.as_ref().map(|hop| format!(" through {role} {hop}"));
            let note = account.note.as_ref().map(|note| format!("; {note}"));
            let [hop, note] = [hop, note].map(Option::unwrap_or_default);
            format!("registration  {state}{hop}{note}")
        }
        Event::Call(status) => {
            format!("call  {} {}: {}", status.id, call::with(status), call::state(status))
        }
        Event::Quality(news) => {
            format!("quality  {}: {}", news.id, call::quality(&news.quality))
        }
        Event::Failover(step) => format!("failover  {}", moved(step)),
        Event::Failback(step) => format!("failback  {}", moved(step)),
        Event::Unavailable(unreached) => {
            format!("unavailable  {}: no server serves: {}", unreached.method, unreached.cause)
        }
        Event::Redundancy { left: true, .. } => {
            "redundancy  another server answers again".to_owned()
        }
        Event::Redundancy { left: false, .. } => {
            "redundancy  none left: no other server answers".to_owned()
        }
        Event::Drill(status) => format!("drill  {}", drill::sentence(status)),
        Event::Config { items } => format!("config  changed: {}", items.join(", ")),
        Event::Audio(audio) => {
            let state = match audio.state {
                AudioState::Running => "running",
                AudioState::Stopped => "stopped",
                AudioState::Failed => "failed",
            };
            let reason = audio.reason.as_ref().map(|reason| format!(": {reason}"));
            format!("audio  {} {state}{}", audio.device, reason.unwrap_or_default())
        }
        Event::Network { interfaces } => {
            let one = |it: &Interface| {
                format!("{} {} {}", it.name, network::state(it), it.addresses.join(" "))
            };
            format!("network  {}", interfaces.iter().map(one).collect::<Vec<_>>().join("; "))
        }
    };
    match notification.event.line() {
        Some(line) => format!("{}  line {line}  {what}", notification.t),
        None => format!("{}  {what}", notification.t),
    }
}

fn moved(step: &Move) -> String {
    let times = if step.attempts == 1 { "transmission" } else { "transmissions" };
    format!(
        "{}: {} -> {}: {} (after {} {times}, {:.0} ms)",
        step.method, step.from, step.to, step.cause, step.attempts, step.elapsed_ms
    )
}
