//! The codecs that the SFU distinguishes.

/// A codec, as far as forwarding depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Opus (RFC 7587).
    Opus,
    /// Redundant audio data (RFC 2198), of opus.
    Red,
    /// VP8 (RFC 7741).
    Vp8,
    /// VP9 (RFC 9628).
    Vp9,
    /// H.264 (RFC 6184).
    H264,
    /// AV1 (RTP payload format for AV1, version 1.0).
    Av1,
    /// Any other codec, forwarded without parsing.
    Other,
}

impl Codec {
    const BY_MIME: [(&'static str, Self); 6] = [
        ("audio/opus", Self::Opus),
        ("audio/red", Self::Red),
        ("video/VP8", Self::Vp8),
        ("video/VP9", Self::Vp9),
        ("video/H264", Self::H264),
        ("video/AV1", Self::Av1),
    ];

    /// The codec of a media type such as `video/VP8`. Case-insensitive.
    #[must_use]
    pub fn from_mime(mime: &str) -> Self {
        let named = Self::BY_MIME
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(mime));
        named.map_or(Self::Other, |&(_, codec)| codec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_case_insensitive() {
        assert_eq!(Codec::from_mime("video/vp8"), Codec::Vp8);
        assert_eq!(Codec::from_mime("AUDIO/OPUS"), Codec::Opus);
        assert_eq!(Codec::from_mime("video/AV1"), Codec::Av1);
        assert_eq!(Codec::from_mime("video/rtx"), Codec::Other);
    }
}
