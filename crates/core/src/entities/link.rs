//! How datagrams get from a transport to the other side, and back.

use hubbub_wire::stun::IceKey;

use super::node_link::NodeLink;
use super::pipe_link::PipeLink;
use super::plain_link::PlainLink;
use super::web_rtc_link::WebRtcLink;
use crate::api::{CommandError, Micros, Path};
use crate::send::ConnectionId;

/// The way of a transport's datagrams.
#[expect(
    clippy::large_enum_variant,
    reason = "most transports have the large one, and a box would cost a load per packet"
)]
pub(crate) enum Link {
    /// The worker's port, shared by all clients: pairs of ICE, keys of DTLS.
    WebRtc(WebRtcLink),
    /// Ports of the transport's own (`PlainLink`).
    Plain(PlainLink),
    /// To another router.
    Pipe(PipeLink),
}

impl Link {
    /// Where RTP is sent; `None` while that is not known.
    pub(crate) fn path(&self) -> Option<Path> {
        match self {
            Self::WebRtc(link) => link.ice.selected(),
            Self::Plain(link) => link.rtp_path(),
            Self::Pipe(link) => link.path,
        }
    }

    /// Where RTCP is sent; `None` while that is not known.
    pub(crate) fn rtcp_path(&self) -> Option<Path> {
        match self {
            Self::WebRtc(link) => link.ice.selected(),
            Self::Plain(link) => link.rtcp_path(),
            Self::Pipe(link) => link.path,
        }
    }

    /// What sent packets follow; `None` except on a link to another node.
    pub(crate) const fn prefix(&self) -> Option<ConnectionId> {
        match self {
            Self::Pipe(link) => link.prefix,
            _ => None,
        }
    }

    /// The key of a STUN request with this ufrag of ours.
    pub(crate) fn ice_key(&self, ufrag: &str) -> Option<&IceKey> {
        match self {
            Self::WebRtc(link) => link.ice.key(ufrag),
            Self::Plain(_) => None,
            Self::Pipe(link) => link.node.as_ref().map(|node| &node.key),
        }
    }

    /// Records that an authentic SRTP or SRTCP packet arrived over `path`.
    pub(crate) fn on_authentic_packet(&mut self, now: Micros, path: Path) {
        if let Self::WebRtc(link) = self {
            link.ice.on_authentic_packet(now, path);
        }
    }

    /// Whether the other side is a server that gets RTP without ICE.
    pub(crate) const fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Fails if the transport has no ICE.
    pub(crate) fn web_rtc(&mut self) -> Result<&mut WebRtcLink, CommandError> {
        match self {
            Self::WebRtc(link) => Ok(link),
            _ => Err(CommandError::InvalidState),
        }
    }

    /// Fails if the transport is not a plain one.
    pub(crate) fn plain(&mut self) -> Result<&mut PlainLink, CommandError> {
        match self {
            Self::Plain(link) => Ok(link),
            _ => Err(CommandError::InvalidState),
        }
    }

    /// The link of a pipe transport; `None` for any other.
    pub(crate) const fn pipe(&self) -> Option<&PipeLink> {
        match self {
            Self::Pipe(link) => Some(link),
            _ => None,
        }
    }

    /// As [`Self::pipe`], to change it.
    pub(crate) const fn pipe_mut(&mut self) -> Option<&mut PipeLink> {
        match self {
            Self::Pipe(link) => Some(link),
            _ => None,
        }
    }

    /// The state of a link to another node; `None` of any other link.
    pub(crate) fn node_mut(&mut self) -> Option<&mut NodeLink> {
        self.pipe_mut()?.node.as_deref_mut()
    }
}
