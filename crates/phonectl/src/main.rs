//! The command line of phoned.

fn main() {}
