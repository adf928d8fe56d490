//! Any octets as a datagram and as a stream.
#![no_main]

#[path = "../checks/message.rs"]
mod message;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| message::check(octets));
