//! The link of a plain transport: RTP over UDP ports of its own, without ICE.
//!
//! Datagrams are accepted from one address only, that of the other side:
//!
//! | address of RTP and of RTCP | packets from elsewhere                                                      |
//! |----------------------------|-----------------------------------------------------------------------------|
//! | connected                  | dropped                                                                     |
//! | comedia, not latched       | the first authentic one that belongs to a producer latches its address      |
//! | comedia, latched           | dropped                                                                     |
//! | neither                    | dropped                                                                     |
//!
//! An address latches once, so nobody can take over a stream later by its SSRC. Without rtcp-mux RTP and RTCP have a
//! port each: the first RTP packet latches one address and the first sender report the other, of the same host.

use hubbub_wire::PacketKind;

use crate::api::{CommandError, Micros, Network, Path, PlainPorts};

/// The ports of a plain transport, and the addresses of the other side.
#[derive(Debug)]
pub(crate) struct PlainLink {
    ports: PlainPorts,
    /// The address is learned from packets.
    comedia: bool,
    /// Where the other side may be with comedia; anywhere if empty.
    sources: Vec<Network>,
    rtp: Option<Path>,
    /// Without rtcp-mux only.
    rtcp: Option<Path>,
    /// When to request key frames for receivers that send no PLI.
    pub(crate) next_key_frames: Micros,
}

impl PlainLink {
    pub(crate) fn new(ports: PlainPorts, comedia: bool, sources: Vec<Network>) -> Self {
        Self {
            ports,
            comedia,
            sources,
            rtp: None,
            rtcp: None,
            next_key_frames: Micros(0),
        }
    }

    /// Our ports.
    pub(crate) const fn ports(&self) -> PlainPorts {
        self.ports
    }

    pub(crate) fn rtp_path(&self) -> Option<Path> {
        self.rtp
    }

    pub(crate) fn rtcp_path(&self) -> Option<Path> {
        match self.ports.rtcp {
            Some(_) => self.rtcp,
            None => self.rtp,
        }
    }

    /// Sets where the other side is: its address for RTP, and without rtcp-mux that for RTCP. Fails with comedia, if it is
    /// set already, or if the RTCP address is missing or superfluous.
    pub(crate) fn connect(&mut self, rtp: Path, rtcp: Option<Path>) -> Result<(), CommandError> {
        if self.comedia || self.rtp.is_some() {
            return Err(CommandError::InvalidState);
        }
        if rtcp.is_some() != self.ports.rtcp.is_some() {
            return Err(CommandError::InvalidSpec);
        }
        self.rtp = Some(rtp);
        self.rtcp = rtcp;
        Ok(())
    }

    /// What a datagram is by the port that it arrived at, or with rtcp-mux by its payload type (RFC 5761 section 4).
    pub(crate) fn kind_of(&self, path: Path, datagram: &[u8]) -> PacketKind {
        match PacketKind::of(datagram) {
            PacketKind::Rtp | PacketKind::Rtcp if self.is_rtcp_port(path) => PacketKind::Rtcp,
            PacketKind::Rtcp if self.ports.rtcp.is_some() => PacketKind::Rtp,
            kind @ (PacketKind::Rtp | PacketKind::Rtcp) => kind,
            _ => PacketKind::Unknown,
        }
    }

    /// Whether a datagram from this address may come from the other side.
    pub(crate) fn may_be_from(&self, path: Path) -> bool {
        let (known, other) = self.of_component(path);
        match known {
            Some(known) => known.remote == path.remote,
            None => {
                let ip = path.remote.ip();
                self.comedia
                    && (self.sources.is_empty() || self.sources.iter().any(|net| net.contains(ip)))
                    && other.is_none_or(|other| other.remote.ip() == ip)
            }
        }
    }

    /// Latches the address of a packet that belongs to a producer. Returns whether RTP can now be sent for the first time.
    pub(crate) fn latch(&mut self, path: Path) -> bool {
        let slot = if self.is_rtcp_port(path) {
            &mut self.rtcp
        } else {
            &mut self.rtp
        };
        if slot.is_some() {
            return false;
        }
        *slot = Some(path);
        !self.is_rtcp_port(path)
    }

    /// Whether the address is known from which a datagram over `path` has come.
    pub(crate) fn is_latched(&self, path: Path) -> bool {
        self.of_component(path).0.is_some()
    }

    /// The address of the component (RTP or RTCP) that `path` belongs to, and that of the other one.
    fn of_component(&self, path: Path) -> (Option<Path>, Option<Path>) {
        if self.is_rtcp_port(path) {
            (self.rtcp, self.rtp)
        } else {
            (self.rtp, self.rtcp)
        }
    }

    /// Whether this is the path of RTCP alone.
    pub(crate) fn is_rtcp_port(&self, path: Path) -> bool {
        path.protocol.plain_port().is_some() && path.protocol.plain_port() == self.ports.rtcp
    }
}
