//! Worlds of phones and proxies in virtual time.

fn main() {}
