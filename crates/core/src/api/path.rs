//! What a datagram comes over.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

/// What carries datagrams between two addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// As datagrams of UDP.
    Udp,
    /// As frames (RFC 4571) of a TCP connection that the client has opened (RFC 6544).
    Tcp,
}

/// What a datagram came over and what an answer goes back over: the candidate pair of ICE (RFC 8445 section 5.1).
///
/// A machine with several addresses is reached over each of them, and a client takes an answer only from the address
/// that it asked; so the same remote address at two of ours is two paths. The local port is the worker's one port, of
/// either protocol, so that a path of TCP names one connection. An address of IPv4 is one, never mapped into IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Path {
    /// Our address that the datagram was sent to. Unspecified (all zero): whichever the system takes.
    pub local: IpAddr,
    /// The client's address, or that of the NAT or relay before it.
    pub remote: SocketAddr,
    /// What lies between the two.
    pub protocol: Protocol,
}

impl Path {
    /// Datagrams of UDP between two addresses.
    #[must_use]
    pub const fn udp(local: IpAddr, remote: SocketAddr) -> Self {
        Self {
            local,
            remote,
            protocol: Protocol::Udp,
        }
    }

    /// The TCP connection between two addresses.
    #[must_use]
    pub const fn tcp(local: IpAddr, remote: SocketAddr) -> Self {
        Self {
            local,
            remote,
            protocol: Protocol::Tcp,
        }
    }
}
