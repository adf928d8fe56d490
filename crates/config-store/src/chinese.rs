//! What the errors say, in Chinese: the English words are the errors' own. Exhaustive, so that a new
//! error without Chinese does not compile. What the system says stays as it is, in quotation marks.

use std::io;

use crate::{
    Bound, ImportError, ItemError, SetError, StoreError,
    fanvil::{FormError, XmlFault},
    limits::{
        MAX_DOCUMENT, MAX_FILE_LINES, MAX_LINES, MAX_STATE_ENTRIES, MAX_STATE_KEY, MAX_STATE_VALUE,
        MAX_XML_DEPTH,
    },
};

/// What the system says of a file or the network, in Chinese where it is one of the usual things, and
/// otherwise as it stands, in quotation marks.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "the system has many more, and they are quoted")]
pub fn said_by_system(error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    let known = match error.kind() {
        Kind::NotFound => "文件不存在",
        Kind::PermissionDenied => "没有权限",
        Kind::AddrInUse => "地址已被占用",
        Kind::AddrNotAvailable => "地址不可用",
        Kind::ConnectionRefused => "连接被拒绝",
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => "连接被对方中断",
        Kind::UnexpectedEof => "数据提前结束",
        Kind::HostUnreachable => "主机不可达",
        Kind::NetworkUnreachable | Kind::NetworkDown => "网络不可达",
        Kind::TimedOut | Kind::WouldBlock => "超时",
        Kind::StorageFull | Kind::QuotaExceeded => "磁盘已满",
        Kind::ReadOnlyFilesystem => "文件系统为只读",
        Kind::IsADirectory => "是一个目录",
        Kind::NotADirectory => "不是目录",
        _ => return format!("「{error}」"),
    };
    known.to_owned()
}

impl ItemError {
    /// The same as its `Display` form, in Chinese.
    #[must_use]
    pub fn chinese(&self) -> String {
        match self {
            Self::Unknown { item, nearest: Some(nearest) } => {
                format!("没有名为 `{item}` 的参数；是否指 `{nearest}`？")
            }
            Self::Unknown { item, nearest: None } => {
                format!("没有名为 `{item}` 的参数；`config list` 列出全部参数")
            }
            Self::NoSuchLine { item } => format!("`{item}`：线路编号为 1 至 {MAX_LINES}"),
            Self::Refused { item, value, range } => {
                let value = value.as_deref().unwrap_or("该值");
                format!("`{item}`：{value} 不符合要求：{}", range.zh)
            }
            Self::Twice { item } => format!("`{item}` 给出两次，且值不同"),
        }
    }
}

impl SetError {
    /// The same as its `Display` form, in Chinese.
    #[must_use]
    pub fn chinese(&self) -> String {
        match self {
            Self::Items(errors) => listed(errors.iter().map(ItemError::chinese)),
            Self::Store(error) => error.chinese(),
        }
    }
}

impl ImportError {
    /// The same as its `Display` form, in Chinese.
    #[must_use]
    pub fn chinese(&self) -> String {
        match self {
            Self::Form(errors) => listed(errors.iter().map(FormError::chinese)),
            Self::Store(error) => error.chinese(),
        }
    }
}

impl StoreError {
    /// The same as its `Display` form, in Chinese.
    #[must_use]
    pub fn chinese(&self) -> String {
        match self {
            Self::Io { path, error } => format!("`{}`：{}", path.display(), said_by_system(error)),
            Self::Damaged { path, reason } => format!(
                "`{}` 已损坏（「{reason}」），且没有可恢复的备份；移走它即可从空配置开始",
                path.display()
            ),
            Self::InUse { path } => format!("`{}` 正被另一个进程使用", path.display()),
            Self::TooNew { path, found, known } => format!(
                "`{}` 由更新版本写入（格式 {found}；本版本最高支持 {known}）",
                path.display()
            ),
            Self::Database { path, error } => format!("`{}`：「{error}」", path.display()),
            Self::NothingBefore => "尚未恢复过任何内容：没有可以撤回的恢复".to_owned(),
            Self::Full { path } => format!("`{}`：磁盘已满", path.display()),
            Self::State { key, bound } => format!("状态项 `{key}`：{}", bound.chinese()),
        }
    }
}

