//! The addresses of plain transports.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The UDP ports of a plain transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PlainPorts {
    /// For RTP, and with rtcp-mux for RTCP.
    #[serde(rename = "port")]
    pub rtp: u16,
    /// For RTCP, without rtcp-mux.
    #[serde(rename = "rtcp_port")]
    pub rtcp: Option<u16>,
}

impl PlainPorts {
    /// The one or two ports.
    pub fn all(self) -> impl Iterator<Item = u16> {
        std::iter::once(self.rtp).chain(self.rtcp)
    }
}

/// Where the other side of a plain transport receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlainRemote {
    /// The IP address.
    pub ip: IpAddr,
    /// The port for RTP, and with rtcp-mux for RTCP.
    pub port: u16,
    /// The port for RTCP, without rtcp-mux.
    pub rtcp_port: Option<u16>,
}
