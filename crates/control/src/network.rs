//! What the phone's network is like: what the operating system has, and which way lines go.

use serde::{Deserialize, Serialize};

/// About the network: answered with [`crate::Payload::Network`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkRequest {}

/// The network as the phone finds it. All of it but the ports is the operating system's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NetworkStatus {
    /// The host's name.
    pub host: String,
    /// The port on which the phone speaks SIP now.
    pub sip_port: u16,
    /// Where the web page is served, such as `[::]:8443`; `null` if it is not.
    pub web: Option<String>,
    /// Every interface.
    pub interfaces: Vec<Interface>,
    /// The name servers that are asked.
    pub name_servers: Vec<String>,
    /// The domains that complete a name without a dot.
    pub search: Vec<String>,
    /// Our address towards each hop of the lines.
    pub ways: Vec<HopWay>,
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Its name, such as `eth0`.
    pub name: String,
    /// Whether it is switched on.
    pub up: bool,
    /// Whether it is connected: a cable is plugged in, a radio network joined.
    pub carrier: bool,
    /// Its hardware address, such as `0c:38:3e:00:00:01`; `null` if it has none.
    pub mac: Option<String>,
    /// Its addresses with the length of their network's prefix, such as `10.0.0.9/24`.
    pub addresses: Vec<String>,
    /// Where what is for elsewhere is handed to.
    pub gateways: Vec<String>,
    /// Who gives it its addresses; `null` if that is not known.
    pub manager: Option<Manager>,
}

/// A service of the operating system that manages interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Manager {
    /// systemd-networkd.
    #[serde(rename = "systemd-networkd")]
    Networkd,
    /// NetworkManager.
    NetworkManager,
    /// dhcpcd.
    #[serde(rename = "dhcpcd")]
    Dhcpcd,
    /// ifupdown, by `/etc/network/interfaces`.
    #[serde(rename = "ifupdown")]
    Ifupdown,
}

impl Manager {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Networkd => "systemd-networkd",
            Self::NetworkManager => "NetworkManager",
            Self::Dhcpcd => "dhcpcd",
            Self::Ifupdown => "ifupdown",
        }
    }
}

/// The way to one hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopWay {
    /// Transport, address and port.
    pub hop: String,
    /// Our own address and port towards it; `null` while no way leads there.
    pub local: Option<String>,
    /// The interface with that address.
    pub interface: Option<String>,
    /// The lines that may use the hop.
    pub lines: Vec<u16>,
}

impl HopWay {
    /// The lines with neighbours as one: `1-3, 7`.
    #[must_use]
    pub fn spans(&self) -> String {
        let mut spans: Vec<(u16, u16)> = Vec::new();
        for &line in &self.lines {
            match spans.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(line) => *last = line,
                _ => spans.push((line, line)),
            }
        }
        let span = |(first, last): (u16, u16)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        };
        spans.into_iter().map(span).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_lines_are_one_span() {
        let spans = |lines: &[u16]| {
            let (hop, lines) = (String::new(), lines.to_vec());
            HopWay { hop, local: None, interface: None, lines }.spans()
        };
        assert_eq!(spans(&[1, 2, 3, 7, 9, 10]), "1-3, 7, 9-10");
        assert_eq!((spans(&[]), spans(&[65_535])), (String::new(), "65535".to_owned()));
    }

    #[test]
    fn a_manager_is_written_as_it_is_called() {
        let all = [Manager::Networkd, Manager::NetworkManager, Manager::Dhcpcd, Manager::Ifupdown];
        for manager in all {
            let written = serde_json::to_string(&manager).unwrap();
            assert_eq!(written, format!("\"{}\"", manager.name()));
        }
    }
}
