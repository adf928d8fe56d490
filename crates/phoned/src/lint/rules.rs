//! The rules, one function for each thing that a user ought to know.

use std::time::Duration;

use config_store::{Address, Item, KeepAlive, RetryMode, items};
use control::{Finding, Level, Server};
use phone::settings::ServerRole;
use sip_core::limits::{DNS_RETRY, KEPT_RECORDS_WAIT};

use super::say::say;
use super::{Line, finding};
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
    let sentences = line.conflicts.iter().map(|conflict| conflict.sentence(line.number));
    sentences.map(|said| finding(Level::Warning, None, said)).collect()
}

fn no_backup(line: &Line<'_>) -> Option<Finding> {
    let item = match line.settings.proxy {
        Some(_) => &items::BAK_PROXY_ADDR,
        None => &items::BACKUP_ADDR,
    };
    (!line.has_backup()).then(|| {
        let said = say!(
            "there is no backup: while the one server is down nobody can call or be called",
            "没有备份：唯一的服务器失效时，无法呼出也无法接听"
        );
        line.warning(item, said)
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
    if !line.conflicts.is_empty() {
        return None;
    }
    let said = say!(
        "both names are one address, or {name} does not resolve: it is no server of its own",
        "两个名称是同一个地址，或 {name} 无法解析：它不是独立的服务器";
        name = missing.address
    );
    Some(finding(Level::Warning, None, said))
}

fn not_registered(line: &Line<'_>) -> Option<Finding> {
    (!line.settings.register).then(|| {
        let said = say!(
            "the line does not register: no call comes through its servers",
            "线路不注册：服务器不会转来任何来电"
        );
        line.warning(&items::ENABLE_REG, said)
    })
}

/// How a silent death is found out, and what it costs (failover design §6, §8).
fn keep_alive(line: &Line<'_>) -> Option<Finding> {
    if !line.has_backup() || !line.settings.register {
        return None;
    }
    let unnoticed = line.worst.silent_death_unnoticed?;
    let (refresh, policy) = (line.expiry, &line.settings.policy);
    Some(match policy.keep_alive {
        KeepAlive::Off => {
            let said = say!(
                "refresh {refresh}, keep-alive off: after a failure incoming calls are lost for \
                 up to {unnoticed}",
                "续期 {refresh}，保活关闭：服务器失效后，来电最长会丢失 {unnoticed}";
                refresh = refresh, unnoticed = unnoticed
            );
            line.warning(&items::NAT_UDP_UPDATE, said)
        }
        KeepAlive::Crlf if line.reach.found_otherwise.is_some() => {
            let said = say!(
                "a server that falls silent is left after at most {found} if it has answered a \
                 CRLF ping; at one that answers none incoming calls are lost for up to {unnoticed}",
                "曾应答 CRLF ping 的服务器无声失效后，最迟 {found} 离开它；从不应答的服务器失效后，来电最长会丢失 {unnoticed}";
                found = line.worst.silent_death?, unnoticed = unnoticed
            );
            line.note(&items::NAT_UDP_UPDATE, said)
        }
        KeepAlive::Crlf => {
            let said = say!(
                "refresh {refresh}, keep-alive by CRLF, which nobody answers over UDP: after a \
                 silent failure incoming calls are lost for up to {unnoticed}",
                "续期 {refresh}，以 CRLF 保活，而 UDP 上无人应答 CRLF：服务器无声失效后，来电最长会丢失 {unnoticed}";
                refresh = refresh, unnoticed = unnoticed
            );
            line.warning(&items::NAT_UDP_UPDATE, said)
        }
        KeepAlive::Options => {
            let said = say!(
                "a server that falls silent is left after at most {found}, before it has answered \
                 a first keep-alive after {first}; incoming calls are lost so long, and for up to \
                 {unnoticed} at a server that answers no OPTIONS",
                "服务器无声失效后最迟 {found} 离开它，若它尚未应答过保活则为 {first}；其间来电会丢失，不应答 OPTIONS 的服务器则最长丢失 {unnoticed}";
                found = line.worst.silent_death?, first = line.worst.silent_death_unproven?,
                unnoticed = unnoticed
            );
            line.note(&items::UDP_UPDATE_TTL, said)
        }
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
    if interval > NAT_ALLOWED {
        let said = say!(
            "a packet every {every} keeps no NAT open, which may forget the phone after 2 min and \
             often does after 30 s: incoming calls are lost then",
            "每 {every} 一个数据包无法保持 NAT 映射，NAT 可在 2 分钟后（常在 30 秒后）忘记话机，来电随之丢失";
            every = interval
        );
        return Some(line.warning(&items::UDP_UPDATE_TTL, said));
    }
    (interval > NAT_COMMON).then(|| {
        let said = say!(
            "many a NAT forgets the phone after 30 s, before the {every} are over",
            "许多 NAT 在 30 秒后就忘记话机，不到 {every}";
            every = interval
        );
        line.note(&items::UDP_UPDATE_TTL, said)
    })
}

/// Intervals that fight: one keep-alive is waited for when the next is due.
fn keep_alive_overlaps(line: &Line<'_>) -> Option<Finding> {
    let (interval, wait) = (line.policy.keep_alive?, line.policy.keep_alive_wait());
    (interval < wait).then(|| {
        let said = say!(
            "a keep-alive is due every {interval}, but each waits {wait} for its answer: a silent \
             server is asked only so often",
            "每 {interval} 应发一次保活，但每次要等应答 {wait}：无应答的服务器只能按此频率询问";
            interval = interval, wait = wait
        );
        line.warning(&items::UDP_UPDATE_TTL, said)
    })
}

/// Requirements A3 and A4; failover design §8.
fn silent_server(line: &Line<'_>) -> Option<Finding> {
    if !line.has_backup() {
        return None;
    }
    let (invite, other) = (line.wait_in_words(true), line.wait_in_words(false));
    let silent = line.all_silent();
    let said = match invite == other {
        true => say!(
            "at a silent server a dialled call, a hang-up or a REGISTER goes on after {other}, \
             once for each one before one that works; with all of them silent a call fails after \
             {silent}",
            "服务器无应答时，呼出、挂断或 REGISTER 在 {other} 后转到下一个，每个失效的服务器各等一次；全部无应答时，呼出在 {silent} 后失败";
            other = other, silent = silent
        ),
        false => say!(
            "at a silent server a dialled call goes on after {invite}, a hang-up or a REGISTER \
             after {other}, once for each one before one that works; with all of them silent a \
             call fails after {silent}",
            "服务器无应答时，呼出在 {invite} 后转到下一个，挂断或 REGISTER 在 {other} 后，每个失效的服务器各等一次；全部无应答时，呼出在 {silent} 后失败";
            invite = invite, other = other, silent = silent
        ),
    };
    Some(line.note(line.retry_item(), said))
}

/// Requirement A2; failover design §8.
fn connections(line: &Line<'_>) -> Option<Finding> {
    let set_up = line.reach.set_up;
    (!set_up.is_zero() && line.has_backup()).then(|| {
        let said = say!(
            "a server that does not take a connection within {set_up} is left then; one that \
             takes it and is silent has {more} more",
            "{set_up} 内未建立连接的服务器即被放弃；已连接但无应答的再等 {more}";
            set_up = set_up, more = line.policy.retry.wait(true)
        );
        line.note(&items::CONNECT_TIMEOUT, said)
    })
}

/// Requirement F5: names are looked up ahead, so that no request waits for DNS.
fn names(line: &Line<'_>) -> Option<Finding> {
    let servers = hops::used(line.settings).into_iter();
    let named = servers.filter(|server| matches!(server.address, Address::Name(_)));
    let first = named.into_iter().next()?;
    let said = say!(
        "{name} is a name: no failover waits for DNS. With DNS dead the addresses known before \
         serve, {kept} later after a start; where none was ever known DNS is asked again after at \
         most {again}",
        "{name} 是域名：故障切换不等待 DNS。DNS 失效时使用之前已知的地址，启动时晚 {kept}；从未得知地址时，最迟 {again} 后再次查询 DNS";
        name = first.address, kept = KEPT_RECORDS_WAIT, again = DNS_RETRY.1
    );
    Some(line.note(address_item(first.role), said))
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
        let said = say!(
            "with one transmission a single lost packet, or an answer later than {wait}, is \
             enough to leave a server that works",
            "只发送一次时，丢一个包或应答晚于 {wait} 就会离开正常的服务器";
            wait = line.policy.retry.wait(false)
        );
        line.warning(&items::SIGNAL_RETRY_COUNTS, said)
    })
}

fn long_wait(line: &Line<'_>) -> Option<Finding> {
    let wait = line.wait(true);
    (wait > PATIENCE && line.has_backup()).then(|| {
        let said = say!(
            "whoever dials while a server is silent hears nothing for {wait}: three transmissions \
             take 3.5 s",
            "服务器无应答时，拨号者会有 {wait} 听不到任何声音：发送三次需要 3.5 秒";
            wait = wait
        );
        line.warning(line.retry_item(), said)
    })
}

/// Intervals that fight: a refresh that meets dead servers, and the expiry.
fn brief_registration(line: &Line<'_>) -> Option<Finding> {
    // The set-up at a last server that works is the network's.
    let set_ups = line.reach.set_up * u32::from(line.hops - 1);
    let round = line.policy.longest_round(usize::from(line.hops)) + set_ups;
    let after = line.policy.refresh_after(line.expiry, usize::from(line.hops));
    (after + round > line.expiry && line.settings.register).then(|| {
        let said = say!(
            "a registration of {expiry} is refreshed after {after}, and a refresh may take {round} \
             where servers are silent: it can run out meanwhile, and incoming calls are lost then",
            "有效期 {expiry} 的注册在 {after} 后续期，服务器无应答时续期可能需要 {round}：其间注册可能失效，来电随之丢失";
            expiry = line.expiry, after = after, round = round
        );
        line.warning(&items::REGISTER_TTL, said)
    })
}

/// Failover design §3: another binding, found without waiting for anything.
fn registered_at_both(line: &Line<'_>) -> Option<Finding> {
    let wanted = line.settings.policy.register_both && line.settings.register;
    wanted.then(|| match line.has_backup() {
        true => {
            let found = line.policy.refresh_after(line.expiry, 1) + line.wait(false);
            let said = say!(
                "calls come through a second server as well, also while the death of the first one \
                 is not noticed yet; that the second one has died is found out by its refresh, \
                 after at most {found}",
                "来电也经第二个服务器到达，即使尚未发现第一个已失效；第二个失效则由其续期发现，最迟 {found}";
                found = found
            );
            line.note(&items::REGISTER_BOTH, said)
        }
        false => {
            let said = say!(
                "there is no second server to be registered at",
                "没有可以同时注册的第二个服务器"
            );
            line.warning(&items::REGISTER_BOTH, said)
        }
    })
}

/// Failover design §6, the watch on the backups.
fn backups_watched(line: &Line<'_>) -> Option<Finding> {
    let each = line.policy.watch? * u32::from(line.hops - 1);
    line.has_backup().then(|| {
        let known = each + line.reach.set_up + line.policy.keep_alive_wait();
        let said = say!(
            "each server not in use is asked about every {each}: that one which has answered is \
             dead is known after at most {known}",
            "每个备用服务器约每 {each} 询问一次：曾应答的服务器失效，最迟 {known} 后得知";
            each = each, known = known
        );
        line.note(&items::WATCH_BACKUPS, said)
    })
}

/// Requirements C1 to C5.
fn failback(line: &Line<'_>) -> Option<Finding> {
    if !line.has_backup() {
        return None;
    }
    let (Some(settled), Some(any)) = (line.worst.off_primary_settled, line.worst.off_primary)
    else {
        let said = say!(
            "no failback is on: once the line is at a backup it stays there until that fails too, \
             the phone restarts or somebody registers it by hand",
            "未启用回切：线路到备份后一直留在那里，直到备份也失效、话机重启或手动注册"
        );
        return Some(line.warning(&items::ENABLE_FAILBACK, said));
    };
    let mut steady = line.policy.clone();
    steady.flap_damping = false;
    let steady = failover::worst_case_of(&steady, &line.reach).off_primary_settled?;
    let said = match steady == settled {
        true => say!(
            "once the primary works again the line is back after at most {settled}; after at most \
             {any} if every server had failed",
            "主服务器恢复后，线路最迟 {settled} 回到主服务器；若所有服务器都曾失效，则最迟 {any}";
            settled = settled, any = any
        ),
        false => say!(
            "once the primary works again the line is back after at most {settled}, after at most \
             {steady} where it had not come and gone before; after at most {any} if every server \
             had failed",
            "主服务器恢复后，线路最迟 {settled} 回到主服务器，若它之前没有反复失效则最迟 {steady}；若所有服务器都曾失效，则最迟 {any}";
            settled = settled, steady = steady, any = any
        ),
    };
    Some(line.note(&items::FAILBACK_INTERVAL, said))
}

/// Failover design §2: the wait that the document's signal failback costs.
fn signal_failback_waits(line: &Line<'_>) -> Option<Finding> {
    let policy = &line.settings.policy;
    if !policy.signal_failback || !line.has_backup() {
        return None;
    }
    let wait = line.wait_in_words(true);
    if policy.signal_failback_hold.is_zero() {
        let said = say!(
            "while the primary is dead every dialled call, and every hang-up of a call through it, \
             first waits {wait} there: `{item}` bounds how often",
            "主服务器失效时，每次呼出以及每次挂断经它建立的通话，都先在那里等待 {wait}：`{item}` 可限制频率";
            wait = wait, item = line.name(&items::SIGNAL_FAILBACK_HOLD)
        );
        return Some(line.warning(&items::SIGNAL_FAILBACK, said));
    }
    let said = say!(
        "while the primary is dead one call, hang-up or refresh in {hold} first waits {wait} there",
        "主服务器失效时，每 {hold} 有一次呼出、挂断或续期先在那里等待 {wait}";
        hold = policy.signal_failback_hold, wait = wait
    );
    Some(line.note(&items::SIGNAL_FAILBACK, said))
}

/// Intervals that fight: a return that comes as fast as the failures.
fn eager_failback(line: &Line<'_>) -> Option<Finding> {
    let interval = line.settings.policy.failback_interval?;
    if !line.has_backup() || interval >= line.policy.flap_window {
        return None;
    }
    let wait = line.wait(false);
    if interval <= wait {
        let said = say!(
            "the dead primary is probed every {every} and each probe waits {wait} for its answer: \
             it is probed without a pause",
            "失效的主服务器每 {every} 探测一次，而每次探测要等应答 {wait}：探测不会间断";
            every = interval, wait = wait
        );
        return Some(line.warning(&items::FAILBACK_INTERVAL, said));
    }
    (!line.policy.flap_damping).then(|| {
        let said = say!(
            "a primary that comes and goes takes the line with it every {every}, because `{item}` \
             is off",
            "`{item}` 已关闭，主服务器时好时坏时，线路每 {every} 随之切换";
            every = interval, item = line.name(&items::FLAP_DAMPING)
        );
        line.warning(&items::FAILBACK_INTERVAL, said)
    })
}

fn every_server_dead(line: &Line<'_>) -> Option<Finding> {
    line.settings.register.then(|| {
        let said = say!(
            "while every server is dead the line tries again after 15 to {base} at first, later \
             after at most {cap}, for ever; once one works the line is registered there after at \
             most {recovery}",
            "所有服务器都失效时，线路起初在 15 至 {base} 后重试，之后最迟 {cap}，一直持续；一旦有服务器恢复，线路最迟 {recovery} 后在那里注册";
            base = line.policy.backoff_base, cap = line.policy.backoff_cap,
            recovery = line.worst.recovery
        );
        line.note(&items::BACKOFF_CAP, said)
    })
}

fn dead_hop_in_its_place(line: &Line<'_>) -> Option<Finding> {
    (!line.settings.policy.dead_hop_last && line.hops > 2).then(|| {
        let said = say!(
            "a server known to be dead keeps its place: a call whose own server fails waits {wait} \
             there too",
            "已知失效的服务器仍保持原有顺序：通话自己的服务器失效时，还要在那里等待 {wait}";
            wait = line.wait_in_words(true)
        );
        line.note(&items::DEAD_HOP_LAST, said)
    })
}

fn backups_unwatched(line: &Line<'_>) -> Option<Finding> {
    (!line.settings.policy.watch_backups && line.has_backup()).then(|| {
        let said = say!(
            "that a backup is dead is not known before it is needed",
            "备份是否失效，要到使用时才知道"
        );
        line.note(&items::WATCH_BACKUPS, said)
    })
}

fn start_spread(line: &Line<'_>) -> Option<Finding> {
    let spread = line.settings.policy.start_spread;
    (!spread.is_zero()).then(|| {
        let said = say!(
            "after the device has started, and after a link loss of 60 s or more, the line may \
             stay unregistered for {spread}",
            "设备启动后，以及网络中断 60 秒或更久之后，线路最长可能有 {spread} 未注册";
            spread = spread
        );
        line.note(&items::START_SPREAD, said)
    })
}

fn strangers(line: &Line<'_>) -> Option<Finding> {
    (!line.settings.refuse_unknown).then(|| {
        let said = say!(
            "anybody who can reach the phone's port can ring it",
            "任何能访问话机端口的人都能使它振铃"
        );
        line.warning(&items::REFUSE_UNKNOWN, said)
    })
}
