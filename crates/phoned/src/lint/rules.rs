//! The rules, one function for each thing that a user ought to know.

use std::time::Duration;

use config_store::{Address, Item, KeepAlive, RetryMode, items};
use control::{Finding, Level, Server};
use phone::settings::ServerRole;
use sip_core::limits::{DNS_RETRY, KEPT_RECORDS_WAIT};

use super::Line;
use super::span::words;
use crate::hops;

/// RFC 4787 §4.3 lets a NAT forget a UDP mapping after two minutes.
const NAT_ALLOWED: Duration = Duration::from_secs(120);

/// RFC 5626 §4.4.2 keeps a UDP flow open every 24 to 29 s: many NATs forget after 30 s.
const NAT_COMMON: Duration = Duration::from_secs(30);

/// Longer than this a caller takes a silent phone for a broken one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything that there is to say of a line.
pub(super) fn all(line: &Line<'_>) -> Vec<Finding> {
    let mut found = contradictions(line);
    let rules = [
        no_backup,
        one_address,
        not_registered,
        keep_alive,
        nat,
        keep_alive_overlaps,
        silent_server,
        connections,
        names,
        one_lost_packet,
        long_wait,
        brief_registration,
        failback,
        signal_failback_waits,
        eager_failback,
        every_server_dead,
        dead_hop_in_its_place,
        backups_unwatched,
        backups_watched,
        registered_at_both,
        start_spread,
        strangers,
    ];
    found.extend(rules.into_iter().filter_map(|rule| rule(line)));
    found
}

/// What the store itself has to say: servers that are not used, or are one.
fn contradictions(line: &Line<'_>) -> Vec<Finding> {
    let front = format!("line {}: ", line.number);
    let sentence = |text: String| text.strip_prefix(&front).map_or(text.clone(), str::to_owned);
    let warning = |text| Finding { level: Level::Warning, item: None, text };
    line.settings.warnings(line.number).into_iter().map(sentence).map(warning).collect()
}

fn no_backup(line: &Line<'_>) -> Option<Finding> {
    let item = match line.settings.proxy {
        Some(_) => &items::BAK_PROXY_ADDR,
        None => &items::BACKUP_ADDR,
    };
    (!line.has_backup()).then(|| {
        let text = "there is no backup: while the one server is down nobody can call or be called";
        line.warning(item, text.to_owned())
    })
}

/// Two servers are configured and only one of them has an address of its own.
fn one_address(line: &Line<'_>) -> Option<Finding> {
    if line.known.is_empty() {
        return None;
    }
    let missing = hops::used(line.settings).into_iter().find(|server| {
        let own = match server.role {
            ServerRole::Server1 => Server::Server1,
            ServerRole::Server2 => Server::Server2,
            ServerRole::Proxy => Server::Proxy,
            ServerRole::BackupProxy => Server::BackupProxy,
        };
        !line.known.contains(&own)
    })?;
    // The store has said so of two that are written alike.
    if !line.settings.warnings(line.number).is_empty() {
        return None;
    }
    let text = format!(
        "both names are one address, or {} does not resolve: it is no server of its own",
        missing.address
    );
    Some(Finding { level: Level::Warning, item: None, text })
}

fn not_registered(line: &Line<'_>) -> Option<Finding> {
    (!line.settings.register).then(|| {
        let text = "the line does not register: no call comes through its servers";
        line.warning(&items::ENABLE_REG, text.to_owned())
    })
}

