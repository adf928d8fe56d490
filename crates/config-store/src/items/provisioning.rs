//! Items of the phone on where its configuration comes from (F8), by the names that Fanvil files
//! have for them: a PBX that sets them up on other phones sets them up here.

use super::{Kind, items, kind};

items! {
    PROVISIONING: "Items of the phone on where its configuration comes from.";

    FLASH_SERVER_IP = Phone "Flash Server IP", Kind::Text, "",
        "The server that the configuration is fetched from: a host, or an address that begins with http, https or tftp.",
        "获取配置的服务器：主机，或以 http、https、tftp 开头的地址。";
    FLASH_FILE_NAME = Phone "Flash File Name", Kind::Text, "",
        "The file on that server, in which $mac and $model stand for this phone's; if empty, $mac.cfg.",
        "服务器上的文件名，$mac 和 $model 代表本机的 MAC 与型号；为空时为 $mac.cfg。";
    FLASH_PROTOCOL = Phone "Flash Protocol",
        Kind::Choice(&[("1", "FTP, which the phone does not speak", "FTP（本机不支持）"), ("2", "TFTP", "TFTP"), ("4", "HTTP", "HTTP"), ("5", "HTTPS", "HTTPS")]),
        "2",
        "How the server is asked where it is only a host.",
        "服务器仅填主机时使用的协议。";
    FLASH_MODE = Phone "Flash Mode",
        Kind::Choice(&[("0", "off", "关闭"), ("1", "at start", "启动时"), ("2", "at start and at an interval", "启动时及定时")]), "0",
        "When the configuration is fetched.",
        "何时获取配置。";
    FLASH_INTERVAL = Phone "Flash Interval", Kind::Hours, "1",
        "The time between two fetches.",
        "两次获取之间的时间。";
    DHCP_OPTION = Phone "DHCP Option", Kind::Number { min: 0, max: 254, unit: "" }, "66",
        "The DHCP option that names the server where no item does; if it is not there, 66, 160 and 43 are looked at; 0 looks at none.",
        "未设置服务器时，从哪个 DHCP 选项获取服务器地址；若没有该选项，则依次查看 66、160 和 43；0 表示不使用。";
    PNP_ENABLE = Phone "PNP Enable", Kind::Flag, "1",
        "A phone without any line, to which neither an item nor DHCP names a server, asks its network for one (SIP PnP).",
        "话机尚无线路且未通过设置或 DHCP 得到服务器时，通过 SIP PnP 在网络中查询。";
    PNP_IP = Phone "PNP IP", Kind::Address, "224.0.1.75",
        "The multicast address that is asked.",
        "SIP PnP 的组播地址。";
    PNP_PORT = Phone "PNP Port", Kind::Number { min: 1, max: 65535, unit: "" }, "5060",
        "The port that is asked.",
        "SIP PnP 的端口。";
    DEFAULT_USERNAME = Phone "Default Username", Kind::Text, "",
        "The user name for a server that asks for one.",
        "服务器要求鉴权时的用户名。";
    DEFAULT_PASSWORD = Phone "Default Password", Kind::Secret, "",
        "The password for a server that asks for one.",
        "服务器要求鉴权时的密码。";
    PROVISION_KEY = Phone "Provision Key", Kind::Secret, "",
        "The passphrase of sealed configuration files; if it is set, a server's file that is not sealed with it is refused.",
        "加密配置文件的口令；设置后，拒绝服务器上未用该口令加密的文件。";
    CHECK_SYNC_USERNAME = Phone "Check Sync Username", Kind::Text, "",
        "The user name with which NOTIFY check-sync is taken from others than the lines' servers; with no password it is taken from those servers only.",
        "接受非线路服务器发来的 NOTIFY check-sync 所需的用户名；未设密码时仅接受线路服务器的请求。";
    CHECK_SYNC_PASSWORD = Phone "Check Sync Password", Kind::Secret, "",
        "The password for that user name.",
        "该用户名的密码。";
    CHECK_SYNC_SPREAD = Phone "Check Sync Spread", kind::seconds(0, 3600), "0",
        "The configuration is fetched within so many seconds after check-sync, at a random moment, so that a fleet does not ask together; 0 means at once.",
        "收到 check-sync 后在此秒数内的随机时刻获取配置，避免大量话机同时请求；0 表示立即。";
    PROVISION_ROLLBACK = Phone "Provision Rollback", kind::seconds(0, 3600), "300",
        "How long a fetched configuration has to register a line before it is taken back, if a line was registered before it; 0 means for ever.",
        "获取的配置须在多长时间内使某条线路注册成功，否则恢复原配置（之前有线路已注册时）；0 表示不恢复。";
}
