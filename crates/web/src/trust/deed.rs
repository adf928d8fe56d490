//! What the audit log tells: each deed typed, in words of both languages. Values are not in it.

use control::{
    AccountRequest, ConfigRequest, ContactRequest, DrillRequest, Payload, ProvisionRequest,
    Request, SystemRequest, TraceRequest,
};

use super::Role;
use crate::limits;

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
    /// By its name, as are the next two.
    AddedContact(String),
    ChangedContact(String),
    RemovedContact(String),
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
    /// What a request is about to do; nothing of what only reads. Values are not told.
    pub(crate) fn asked_for(request: &Request) -> Option<Self> {
        match request {
            Request::Config(request) => Self::of_config(request),
            Request::Contact(request) => Self::of_contact(request),
            Request::Account(AccountRequest::Register { line }) => Some(Self::Registered(*line)),
            Request::Account(AccountRequest::Unregister { line }) => {
                Some(Self::Unregistered(*line))
            }
            Request::Drill(DrillRequest::Start { line, hop, for_s }) => {
                Some(Self::StartedDrill { line: *line, hop: hop.clone(), seconds: *for_s })
            }
            Request::Drill(DrillRequest::Stop {}) => Some(Self::StoppedDrill),
            Request::Trace(TraceRequest::Pcap { with_secrets: true, .. }) => {
                Some(Self::DownloadedSecrets)
            }
            Request::System(SystemRequest::Restart { .. }) => Some(Self::Restarted),
            Request::System(SystemRequest::Reset {}) => Some(Self::Reset),
            Request::Provision(ProvisionRequest::Now {}) => Some(Self::Fetched),
            Request::System(SystemRequest::Log { .. })
            | Request::Account(_)
            | Request::Call(_)
            | Request::Audio(_)
            | Request::Journal(_)
            | Request::Network(_)
            | Request::Provision(ProvisionRequest::Show {})
            | Request::Timing(_)
            | Request::Trace(_)
            | Request::Watch {}
            | Request::Status {} => None,
        }
    }

    fn of_config(request: &ConfigRequest) -> Option<Self> {
        match request {
            ConfigRequest::Set { items } => {
                Some(Self::Set(items.0.iter().map(|(item, _)| item.clone()).collect()))
            }
            ConfigRequest::Import { dry_run: false, replace: true, .. } => {
                Some(Self::RestoredConfiguration)
            }
            ConfigRequest::Import { dry_run: false, replace: false, .. } => {
                Some(Self::ImportedConfiguration)
            }
            ConfigRequest::Revert {} => Some(Self::TookBackRestore),
            ConfigRequest::Export { with_secrets: true, .. } => Some(Self::ExportedSecrets),
            ConfigRequest::Import { dry_run: true, .. }
            | ConfigRequest::Export { with_secrets: false, .. }
            | ConfigRequest::Get { .. }
            | ConfigRequest::List {}
            | ConfigRequest::Check { .. }
            | ConfigRequest::Describe {} => None,
        }
    }

    fn of_contact(request: &ContactRequest) -> Option<Self> {
        match request {
            ContactRequest::Add { name, .. } => Some(Self::AddedContact(name.clone())),
            ContactRequest::Set { name, .. } => Some(Self::ChangedContact(name.clone())),
            // Its name comes with the answer.
            ContactRequest::Remove { id } => Some(Self::RemovedContact(id.to_string())),
            ContactRequest::Import { .. } => Some(Self::ImportedContacts),
            ContactRequest::List {} | ContactRequest::Export { .. } => None,
        }
    }

    /// The same, with what the answer knows better than the request.
    pub(crate) fn answered(mut self, payload: &Payload) -> Self {
        if let Self::AddedContact(name) | Self::ChangedContact(name) | Self::RemovedContact(name) =
            &mut self
            && let Payload::Contact(contact) = payload
        {
            name.clone_from(&contact.name);
        }
        self
    }

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
                return of_items(items);
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
            Self::AddedContact(name) => {
                let en = format!("added {name} to the phone book");
                return (en, format!("在电话簿中添加了 `{name}`"));
            }
            Self::ChangedContact(name) => {
                let en = format!("changed {name} in the phone book");
                return (en, format!("更改了电话簿中的 `{name}`"));
            }
            Self::RemovedContact(name) => {
                let en = format!("removed {name} from the phone book");
                return (en, format!("从电话簿中删除了 `{name}`"));
            }
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

/// The first items by name, of the others how many they are: an entry stays short.
fn of_items(items: &[String]) -> (String, String) {
    let (named, more) = items.split_at(items.len().min(limits::AUDIT_ITEMS));
    let quoted: Vec<String> = named.iter().map(|item| format!("`{item}`")).collect();
    let (en, zh) = (named.join(", "), quoted.join("、"));
    match more.len() {
        0 => (format!("set {en}"), format!("设置了 {zh}")),
        more => (format!("set {en} and {more} more"), format!("设置了 {zh} 等，另有 {more} 项")),
    }
}

fn of_role(en: &str, zh: &str, name: &str, role: Role) -> (String, String) {
    let (word, role) = match role {
        Role::Admin => (role.word(), "管理员"),
        Role::User => (role.word(), "普通用户"),
    };
    (format!("{en} {name} ({word})"), format!("{zh} `{name}`（{role}）"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F10: who removes an entry names it by its number; the audit log by its name.
    #[test]
    fn an_entry_of_the_phone_book_is_called_by_its_name() {
        let contact = control::Contact {
            id: 7,
            name: "Bob".into(),
            numbers: vec!["1002".into()],
            line: None,
        };
        let remove = Request::Contact(ContactRequest::Remove { id: 7 });
        let deed = Deed::asked_for(&remove).unwrap().answered(&Payload::Contact(contact));
        let (en, zh) = deed.words();
        assert_eq!(en, "removed Bob from the phone book");
        assert_eq!(zh, "从电话簿中删除了 `Bob`");
        assert_eq!(Deed::asked_for(&Request::Contact(ContactRequest::List {})), None);
    }

    #[test]
    fn of_many_items_only_the_first_are_named() {
        let items: Vec<String> =
            (1..=limits::AUDIT_ITEMS + 2).map(|n| format!("SIP{n} X")).collect();
        let (en, zh) = Deed::Set(items).words();
        assert!(en.starts_with("set SIP1 X, SIP2 X, ") && en.ends_with(" and 2 more"), "{en}");
        assert!(zh.ends_with(" 等，另有 2 项"), "{zh}");
    }
}
