//! What the audit log tells: each deed typed, in words of both languages. Values are not in it.

use super::Role;

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    FirstPassword,
    LoggedIn,
    LoggedOut,
    /// For so many seconds, after failed tries.
    LockedOut(u64),
    OwnPassword,
    AddedUser(String, Role),
    RemovedUser(String),
    MadeToken(String, Role),
    RemovedToken(String),
    /// These items.
    Set(Vec<String>),
    ImportedConfiguration,
    RestoredConfiguration,
    TookBackRestore,
    /// With the passwords in it.
    ExportedSecrets,
    DownloadedSecrets,
    ImportedContacts,
    Registered(u16),
    Unregistered(u16),
    StartedDrill {
        line: u16,
        hop: String,
        seconds: u32,
    },
    StoppedDrill,
    Restarted,
    Reset,
    Fetched,
}

impl Deed {
    /// In English and in Chinese.
    pub(crate) fn words(&self) -> (String, String) {
        let (en, zh) = match self {
            Self::FirstPassword => ("first password set", "设置了首个密码"),
            Self::LoggedIn => ("logged in", "登录"),
            Self::LoggedOut => ("logged out", "退出登录"),
            Self::LockedOut(seconds) => {
                let en = format!("locked out for {seconds} s after failed tries");
                return (en, format!("多次失败后锁定 {seconds} 秒"));
            }
            Self::OwnPassword => ("changed the own password", "更改了自己的密码"),
            Self::AddedUser(name, role) => {
                return of_role("added user", "添加了用户", name, *role);
            }
            Self::RemovedUser(name) => {
                return (format!("removed user {name}"), format!("删除了用户 `{name}`"));
            }
            Self::MadeToken(name, role) => {
                return of_role("made token", "创建了令牌", name, *role);
            }
            Self::RemovedToken(name) => {
                return (format!("removed token {name}"), format!("删除了令牌 `{name}`"));
            }
            Self::Set(items) => {
                let quoted: Vec<String> = items.iter().map(|item| format!("`{item}`")).collect();
                return (
                    format!("set {}", items.join(", ")),
                    format!("设置了 {}", quoted.join("、")),
                );
            }
            Self::ImportedConfiguration => ("imported a configuration file", "导入了配置文件"),
            Self::RestoredConfiguration => ("restored a configuration file", "恢复了配置文件"),
            Self::TookBackRestore => ("took back the latest restore", "撤回了最近一次恢复"),
            Self::ExportedSecrets => {
                ("downloaded the configuration with passwords", "下载了含密码的配置")
            }
            Self::DownloadedSecrets => {
                ("downloaded SIP messages with secrets", "下载了含机密的 SIP 消息")
            }
            Self::ImportedContacts => ("imported a phone book", "导入了电话簿"),
            Self::Registered(line) => {
                return (format!("registered line {line}"), format!("注册了线路 {line}"));
            }
            Self::Unregistered(line) => {
                return (format!("unregistered line {line}"), format!("注销了线路 {line}"));
            }
            Self::StartedDrill { line, hop, seconds } => {
                let en = format!("started a drill of {seconds} s: line {line}, {hop}");
                return (en, format!("开始了 {seconds} 秒的演练：线路 {line}，`{hop}`"));
            }
            Self::StoppedDrill => ("stopped the drill", "停止了演练"),
            Self::Restarted => ("restarted the phone", "重启了话机"),
            Self::Reset => ("reset the phone", "恢复了出厂设置"),
            Self::Fetched => ("fetched the configuration from its server", "从服务器获取了配置"),
        };
        (en.to_owned(), zh.to_owned())
    }
}

fn of_role(en: &str, zh: &str, name: &str, role: Role) -> (String, String) {
    let (word, role) = match role {
        Role::Admin => (role.word(), "管理员"),
        Role::User => (role.word(), "普通用户"),
    };
    (format!("{en} {name} ({word})"), format!("{zh} `{name}`（{role}）"))
}
