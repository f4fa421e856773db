//! Retransmission payloads (RFC 4588).

/// What an RTX packet carries (RFC 4588 section 4): the original sequence number (OSN), then the original payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtxPayload<'a> {
    /// The sequence number of the packet that is repeated, in the media stream's numbering.
    pub original_sequence: u16,
    /// Its payload; empty in padding probes.
    pub payload: &'a [u8],
}

impl<'a> RtxPayload<'a> {
    /// Bytes that the OSN takes.
    pub const HEADER_LEN: usize = 2;

    /// Reads the payload of an RTX packet (padding removed); `None` when it is too short for an OSN.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (osn, payload) = bytes.split_first_chunk::<{ RtxPayload::HEADER_LEN }>()?;
        Some(Self {
            original_sequence: u16::from_be_bytes(*osn),
            payload,
        })
    }

    /// Writes OSN and payload to the beginning of `out`; the length written, `None` when it does not fit.
    pub fn write(&self, out: &mut [u8]) -> Option<usize> {
        let (osn, rest) = out.split_first_chunk_mut::<{ RtxPayload::HEADER_LEN }>()?;
        let payload = rest.get_mut(..self.payload.len())?;
        *osn = self.original_sequence.to_be_bytes();
        payload.copy_from_slice(self.payload);
        Some(Self::HEADER_LEN + self.payload.len())
    }
}

/// The numbering of an outgoing RTX stream: every retransmission, of whatever, is a new packet of that stream.
#[derive(Debug, Clone)]
pub struct RtxSequence {
    next: u16,
}

impl RtxSequence {
    /// Begins with `first` (random, RFC 3550 section 5.1).
    #[must_use]
    pub const fn new(first: u16) -> Self {
        Self { next: first }
    }

    /// The number for the packet that is sent now. Wraps around.
    pub const fn take(&mut self) -> u16 {
        let sequence = self.next;
        self.next = sequence.wrapping_add(1);
        sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
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
    fn refuses_what_is_too_short_for_a_number() {
        assert_eq!(RtxPayload::parse(&[1]), None);
        assert_eq!(RtxPayload::parse(&[]), None);
    }

    #[test]
    fn writes_nothing_that_does_not_fit() {
        let packet = RtxPayload {
            original_sequence: 1,
            payload: b"media",
        };
        let mut out = [0; 6];
        assert_eq!(packet.write(&mut out), None);
        assert_eq!(out, [0; 6]);
    }

    #[test]
    fn numbers_wrap_around() {
        let mut sequence = RtxSequence::new(65_535);
        assert_eq!((sequence.take(), sequence.take()), (65_535, 0));
    }
}
