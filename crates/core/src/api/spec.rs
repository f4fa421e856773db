//! What a producer or a consumer is made from, as the negotiation decided it.

use hubbub_codec::Codec;
use hubbub_wire::ExtensionKind;
use serde::Deserialize;

/// ICE credentials of our side (RFC 8445 section 5.3).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IceCredentials {
    /// Unique within the worker: it finds the transport of a first STUN request.
    pub ufrag: String,
    /// The key of MESSAGE-INTEGRITY.
    pub pwd: String,
}

/// Audio or video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// Never awaits key frames.
    Audio,
    /// Begins with a key frame.
    Video,
}

/// How congestion feedback reaches a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeedbackKind {
    /// Arrival times of every packet (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    TransportCc,
    /// One figure (draft-alvestrand-rmcat-remb-03).
    GoogRemb,
    /// None.
    None,
}

/// A media codec of a producer or a consumer, with the payload type of its RTX.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodecMapping {
    /// `audio/opus`, `video/VP8`, ...
    #[serde(with = "codec_name")]
    pub codec: Codec,
    /// RTP clock, Hz.
    pub clock_rate: u32,
    /// The payload type on this side's wire.
    pub payload_type: u8,
    /// The payload type of the codec's RTX (RFC 4588) on this side's wire.
    pub rtx_payload_type: Option<u8>,
    /// The router's payload type: what joins a producer's codec to a consumer's.
    pub router_payload_type: u8,
    /// Lost packets may be asked for (RFC 4585 section 6.2.1).
    pub nack: bool,
    /// Key frames may be asked for by PLI.
    pub pli: bool,
    /// Key frames may be asked for by FIR (RFC 5104).
    pub fir: bool,
}

/// A header extension with its id on this side's wire (RFC 8285).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtensionMapping {
    /// Which one, by URI; unknown URIs are left out by the control plane.
    #[serde(with = "extension_uri", rename = "uri")]
    pub kind: ExtensionKind,
    /// 1..=255.
    pub id: u8,
}

/// One encoding (simulcast layer) of a producer: by SSRC, or by RID and learned from the first packets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncodingSpec {
    /// Known beforehand, or learned.
    pub ssrc: Option<u32>,
    /// The RTX stream's.
    pub rtx_ssrc: Option<u32>,
    /// RFC 8852.
    pub rid: Option<String>,
}

/// A producer as negotiated: everything on the client's numbering.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProducerSpec {
    /// Audio or video.
    pub kind: MediaKind,
    /// RFC 8843; unique among the transport's producers.
    pub mid: Option<String>,
    /// At least one.
    pub codecs: Vec<CodecMapping>,
    /// Ids as the client uses them.
    pub extensions: Vec<ExtensionMapping>,
    /// At least one; lowest layer first.
    pub encodings: Vec<EncodingSpec>,
    /// Which congestion feedback the client expects for this producer.
    pub feedback: FeedbackKind,
    /// Made paused.
    pub paused: bool,
}

/// A consumer as negotiated: everything on the receiving client's numbering.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsumerSpec {
    /// Audio or video, as the producer.
    pub kind: MediaKind,
    /// Written into the MID extension.
    pub mid: String,
    /// At least one; the first is the media codec.
    pub codecs: Vec<CodecMapping>,
    /// Ids as the router defines them.
    pub extensions: Vec<ExtensionMapping>,
    /// Never given out before on this transport.
    pub ssrc: u32,
    /// The RTX stream's; with it an answer to a NACK is an RTX packet.
    pub rtx_ssrc: Option<u32>,
    /// For SDES.
    pub cname: String,
    /// Which congestion feedback the client will return.
    pub feedback: FeedbackKind,
}

pub(super) mod profile_name {
    //! `SRTP_AEAD_AES_128_GCM` and the like, as OpenSSL names them.
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
    //! A MIME type, any case. What is not known is forwarded as opaque.
    use hubbub_codec::Codec;
    use serde::{Deserialize, Deserializer};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Codec, D::Error> {
        Ok(Codec::from_mime(&String::deserialize(deserializer)?))
    }
}

mod extension_uri {
    //! The URI of RFC 8285.
    use hubbub_wire::ExtensionKind;
    use serde::{Deserialize, Deserializer, de::Error};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ExtensionKind, D::Error> {
        let uri = String::deserialize(deserializer)?;
        ExtensionKind::from_uri(&uri)
            .ok_or_else(|| D::Error::custom(format!("unknown header extension {uri}")))
    }
}
