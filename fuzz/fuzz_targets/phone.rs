//! Any octets as a play before a whole phone.
#![no_main]

#[path = "../checks/phone.rs"]
mod phone_check;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    phone_check::check(octets, std::time::Instant::now());
});
