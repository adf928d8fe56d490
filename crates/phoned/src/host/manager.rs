//! Which service manages an interface, by what each leaves below `/run`.

use std::fs;
use std::path::Path;

use control::Manager;

/// The service that manages the interface; `None` if none of those known does.
pub(super) fn of(run: &Path, name: &str, index: usize) -> Option<Manager> {
    let read = |path: String| fs::read_to_string(run.join(path)).unwrap_or_default();
    let says = |text: &str, line: &str| text.lines().any(|it| it.trim() == line);
    let networkd = read(format!("systemd/netif/links/{index}"));
    if networkd.contains("ADMIN_STATE=") && !says(&networkd, "ADMIN_STATE=unmanaged") {
        return Some(Manager::Networkd);
    }
    if says(&read(format!("NetworkManager/devices/{index}")), "managed=true") {
        return Some(Manager::NetworkManager);
    }
    if says(&read("network/ifstate".to_owned()), &format!("{name}={name}")) {
        return Some(Manager::Ifupdown);
    }
    let pids =
        ["dhcpcd/pid".to_owned(), format!("dhcpcd/{name}.pid"), format!("dhcpcd/{name}-4.pid")];
    let dhcpcd = name != "lo" && pids.iter().any(|path| run.join(path).exists());
    dhcpcd.then_some(Manager::Dhcpcd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_is_known_by_what_it_leaves() {
        let run = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = run.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert_eq!(of(run.path(), "eth0", 2), None);
        put("systemd/netif/links/2", "ADMIN_STATE=configured\nOPER_STATE=routable\n");
        put("systemd/netif/links/3", "ADMIN_STATE=unmanaged\n");
        put("NetworkManager/devices/3", "[device]\nmanaged=true\nconnection-uuid=0\n");
        put("NetworkManager/devices/4", "[device]\nmanaged=false\n");
        put("network/ifstate", "lo=lo\neth2=eth2\n");
        put("dhcpcd/eth3-4.pid", "7\n");
        assert_eq!(of(run.path(), "eth0", 2), Some(Manager::Networkd));
        assert_eq!(of(run.path(), "eth1", 3), Some(Manager::NetworkManager));
        assert_eq!(of(run.path(), "eth2", 4), Some(Manager::Ifupdown));
        assert_eq!(of(run.path(), "eth3", 5), Some(Manager::Dhcpcd));
        assert_eq!(of(run.path(), "eth4", 6), None);
    }
}
