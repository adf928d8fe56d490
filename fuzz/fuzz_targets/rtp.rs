//! Any octets as datagrams to the ports of RTP and RTCP.
#![no_main]

#[path = "../checks/rtp.rs"]
mod rtp;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| rtp::check(octets, std::time::Instant::now()));
