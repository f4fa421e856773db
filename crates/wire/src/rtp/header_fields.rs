//! Writing of RTP headers: RFC 3550 section 5.1.

use super::ExtensionWriter;
use crate::WireError;
use crate::bytes::Cursor;

/// The fields of an RTP header to write, besides its extension. The header has no CSRCs and no padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RtpHeaderFields {
    /// The M bit.
    pub marker: bool,
    /// Payload type, 0..=127; the highest bit is dropped.
    pub payload_type: u8,
    /// Sequence number; wraps.
    pub sequence_number: u16,
    /// RTP timestamp in units of the codec's clock; wraps.
    pub timestamp: u32,
    /// SSRC of the stream.
    pub ssrc: u32,
}

impl RtpHeaderFields {
    /// Writes the header, with the extension block if there are elements. Returns the length in bytes: the offset of
    /// the payload.
    ///
    /// # Errors
    /// [`WireError::BufferTooSmall`].
    pub fn write(
        &self,
        buffer: &mut [u8],
        extensions: &ExtensionWriter<'_>,
    ) -> Result<usize, WireError> {
        let mut out = Cursor::new(buffer);
        out.u8(if extensions.is_empty() { 0x80 } else { 0x90 })?;
        out.bytes(&self.to_bytes())?;
        extensions.write(&mut out)?;
        Ok(out.len())
    }

    /// Overwrites the fields of a header that was written before.
    pub fn overwrite<const N: usize>(&self, header: &mut [u8; N]) {
        if let Some(fields) = header.get_mut(1..).and_then(<[u8]>::first_chunk_mut) {
            *fields = self.to_bytes();
        }
    }

    /// The fields after the first byte.
    const fn to_bytes(self) -> [u8; 11] {
        let kind = (self.marker as u8) << 7 | (self.payload_type & 0x7F);
        let [q0, q1] = self.sequence_number.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [s0, s1, s2, s3] = self.ssrc.to_be_bytes();
        [kind, q0, q1, t0, t1, t2, t3, s0, s1, s2, s3]
    }
}

#[cfg(test)]
mod tests {
    use super::super::RtpPacket;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn written_header_is_read_back(
            marker: bool,
            payload_type in 0..128u8,
            sequence_number: u16,
            timestamp: u32,
            ssrc: u32,
            values in proptest::collection::btree_map(1..=255u8, proptest::collection::vec(any::<u8>(), 0..40), 0..8),
            payload in proptest::collection::vec(any::<u8>(), 0..50),
        ) {
            let fields = RtpHeaderFields { marker, payload_type, sequence_number, timestamp, ssrc };
            let mut extensions = ExtensionWriter::default();
            for (id, value) in &values {
                extensions.push(*id, value).unwrap();
            }
            let mut buffer = [0; 600];
            let len = fields.write(&mut buffer, &extensions).unwrap();
            let end = len + payload.len();
            buffer[len..end].copy_from_slice(&payload);

            let packet = RtpPacket::parse(&buffer[..end]).unwrap();
            let header = packet.header();
            let read = RtpHeaderFields {
                marker: header.marker,
                payload_type: header.payload_type,
                sequence_number: header.sequence_number,
                timestamp: header.timestamp,
                ssrc: header.ssrc,
            };
            prop_assert_eq!(read, fields);
            prop_assert_eq!(packet.payload(), payload);
            let elements: std::collections::BTreeMap<_, _> =
                packet.extensions().map(|(id, value)| (id, value.to_vec())).collect();
            prop_assert_eq!(elements, values);
        }
    }

    #[test]
    fn a_buffer_too_small_is_refused() {
        let fields = RtpHeaderFields {
            marker: false,
            payload_type: 0,
            sequence_number: 0,
            timestamp: 0,
            ssrc: 0,
        };
        assert_eq!(
            fields.write(&mut [0; 11], &ExtensionWriter::default()),
            Err(WireError::BufferTooSmall)
        );
    }
}
