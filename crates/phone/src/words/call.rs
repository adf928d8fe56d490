//! What a call tells its user: how it ended, and what did not take.

use std::fmt;

use failover::Cause;

use super::{Said, quoted};
use crate::CallId;

/// A version of IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpVersion {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// How a call ended, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The user hung up.
    HungUpHere,
    /// The user refused it.
    RefusedHere,
    /// The user gave up while it was being set up.
    Cancelled,
    /// The other party hung up.
    HungUpThere,
    /// The caller gave up.
    CallerGaveUp,
    /// Another phone of the user has answered (RFC 3326).
    AnsweredElsewhere,
    /// Setting: do not disturb.
    NotToBeDisturbed,
    /// Setting: no second call.
    Busy,
    /// Forwarded there by a setting.
    SentTo(String),
    /// Nobody has answered here in time.
    NobodyAnswered,
    /// Nobody has answered here in time: forwarded there.
    NobodyAnsweredSentTo(String),
    /// The other party has not answered in time.
    NoAnswer,
    /// The other side knows no such call (481).
    NoSuchCall,
    /// No ACK for our 2xx.
    NeverAcknowledged,
    /// Nobody has refreshed the session (RFC 4028).
    Expired,
    /// No RTP from the other party.
    NoSound,
    /// Nothing in the offer can be used.
    NoCodec,
    /// Nothing in the answer can be used.
    UnusableAnswer,
    /// The other party's sound is at an address of this version, and ours is not.
    OtherIpVersion(IpVersion),
    /// The INVITE has no usable Contact or route.
    NoWayBack,
    /// The 2xx has no usable Contact or tag.
    NoDialog,
    /// No PRACK came.
    RingingIgnored,
    /// Delivered once, its answer lost (482).
    MayHaveRung,
    /// No hop answered (requirement B4).
    AllFailed(Cause),
    /// Another call could not be put on hold for it.
    OtherNotHeld(CallId),
    /// The other party was sent there.
    TransferredTo(String),
    /// Another call has taken its place (RFC 3891).
    ReplacedBy(CallId),
    /// A server's reason phrase.
    Server(String),
}

impl Reason {
    /// In words.
    #[must_use]
    pub fn said(&self) -> Said {
        match self {
            Self::HungUpHere => Said::new("hung up here", "本机挂断"),
            Self::RefusedHere => Said::new("refused here", "本机拒接"),
            Self::Cancelled => Said::new("cancelled", "已取消"),
            Self::HungUpThere => Said::new("the other party hung up", "对方已挂断"),
            Self::CallerGaveUp => Said::new("the caller gave up", "主叫已放弃"),
            Self::AnsweredElsewhere => Said::new("answered elsewhere", "已在别处接听"),
            Self::NotToBeDisturbed => Said::new("do not disturb", "免打扰"),
            Self::Busy => Said::new("busy", "忙"),
            Self::SentTo(target) => {
                Said::new(format!("sent to {target}"), format!("已转到 {target}"))
            }
            Self::NobodyAnswered => Said::new("nobody answered", "无人接听"),
            Self::NobodyAnsweredSentTo(target) => Said::new(
                format!("nobody answered: sent to {target}"),
                format!("无人接听：已转到 {target}"),
            ),
            Self::NoAnswer => Said::new("no answer from the other party", "对方没有接听"),
            Self::NoSuchCall => no_such_call(),
            Self::NeverAcknowledged => {
                Said::new("our answer was never acknowledged", "接听始终没有得到对方确认")
            }
            Self::Expired => Said::new(
                "the session expired: nobody has refreshed it",
                "会话已过期：双方都没有刷新",
            ),
            Self::NoSound => Said::new("no sound from the other party", "收不到对方的声音"),
            Self::NoCodec => Said::new("no codec in common", "没有共同的编解码"),
            Self::UnusableAnswer => {
                Said::new("the answer holds no usable codec", "对方的应答中没有可用的编解码")
            }
            Self::OtherIpVersion(IpVersion::V4) => Said::new(
                "no sound is possible: the other party has it at an IPv4 address, and this call is over IPv6",
                "无法通话：对方的声音使用 IPv4 地址，而此通话使用 IPv6",
            ),
            Self::OtherIpVersion(IpVersion::V6) => Said::new(
                "no sound is possible: the other party has it at an IPv6 address, and this call is over IPv4",
                "无法通话：对方的声音使用 IPv6 地址，而此通话使用 IPv4",
            ),
            Self::NoWayBack => Said::new("the INVITE names no way back", "INVITE 未给出回程地址"),
            Self::NoDialog => Said::new("the answer names no dialog", "应答未建立对话"),
            Self::RingingIgnored => {
                Said::new("the caller never took note of the ringing", "主叫始终没有确认振铃")
            }
            Self::MayHaveRung => Said::new(
                "the call may have rung: no answer came back",
                "对方可能已振铃：没有收到应答",
            ),
            Self::AllFailed(cause) => Said::new(
                format!("all proxies failed: {cause}"),
                format!("所有服务器均失败：{}", cause.chinese()),
            ),
            Self::OtherNotHeld(call) => not_held(*call),
            Self::TransferredTo(target) => {
                Said::new(format!("transferred to {target}"), format!("已转接到 {target}"))
            }
            Self::ReplacedBy(call) => Said::new(
                format!("call {call} has taken its place"),
                format!("已由通话 {call} 取代"),
            ),
            Self::Server(phrase) => Said::outside(phrase),
        }
    }
}

