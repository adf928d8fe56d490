//! Items of a line: who it is, its servers, how they are found, what it speaks (A1, D1, E1). What
//! is done when a server fails is in `failover.rs`.

use super::{Kind, items, kind};

const TRANSPORT: Kind =
    Kind::Choice(&[("0", "UDP", "UDP"), ("1", "TCP", "TCP"), ("3", "TLS", "TLS")]);
const TTL: Kind = Kind::Number { min: 5, max: 604_800, unit: "s" };

items! {
    ACCOUNT: "Items of a line: who it is, its servers, how they are found, what it speaks.";

    PHONE_NUMBER = Line "Phone Number", Kind::Text, "",
        "The user part of the line's address; if empty, the register user.",
        "线路地址中的用户部分（号码），为空时使用注册用户名。";
    DISPLAY_NAME = Line "Display Name", Kind::Text, "",
        "The name that the other party sees.",
        "对方看到的显示名称。";
    ENABLE_REG = Line "Enable Reg", Kind::Flag, "1",
        "Whether the line registers; without, no REGISTER is ever sent and calls still work.",
        "是否注册：关闭后不发送 REGISTER，仍可通话。";
    REGISTER_ADDR = Line "Register Addr", Kind::Address, "",
        "SIP Server 1: the registrar, whose name is the line's domain.",
        "SIP 服务器 1（注册服务器）的地址，也是线路的域名。";
    REGISTER_PORT = Line "Register Port", Kind::PORT, "5060",
        "The port of SIP Server 1; 0 means none given.",
        "SIP 服务器 1 的端口，0 表示未指定。";
    REGISTER_USER = Line "Register User", Kind::Text, "",
        "The user name for authentication; if empty, the phone number.",
        "鉴权用户名，为空时使用号码。";
    REGISTER_PSWD = Line "Register Pswd" alias "Register Pwd", Kind::Secret, "",
        "The password for authentication.",
        "鉴权密码。";
    REGISTER_TTL = Line "Register TTL", TTL, "3600",
        "How long a registration at SIP Server 1 is asked to last.",
        "向 SIP 服务器 1 请求的注册有效时间。";
    TRANSPORT_MODE = Line "Transport", TRANSPORT, "0",
        "The transport to SIP Server 1 and to both proxies.",
        "到 SIP 服务器 1 和两个代理的传输协议。";
    BACKUP_ADDR = Line "Backup Addr", Kind::Address, "",
        "SIP Server 2: the registrar to use when SIP Server 1 is unavailable; unused where a proxy is set.",
        "SIP 服务器 2 的地址，服务器 1 不可用时使用；设置了代理时不使用。";
    BACKUP_PORT = Line "Backup Port", Kind::PORT, "5060",
        "The port of SIP Server 2; 0 means none given.",
        "SIP 服务器 2 的端口，0 表示未指定。";
    BACKUP_TRANSPORT = Line "Backup Transport", TRANSPORT, "0",
        "The transport to SIP Server 2.",
        "到 SIP 服务器 2 的传输协议。";
    BACKUP_TTL = Line "Backup TTL", TTL, "3600",
        "How long a registration at SIP Server 2 is asked to last.",
        "向 SIP 服务器 2 请求的注册有效时间。";
    PROXY_ADDR = Line "Proxy Addr", Kind::Address, "",
        "The primary proxy, to which all requests go if it is set.",
        "主 SIP 代理的地址，设置后所有请求都发往代理。";
    PROXY_PORT = Line "Proxy Port", Kind::PORT, "5060",
        "The port of the primary proxy; 0 means none given.",
        "主代理的端口，0 表示未指定。";
    PROXY_USER = Line "Proxy User", Kind::Text, "",
        "The user name for authentication at a proxy (407); if empty, the register user.",
        "代理鉴权 (407) 的用户名，为空时使用注册用户名。";
    PROXY_PSWD = Line "Proxy Pswd" alias "Proxy Pwd", Kind::Secret, "",
        "The password for authentication at a proxy (407); if it and the proxy user are empty, the register password.",
        "代理鉴权 (407) 的密码；与代理用户名都为空时使用注册密码。";
    BAK_PROXY_ADDR = Line "BakProxy Addr", Kind::Address, "",
        "The backup proxy, used when the primary one is unavailable; unused if no primary one is set.",
        "备份 SIP 代理的地址，主代理不可用时使用；未设置主代理时不使用。";
    BAK_PROXY_PORT = Line "BakProxy Port", Kind::PORT, "5060",
        "The port of the backup proxy; 0 means none given.",
        "备份代理的端口，0 表示未指定。";
    DNS_SRV = Line "DNS SRV", Kind::Choice(&[("", "not set", "未设置"), ("0", "off", "关闭"), ("1", "on", "开启")]), "",
        "Whether a server's name is looked up as SRV records whatever its port; not set, a name with port 5060 or none is.",
        "是否对服务器域名做 SRV 查询；未设置时，端口为 5060 或未指定的域名才做。";
    DNS_MODE = Line "DNS Mode",
        Kind::Choice(&[("", "not set", "未设置"), ("0", "A and AAAA", "A 和 AAAA"), ("1", "SRV", "SRV"), ("2", "NAPTR and SRV", "NAPTR 和 SRV")]),
        "",
        "Which records a server's name is looked up as; not set, the item DNS SRV or the port decides.",
        "服务器域名的查询方式；未设置时由 DNS SRV 或端口决定。";
    VOICE_CODEC_MAP = Line "VoiceCodecMap", Kind::Codecs, "PCMA,PCMU",
        "The codecs to offer, the preferred one first; those that the phone does not have are skipped.",
        "提供的语音编码，按优先顺序排列；话机没有的编码会被跳过。";
    REFUSE_UNKNOWN = Line "Refuse Unknown", Kind::Flag, "1",
        "Whether new requests from an address that is none of the line's servers are refused.",
        "是否拒绝来自非本线路服务器地址的新请求。";
    RING_LIMIT = Line "Ring Limit", kind::seconds(5, 3600), "180",
        "How long a dialled call may ring before the phone gives up.",
        "呼出后振铃的最长时间，超时后放弃呼叫。";
    TRYING_LIMIT = Line "Trying Limit", kind::seconds(5, 3600), "180",
        "How long the phone waits for a call that a server has only acknowledged (100) to go on.",
        "服务器只回复 100 后，等待呼叫继续的最长时间。";
    MEDIA_TIMEOUT = Line "Media Timeout", kind::seconds(5, 3600), "60",
        "After how long without sound packets a call that is not held is ended.",
        "未保持的通话在多长时间收不到语音包后结束。";
    SESSION_TIMER = Line "Session Timer", Kind::Flag, "1",
        "Whether calls ask for a session timer, so that one which nobody refreshes ends on both sides; what others ask for is agreed to either way.",
        "通话是否请求会话定时器（无人刷新的通话会在两端结束）；对方的请求总是接受。";
    S_TIMER_EXPIRES = Line "S Timer Expires" alias "S.Timer Expire",
        Kind::Number { min: 0, max: 86_400, unit: "s" }, "1800",
        "How long a session lasts unless it is refreshed, which happens at half of it; below 90 s counts as 90 s, 0 as 1800 s.",
        "会话未刷新时的有效时间，在一半时刷新；小于 90 秒按 90 秒，0 按 1800 秒。";
    PRACK = Line "PRACK", Kind::Flag, "1",
        "Whether calls offer the other party to acknowledge its ringing (100rel, PRACK); who demands it is served either way.",
        "呼出时是否支持可靠临时应答 (100rel, PRACK)；对方要求时总是支持。";
    DTMF_MODE = Line "DTMF Mode",
        Kind::Choice(&[
            ("0", "in-band, which this phone sends as 1", "带内（本机按 1 发送）"),
            ("1", "RFC 4733 events", "RFC 4733 事件"),
            ("2", "SIP INFO", "SIP INFO"),
            ("3", "events where the other party has them, else INFO", "对方支持时用事件，否则用 INFO"),
        ]),
        "3",
        "How key presses in a call are sent.",
        "通话中按键 (DTMF) 的发送方式。";
    ALWAYS_FWD = Line "Always FWD", Kind::Flag, "0",
        "Whether every call goes elsewhere and does not ring here.",
        "是否将所有来电转到其他号码而不在本机振铃。";
    ALWAYS_FWD_NUM = Line "Always FWD Num", Kind::Callee, "",
        "The number or SIP address to which every call goes.",
        "所有来电转到的号码或 SIP 地址。";
    BUSY_FWD = Line "Busy FWD", Kind::Flag, "0",
        "Whether a call that finds the phone busy goes elsewhere; with call waiting it never does.",
        "话机忙时来电是否转到其他号码；开启呼叫等待时不会忙。";
    BUSY_FWD_NUM = Line "Busy FWD Num", Kind::Callee, "",
        "The number or SIP address to which such a call goes.",
        "忙时来电转到的号码或 SIP 地址。";
    NO_ANSWER_FWD = Line "No Answer FWD", Kind::Flag, "0",
        "Whether a call that nobody answers goes elsewhere.",
        "无人接听的来电是否转到其他号码。";
    NO_ANSWER_FWD_NUM = Line "NoAnswer FWD Num" alias "NoAnswer FWD N", Kind::Callee, "",
        "The number or SIP address to which such a call goes.",
        "无人接听时来电转到的号码或 SIP 地址。";
    FWD_TIMER = Line "FWD Timer", kind::seconds(1, 3600), "20",
        "How long a call rings before it goes there.",
        "来电转移前的振铃时间。";
}