/// How a silent death is found out, and what it costs (failover design §6, §8).
fn keep_alive(line: &Line<'_>) -> Option<Finding> {
    if !line.has_backup() || !line.settings.register {
        return None;
    }
    let unnoticed = words(line.worst.silent_death_unnoticed?);
    let refresh = words(line.expiry);
    let policy = &line.settings.policy;
    Some(match policy.keep_alive {
        KeepAlive::Off => line.warning(
            &items::NAT_UDP_UPDATE,
            format!(
                "refresh {refresh}, keep-alive off: after a failure incoming calls are lost for up \
                 to {unnoticed}"
            ),
        ),
        KeepAlive::Crlf if line.reach.found_otherwise.is_some() => line.note(
            &items::NAT_UDP_UPDATE,
            format!(
                "a server that falls silent is left after at most {} if it has answered a CRLF \
                 ping; at one that answers none incoming calls are lost for up to {unnoticed}",
                words(line.worst.silent_death?),
            ),
        ),
        KeepAlive::Crlf => line.warning(
            &items::NAT_UDP_UPDATE,
            format!(
                "refresh {refresh}, keep-alive by CRLF, which nobody answers over UDP: after a \
                 silent failure incoming calls are lost for up to {unnoticed}"
            ),
        ),
        KeepAlive::Options => line.note(
            &items::UDP_UPDATE_TTL,
            format!(
                "a server that falls silent is left after at most {}, before it has answered a \
                 first keep-alive after {}; incoming calls are lost so long, and for up to \
                 {unnoticed} at a server that answers no OPTIONS",
                words(line.worst.silent_death?),
                words(line.worst.silent_death_unproven?),
            ),
        ),
    })
}

/// A mapping that is forgotten loses every incoming call until the next packet.
fn nat(line: &Line<'_>) -> Option<Finding> {
    if !line.sends_datagrams() {
        return None;
    }
    let policy = &line.settings.policy;
    let interval = match policy.keep_alive {
        KeepAlive::Off => line.policy.refresh_after(line.expiry, usize::from(line.hops)),
        KeepAlive::Crlf | KeepAlive::Options => policy.keep_alive_interval,
    };
    let every = words(interval);
    if interval > NAT_ALLOWED {
        let text = format!(
            "a packet every {every} keeps no NAT open, which may forget the phone after 2 min and \
             often does after 30 s: incoming calls are lost then"
        );
        return Some(line.warning(&items::UDP_UPDATE_TTL, text));
    }
    (interval > NAT_COMMON).then(|| {
        let text = format!("many a NAT forgets the phone after 30 s, before the {every} are over");
        line.note(&items::UDP_UPDATE_TTL, text)
    })
}

/// Intervals that fight: one keep-alive is waited for when the next is due.
fn keep_alive_overlaps(line: &Line<'_>) -> Option<Finding> {
    let (interval, wait) = (line.policy.keep_alive?, line.policy.keep_alive_wait());
    (interval < wait).then(|| {
        let text = format!(
            "a keep-alive is due every {}, but each waits {} for its answer: a silent server is \
             asked only so often",
            words(interval),
            words(wait)
        );
        line.warning(&items::UDP_UPDATE_TTL, text)
    })
}

/// Requirements A3 and A4; failover design §8.
fn silent_server(line: &Line<'_>) -> Option<Finding> {
    if !line.has_backup() {
        return None;
    }
    let (invite, other) = (line.wait_in_words(true), line.wait_in_words(false));
    let each = match invite == other {
        true => format!("a dialled call, a hang-up or a REGISTER goes on after {other}"),
        false => {
            format!("a dialled call goes on after {invite}, a hang-up or a REGISTER after {other}")
        }
    };
    let text = format!(
        "at a silent server {each}, once for each one before one that works; with all of them \
         silent a call fails after {}",
        words(line.all_silent())
    );
    Some(line.note(line.retry_item(), text))
}

/// Requirement A2; failover design §8.
fn connections(line: &Line<'_>) -> Option<Finding> {
    let set_up = line.reach.set_up;
    (!set_up.is_zero() && line.has_backup()).then(|| {
        let text = format!(
            "a server that does not take a connection within {} is left then; one that takes it \
             and is silent has {} more",
            words(set_up),
            words(line.policy.retry.wait(true))
        );
        line.note(&items::CONNECT_TIMEOUT, text)
    })
}

