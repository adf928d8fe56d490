//! Who says where the configuration is, and who of them is heard first: the command line, the items,
//! DHCP, and last what SIP PnP has led to.

use std::path::PathBuf;

use config_store::{FetchProtocol, PlaceOf, Provisioning};
use control::Problem;

use super::discover::{self, Teller, Told};
use super::schedule::Mode;
use super::{Marks, Place, PlaceError, Scheme, marks};

/// What does not change while the phone runs.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    /// An address from the command line; wins over everything.
    pub(crate) url: Option<String>,
    /// Where DHCP clients leave what they have learnt.
    pub(crate) dhcp: PathBuf,
}

impl Sources {
    /// Where the configuration is, as far as that is known without asking anybody; `found` is where
    /// PnP has led to before.
    ///
    /// # Errors
    /// What is wrong with the address of the first who names one.
    pub(crate) fn place(
        &self,
        settings: &Provisioning,
        found: Option<&str>,
    ) -> Result<Option<Place>, Problem> {
        let marks = marks();
        if let Some(url) = &self.url {
            return named("--provision", Place::of_url(url, &marks)).map(Some);
        }
        if let Some(PlaceOf { server, file, protocol }) = &settings.place {
            let place = Place::of_items(server, file, protocol.map(scheme), &marks);
            return named("Flash Server IP", place).map(Some);
        }
        if let Some(told) = discover::ask_dhcp(settings, &self.dhcp) {
            return place_of(&told, settings, &marks).map(Some);
        }
        let found = found.filter(|_| settings.pnp.is_some()).map(str::to_owned);
        let told = found.map(|text| Told { by: Teller::Pnp, text });
        told.map(|told| place_of(&told, settings, &marks)).transpose()
    }

    /// Asks the network, which takes some seconds; the address as it was told, and the place.
    ///
    /// # Errors
    /// What is wrong with the address.
    pub(crate) async fn ask_network(
        &self,
        settings: &Provisioning,
    ) -> Result<Option<(String, Place)>, Problem> {
        let marks = marks();
        let Some(told) = discover::ask_pnp(settings, &marks).await else { return Ok(None) };
        let place = place_of(&told, settings, &marks)?;
        Ok(Some((told.text, place)))
    }

    /// When to fetch. Where nobody has named a server and none has been ruled out, one is looked for
    /// at each start.
    pub(crate) fn mode(&self, settings: &Provisioning) -> Mode {
        use config_store::ProvisionMode;
        let named = self.url.is_some() || settings.place.is_some();
        let findable = settings.dhcp_option.is_some() || settings.pnp.is_some();
        match settings.mode {
            _ if !named && !findable => Mode::Off,
            ProvisionMode::Every(interval) => Mode::Every(interval),
            ProvisionMode::AtStart => Mode::AtStart,
            ProvisionMode::Off if self.url.is_none() && settings.place.is_some() => Mode::Off,
            ProvisionMode::Off => Mode::AtStart,
        }
    }
}

fn place_of(told: &Told, settings: &Provisioning, marks: &Marks) -> Result<Place, Problem> {
    let by = match told.by {
        Teller::Dhcp => "DHCP",
        Teller::Pnp => "SIP PnP",
    };
    named(by, told.place(&settings.file, settings.protocol.map(scheme), marks))
}

fn named(source: &str, place: Result<Place, PlaceError>) -> Result<Place, Problem> {
    place.map_err(|error| {
        let zh = format!("`{source}`：{}", error.chinese());
        Problem::new(format!("`{source}`: {error}"), zh).at(source)
    })
}

fn scheme(protocol: FetchProtocol) -> Scheme {
    match protocol {
        FetchProtocol::Tftp => Scheme::Tftp,
        FetchProtocol::Http => Scheme::Http,
        FetchProtocol::Https => Scheme::Https,
    }
}

#[cfg(test)]
mod tests {
    use config_store::{Origin, Store};

    use super::*;

    fn settings(items: &[(&str, &str)]) -> Provisioning {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        store.set(items, Origin::CommandLine).unwrap();
        store.settings().provisioning
    }

    fn place(sources: &Sources, items: &[(&str, &str)], found: Option<&str>) -> Option<String> {
        sources.place(&settings(items), found).unwrap().map(|place| place.to_string())
    }

    /// F8: the order of docs/provisioning.md.
    #[test]
    fn the_command_line_is_heard_first_then_the_items_then_dhcp_then_pnp() {
        let folder = tempfile::tempdir().unwrap();
        let mut sources =
            Sources { url: Some("http://option/x".into()), dhcp: folder.path().to_owned() };
        std::fs::write(folder.path().join("eth0"), "66 http://dhcp/x\n").unwrap();
        let item = [("Flash Server IP", "http://item"), ("Flash File Name", "x")];
        let found = Some("http://pnp/x");
        assert_eq!(place(&sources, &item, found).as_deref(), Some("http://option/x"));
        sources.url = None;
        assert_eq!(place(&sources, &item, found).as_deref(), Some("http://item/x"));
        assert_eq!(place(&sources, &[], found).as_deref(), Some("http://dhcp/x"));
        assert_eq!(
            place(&sources, &[("DHCP Option", "0")], found).as_deref(),
            Some("http://pnp/x")
        );
        let neither = [("DHCP Option", "0"), ("PNP Enable", "0")];
        assert_eq!(place(&sources, &neither, found), None);
    }

    #[test]
    fn a_server_is_looked_for_at_each_start_unless_one_is_named_or_none_is_wanted() {
        let sources = Sources { url: None, dhcp: "/none".into() };
        let mode = |items: &[(&str, &str)]| sources.mode(&settings(items));
        assert_eq!(mode(&[]), Mode::AtStart);
        assert_eq!(
            mode(&[("DHCP Option", "0"), ("PNP Enable", "0"), ("Flash Mode", "2")]),
            Mode::Off
        );
        assert_eq!(mode(&[("Flash Server IP", "h")]), Mode::Off, "by hand");
        assert_eq!(mode(&[("Flash Server IP", "h"), ("Flash Mode", "1")]), Mode::AtStart);
        let hour = std::time::Duration::from_secs(3600);
        assert_eq!(mode(&[("Flash Mode", "2")]), Mode::Every(hour));
        let sources = Sources { url: Some("http://h/x".into()), dhcp: "/none".into() };
        assert_eq!(sources.mode(&settings(&[("Flash Server IP", "h")])), Mode::AtStart);
    }
}
