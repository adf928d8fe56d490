//! The telephone without its sockets: lines, calls, evidence.
