//! The ICE candidate pair that a datagram travels over.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

/// The transport protocol between two addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Datagrams are UDP datagrams.
    Udp,
    /// Datagrams are frames (RFC 4571) of a TCP connection that the client opened (RFC 6544).
    Tcp,
}

/// An ICE candidate pair (RFC 8445 section 5.1): identifies where a datagram arrived and where its response goes.
///
/// The local address is part of it: a client accepts a response only from the address that it sent to. The local port is
/// not: a worker has one port, for both protocols, so a TCP path identifies one connection. IPv4 addresses are never
/// mapped into IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Path {
    /// The local address. Unspecified (all zero): the system chooses.
    pub local: IpAddr,
    /// The address of the client, or of the NAT or relay in front of it.
    pub remote: SocketAddr,
    /// The protocol between the two.
    pub protocol: Protocol,
}

impl Path {
    /// A UDP path.
    #[must_use]
    pub const fn udp(local: IpAddr, remote: SocketAddr) -> Self {
        Self {
            local,
            remote,
            protocol: Protocol::Udp,
        }
    }

    /// A TCP path.
    #[must_use]
    pub const fn tcp(local: IpAddr, remote: SocketAddr) -> Self {
        Self {
            local,
            remote,
            protocol: Protocol::Tcp,
        }
    }
}
