//! The SIP phone daemon.

fn main() {}
