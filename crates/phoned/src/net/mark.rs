//! Marks what a socket sends with a DiffServ code point, by which a network tells what is urgent.

use std::os::fd::AsFd;

use nix::sys::socket::{setsockopt, sockopt};

/// Marks what leaves from now on. Without the mark the phone works as well: a system that refuses it is
/// told of and no more.
pub(super) fn mark(socket: &impl AsFd, v4: bool, dscp: u8) {
    // The code point stands in the upper six bits (RFC 2474 §3).
    let class = i32::from(dscp) << 2;
    let marked = match v4 {
        true => setsockopt(socket, sockopt::Ipv4Tos, &class),
        false => setsockopt(socket, sockopt::Ipv6TClass, &class),
    };
    if let Err(error) = marked {
        tracing::debug!(dscp, %error, "packets are not marked");
    }
}
