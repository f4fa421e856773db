//! Demultiplexing of the media port: RFC 7983 section 7, RFC 5761 section 4.

/// The protocols that share the media port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PacketKind {
    /// First byte 0..=3.
    Stun,
    /// First byte 20..=63.
    Dtls,
    /// First byte 64..=79, the range of TURN channels, of which this port gets none: a packet of a link between two nodes,
    /// behind its connection id.
    Linked,
    /// First byte 128..=191 and second byte outside 192..=223.
    Rtp,
    /// First byte 128..=191 and second byte 192..=223.
    Rtcp,
    /// Anything else; to be dropped.
    Unknown,
}

impl PacketKind {
    /// Classifies a datagram by its first two bytes. The packet may still be invalid.
    #[must_use]
    pub const fn of(datagram: &[u8]) -> Self {
        match datagram {
            [0..=3, ..] => Self::Stun,
            [20..=63, ..] => Self::Dtls,
            [64..=79, ..] => Self::Linked,
            [128..=191, 192..=223, ..] => Self::Rtcp,
            [128..=191, _, ..] => Self::Rtp,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_byte_is_classified_by_the_ranges_of_rfc_7983() {
        let edges = [
            (0, PacketKind::Stun),
            (3, PacketKind::Stun),
            (4, PacketKind::Unknown),
            (19, PacketKind::Unknown),
            (20, PacketKind::Dtls),
            (63, PacketKind::Dtls),
            (64, PacketKind::Linked),
            (79, PacketKind::Linked),
            (80, PacketKind::Unknown),
            (127, PacketKind::Unknown),
            (128, PacketKind::Rtp),
            (191, PacketKind::Rtp),
            (192, PacketKind::Unknown),
            (255, PacketKind::Unknown),
        ];
        for (first, kind) in edges {
            assert_eq!(PacketKind::of(&[first, 0]), kind, "first byte {first}");
        }
    }

    #[test]
    fn packet_types_192_to_223_are_rtcp() {
        let edges = [
            (191, PacketKind::Rtp),
            (192, PacketKind::Rtcp),
            (223, PacketKind::Rtcp),
            (224, PacketKind::Rtp),
        ];
        for (second, kind) in edges {
            assert_eq!(
                PacketKind::of(&[0x80, second]),
                kind,
                "second byte {second}"
            );
        }
    }

    #[test]
    fn datagrams_too_short_to_classify_are_unknown() {
        assert_eq!(PacketKind::of(&[]), PacketKind::Unknown);
        assert_eq!(PacketKind::of(&[0x80]), PacketKind::Unknown);
    }
}