/// Requirement F5: names are looked up ahead, so that no request waits for DNS.
fn names(line: &Line<'_>) -> Option<Finding> {
    let servers = hops::used(line.settings).into_iter();
    let named = servers.filter(|server| matches!(server.address, Address::Name(_)));
    let first = named.into_iter().next()?;
    let text = format!(
        "{} is a name: no failover waits for DNS. With DNS dead the addresses known before serve, \
         {} later after a start; where none was ever known DNS is asked again after at most {}",
        first.address,
        words(KEPT_RECORDS_WAIT),
        words(DNS_RETRY.1)
    );
    Some(line.note(address_item(first.role), text))
}

fn address_item(role: ServerRole) -> &'static Item {
    match role {
        ServerRole::Server1 => &items::REGISTER_ADDR,
        ServerRole::Server2 => &items::BACKUP_ADDR,
        ServerRole::Proxy => &items::PROXY_ADDR,
        ServerRole::BackupProxy => &items::BAK_PROXY_ADDR,
    }
}

fn one_lost_packet(line: &Line<'_>) -> Option<Finding> {
    let once = line.settings.policy.retry == RetryMode::Counts(1) && line.has_backup();
    (once && line.sends_datagrams()).then(|| {
        let text = format!(
            "with one transmission a single lost packet, or an answer later than {}, is enough to \
             leave a server that works",
            words(line.policy.retry.wait(false))
        );
        line.warning(&items::SIGNAL_RETRY_COUNTS, text)
    })
}

fn long_wait(line: &Line<'_>) -> Option<Finding> {
    let wait = line.wait(true);
    (wait > PATIENCE && line.has_backup()).then(|| {
        let text = format!(
            "whoever dials while a server is silent hears nothing for {}: three transmissions \
             take 3.5 s",
            words(wait)
        );
        line.warning(line.retry_item(), text)
    })
}

/// Intervals that fight: a refresh that meets dead servers, and the expiry.
fn brief_registration(line: &Line<'_>) -> Option<Finding> {
    // The set-up at a last server that works is the network's.
    let set_ups = line.reach.set_up * u32::from(line.hops - 1);
    let round = line.policy.longest_round(usize::from(line.hops)) + set_ups;
    let after = line.policy.refresh_after(line.expiry, usize::from(line.hops));
    (after + round > line.expiry && line.settings.register).then(|| {
        let text = format!(
            "a registration of {} is refreshed after {}, and a refresh may take {} where servers \
             are silent: it can run out meanwhile, and incoming calls are lost then",
            words(line.expiry),
            words(after),
            words(round)
        );
        line.warning(&items::REGISTER_TTL, text)
    })
}

/// Failover design §3: another binding, found without waiting for anything.
fn registered_at_both(line: &Line<'_>) -> Option<Finding> {
    let wanted = line.settings.policy.register_both && line.settings.register;
    wanted.then(|| match line.has_backup() {
        true => {
            let found = line.policy.refresh_after(line.expiry, 1) + line.wait(false);
            let text = format!(
                "calls come through a second server as well, also while the death of the first one \
                 is not noticed yet; that the second one has died is found out by its refresh, \
                 after at most {}",
                words(found)
            );
            line.note(&items::REGISTER_BOTH, text)
        }
        false => {
            let text = "there is no second server to be registered at";
            line.warning(&items::REGISTER_BOTH, text.to_owned())
        }
    })
}

/// Failover design §6, the watch on the backups.
fn backups_watched(line: &Line<'_>) -> Option<Finding> {
    let each = line.policy.watch? * u32::from(line.hops - 1);
    line.has_backup().then(|| {
        let known = each + line.reach.set_up + line.policy.keep_alive_wait();
        let text = format!(
            "each server not in use is asked about every {}: that one which has answered is dead \
             is known after at most {}",
            words(each),
            words(known)
        );
        line.note(&items::WATCH_BACKUPS, text)
    })
}