impl Bound {
    fn chinese(self) -> String {
        match self {
            Self::Key => format!("键超过 {MAX_STATE_KEY} 字节"),
            Self::Value => format!("值超过 {MAX_STATE_VALUE} 字节"),
            Self::Entries => format!("超过 {MAX_STATE_ENTRIES} 项"),
        }
    }
}

impl FormError {
    /// The same as its `Display` form, in Chinese.
    #[must_use]
    pub fn chinese(&self) -> String {
        let why = match self {
            Self::TooLong { octets } => {
                return format!("配置有 {octets} 字节，超过允许的 {MAX_DOCUMENT} 字节");
            }
            Self::TooManyLines => format!("配置超过允许的 {MAX_FILE_LINES} 行"),
            Self::NotUnicode { .. } => "不是 UTF-8 文本，XML 格式只支持该编码".to_owned(),
            Self::NotXml { reason, .. } => format!("XML 格式有误：{}", reason.chinese()),
            Self::Root { name, .. } => {
                format!("根元素为 `<{name}>`，而不是 `<sysConf>` 或 `<VOIP_CONFIG_FILE>`")
            }
            Self::XmlVersion { version, .. } | Self::Version { version } => {
                format!("不支持版本 `{version}`，只支持 `2.…`")
            }
            Self::TooDeep { .. } => format!("元素嵌套超过 {MAX_XML_DEPTH} 层"),
            Self::NoHeader => {
                "不是 `<<VOIP CONFIG FILE>>Version:2.…`，因此不是 Fanvil 文本配置".to_owned()
            }
            Self::NotALine { text, .. } => {
                format!("`{text}` 既不是 `name :value`，也不是段落标记或注释")
            }
            Self::CutShort { .. } => {
                "文件在此行中结束，没有 `<<END OF FILE>>`：是否被截断？".to_owned()
            }
            Self::AfterFooter { .. } => "`<<END OF FILE>>` 之后还有内容".to_owned(),
            Self::NotUtf8 { item, .. } => format!("`{item}`：值不是 UTF-8 文本"),
            Self::Twice { item, first, .. } => format!("`{item}` 给出两次，首次在第 {first} 行"),
            Self::Item { error, .. } => error.chinese(),
        };
        match self.line() {
            Some(line) => format!("第 {line} 行：{why}"),
            None => why,
        }
    }
}

impl XmlFault {
    const fn chinese(self) -> &'static str {
        match self {
            Self::TooManyNamespaces => "命名空间过多",
            Self::LongTag => "标签过长",
            Self::EndsEarly => "文件在根元素结束前中断：是否被截断？",
            Self::WrongEndTag => "结束标签与最近的开始标签不匹配",
            Self::BadEntity => "`&` 未构成实体；请写作 `&amp;`",
            Self::DocumentType => "含文档类型声明，配置不需要它",
            Self::TooManyElements => "元素过多",
            Self::AttributeTwice => "属性给出两次",
            Self::Character => "此处不允许该字符",
        }
    }
}

fn listed(errors: impl Iterator<Item = String>) -> String {
    errors.collect::<Vec<_>>().join("；")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sentence;

    #[test]
    fn the_usual_errors_of_the_system_are_said_in_chinese_and_others_quoted() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(said_by_system(&full), "磁盘已满");
        assert_eq!(said_by_system(&io::Error::other("odd")), "「odd」");
    }

    #[test]
    fn a_refused_value_is_said_with_its_place_in_chinese() {
        let error = ItemError::Refused {
            item: "SIP1 Proxy Port".into(),
            value: Some("`70000`".into()),
            range: Sentence::new("a whole number from 0 to 65535", "0 至 65535 的整数"),
        };
        let error = FormError::Item { line: 7, error };
        let said = "第 7 行：`SIP1 Proxy Port`：`70000` 不符合要求：0 至 65535 的整数";
        assert_eq!(error.chinese(), said);
    }
}
