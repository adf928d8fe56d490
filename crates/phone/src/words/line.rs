//! How a line stands, for people (failover design §7).

use std::fmt;

use failover::{Cause, HopState};
use sip_core::transport::Hop;

use super::{Said, quoted};
use crate::settings::ServerRole;

/// How a line stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LineNote {
    /// Its registration.
    pub standing: Standing,
    /// Where else it is registered.
    pub also: Option<Hop>,
    /// No other server could take over.
    pub alone: bool,
    /// Its server answers no keep-alive.
    pub deaf: bool,
}

/// How its registration stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Registered, at the primary.
    Primary(Hop),
    /// Registered elsewhere, and why.
    Backup(ServerRole, Hop, Option<Primary>),
    /// Registered nowhere, and why.
    Failed(Failure),
    /// On its way.
    Registering,
    /// Not wanted.
    Disabled,
    /// None.
    NotRegistered,
}

/// What keeps a line from its primary.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Primary {
    /// The primary.
    pub hop: Hop,
    /// What is thought of it.
    pub state: HopState,
    /// Why.
    pub cause: Option<Cause>,
}

/// Why a line is registered nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// DNS has not answered yet.
    NoAddress,
    /// Every server answers, and none can.
    CannotRegister(Cause),
    /// No server answers.
    AllFailed(Cause),
    /// The server does not want to; its code and reason phrase.
    Refused(u16, Box<str>),
}

impl LineNote {
    /// In words.
    #[must_use]
    pub fn said(&self) -> Said {
        let Said { mut en, mut zh } = self.standing.said();
        if let Some(hop) = self.also {
            en.push_str(&format!("; also registered at {hop}"));
            zh.push_str(&format!("；同时注册于 {hop}"));
        }
        if self.alone {
            en.push_str("; no redundancy left: no other server answers");
            zh.push_str("；已无冗余：没有其他服务器应答");
        }
        if self.deaf {
            en.push_str("; it answers no OPTIONS: its death would be noticed late");
            zh.push_str("；它不应答 OPTIONS：其故障会较晚发现");
        }
        Said { en, zh }
    }
}

impl Standing {
    fn said(&self) -> Said {
        match self {
            Self::Primary(hop) => {
                Said::new(format!("registered through {hop}"), format!("已通过 {hop} 注册"))
            }
            Self::Backup(server, hop, primary) => {
                let server = server_said(*server);
                let why = primary.as_ref().map_or(Said::new("", ""), Primary::said);
                Said::new(
                    format!("registered through {} {hop}: {}", server.en, why.en),
                    format!("已通过{} {hop} 注册：{}", server.zh, why.zh),
                )
            }
            Self::Failed(failure) => failure.said(),
            Self::Registering => Said::new("registering", "正在注册"),
            Self::Disabled => Said::new("registration is disabled", "注册已关闭"),
            Self::NotRegistered => Said::new("not registered", "未注册"),
        }
    }
}

impl Failure {
    fn said(&self) -> Said {
        match self {
            Self::NoAddress => Said::new(
                "the addresses of its servers are not known yet",
                "尚不知道其服务器的地址",
            ),
            Self::CannotRegister(cause) => Said::new(
                format!("the server cannot register this line: {cause}"),
                format!("服务器无法注册此线路：{}", cause.chinese()),
            ),
            Self::AllFailed(cause) => Said::new(
                format!("all proxies failed: {cause}"),
                format!("所有服务器均失败：{}", cause.chinese()),
            ),
            Self::Refused(code, phrase) => Said::new(
                format!("the server refused the registration: {code} {phrase}"),
                format!("服务器拒绝注册：{}", quoted(&format!("{code} {phrase}"))),
            ),
        }
    }
}

impl Primary {
    fn said(&self) -> Said {
        let hop = self.hop;
        let en = self.cause.map(|cause| cause.to_string()).unwrap_or_default();
        let zh = self.cause.map(Cause::chinese).unwrap_or_default();
        match self.state {
            HopState::Unavailable => Said::new(
                format!("primary {hop} unreachable ({en})"),
                format!("主服务器 {hop} 不可达（{zh}）"),
            ),
            HopState::HeldOff => Said::new(
                format!("primary {hop} asked to wait ({en})"),
                format!("主服务器 {hop} 要求等待（{zh}）"),
            ),
            HopState::Suspect => Said::new(
                format!("primary {hop} suspect ({en})"),
                format!("主服务器 {hop} 可疑（{zh}）"),
            ),
            HopState::Unknown => {
                Said::new(format!("primary {hop} not tried yet"), format!("尚未尝试主服务器 {hop}"))
            }
            HopState::Available => Said::new(
                format!("primary {hop} answers again"),
                format!("主服务器 {hop} 已恢复应答"),
            ),
        }
    }
}

fn server_said(server: ServerRole) -> Said {
    match server {
        ServerRole::Server1 | ServerRole::Proxy => Said::new("backup address", "备份地址"),
        ServerRole::Server2 => Said::new("SIP Server 2", " SIP 服务器 2"),
        ServerRole::BackupProxy => Said::new("backup proxy", "备份代理"),
    }
}

impl fmt::Display for LineNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said().en)
    }
}
