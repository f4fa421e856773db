//! Which header extensions the server knows, by URI.

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $uri:literal,)*) => {
        /// A header extension that the server reads, rewrites or passes through under another id.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ExtensionKind {
            $($(#[$doc])* $name,)*
        }

        impl ExtensionKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// By the URI of the negotiation; None for one that is not known.
            #[must_use]
            pub fn from_uri(uri: &str) -> Option<Self> {
                match uri {
                    $($uri => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The URI of the negotiation.
            #[must_use]
            pub const fn uri(self) -> &'static str {
                match self {
                    $(Self::$name => $uri,)*
                }
            }
        }
    };
}

kinds! {
    /// The media section (RFC 8843 section 15).
    Mid = "urn:ietf:params:rtp-hdrext:sdes:mid",
    /// The encoding (RFC 8852).
    Rid = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    /// The encoding that an RTX stream repairs (RFC 8852).
    RepairedRid = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    /// When the packet left its sender, 6.18 seconds.
    AbsSendTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    /// A sequence number over all streams of a transport.
    TransportCc = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    /// Client-to-mixer audio level (RFC 6464).
    AudioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    /// AV1 RTP specification, appendix A.
    DependencyDescriptor =
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    /// 3GPP TS 26.114 section 7.4.5.
    VideoOrientation = "urn:3gpp:video-orientation",
    /// Transmission time offset (RFC 5450).
    TransmissionOffset = "urn:ietf:params:rtp-hdrext:toffset",
    /// When the first sample was captured.
    AbsCaptureTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    /// Limits of the receiver's jitter buffer.
    PlayoutDelay = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
    /// mediasoup's packet id.
    PacketId = "urn:mediasoup:params:rtp-hdrext:packet-id",
    /// Screen or camera.
    VideoContentType = "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
    /// Timing of the sender's video pipeline.
    VideoTiming = "http://www.webrtc.org/experiments/rtp-hdrext/video-timing",
    /// Colour space and HDR metadata.
    ColorSpace = "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
    /// Which layers the sender intends to send.
    VideoLayersAllocation = "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_uri() {
        for kind in ExtensionKind::ALL {
            assert_eq!(ExtensionKind::from_uri(kind.uri()), Some(*kind));
        }
    }

    #[test]
    fn an_unknown_uri_is_no_kind() {
        assert_eq!(ExtensionKind::from_uri("urn:example"), None);
    }
}
