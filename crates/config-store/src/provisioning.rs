//! Where the configuration comes from, with types (F8). Fetching it is decided elsewhere.

use std::net::SocketAddrV4;
use std::time::Duration;

use crate::{Secret, items, values::Values};

/// Where the configuration comes from (F8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioning {
    /// Where a file is fetched; `None` where no server is named.
    pub place: Option<PlaceOf>,
    /// The file's name where something else names the server; may be empty.
    pub file: String,
    /// How a server is asked that something else names.
    pub protocol: Option<FetchProtocol>,
    /// The DHCP option that may name a server; `None`: none may.
    pub dhcp_option: Option<u8>,
    /// Where a network is asked for a server (SIP PnP); `None`: it is not.
    pub pnp: Option<SocketAddrV4>,
    /// When it is fetched.
    pub mode: ProvisionMode,
    /// For a server that asks for a login.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// The passphrase of sealed files; empty where none is set.
    pub key: Secret,
    /// Who may have it fetched by `NOTIFY` besides the lines' servers: user name and password.
    pub check_sync: Option<(String, Secret)>,
    /// Within which time after such a request it is fetched, at a random moment.
    pub check_sync_spread: Duration,
    /// How long a fetched change has to prove itself; `None`: it is never taken back.
    pub rollback: Option<Duration>,
}

impl Provisioning {
    /// What the values say.
    pub(crate) fn of(values: &Values) -> Self {
        let text = |item| values.phone_text(item).to_owned();
        let server = text(&items::FLASH_SERVER_IP);
        // What phones without a server export.
        let named = !matches!(server.as_str(), "" | "0.0.0.0");
        let interval = || {
            let hours: f64 = values.phone_text(&items::FLASH_INTERVAL).parse().unwrap_or(1.0);
            Duration::from_secs_f64((hours * 3600.0).clamp(36.0, 8760.0 * 3600.0))
        };
        let file = text(&items::FLASH_FILE_NAME);
        let protocol = match values.phone_text(&items::FLASH_PROTOCOL) {
            "2" => Some(FetchProtocol::Tftp),
            "4" => Some(FetchProtocol::Http),
            "5" => Some(FetchProtocol::Https),
            _ => None,
        };
        Self {
            place: named.then(|| PlaceOf { server, file: file.clone(), protocol }),
            file,
            protocol,
            dhcp_option: Some(values.phone_number(&items::DHCP_OPTION)).filter(|n| *n > 0),
            pnp: pnp(values),
            mode: match values.phone_text(&items::FLASH_MODE) {
                "1" => ProvisionMode::AtStart,
                "2" => ProvisionMode::Every(interval()),
                _ => ProvisionMode::Off,
            },
            user: text(&items::DEFAULT_USERNAME),
            password: Secret::new(text(&items::DEFAULT_PASSWORD)),
            key: Secret::new(text(&items::PROVISION_KEY)),
            check_sync: Some((
                text(&items::CHECK_SYNC_USERNAME),
                Secret::new(text(&items::CHECK_SYNC_PASSWORD)),
            ))
            .filter(|(_, password)| !password.expose().is_empty()),
            check_sync_spread: Duration::from_secs(
                values.phone_number::<u32>(&items::CHECK_SYNC_SPREAD).into(),
            ),
            rollback: Some(values.phone_number(&items::PROVISION_ROLLBACK))
                .filter(|seconds| *seconds > 0)
                .map(|seconds: u32| Duration::from_secs(seconds.into())),
        }
    }
}

/// Where PnP asks, if it is on and the group is an IPv4 address, as all that are known are.
fn pnp(values: &Values) -> Option<SocketAddrV4> {
    let group = values.phone_text(&items::PNP_IP).parse().ok()?;
    let on = values.phone_text(&items::PNP_ENABLE) == "1";
    on.then(|| SocketAddrV4::new(group, values.phone_number(&items::PNP_PORT)))
}

/// A file on a server, as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceOf {
    /// A host or an address.
    pub server: String,
    /// The file; may be empty.
    pub file: String,
    /// `Flash Protocol`; `None` for one that the phone does not speak.
    pub protocol: Option<FetchProtocol>,
}

/// How a file is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchProtocol {
    /// TFTP.
    Tftp,
    /// HTTP.
    Http,
    /// HTTPS.
    Https,
}

/// When a configuration is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProvisionMode {
    /// Only by hand.
    Off,
    /// At each start.
    AtStart,
    /// At each start and at this interval.
    Every(Duration),
}
