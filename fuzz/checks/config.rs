//! What must hold when any octets come as a configuration file.
//!
//! Used by the fuzz target and by the replay of its corpus.

use config_store::fanvil::File;

/// Panics if anything does not hold.
pub(crate) fn check(octets: &[u8]) {
    let Ok(file) = File::parse(octets) else { return };
    let back = match &file {
        File::Text(file) => file.octets(),
        File::Xml(file) => file.octets(),
    };
    assert_eq!(back, octets, "what was read is given back octet for octet");
    let again = File::parse(&back).expect("what was given back can be read");
    assert_eq!(again.unknown_items(), file.unknown_items());
}
