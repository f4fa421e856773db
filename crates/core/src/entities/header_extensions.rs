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

use crate::api::{ConsumerSpec, ExtensionMapping, FeedbackKind};

/// Whether the extension describes the media rather than its transport, and is therefore forwarded.
const fn is_copied(kind: ExtensionKind) -> bool {
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
const fn tag(kind: ExtensionKind) -> u8 {
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
}

impl IncomingExtensions {
    pub(crate) fn new(mappings: Vec<ExtensionMapping>) -> Self {
        let id = |kind| id_of(&mappings, kind);
        Self {
            mid: id(ExtensionKind::Mid),
            rid: id(ExtensionKind::Rid),
            repaired_rid: id(ExtensionKind::RepairedRid),
            transport_cc: id(ExtensionKind::TransportCc),
            dependency_descriptor: id(ExtensionKind::DependencyDescriptor),
            mappings,
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

/// The extension ids of a consumer. An extension without an id is not written.
#[derive(Debug)]
pub(crate) struct OutgoingExtensions {
    pub(crate) mid: Option<u8>,
    pub(crate) abs_send_time: Option<u8>,
    pub(crate) transport_cc: Option<u8>,
    /// By tag; 0 for none.
    copied: [u8; ExtensionKind::ALL.len()],
}

impl OutgoingExtensions {
    /// `resends_verbatim`: retransmissions reuse the SRTP nonce of the original (RFC 3711 section 9.1), so packets may
    /// carry nothing that depends on the time of sending.
    pub(crate) fn new(spec: &ConsumerSpec, resends_verbatim: bool) -> Self {
        let time_dependent = |kind| id_of(&spec.extensions, kind).filter(|_| !resends_verbatim);
        let mut ids = [0; ExtensionKind::ALL.len()];
        for mapping in spec
            .extensions
            .iter()
            .filter(|mapping| is_copied(mapping.kind))
        {
            if let Some(id) = ids.get_mut(usize::from(tag(mapping.kind))) {
                *id = mapping.id;
            }
        }
        Self {
            mid: id_of(&spec.extensions, ExtensionKind::Mid),
            abs_send_time: time_dependent(ExtensionKind::AbsSendTime),
            transport_cc: time_dependent(ExtensionKind::TransportCc)
                .filter(|_| spec.feedback == FeedbackKind::TransportCc),
            copied: ids,
        }
    }

    /// The id for a stored value with this tag.
    pub(crate) fn copied(&self, tag: u8) -> Option<u8> {
        self.copied
            .get(usize::from(tag))
            .copied()
            .filter(|id| *id != 0)
    }
}

fn id_of(mappings: &[ExtensionMapping], kind: ExtensionKind) -> Option<u8> {
    mappings
        .iter()
        .find(|mapping| mapping.kind == kind)
        .map(|mapping| mapping.id)
}
