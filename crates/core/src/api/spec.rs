//! Negotiated parameters of transports, producers and consumers.

use hubbub_codec::Codec;
use hubbub_wire::ExtensionKind;
use serde::Deserialize;

/// Local ICE credentials (RFC 8445 section 5.3).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IceCredentials {
    /// Unique within the worker: identifies the transport of a STUN request. 4 to 256 bytes.
    pub ufrag: String,
    /// The key of MESSAGE-INTEGRITY. 4 to 256 bytes.
    pub pwd: String,
}

/// The kind of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// Audio. Needs no key frames.
    Audio,
    /// Video. Consumers start with a key frame.
    Video,
}

/// The congestion feedback that a receiver sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeedbackKind {
    /// Arrival times of every packet (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    TransportCc,
    /// A bitrate estimate (draft-alvestrand-rmcat-remb-03).
    GoogRemb,
    /// None.
    None,
}

/// A media codec of a producer or consumer, with its RTX.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodecMapping {
    /// MIME type: `audio/opus`, `video/VP8`, ... Unknown codecs are forwarded without being parsed.
    #[serde(with = "codec_name")]
    pub codec: Codec,
    /// RTP clock, Hz.
    pub clock_rate: u32,
    /// Payload type that this client uses.
    pub payload_type: u8,
    /// Payload type of the codec's RTX (RFC 4588) that this client uses.
    pub rtx_payload_type: Option<u8>,
    /// Payload type in the router. Matches a producer's codec with a consumer's.
    pub router_payload_type: u8,
    /// NACK is negotiated (RFC 4585 section 6.2.1).
    pub nack: bool,
    /// PLI is negotiated (RFC 4585 section 6.3.1).
    pub pli: bool,
    /// FIR is negotiated (RFC 5104 section 4.3.1).
    pub fir: bool,
    /// The sender adds in-band FEC when its packets are lost (`useinbandfec` of RFC 7587 section 6.1).
    pub inband_fec: bool,
}

/// A header extension and the id that this client uses for it (RFC 8285).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtensionMapping {
    /// The extension, by name. An unknown name is an error.
    #[serde(with = "extension_name")]
    pub kind: ExtensionKind,
    /// 1..=255.
    pub id: u8,
}

/// One encoding (simulcast layer) of a producer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncodingSpec {
    /// The SSRC; if absent, it is learned from the MID and RID of the first packets.
    pub ssrc: Option<u32>,
    /// The SSRC of the RTX stream; if absent, it is learned.
    pub rtx_ssrc: Option<u32>,
    /// The RID (RFC 8852). 1 to 32 bytes.
    pub rid: Option<String>,
}

/// Negotiated parameters of a producer, with the payload types and ids that its client uses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProducerSpec {
    /// Audio or video.
    pub kind: MediaKind,
    /// The MID (RFC 8843), unique among the transport's producers. 1 to 32 bytes.
    pub mid: Option<String>,
    /// 1 to 64.
    pub codecs: Vec<CodecMapping>,
    /// At most 64.
    pub extensions: Vec<ExtensionMapping>,
    /// 1 to 8, lowest layer first.
    pub encodings: Vec<EncodingSpec>,
    /// The congestion feedback that the client expects.
    pub feedback: FeedbackKind,
    /// Create the producer paused.
    pub paused: bool,
    /// Somebody speaks: speaker detection and last-N audio apply, if the client sends audio levels. Ignored for video.
    pub is_microphone: bool,
}

/// Negotiated parameters of a consumer, with the payload types and ids that its client uses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsumerSpec {
    /// Must be the producer's.
    pub kind: MediaKind,
    /// Value of the MID extension. At most 32 bytes.
    pub mid: String,
    /// 1 to 64; the first gives the clock rate.
    pub codecs: Vec<CodecMapping>,
    /// At most 64.
    pub extensions: Vec<ExtensionMapping>,
    /// Never used before on this transport.
    pub ssrc: u32,
    /// The SSRC of the RTX stream. Without it, a retransmission repeats the original packet.
    pub rtx_ssrc: Option<u32>,
    /// The CNAME in SDES packets. At most 255 bytes.
    pub cname: String,
    /// The congestion feedback that the client sends.
    pub feedback: FeedbackKind,
}

pub(super) mod profile_name {
    //! An SRTP profile by its OpenSSL name, for example `SRTP_AEAD_AES_128_GCM`.
    use hubbub_srtp::SrtpProfile;
    use serde::{Deserialize, Deserializer, de::Error};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SrtpProfile, D::Error> {
        let name = String::deserialize(deserializer)?;
        SrtpProfile::from_name(&name)
            .ok_or_else(|| D::Error::custom(format!("unknown SRTP profile {name}")))
    }
}

mod codec_name {
    //! A codec by its MIME type, case-insensitive.
    use hubbub_codec::Codec;
    use serde::{Deserialize, Deserializer};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Codec, D::Error> {
        Ok(Codec::from_mime(&String::deserialize(deserializer)?))
    }
}

mod extension_name {
    //! A header extension by the name of its kind.
    use hubbub_wire::ExtensionKind;
    use serde::{Deserialize, Deserializer, de::Error};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ExtensionKind, D::Error> {
        let name = String::deserialize(deserializer)?;
        ExtensionKind::from_name(&name)
            .ok_or_else(|| D::Error::unknown_variant(&name, ExtensionKind::NAMES))
    }
}