/// Something that a user ought to know of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallNote {
    /// A change of the session did not take.
    NotTaken(Change, Failing),
    /// More digits than are kept.
    TooManyDigits,
    /// Digits by INFO were not taken.
    DigitsLost(Failing),
    /// Our new address could not be told.
    AddressUnknown,
    /// Being transferred there; how far the other call is, as a code and a reason phrase.
    Transferring(String, Option<(u16, String)>),
    /// Not transferred there.
    NotTransferred(String, Failing),
    /// The device or the sockets failed.
    NoSound(Said),
}

/// A change of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Hold.
    Hold,
    /// Back from hold.
    Resume,
    /// Session refresh (RFC 4028).
    Refresh,
    /// Our new address.
    Moved,
}

/// Why a request within a call led to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failing {
    /// A final answer.
    Refused(u16, String),
    /// The last hop did not serve.
    NoProxyTook(Cause),
    /// The hop that the call was set up through did not serve, and the others deny the call.
    OnlyItsOwn(Cause),
    /// There is no hop.
    NoProxyLeft,
    /// The other side knows no such call (481).
    NoSuchCall,
    /// No news of a transfer in its time.
    NothingHeard,
    /// The subscription ended before its result.
    NoLongerTold,
    /// Another call could not be put on hold first.
    OtherNotHeld(CallId),
}

impl CallNote {
    /// In words.
    #[must_use]
    pub fn said(&self) -> Said {
        match self {
            Self::NotTaken(change, why) => {
                let (change, why) = (change.said(), why.said());
                Said::new(
                    format!("{} did not take: {}", change.en, why.en),
                    format!("{}未成功：{}", change.zh, why.zh),
                )
            }
            Self::TooManyDigits => Said::new(
                "too many digits at once: the last ones were left out",
                "按键过多：最后的按键未发送",
            ),
            Self::DigitsLost(why) => {
                let why = why.said();
                Said::new(
                    format!("the digits did not get through: {}", why.en),
                    format!("按键未送达：{}", why.zh),
                )
            }
            Self::AddressUnknown => {
                Said::new("the other party does not know our new address", "对方不知道本机的新地址")
            }
            Self::Transferring(target, None) => {
                Said::new(format!("transferring to {target}"), format!("正在转接到 {target}"))
            }
            Self::Transferring(target, Some((code, phrase))) => {
                let answer = answer(*code, phrase);
                Said::new(
                    format!("transferring to {target}: {answer}"),
                    format!("正在转接到 {target}：{}", quoted(&answer)),
                )
            }
            Self::NotTransferred(target, why) => {
                let why = why.said();
                Said::new(
                    format!("the transfer to {target} did not take: {}", why.en),
                    format!("转接到 {target} 未成功：{}", why.zh),
                )
            }
            Self::NoSound(why) => {
                Said::new(format!("no sound: {}", why.en), format!("没有声音：{}", why.chinese()))
            }
        }
    }
}

impl Change {
    fn said(self) -> Said {
        match self {
            Self::Hold => Said::new("hold", "保持"),
            Self::Resume => Said::new("resume", "恢复"),
            Self::Refresh => Said::new("the refresh of the session", "会话刷新"),
            Self::Moved => Said::new("our new address", "新地址通知"),
        }
    }
}

impl Failing {
    fn said(&self) -> Said {
        match self {
            Self::Refused(code, phrase) => {
                let answer = answer(*code, phrase);
                Said::new(answer.clone(), quoted(&answer))
            }
            Self::NoProxyTook(cause) => Said::new(
                format!("no proxy took it ({cause})"),
                format!("没有服务器接受（{}）", cause.chinese()),
            ),
            Self::OnlyItsOwn(cause) => Said::new(
                format!(
                    "the proxy of this call did not serve ({cause}), and no other knows the call"
                ),
                format!("此通话的服务器不可用（{}），其他服务器不知道此通话", cause.chinese()),
            ),
            Self::NoProxyLeft => Said::new("no proxy is left", "没有可用的服务器"),
            Self::NoSuchCall => no_such_call(),
            Self::NothingHeard => Said::new("nothing was heard of it", "没有收到结果"),
            Self::NoLongerTold => {
                Said::new("its progress is not told any more", "对方不再报告进展")
            }
            Self::OtherNotHeld(call) => not_held(*call),
        }
    }
}

fn no_such_call() -> Said {
    Said::new("the other party has no such call any more", "对方已没有此通话")
}

fn not_held(call: CallId) -> Said {
    Said::new(format!("call {call} could not be put on hold"), format!("无法保持通话 {call}"))
}

fn answer(code: u16, phrase: &str) -> String {
    format!("{code} {phrase}").trim().to_owned()
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said().en)
    }
}

impl fmt::Display for CallNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said().en)
    }
}
