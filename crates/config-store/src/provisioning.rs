//! Where the configuration comes from, with types (F8). Fetching it is decided elsewhere.

use std::time::Duration;

use crate::{Secret, items, values::Values};

/// Where the configuration comes from (F8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioning {
    /// Where a file is fetched; `None` where no server is named.
    pub place: Option<PlaceOf>,
    /// When it is fetched.
    pub mode: ProvisionMode,
    /// For a server that asks for a login.
    pub user: String,
    /// Its password.
    pub password: Secret,
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
        Self {
            place: named.then(|| PlaceOf {
                server,
                file: text(&items::FLASH_FILE_NAME),
                protocol: match values.phone_text(&items::FLASH_PROTOCOL) {
                    "2" => Some(FetchProtocol::Tftp),
                    "4" => Some(FetchProtocol::Http),
                    "5" => Some(FetchProtocol::Https),
                    _ => None,
                },
            }),
            mode: match values.phone_text(&items::FLASH_MODE) {
                "1" if named => ProvisionMode::AtStart,
                "2" if named => ProvisionMode::Every(interval()),
                _ => ProvisionMode::Off,
            },
            user: text(&items::DEFAULT_USERNAME),
            password: Secret::new(text(&items::DEFAULT_PASSWORD)),
            rollback: Some(values.phone_number(&items::PROVISION_ROLLBACK))
                .filter(|seconds| *seconds > 0)
                .map(|seconds: u32| Duration::from_secs(seconds.into())),
        }
    }
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
