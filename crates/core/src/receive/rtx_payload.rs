//! Payloads of RTX packets (RFC 4588).

/// The payload of an RTX packet (RFC 4588 section 4): the original sequence number (OSN), then the original payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RtxPayload<'a> {
    /// The sequence number of the original packet in the media stream.
    pub(crate) original_sequence: u16,
    /// The original payload; empty in padding probes.
    pub(crate) payload: &'a [u8],
}

impl<'a> RtxPayload<'a> {
    /// Length of the OSN, bytes.
    pub(crate) const HEADER_LEN: usize = 2;

    /// Parses the payload of an RTX packet, without padding. Returns `None` if it is too short for an OSN.
    #[must_use]
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (osn, payload) = bytes.split_first_chunk::<{ RtxPayload::HEADER_LEN }>()?;
        Some(Self {
            original_sequence: u16::from_be_bytes(*osn),
            payload,
        })
    }

    /// Writes OSN and payload to the start of `out`. Returns the length written, or `None` if it does not fit.
    pub(crate) fn write(&self, out: &mut [u8]) -> Option<usize> {
        let (osn, rest) = out.split_first_chunk_mut::<{ RtxPayload::HEADER_LEN }>()?;
        let payload = rest.get_mut(..self.payload.len())?;
        *osn = self.original_sequence.to_be_bytes();
        payload.copy_from_slice(self.payload);
        Some(Self::HEADER_LEN + self.payload.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_it_wrote() {
        let packet = RtxPayload {
            original_sequence: 0xabcd,
            payload: b"media",
        };
        let mut out = [0; 16];
        let len = packet.write(&mut out).unwrap();
        assert_eq!(&out[..len], b"\xab\xcdmedia");
        assert_eq!(RtxPayload::parse(&out[..len]), Some(packet));
    }

    #[test]
    fn a_probe_may_have_no_payload() {
        assert_eq!(
            RtxPayload::parse(&[1, 2]),
            Some(RtxPayload {
                original_sequence: 0x0102,
                payload: &[]
            })
        );
    }

    #[test]
    fn rejects_a_payload_too_short_for_an_osn() {
        assert_eq!(RtxPayload::parse(&[1]), None);
        assert_eq!(RtxPayload::parse(&[]), None);
    }

    #[test]
    fn writes_nothing_if_it_does_not_fit() {
        let packet = RtxPayload {
            original_sequence: 1,
            payload: b"media",
        };
        let mut out = [0; 6];
        assert_eq!(packet.write(&mut out), None);
        assert_eq!(out, [0; 6]);
    }
}
