//! Why a command was refused, in Chinese; the English form is the error's own.

use std::fmt;

use super::Said;
use crate::input::Refusal;

/// How a call stands, as a refusal names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InState {
    /// Being set up from here.
    Dialled,
    /// It rings here.
    Ringing,
    /// Up, while a change is out.
    Changing,
    /// Held.
    Held,
    /// Up.
    Active,
    /// Over.
    Over,
    /// Any but over.
    UpOrSetUp,
}

/// What was wanted of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To answer it.
    Answer,
    /// To reject it.
    Reject,
    /// To hang it up.
    HangUp,
    /// To mute it, or no longer.
    Mute,
    /// To hold it.
    Hold,
    /// To take it back from hold.
    Resume,
    /// To send digits.
    Digits,
    /// To send its other party away.
    Transfer,
    /// To connect another call to it.
    TransferToIt,
}

impl InState {
    fn said(self) -> (&'static str, &'static str) {
        match self {
            Self::Dialled => ("being dialled", "正在呼叫"),
            Self::Ringing => ("ringing", "正在振铃"),
            Self::Changing => ("being changed", "正在更改"),
            Self::Held => ("held", "处于保持"),
            Self::Active => ("active", "正在通话"),
            Self::Over => ("over", "已结束"),
            Self::UpOrSetUp => ("up or being set up", "正在通话或建立中"),
        }
    }
}

impl Wanted {
    fn said(self) -> (&'static str, &'static str) {
        match self {
            Self::Answer => ("answer it", "接听"),
            Self::Reject => ("reject it", "拒接"),
            Self::HangUp => ("hang it up", "挂断"),
            Self::Mute => ("mute it", "静音"),
            Self::Hold => ("hold it", "保持"),
            Self::Resume => ("resume it", "恢复"),
            Self::Digits => ("send digits", "发送按键"),
            Self::Transfer => ("transfer it", "转接"),
            Self::TransferToIt => ("transfer a call to it", "把通话转接到它"),
        }
    }
}

impl Refusal {
    /// In words of both languages.
    #[must_use]
    pub fn said(&self) -> Said {
        Said::new(self.to_string(), self.chinese())
    }

    fn chinese(&self) -> String {
        match self {
            Self::NoSuchCall(call) => format!("没有通话 {call}"),
            Self::NoCall(state) => format!("没有{}的通话", state.said().1),
            Self::Ambiguous(state) => format!("有多个{}的通话：请指定一个", state.said().1),
            Self::NoSuchLine(line) => format!("线路 {} 未配置", line.0),
            Self::NoLine => {
                "没有配置线路：请设置 `SIP1 Phone Number` 和 `SIP1 Register Addr`".to_owned()
            }
            Self::NoHop(line) => format!("线路 {} 还没有服务器地址", line.0),
            Self::BadTarget(target) => {
                format!("无法呼叫 `{target}`：不是号码、user@host 或 SIP URI")
            }
            Self::WrongState(call, state, wanted) => {
                format!("通话 {call} {}：无法{}", state.said().1, wanted.said().1)
            }
            Self::Waits(call) => format!("通话 {call} 正在等待另一个通话进入保持"),
            Self::BadDigit(digit) => format!("`{digit}` 不是 DTMF 按键（0-9、*、#、A-D）"),
            Self::DigitCount(most) => format!("一次可发送 1 至 {most} 个按键"),
            Self::NoPort(ip) => format!("{ip} 上没有空闲的 RTP 端口"),
            Self::TooManyCalls(most) => format!("话机最多同时有 {most} 个通话"),
            Self::Disabled(line) => {
                format!("线路 {} 的注册已关闭（`SIP{} Enable Reg` 为 0）", line.0, line.0)
            }
            Self::NotAHop { line, hop } => format!("{hop} 不是线路 {} 的服务器", line.0),
            Self::DrillLength(least, most) => format!("演练时长为 {least} 至 {most} 秒"),
            Self::NoDrill => "没有正在进行的演练".to_owned(),
            Self::ShuttingDown => "话机正在关机".to_owned(),
        }
    }
}

impl fmt::Display for InState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.said().0)
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.said().0)
    }
}
