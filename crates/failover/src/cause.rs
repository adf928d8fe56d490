//! Why a hop is not usable, in words that people and programs can read.
//!
//! The first word says what kind of evidence it was (interfaces, JSON of `account list`). It
//! refuses to say what follows from it: that is the machine's part.

use std::fmt;

/// Why a hop did not serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Transmitted as often or as long as the policy says, and nothing came (requirement A3).
    NoAnswer,
    /// ICMP destination unreachable: network.
    IcmpNet,
    /// ICMP destination unreachable: host.
    IcmpHost,
    /// ICMP destination unreachable: protocol.
    IcmpProtocol,
    /// ICMP destination unreachable: port.
    IcmpPort,
    /// ICMP destination unreachable: administratively prohibited.
    IcmpProhibited,
    /// The TCP connection was refused.
    TcpRefused,
    /// The TCP connection broke.
    TcpReset,
    /// The other side closed the TCP connection while an answer was awaited.
    TcpClosed,
    /// The TCP connection was not set up in time, or what was written was not taken in time.
    TcpTimeout,
    /// TLS did not come about.
    Tls(TlsFault),
    /// Its name could not be resolved.
    DnsFailure,
    /// It answered with this status code.
    Status(u16),
    /// Our own link is down or has no route: nobody's fault.
    LinkDown,
    /// A drill sends nothing there, so that nothing comes back (failover design §7).
    Drill,
}

/// What was wrong with TLS towards a hop (requirement A2: a refused certificate is named to the user).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsFault {
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet; or our own clock is wrong.
    NotYetValid,
    /// The certificate is for another name than the configured one.
    WrongName,
    /// No trusted authority has issued the certificate.
    UnknownIssuer,
    /// A signature is wrong: of the certificate, or made with it.
    BadSignature,
    /// The certificate was revoked.
    Revoked,
    /// The certificate is not acceptable for another reason.
    Certificate,
    /// The server refused us with a TLS alert: it may want a certificate of ours.
    Refused,
    /// The handshake failed otherwise: what answers there may not speak TLS.
    Failed,
    /// Neither side refused, but TCP and TLS were not set up in time.
    TimedOut,
    /// Our own TLS settings cannot be used.
    Settings,
}

impl TlsFault {
    /// The same as its `Display` form, in Chinese.
    #[must_use]
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Expired => "TLS 证书已过期",
            Self::NotYetValid => "TLS 证书尚未生效",
            Self::WrongName => "TLS 证书不属于此名称",
            Self::UnknownIssuer => "TLS 证书的签发者不受信任",
            Self::BadSignature => "TLS 证书签名错误",
            Self::Revoked => "TLS 证书已被吊销",
            Self::Certificate => "TLS 证书被拒绝",
            Self::Refused => "服务器拒绝 TLS 握手",
            Self::Failed => "TLS 握手失败",
            Self::TimedOut => "TLS 建立超时",
            Self::Settings => "TLS 设置无法使用",
        }
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "tls certificate has expired",
            Self::NotYetValid => "tls certificate is not valid yet",
            Self::WrongName => "tls certificate is for another name",
            Self::UnknownIssuer => "tls certificate has an unknown issuer",
            Self::BadSignature => "tls certificate has a bad signature",
            Self::Revoked => "tls certificate was revoked",
            Self::Certificate => "tls certificate refused",
            Self::Refused => "tls handshake refused by the server",
            Self::Failed => "tls handshake failed",
            Self::TimedOut => "tls set-up timed out",
            Self::Settings => "tls settings cannot be used",
        })
    }
}

impl Cause {
    /// Whether the hop spoke SIP: its own answer is the cause.
    #[must_use]
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::Status(_))
    }

    /// Whether this is proof by itself, so that every request in flight at the hop may move on
    /// (failover design §1). Silence speaks only for the request that met it.
    #[must_use]
    pub const fn is_proof(self) -> bool {
        !matches!(self, Self::NoAnswer | Self::Status(_) | Self::LinkDown | Self::Drill)
    }

    /// Whether nothing came back: from a hop, or because a drill sent nothing there.
    #[must_use]
    pub const fn is_silence(self) -> bool {
        matches!(self, Self::NoAnswer | Self::Drill)
    }
}

