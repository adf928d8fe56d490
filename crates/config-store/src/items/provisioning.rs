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
        Kind::Choice(&[("1", "FTP, which the phone does not speak"), ("2", "TFTP"), ("4", "HTTP"), ("5", "HTTPS")]),
        "2",
        "How the server is asked where it is only a host.",
        "服务器仅填主机时使用的协议。";
    FLASH_MODE = Phone "Flash Mode",
        Kind::Choice(&[("0", "off"), ("1", "at start"), ("2", "at start and at an interval")]), "0",
        "When the configuration is fetched.",
        "何时获取配置。";
    FLASH_INTERVAL = Phone "Flash Interval", Kind::Hours, "1",
        "The time between two fetches.",
        "两次获取之间的时间。";
    DEFAULT_USERNAME = Phone "Default Username", Kind::Text, "",
        "The user name for a server that asks for one.",
        "服务器要求鉴权时的用户名。";
    DEFAULT_PASSWORD = Phone "Default Password", Kind::Secret, "",
        "The password for a server that asks for one.",
        "服务器要求鉴权时的密码。";
    PROVISION_ROLLBACK = Phone "Provision Rollback", kind::seconds(0, 3600), "300",
        "How long a fetched configuration has to register a line before it is taken back, if a line was registered before it; 0 means for ever.",
        "获取的配置须在多长时间内使某条线路注册成功，否则恢复原配置（之前有线路已注册时）；0 表示不恢复。";
}
