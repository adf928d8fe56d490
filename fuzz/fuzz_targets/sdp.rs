//! Any octets as a session description.
#![no_main]

#[path = "../checks/sdp.rs"]
mod sdp;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| sdp::check(octets));
