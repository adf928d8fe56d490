//! Any octets as what DNS says, and as what an earlier run has kept of it.
#![no_main]

#[path = "../checks/resolve.rs"]
mod resolve;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| resolve::check(octets, std::time::Instant::now()));
