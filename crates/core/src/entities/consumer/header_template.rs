//! The header of a consumer's packets, written once: it differs from packet to packet in a few fields at fixed places.

use hubbub_wire::rtp::{
    AbsSendTime, ExtensionWriter, RtpHeaderFields, RtpPacket, TransportSequenceNumber,
};

/// Longer headers have no template: a MID has rarely more than three characters.
const CAPACITY: usize = 48;
/// The lengths of the values that differ.
const SEND_TIME: usize = 3;
const SEQUENCE: usize = 2;

/// A header with the extensions that each packet has, and none that are copied from the producer's.
#[derive(Debug)]
pub(super) struct HeaderTemplate {
    bytes: [u8; CAPACITY],
    len: usize,
    /// Where the time of sending is.
    send_time_at: Option<usize>,
    /// Where the transport-wide number is.
    sequence_at: Option<usize>,
}

impl HeaderTemplate {
    /// A header with this MID, and with extensions that have an id. `None` if it is too long.
    pub(super) fn new(
        mid: (Option<u8>, &str),
        abs_send_time: Option<u8>,
        transport_cc: Option<u8>,
    ) -> Option<Self> {
        let mut extensions = ExtensionWriter::default();
        for (id, value) in [
            (mid.0, mid.1.as_bytes()),
            (abs_send_time, &[0; SEND_TIME]),
            (transport_cc, &[0; SEQUENCE]),
        ] {
            if let Some(id) = id {
                extensions.push(id, value).ok()?;
            }
        }
        let mut bytes = [0; CAPACITY];
        let len = RtpHeaderFields::default()
            .write(&mut bytes, &extensions)
            .ok()?;
        let header = RtpPacket::parse(bytes.get(..len)?).ok()?;
        let place = |id: Option<u8>| id.and_then(|id| Some(header.extension_range(id)?.start));
        Some(Self {
            bytes,
            len,
            send_time_at: place(abs_send_time),
            sequence_at: place(transport_cc),
        })
    }

    /// Writes the header of a packet. Returns its length.
    pub(super) fn write(
        &self,
        buffer: &mut [u8],
        fields: &RtpHeaderFields,
        send_time: AbsSendTime,
        sequence: TransportSequenceNumber,
    ) -> Option<usize> {
        // All of it: a copy of a constant length is faster.
        let header = buffer.first_chunk_mut::<CAPACITY>()?;
        *header = self.bytes;
        fields.overwrite(header);
        if let Some(at) = self.send_time_at {
            *header.get_mut(at..)?.first_chunk_mut()? = send_time.to_bytes();
        }
        if let Some(at) = self.sequence_at {
            *header.get_mut(at..)?.first_chunk_mut()? = sequence.to_bytes();
        }
        Some(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: RtpHeaderFields = RtpHeaderFields {
        marker: true,
        payload_type: 96,
        sequence_number: 0x1234,
        timestamp: 0x5678_9abc,
        ssrc: 0xdef0_1234,
    };

    #[test]
    fn a_header_is_what_would_be_written_without_the_template() {
        // An id above 14 takes the two-byte form.
        for [mid, abs_send_time, transport_cc] in [
            [None; 3],
            [Some(1), None, None],
            [None, Some(4), Some(5)],
            [Some(1), Some(4), Some(5)],
            [Some(1), Some(4), Some(200)],
        ] {
            let template = HeaderTemplate::new((mid, "12"), abs_send_time, transport_cc).unwrap();
            let send_time = AbsSendTime::from_micros(12_345_678);
            let sequence = TransportSequenceNumber(0x0d0e);
            let mut written = [0xff; 100];
            let len = template
                .write(&mut written, &FIELDS, send_time, sequence)
                .unwrap();

            let (send_time, sequence) = (send_time.to_bytes(), sequence.to_bytes());
            let mut extensions = ExtensionWriter::default();
            let values: [(_, &[u8]); 3] = [
                (mid, b"12"),
                (abs_send_time, &send_time),
                (transport_cc, &sequence),
            ];
            for (id, value) in values {
                if let Some(id) = id {
                    extensions.push(id, value).unwrap();
                }
            }
            let mut expected = [0xff; 100];
            let expected_len = FIELDS.write(&mut expected, &extensions).unwrap();
            assert_eq!(written[..len], expected[..expected_len]);
        }
    }

    #[test]
    fn a_long_mid_has_no_template() {
        let of_length = |len| HeaderTemplate::new((Some(1), &"m".repeat(len)), None, None);
        assert!(of_length(28).is_some());
        assert!(of_length(31).is_none());
    }
}
