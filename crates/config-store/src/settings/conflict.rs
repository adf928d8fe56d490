//! Settings of a line that contradict each other.

use super::{LineSettings, Server};
use crate::Sentence;

/// A contradiction. None keeps the line from working.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// SIP Server 2 is set, and a proxy, which leaves it unused.
    Server2Unused,
    /// A backup proxy is set, and no proxy.
    BackupProxyAlone,
    /// Both servers are one.
    OneAddress,
}

impl Conflict {
    /// The same for the user; `line` is the line's number.
    #[must_use]
    pub fn sentence(self, line: u16) -> Sentence {
        match self {
            Self::Server2Unused => Sentence::new(
                format!("with `SIP{line} Proxy Addr` set, SIP Server 2 is not used"),
                format!("已设置 `SIP{line} Proxy Addr`，因此不使用 SIP 服务器 2"),
            ),
            Self::BackupProxyAlone => Sentence::new(
                format!("`SIP{line} BakProxy Addr` is not used without `SIP{line} Proxy Addr`"),
                format!("未设置 `SIP{line} Proxy Addr`，因此不使用 `SIP{line} BakProxy Addr`"),
            ),
            Self::OneAddress => Sentence::new(
                "both servers are one address, so there is no backup",
                "两个服务器是同一个地址，因此没有备份",
            ),
        }
    }
}

impl LineSettings {
    /// Which of its settings contradict each other.
    #[must_use]
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        if self.proxy.is_some() && self.server2.is_some() {
            conflicts.push(Conflict::Server2Unused);
        }
        if self.proxy.is_none() && self.backup_proxy.is_some() {
            conflicts.push(Conflict::BackupProxyAlone);
        }
        let twice = match &self.proxy {
            Some(_) => self.proxy == self.backup_proxy,
            None => {
                let place = |server: &Server| (server.endpoint.clone(), server.transport);
                self.server1.is_some()
                    && self.server1.as_ref().map(place) == self.server2.as_ref().map(place)
            }
        };
        if twice {
            conflicts.push(Conflict::OneAddress);
        }
        conflicts
    }

    /// The same in sentences that say which line it is; `line` is its number.
    pub fn warnings(&self, line: u16) -> impl Iterator<Item = Sentence> + use<> {
        self.conflicts().into_iter().map(move |conflict| conflict.sentence(line).of_line(line))
    }
}
