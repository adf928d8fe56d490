//! Where the configuration is, for a phone that nobody has told: DHCP says it, or SIP PnP.
//!
//! DHCP is believed as the network is, at each fetch. PnP is asked by a phone that has no line yet:
//! anybody on the network may answer it, so a phone that works is not to be led away by it. The
//! address that it led to is kept for later starts.

mod dhcp;
mod pnp;

use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

use config_store::Provisioning;

use super::{Marks, Place, PlaceError, Scheme};

/// Where systemd-networkd keeps its leases.
const NETWORKD: &str = "/run/systemd/netif/leases";

/// Who has told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Teller {
    /// An option of the DHCP lease.
    Dhcp,
    /// An answer to our multicast.
    Pnp,
}

/// What somebody says: a whole address, or the server alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) by: Teller,
    pub(crate) text: String,
}

impl Told {
    /// The file that it means. A text that names no file stands for the folder that the phone's own
    /// file is in.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub(crate) fn place(
        &self,
        file: &str,
        scheme: Option<Scheme>,
        marks: &Marks,
    ) -> Result<Place, PlaceError> {
        let path = self.text.split_once("://").map(|(_, rest)| rest.split_once('/'));
        match path {
            Some(Some((_, path))) if !path.is_empty() && !path.ends_with('/') => {
                Place::of_url(&self.text, marks)
            }
            Some(_) | None => Place::of_items(&self.text, file, scheme, marks),
        }
    }
}

/// What the leases say; `folder` is where DHCP clients' hooks leave their options.
pub(crate) fn ask_dhcp(settings: &Provisioning, folder: &Path) -> Option<Told> {
    let wanted = settings.dhcp_option?;
    let folders: [PathBuf; 2] = [folder.to_owned(), NETWORKD.into()];
    let text = dhcp::server(&folders, wanted)?;
    Some(Told { by: Teller::Dhcp, text })
}

/// What a PnP server says. Waits for it some seconds.
pub(crate) async fn ask_pnp(settings: &Provisioning, marks: &Marks) -> Option<Told> {
    let group: SocketAddrV4 = settings.pnp?;
    let text = pnp::ask(group, marks).await?;
    Some(Told { by: Teller::Pnp, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F8: what is seen in option 66 in the field.
    #[test]
    fn what_is_told_is_a_file_a_folder_or_a_host() {
        let marks = Marks { mac: "0c383e0a0b0c".into(), model: "phoned" };
        let place = |text: &str| {
            let told = Told { by: Teller::Dhcp, text: text.to_owned() };
            told.place("", Some(Scheme::Tftp), &marks).unwrap().to_string()
        };
        assert_eq!(place("10.0.0.1"), "tftp://10.0.0.1/0c383e0a0b0c.cfg");
        assert_eq!(place("https://h"), "https://h/0c383e0a0b0c.cfg");
        assert_eq!(place("http://h/prov/"), "http://h/prov/0c383e0a0b0c.cfg");
        assert_eq!(place("http://h/p/$MAC.xml"), "http://h/p/0C383E0A0B0C.xml");
        assert_eq!(place("http://h/p?m=$mac"), "http://h/p?m=0c383e0a0b0c");
    }
}
