//! What tells this phone from others in an address: the MAC of the interface that leads out.

use std::fs;
use std::path::Path;

use super::Marks;

/// The model's name in addresses, for `$model`.
const MODEL: &str = "phoned";
/// Under this name it can be read also where a service sees of /proc only the processes.
const ROUTES: &str = "/proc/self/net/route";
/// What a host without any interface says.
const NONE: &str = "000000000000";

/// This phone's marks now; the interface may change while it runs.
pub(crate) fn marks() -> Marks {
    let mac = mac(Path::new("/sys/class/net"), Path::new(ROUTES));
    Marks { mac: mac.unwrap_or_else(|| NONE.to_owned()), model: MODEL }
}

/// The MAC of the interface with the default route, else of the first that has one.
fn mac(interfaces: &Path, routes: &Path) -> Option<String> {
    let routes = fs::read_to_string(routes).unwrap_or_default();
    let leads_out = routes.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let (name, destination) = (words.next()?, words.next()?);
        (destination == "00000000").then(|| name.to_owned())
    });
    let mut names: Vec<String> = fs::read_dir(interfaces)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    let preferred = leads_out.into_iter().chain(names);
    preferred.into_iter().find_map(|name| {
        let text = fs::read_to_string(interfaces.join(name).join("address")).ok()?;
        let digits: String = text.trim().chars().filter(char::is_ascii_hexdigit).collect();
        (digits.len() == NONE.len() && digits != NONE).then(|| digits.to_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interface_that_leads_out_gives_its_mac() {
        let folder = tempfile::tempdir().unwrap();
        let net = folder.path().join("net");
        for (name, address) in [
            ("lo", "00:00:00:00:00:00"),
            ("eth0", "0C:38:3E:00:00:01"),
            ("wlan0", "0c:38:3e:00:00:02"),
        ] {
            fs::create_dir_all(net.join(name)).unwrap();
            fs::write(net.join(name).join("address"), format!("{address}\n")).unwrap();
        }
        let routes = folder.path().join("route");
        fs::write(&routes, "Iface\tDestination\nwlan0\t00000000\t0100A8C0\n").unwrap();
        assert_eq!(mac(&net, &routes).as_deref(), Some("0c383e000002"));
        fs::write(&routes, "Iface\tDestination\n").unwrap();
        assert_eq!(mac(&net, &routes).as_deref(), Some("0c383e000001"));
        assert_eq!(mac(&folder.path().join("none"), &routes), None);
    }
}
