//! The ICE candidate pair that a datagram travels over.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::Serialize;

/// The transport protocol between two addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Datagrams are UDP datagrams.
    Udp,
    /// Datagrams are frames (RFC 4571) of a TCP connection that the client opened (RFC 6544).
    Tcp,
    /// Datagrams are UDP datagrams of a plain transport, at this local port.
    Plain(u16),
    /// Datagrams go through the rings between two workers of this process.
    Ring {
        /// The index of the other worker.
        worker: u32,
        /// The transport: `PipeLink::Worker`.
        pair: u32,
    },
}

impl Protocol {
    /// The local port of a plain transport.
    #[must_use]
    pub const fn plain_port(self) -> Option<u16> {
        match self {
            Self::Plain(port) => Some(port),
            Self::Udp | Self::Tcp | Self::Ring { .. } => None,
        }
    }
}

/// An ICE candidate pair (RFC 8445 section 5.1): identifies where a datagram arrived and where its response goes.
///
/// The local address is part of it: a client accepts a response only from the address that it sent to. The local port is
/// not: a worker has one port, for UDP and TCP, so a TCP path identifies one connection. Plain transports have ports of
/// their own, named by the protocol. IPv4 addresses are never mapped into IPv6.
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

    /// The path between a local port of a plain transport and its other side.
    #[must_use]
    pub const fn plain(port: u16, remote: SocketAddr) -> Self {
        let local = match remote.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        Self {
            local,
            remote,
            protocol: Protocol::Plain(port),
        }
    }

    /// The way through the rings to another worker. It has no addresses.
    #[must_use]
    pub const fn ring(worker: u32, pair: u32) -> Self {
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self {
            local: nowhere,
            remote: SocketAddr::new(nowhere, 0),
            protocol: Protocol::Ring { worker, pair },
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
