//! Items of a line on failover and failback (part 1 of the requirements, and every setting that the
//! failover design leaves to the user).

use super::{Kind, items, kind};

items! {
    FAILOVER: "Items of a line on failover and failback.";

    ENABLE_FAILBACK = Line "Enable Failback" alias "Enable Failbac", Kind::Flag, "1",
        "Whether the primary is probed with a REGISTER at an interval while the line uses a backup.",
        "使用备份时是否定时用 REGISTER 探测主服务器。";
    FAILBACK_INTERVAL = Line "Failback Interval", kind::seconds(1, 86400), "1800",
        "The time between two probes of the primary while the line uses a backup.",
        "使用备份时两次探测主服务器之间的时间。";
    SIGNAL_FAILBACK = Line "Signal Failback", Kind::Flag, "0",
        "Whether a refresh, a dialled call or a hang-up tries the primary first while the line uses a backup.",
        "使用备份时，注册刷新、呼出和挂断是否先尝试主服务器。";
    SIGNAL_FAILBACK_HOLD = Line "Signal Failback Hold", kind::seconds(0, 86400), "0",
        "The least time between two attempts of signal failback; 0 means that each request makes one.",
        "两次信令回切尝试之间的最短时间，0 表示每个请求都尝试。";
    SIGNAL_RETRY_MODE = Line "Signal Retry Mode",
        Kind::Choice(&[("0", "V3: by counts", "V3：按次数"), ("1", "V2: by time", "V2：按时间")]), "0",
        "What ends the attempts at one server before the next one is tried.",
        "以什么结束对一个服务器的尝试并转到下一个。";
    SIGNAL_RETRY_COUNTS = Line "Signal Retry Counts",
        Kind::Number { min: 1, max: 10, unit: "transmissions" }, "3",
        "How often a request is sent to a server that does not answer, the first time included; the last server has 32 s instead.",
        "向无应答的服务器发送请求的次数（含第一次）；最后一个服务器则等待 32 秒。";
    SIGNAL_RETRY_TIME = Line "Signal Retry Time", kind::seconds(1, 32), "4",
        "How long a server that does not answer is given in V2 mode; the last server has 32 s instead.",
        "V2 模式下等待无应答服务器的时间；最后一个服务器则等待 32 秒。";
    NAT_UDP_UPDATE = Line "NAT UDPUpdate",
        Kind::Choice(&[("0", "off", "关闭"), ("1", "CRLF", "CRLF"), ("2", "OPTIONS", "OPTIONS")]), "2",
        "What is sent while idle to keep the way open and to notice a dead server.",
        "空闲时发送什么来保活并发现服务器失效。";
    UDP_UPDATE_TTL = Line "UDPUpdate TTL", kind::seconds(1, 3600), "30",
        "The time between two keep-alives.",
        "两次保活之间的时间。";
    CONNECT_TIMEOUT = Line "Connect Timeout", kind::seconds(1, 32), "4",
        "How long setting up TCP and TLS to one server may take.",
        "与一个服务器建立 TCP 和 TLS 连接的最长时间。";
    FAILOVER_ON_500 = Line "Failover On 500", Kind::Flag, "1",
        "Whether a call or a hang-up that is answered with 500 tries the next server.",
        "呼出或挂断收到 500 时是否尝试下一个服务器。";
    DEAD_HOP_LAST = Line "Dead Hop Last", Kind::Flag, "1",
        "Whether a server found unavailable is tried last until it has answered again.",
        "不可用的服务器在恢复应答前是否排到最后尝试。";
    REGISTER_FIRST = Line "Register First", Kind::Flag, "0",
        "Whether a call refused with 403 by a server without our registration is repeated after registering there.",
        "在未注册的服务器上呼叫被 403 拒绝时，是否先注册再重拨。";
    PRELOADED_ROUTE = Line "Preloaded Route", Kind::Flag, "0",
        "Whether requests to a proxy carry a Route header that names it.",
        "发往代理的请求是否带有指明该代理的 Route 头。";
    JOIN_COPIES = Line "Join Copies", Kind::Flag, "1",
        "Whether copies of one incoming call that come through several servers ring once and can be answered on any; without, copies are refused with 482.",
        "经多个服务器到达的同一来电是否只振铃一次并可任意接听；关闭则以 482 拒绝副本。";
    ROUTE_REPAIR = Line "Route Repair", Kind::Flag, "1",
        "Whether a call in progress replaces its dead server by the next one in its route.",
        "通话中服务器失效时，是否在其路由中换成下一个服务器。";
    REGISTER_BOTH = Line "Register Both", Kind::Flag, "0",
        "Whether the line is registered at a second server all the time, so that calls come through it at once when the first one dies.",
        "是否同时在第二个服务器上保持注册，使第一个服务器失效时来电立即由它送达。";
    WATCH_BACKUPS = Line "Watch Backups", Kind::Flag, "0",
        "Whether servers not in use are asked from time to time whether they still answer.",
        "是否定时检查未使用的服务器仍有应答。";
    FLAP_DAMPING = Line "Flap Damping", Kind::Flag, "1",
        "Whether a return to the primary that soon fails again makes the next probe wait longer.",
        "回到主服务器后很快又失败时，是否延长下一次探测的等待。";
    BACKOFF_CAP = Line "Backoff Cap", kind::seconds(30, 1800), "300",
        "The longest wait between two rounds of attempts while no server answers.",
        "所有服务器都无应答时两轮尝试之间的最长等待。";
    START_SPREAD = Line "Start Spread", kind::seconds(0, 3600), "30",
        "Up to how long the line waits at random before it registers after the device has started or was without a link for long.",
        "设备启动或长时间断网后，注册前随机等待的最长时间。";
}
