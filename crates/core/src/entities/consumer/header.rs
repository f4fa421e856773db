//! The RTP header of a consumer's packets.

use hubbub_wire::ExtensionKind;
use hubbub_wire::rtp::{AbsSendTime, ExtensionWriter, RtpHeaderFields, TransportSequenceNumber};

use super::header_template::HeaderTemplate;
use super::rewrite_dd::{MAX_DESCRIPTOR, Rewritten, is_descriptor};
use crate::api::{ExtensionMapping, FeedbackKind, Micros};
use crate::entities::header_extensions::{id_of, is_copied, tag};
use crate::receive::StoredPacket;

/// The extension ids of a consumer. An extension without an id is not written.
#[derive(Debug)]
pub(crate) struct OutgoingExtensions {
    pub(crate) mid: Option<u8>,
    pub(crate) abs_send_time: Option<u8>,
    pub(crate) transport_cc: Option<u8>,
    /// By tag; 0 for none.
    copied: [u8; ExtensionKind::ALL.len()],
    /// For packets without copied extensions.
    template: Option<HeaderTemplate>,
}

impl OutgoingExtensions {
    /// `resends_verbatim`: retransmissions reuse the SRTP nonce of the original (RFC 3711 section 9.1), so packets may
    /// carry nothing that depends on the time of sending.
    pub(crate) fn new(
        extensions: &[ExtensionMapping],
        feedback: FeedbackKind,
        resends_verbatim: bool,
    ) -> Self {
        let time_dependent = |kind| id_of(extensions, kind).filter(|_| !resends_verbatim);
        let mut ids = [0; ExtensionKind::ALL.len()];
        for mapping in extensions.iter().filter(|mapping| is_copied(mapping.kind)) {
            if let Some(id) = ids.get_mut(usize::from(tag(mapping.kind))) {
                *id = mapping.id;
            }
        }
        Self {
            mid: id_of(extensions, ExtensionKind::Mid),
            abs_send_time: time_dependent(ExtensionKind::AbsSendTime),
            transport_cc: time_dependent(ExtensionKind::TransportCc)
                .filter(|_| feedback == FeedbackKind::TransportCc),
            copied: ids,
            template: None,
        }
    }

    /// Prepares the headers of packets with this MID.
    pub(super) fn with_template(self, mid: &str) -> Self {
        Self {
            template: HeaderTemplate::new((self.mid, mid), self.abs_send_time, self.transport_cc),
            ..self
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

/// What the header of a packet says besides its fields.
pub(crate) struct Sending<'a> {
    pub(crate) now: Micros,
    pub(crate) ids: &'a OutgoingExtensions,
    pub(crate) mid: &'a str,
    /// The transport-wide number.
    pub(crate) transport_sequence: u16,
    /// Of the packet's dependency descriptor, if it is sent.
    pub(crate) dependencies: Option<Rewritten<'a>>,
}

impl Sending<'_> {
    /// Writes the header of a packet. Returns its length.
    pub(crate) fn write(
        &self,
        buffer: &mut [u8],
        fields: &RtpHeaderFields,
        packet: &StoredPacket,
    ) -> Option<usize> {
        if let Some(template) = self.ids.template.as_ref()
            && !packet.has_extensions()
        {
            let (send_time, sequence) = (self.send_time(), self.sequence());
            return template.write(buffer, fields, send_time, sequence);
        }
        let Some(dependencies) = self.dependencies else {
            return self.write_with(buffer, fields, packet, None);
        };
        let mut descriptor = [0; MAX_DESCRIPTOR];
        let rewritten = packet
            .extensions()
            .find(|(tag, _)| is_descriptor(*tag))
            .and_then(|(_, value)| dependencies.write(value, &mut descriptor))
            .and_then(|len| descriptor.get(..len));
        self.write_with(buffer, fields, packet, rewritten)
    }

    /// Writes the header of a packet that belongs to no frame. Returns its length.
    pub(super) fn write_plain(&self, buffer: &mut [u8], fields: &RtpHeaderFields) -> Option<usize> {
        self.write_all(buffer, fields, std::iter::empty())
    }

    /// `descriptor` replaces the packet's dependency descriptor.
    fn write_with(
        &self,
        buffer: &mut [u8],
        fields: &RtpHeaderFields,
        packet: &StoredPacket,
        descriptor: Option<&[u8]>,
    ) -> Option<usize> {
        let copied = packet.extensions().filter_map(|(tag, value)| {
            let value = descriptor.filter(|_| is_descriptor(tag)).unwrap_or(value);
            Some((self.ids.copied(tag)?, value))
        });
        self.write_all(buffer, fields, copied)
    }

    fn write_all<'p>(
        &self,
        buffer: &mut [u8],
        fields: &RtpHeaderFields,
        copied: impl Iterator<Item = (u8, &'p [u8])>,
    ) -> Option<usize> {
        let send_time = self.send_time().to_bytes();
        let transport_sequence = self.sequence().to_bytes();
        let mut extensions = ExtensionWriter::default();
        if let Some(id) = self.ids.mid {
            extensions.push(id, self.mid.as_bytes()).ok()?;
        }
        if let Some(id) = self.ids.abs_send_time {
            extensions.push(id, &send_time).ok()?;
        }
        if let Some(id) = self.ids.transport_cc {
            extensions.push(id, &transport_sequence).ok()?;
        }
        for (id, value) in copied {
            extensions.push(id, value).ok()?;
        }
        fields.write(buffer, &extensions).ok()
    }

    const fn send_time(&self) -> AbsSendTime {
        AbsSendTime::from_micros(self.now.0)
    }

    const fn sequence(&self) -> TransportSequenceNumber {
        TransportSequenceNumber(self.transport_sequence)
    }
}
