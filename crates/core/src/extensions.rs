//! Which header extensions a producer's packets bring and a consumer's packets carry (RFC 8285).
//!
//! | extension                                    | in a consumer's packets                            |
//! |----------------------------------------------|----------------------------------------------------|
//! | MID                                          | the consumer's own                                 |
//! | abs-send-time                                | the time of sending                                |
//! | transport-cc                                 | the transport's count, if its feedback is in use   |
//! | RID, repaired RID                            | never: the consumer has one stream                 |
//! | those that [`copied`] names                  | as the producer sent it                            |
//! | others (what a sender says of its own sending) | never                                            |

use hubbub_wire::ExtensionKind;
use hubbub_wire::rtp::RtpPacket;

use crate::api::{ConsumerSpec, ExtensionMapping, FeedbackKind};

/// Extensions that describe the media rather than its transport: they are handed on.
const fn copied(kind: ExtensionKind) -> bool {
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

/// The name under which a value is kept until it is written for a consumer.
const fn tag(kind: ExtensionKind) -> u8 {
    kind as u8
}

/// The ids of one producer.
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

    /// The values in `packet` that consumers may get, by tag.
    pub(crate) fn copied<'a>(
        &self,
        packet: &RtpPacket<'a>,
    ) -> impl Iterator<Item = (u8, &'a [u8])> {
        packet.extensions().filter_map(|(id, value)| {
            let mapping = self.mappings.iter().find(|mapping| mapping.id == id)?;
            copied(mapping.kind).then_some((tag(mapping.kind), value))
        })
    }
}

/// The ids of one consumer; what has none is not written.
#[derive(Debug)]
pub(crate) struct OutgoingExtensions {
    pub(crate) mid: Option<u8>,
    pub(crate) abs_send_time: Option<u8>,
    pub(crate) transport_cc: Option<u8>,
    /// By tag; 0 for none.
    copied: [u8; ExtensionKind::ALL.len()],
}

impl OutgoingExtensions {
    /// `resends_verbatim`: lost packets are sent again as they were, so that nothing may be in them that depends on
    /// the moment of sending: the SRTP nonce is the same (RFC 3711 section 9.1).
    pub(crate) fn new(spec: &ConsumerSpec, resends_verbatim: bool) -> Self {
        let fresh = |kind| id_of(&spec.extensions, kind).filter(|_| !resends_verbatim);
        let mut ids = [0; ExtensionKind::ALL.len()];
        for mapping in spec
            .extensions
            .iter()
            .filter(|mapping| copied(mapping.kind))
        {
            if let Some(id) = ids.get_mut(usize::from(tag(mapping.kind))) {
                *id = mapping.id;
            }
        }
        Self {
            mid: id_of(&spec.extensions, ExtensionKind::Mid),
            abs_send_time: fresh(ExtensionKind::AbsSendTime),
            transport_cc: fresh(ExtensionKind::TransportCc)
                .filter(|_| spec.feedback == FeedbackKind::TransportCc),
            copied: ids,
        }
    }

    /// The id for a kept value.
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