/// Requirements C1 to C5.
fn failback(line: &Line<'_>) -> Option<Finding> {
    if !line.has_backup() {
        return None;
    }
    let (Some(settled), Some(any)) = (line.worst.off_primary_settled, line.worst.off_primary)
    else {
        let text = "no failback is on: once the line is at a backup it stays there until that \
                    fails too, the phone restarts or somebody registers it by hand";
        return Some(line.warning(&items::ENABLE_FAILBACK, text.to_owned()));
    };
    let mut steady = line.policy.clone();
    steady.flap_damping = false;
    let steady = failover::worst_case_of(&steady, &line.reach).off_primary_settled?;
    let often = match steady == settled {
        true => String::new(),
        false => format!(", after at most {} where it had not come and gone before", words(steady)),
    };
    let text = format!(
        "once the primary works again the line is back after at most {}{often}; after at most {} \
         if every server had failed",
        words(settled),
        words(any)
    );
    Some(line.note(&items::FAILBACK_INTERVAL, text))
}

/// Failover design §2: the wait that the document's signal failback costs.
fn signal_failback_waits(line: &Line<'_>) -> Option<Finding> {
    let policy = &line.settings.policy;
    if !policy.signal_failback || !line.has_backup() {
        return None;
    }
    let wait = line.wait_in_words(true);
    if policy.signal_failback_hold.is_zero() {
        let text = format!(
            "while the primary is dead every dialled call, and every hang-up of a call through it, \
             first waits {wait} there: `{}` bounds how often",
            line.name(&items::SIGNAL_FAILBACK_HOLD)
        );
        return Some(line.warning(&items::SIGNAL_FAILBACK, text));
    }
    let text = format!(
        "while the primary is dead one call, hang-up or refresh in {} first waits {wait} there",
        words(policy.signal_failback_hold)
    );
    Some(line.note(&items::SIGNAL_FAILBACK, text))
}

/// Intervals that fight: a return that comes as fast as the failures.
fn eager_failback(line: &Line<'_>) -> Option<Finding> {
    let interval = line.settings.policy.failback_interval?;
    if !line.has_backup() || interval >= line.policy.flap_window {
        return None;
    }
    let every = words(interval);
    let wait = line.wait(false);
    if interval <= wait {
        let text = format!(
            "the dead primary is probed every {every} and each probe waits {} for its answer: it \
             is probed without a pause",
            words(wait)
        );
        return Some(line.warning(&items::FAILBACK_INTERVAL, text));
    }
    (!line.policy.flap_damping).then(|| {
        let text = format!(
            "a primary that comes and goes takes the line with it every {every}, because `{}` is \
             off",
            line.name(&items::FLAP_DAMPING)
        );
        line.warning(&items::FAILBACK_INTERVAL, text)
    })
}

fn every_server_dead(line: &Line<'_>) -> Option<Finding> {
    let text = format!(
        "while every server is dead the line tries again after 15 to {} at first, later after at \
         most {}, for ever; once one works the line is registered there after at most {}",
        words(line.policy.backoff_base),
        words(line.policy.backoff_cap),
        words(line.worst.recovery)
    );
    line.settings.register.then(|| line.note(&items::BACKOFF_CAP, text))
}

fn dead_hop_in_its_place(line: &Line<'_>) -> Option<Finding> {
    (!line.settings.policy.dead_hop_last && line.hops > 2).then(|| {
        let text = format!(
            "a server known to be dead keeps its place: a call whose own server fails waits {} \
             there too",
            line.wait_in_words(true)
        );
        line.note(&items::DEAD_HOP_LAST, text)
    })
}

fn backups_unwatched(line: &Line<'_>) -> Option<Finding> {
    (!line.settings.policy.watch_backups && line.has_backup()).then(|| {
        let text = "that a backup is dead is not known before it is needed";
        line.note(&items::WATCH_BACKUPS, text.to_owned())
    })
}

fn start_spread(line: &Line<'_>) -> Option<Finding> {
    let spread = line.settings.policy.start_spread;
    (!spread.is_zero()).then(|| {
        let text = format!(
            "after the device has started, and after a link loss of 60 s or more, the line may \
             stay unregistered for {}",
            words(spread)
        );
        line.note(&items::START_SPREAD, text)
    })
}

fn strangers(line: &Line<'_>) -> Option<Finding> {
    (!line.settings.refuse_unknown).then(|| {
        let text = "anybody who can reach the phone's port can ring it";
        line.warning(&items::REFUSE_UNKNOWN, text.to_owned())
    })
}