impl Cause {
    /// The same as its `Display` form, in Chinese.
    #[must_use]
    pub fn chinese(self) -> String {
        let words = match self {
            Self::NoAnswer => "无应答",
            Self::IcmpNet => "ICMP：网络不可达",
            Self::IcmpHost => "ICMP：主机不可达",
            Self::IcmpProtocol => "ICMP：协议不可达",
            Self::IcmpPort => "ICMP：端口不可达",
            Self::IcmpProhibited => "ICMP：被管理策略禁止",
            Self::TcpRefused => "TCP 连接被拒绝",
            Self::TcpReset => "TCP 连接被重置",
            Self::TcpClosed => "TCP 连接被关闭",
            Self::TcpTimeout => "TCP 连接超时",
            Self::Tls(fault) => fault.chinese(),
            Self::DnsFailure => "DNS 名称无法解析",
            Self::Status(code) => return code.to_string(),
            Self::LinkDown => "本机网络中断",
            Self::Drill => "演练",
        };
        words.to_owned()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::NoAnswer => "no answer",
            Self::IcmpNet => "icmp network unreachable",
            Self::IcmpHost => "icmp host unreachable",
            Self::IcmpProtocol => "icmp protocol unreachable",
            Self::IcmpPort => "icmp port unreachable",
            Self::IcmpProhibited => "icmp administratively prohibited",
            Self::TcpRefused => "tcp connection refused",
            Self::TcpReset => "tcp connection reset",
            Self::TcpClosed => "tcp connection closed",
            Self::TcpTimeout => "tcp connection timed out",
            Self::Tls(fault) => return fault.fmt(f),
            Self::DnsFailure => "dns name not resolved",
            Self::Status(code) => return write!(f, "{code}"),
            Self::LinkDown => "link down",
            Self::Drill => "drill",
        };
        f.write_str(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Interfaces: "cause in words that begin with one of …".
    #[test]
    fn every_cause_begins_with_a_word_of_the_interface() {
        let all = [
            Cause::NoAnswer,
            Cause::IcmpNet,
            Cause::IcmpHost,
            Cause::IcmpProtocol,
            Cause::IcmpPort,
            Cause::IcmpProhibited,
            Cause::TcpRefused,
            Cause::TcpReset,
            Cause::TcpClosed,
            Cause::TcpTimeout,
            Cause::Tls(TlsFault::WrongName),
            Cause::Tls(TlsFault::Failed),
            Cause::Tls(TlsFault::Settings),
            Cause::DnsFailure,
            Cause::Status(503),
            Cause::LinkDown,
            Cause::Drill,
        ];
        let words = ["no answer", "icmp ", "tcp ", "tls ", "dns ", "503", "link ", "drill"];
        for cause in all {
            let text = cause.to_string();
            assert!(words.iter().any(|word| text.starts_with(word)), "{text}");
        }
    }

    #[test]
    fn every_cause_but_a_status_code_is_said_in_chinese() {
        let said = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        assert!(said(&Cause::NoAnswer.chinese()));
        assert!(said(&Cause::Tls(TlsFault::Expired).chinese()));
        assert_eq!(Cause::Status(503).chinese(), "503");
    }

    #[test]
    fn silence_and_answers_prove_nothing_to_other_requests_but_icmp_does() {
        assert!(!Cause::NoAnswer.is_proof());
        assert!(!Cause::Status(503).is_proof());
        assert!(!Cause::Drill.is_proof(), "a drill is silence that is played");
        assert!(Cause::IcmpPort.is_proof());
        assert!(Cause::TcpReset.is_proof());
    }
}
