//! The header extensions that the SFU supports.

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// A header extension that the SFU reads, rewrites or forwards under another id.
        ///
        /// Negotiation maps the URI of an extension to its kind; the packet path knows no URIs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ExtensionKind {
            $($(#[$doc])* $kind,)*
        }

        impl ExtensionKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The names of all kinds, in the order of [`Self::ALL`].
            pub const NAMES: &'static [&'static str] = &[$($name,)*];

            /// The kind with this name; `None` when there is none.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$kind),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// MID: the media section (RFC 9143 section 15).
    Mid = "mid",
    /// RID: the encoding (RFC 8852).
    Rid = "rid",
    /// Repaired RID: the encoding that an RTX stream repairs (RFC 8852).
    RepairedRid = "repaired_rid",
    /// Send time of the packet, in 6.18 seconds.
    AbsSendTime = "abs_send_time",
    /// Sequence number over all streams of a transport
    /// (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    TransportCc = "transport_cc",
    /// Client-to-mixer audio level (RFC 6464).
    AudioLevel = "audio_level",
    /// Dependency descriptor (RTP payload format for AV1 1.0, appendix A).
    DependencyDescriptor = "dependency_descriptor",
    /// Video orientation (3GPP TS 26.114 section 7.4.5).
    VideoOrientation = "video_orientation",
    /// Transmission time offset (RFC 5450).
    TransmissionOffset = "transmission_offset",
    /// Capture time of the first sample or frame in the packet.
    AbsCaptureTime = "abs_capture_time",
    /// Limits of the receiver's playout delay.
    PlayoutDelay = "playout_delay",
    /// mediasoup's packet id.
    PacketId = "packet_id",
    /// Whether the video is a screen share or a camera.
    VideoContentType = "video_content_type",
    /// Timing of the sender's video pipeline.
    VideoTiming = "video_timing",
    /// Color space and HDR metadata.
    ColorSpace = "color_space",
    /// Layers that the sender intends to send.
    VideoLayersAllocation = "video_layers_allocation",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_found_by_its_name() {
        for (kind, name) in ExtensionKind::ALL.iter().zip(ExtensionKind::NAMES) {
            assert_eq!(ExtensionKind::from_name(name), Some(*kind));
        }
    }

    #[test]
    fn an_unknown_name_has_no_kind() {
        assert_eq!(ExtensionKind::from_name("urn:example"), None);
    }
}
