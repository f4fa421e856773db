//! Header extensions (RFC 8285) of received and of sent packets.
//!
//! | extension                                    | in a consumer's packets                            |
//! |----------------------------------------------|----------------------------------------------------|
//! | MID                                          | the consumer's MID                                 |
//! | abs-send-time                                | the time of sending                                |
//! | transport-cc                                 | the transport's counter, if its feedback is used   |
//! | RID, repaired RID                            | omitted: a consumer has one stream                 |
//! | those that [`is_copied`] names               | the producer's value                               |
//! | others                                       | omitted: they describe the sender's own transport  |

use hubbub_wire::ExtensionKind;
use hubbub_wire::rtp::RtpPacket;

use crate::api::ExtensionMapping;

/// Whether the extension describes the media rather than its transport, and is therefore forwarded.
pub(crate) const fn is_copied(kind: ExtensionKind) -> bool {
    matches!(
        kind,
        ExtensionKind::AudioLevel
            | ExtensionKind::VideoOrientation
            | ExtensionKind::DependencyDescriptor
            | ExtensionKind::AbsCaptureTime
            | ExtensionKind::PlayoutDelay
            | ExtensionKind::VideoContentType
            | ExtensionKind::ColorSpace
    )
}

/// Identifies an extension in the packet store, independent of negotiated ids.
pub(crate) const fn tag(kind: ExtensionKind) -> u8 {
    kind as u8
}

/// The extension ids of a producer.
#[derive(Debug)]
pub(crate) struct IncomingExtensions {
    mappings: Vec<ExtensionMapping>,
    pub(crate) mid: Option<u8>,
    pub(crate) rid: Option<u8>,
    pub(crate) repaired_rid: Option<u8>,
    pub(crate) transport_cc: Option<u8>,
    pub(crate) dependency_descriptor: Option<u8>,
    pub(crate) audio_level: Option<u8>,
}

impl IncomingExtensions {
    pub(crate) fn new(mappings: &[ExtensionMapping]) -> Self {
        let id = |kind| id_of(mappings, kind);
        Self {
            mid: id(ExtensionKind::Mid),
            rid: id(ExtensionKind::Rid),
            repaired_rid: id(ExtensionKind::RepairedRid),
            transport_cc: id(ExtensionKind::TransportCc),
            dependency_descriptor: id(ExtensionKind::DependencyDescriptor),
            audio_level: id(ExtensionKind::AudioLevel),
            mappings: mappings.to_vec(),
        }
    }

    /// The values of `packet` that consumers may receive, by tag.
    pub(crate) fn copied<'a>(
        &self,
        packet: &RtpPacket<'a>,
    ) -> impl Iterator<Item = (u8, &'a [u8])> {
        packet.extensions().filter_map(|(id, value)| {
            let mapping = self.mappings.iter().find(|mapping| mapping.id == id)?;
            is_copied(mapping.kind).then_some((tag(mapping.kind), value))
        })
    }
}

/// The id of an extension.
pub(crate) fn id_of(mappings: &[ExtensionMapping], kind: ExtensionKind) -> Option<u8> {
    mappings
        .iter()
        .find(|mapping| mapping.kind == kind)
        .map(|mapping| mapping.id)
}
