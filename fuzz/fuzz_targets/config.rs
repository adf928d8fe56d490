//! Any octets as a configuration file.
#![no_main]

#[path = "../checks/config.rs"]
mod config;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| config::check(octets));
