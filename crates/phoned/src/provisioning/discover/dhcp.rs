//! DHCP options that name a server of configurations: 66 (RFC 2132 §9.4), 160, 43 (RFC 2132 §8.4) or
//! one that the site has chosen.
//!
//! The phone is no DHCP client. It reads what the system's client has learnt: a file for each
//! interface that the hook `dhcp-options` writes (lines such as `66 http://…` or `43 0x0104…`), and the
//! leases of systemd-networkd, which has no hooks. Nothing in them is trusted to be well-formed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::limits;

/// Vendor-specific information, which may hold options of its own.
const VENDOR: u8 = 43;
/// Looked at where the wanted option is not there.
const USUAL: [u8; 3] = [66, 160, VENDOR];

/// What the leases say of a server, in the option `wanted` or else in one of the usual ones.
pub(super) fn server(folders: &[PathBuf], wanted: u8) -> Option<String> {
    let options: Vec<_> =
        folders.iter().flat_map(|folder| leases(folder)).map(|text| read(&text)).collect();
    let mut order = [wanted].into_iter().chain(USUAL);
    order.find_map(|number| options.iter().find_map(|lease| text(number, lease.get(&number)?)))
}

/// The files of a folder, in the order of their names.
fn leases(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.take(limits::LEASES).filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort_unstable();
    paths.iter().filter_map(|path| content(path)).collect()
}

fn content(path: &Path) -> Option<String> {
    let mut octets = Vec::new();
    File::open(path).ok()?.take(limits::LEASE).read_to_end(&mut octets).ok()?;
    Some(String::from_utf8_lossy(&octets).into_owned())
}

/// The options of one lease, of either form.
fn read(text: &str) -> BTreeMap<u8, Vec<u8>> {
    text.lines().filter_map(|line| of_networkd(line).or_else(|| of_hook(line))).collect()
}

fn of_hook(line: &str) -> Option<(u8, Vec<u8>)> {
    let (number, value) = line.trim().split_once(' ')?;
    let octets = match value.strip_prefix("0x") {
        Some(digits) => from_hex(digits)?,
        None => value.trim().as_bytes().to_vec(),
    };
    Some((number.parse().ok()?, octets))
}

/// `VENDOR_SPECIFIC=` and `OPTION_N=` are in hexadecimal digits.
fn of_networkd(line: &str) -> Option<(u8, Vec<u8>)> {
    let (name, digits) = line.trim().split_once('=')?;
    let number = match name {
        "VENDOR_SPECIFIC" => VENDOR,
        _ => name.strip_prefix("OPTION_")?.parse().ok()?,
    };
    Some((number, from_hex(digits)?))
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits.bytes().filter(|octet| *octet != b':').collect();
    let octet = |pair: &[u8]| {
        let [high, low] = pair else { return None };
        let value = |digit: u8| char::from(digit).to_digit(16);
        u8::try_from(value(*high)? * 16 + value(*low)?).ok()
    };
    digits.chunks(2).map(octet).collect()
}

/// The server that an option names.
fn text(number: u8, octets: &[u8]) -> Option<String> {
    printable(octets).or_else(|| (number == VENDOR).then(|| within_vendor(octets)).flatten())
}

/// The first option within option 43 that is an address with a scheme.
fn within_vendor(mut octets: &[u8]) -> Option<String> {
    while let [_code, length, rest @ ..] = octets {
        let value = rest.get(..usize::from(*length))?;
        if let Some(text) = printable(value).filter(|text| text.contains("://")) {
            return Some(text);
        }
        octets = rest.get(usize::from(*length)..)?;
    }
    None
}

/// The octets as text, where they are one; the zero at the end that some servers add is cut.
fn printable(octets: &[u8]) -> Option<String> {
    let octets = octets.strip_suffix(b"\0").unwrap_or(octets);
    let text = octets.iter().all(u8::is_ascii_graphic) && !octets.is_empty();
    text.then(|| String::from_utf8_lossy(octets).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(wanted: u8, leases: &[&str]) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        for (number, lease) in leases.iter().enumerate() {
            fs::write(folder.path().join(number.to_string()), lease).unwrap();
        }
        server(&[folder.path().to_owned(), folder.path().join("none")], wanted)
    }

    #[test]
    fn the_wanted_option_comes_first_and_66_160_and_43_after_it() {
        let all = "43 http://vendor/\n66 10.0.0.1\n160 http://custom/\n224 http://own/\n";
        assert_eq!(found(224, &[all]).as_deref(), Some("http://own/"));
        assert_eq!(found(66, &[all]).as_deref(), Some("10.0.0.1"));
        assert_eq!(found(225, &["43 http://v/\n160 http://c/\n"]).as_deref(), Some("http://c/"));
        assert_eq!(found(66, &["43 http://v/\n"]).as_deref(), Some("http://v/"));
        assert_eq!(found(66, &["6 10.0.0.53\n", "", "66 second\n"]).as_deref(), Some("second"));
        assert_eq!(found(66, &[]), None);
    }

    /// RFC 2132 §8.4: encapsulated options.
    #[test]
    fn an_address_within_option_43_is_found() {
        let tlv = "43 0x01:03:61:62:63:02:0a:68:74:74:70:3a:2f:2f:68:2f:78\n";
        assert_eq!(found(66, &[tlv]).as_deref(), Some("http://h/x"));
        let networkd =
            "# This is private data.\nADDRESS=10.0.0.9\nVENDOR_SPECIFIC=687474703a2f2f682f\n";
        assert_eq!(found(66, &[networkd]).as_deref(), Some("http://h/"));
        assert_eq!(
            found(240, &["OPTION_240=687474703a2f2f6f2f00\n"]).as_deref(),
            Some("http://o/")
        );
    }

    #[test]
    fn what_is_not_well_formed_says_nothing() {
        for lease in [
            "43 0x01ff61\n",
            "43 0x0\n",
            "43 0xzz\n",
            "66\n",
            "66 \n",
            "660 http://h/\n",
            "66 a b\n",
            "66 0x00\n",
            "OPTION_=00\n",
            "\u{fffd}=\n",
        ] {
            assert_eq!(found(66, &[lease]), None, "{lease}");
        }
    }

    #[test]
    fn a_lease_is_read_only_so_far() {
        let long = "#".repeat(usize::try_from(limits::LEASE).unwrap()) + "\n66 http://h/\n";
        assert_eq!(found(66, &[&long]), None);
    }
}
