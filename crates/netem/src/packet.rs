//! The packets of the models.

/// A packet of a video frame, as forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VideoPacket {
    /// The camera that it is from.
    pub(crate) camera: u8,
    /// Sequence number of the forwarded stream.
    pub(crate) sequence: u16,
    /// Number of the forwarded frame.
    pub(crate) frame: u32,
    /// Position in the frame.
    pub(crate) index: u16,
    /// Packets of the frame.
    pub(crate) count: u16,
    /// The frame that this one needs; `None` for a key frame.
    pub(crate) needs: Option<u32>,
    /// The step of the allocation that it belongs to.
    pub(crate) step: u8,
    /// Bytes.
    pub(crate) size: u16,
}

/// What a packet carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Bytes of a fluid source.
    Fluid,
    /// Part of a frame.
    Video(VideoPacket),
    /// Nothing: it probes.
    Padding,
}

/// A packet with a transport-wide number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MediaPacket {
    /// Transport-wide number.
    pub(crate) number: u16,
    /// Bytes.
    pub(crate) size: usize,
    /// What it carries.
    pub(crate) content: Content,
}

/// A packet on a link.
#[derive(Debug, Clone)]
pub(crate) enum Datagram {
    /// Media.
    Media(MediaPacket),
    /// RTCP.
    Rtcp(Vec<u8>),
    /// A segment of a TCP flow, by number.
    TcpSegment(u64),
    /// Its acknowledgement.
    TcpAck(u64),
}

/// Bytes of IP and UDP headers.
pub(crate) const HEADERS: usize = 0;
/// Bytes of a TCP segment on the link.
pub(crate) const SEGMENT: usize = 1_500;

impl Datagram {
    /// Bytes on the link.
    pub(crate) const fn size(&self) -> usize {
        match self {
            Self::Media(packet) => packet.size + HEADERS,
            Self::Rtcp(packet) => packet.len() + HEADERS,
            Self::TcpSegment(_) => SEGMENT,
            Self::TcpAck(_) => 40,
        }
    }
}
