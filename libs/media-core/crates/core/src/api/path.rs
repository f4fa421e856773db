//! The two ends of a datagram's way.

use std::net::{IpAddr, SocketAddr};

/// What a datagram came over and what an answer goes back over: the candidate pair of ICE (RFC 8445 section 5.1).
///
/// A machine with several addresses is reached over each of them, and a client takes an answer only from the address
/// that it asked; so the same remote address at two of ours is two paths. The local port is the worker's one port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Path {
    /// Our address that the datagram was sent to. Unspecified (all zero): whichever the system takes.
    pub local: IpAddr,
    /// The client's address, or that of the NAT or relay before it.
    pub remote: SocketAddr,
}
