//! AV1 aggregation header and header of the first OBU (RTP payload format for AV1 1.0, section 4.4).

use crate::Malformed;

const CONTINUES: u8 = 0x80;
const COUNT_SHIFT: u8 = 4;
const COUNT_MASK: u8 = 0x03;
const NEW_SEQUENCE: u8 = 0x08;

const OBU_TYPE_SHIFT: u8 = 3;
const OBU_TYPE_MASK: u8 = 0x0f;
const SEQUENCE_HEADER: u8 = 1;

/// Maximum length of a LEB128 number, in bytes (AV1 bitstream specification section 4.10.5).
const MAX_LEB128_LEN: usize = 8;

/// The aggregation header of a packet and the type of its first OBU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Av1Payload {
    /// Z: the first element continues an OBU of the previous packet.
    pub continues: bool,
    /// W: number of elements, 1..=3; 0 when each element has a length field.
    pub elements: u8,
    /// N: this packet starts a coded video sequence.
    pub new_sequence: bool,
    /// The first OBU starts in this packet and is a sequence header.
    pub sequence_header: bool,
}

impl Av1Payload {
    /// Reads the aggregation header and the header of the first OBU.
    ///
    /// # Errors
    /// [`Malformed`] when there is no element, its length field is invalid, or a sequence starts with a continued OBU.
    pub fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let (&header, rest) = payload.split_first().ok_or(Malformed)?;
        let continues = header & CONTINUES != 0;
        let elements = header >> COUNT_SHIFT & COUNT_MASK;
        let new_sequence = header & NEW_SEQUENCE != 0;
        // A single element has no length field: it fills the packet.
        let first = if elements == 1 {
            rest
        } else {
            skip_leb128(rest)?
        };
        let &obu = first.first().ok_or(Malformed)?;
        if new_sequence && continues {
            return Err(Malformed);
        }
        Ok(Self {
            continues,
            elements,
            new_sequence,
            sequence_header: !continues && obu >> OBU_TYPE_SHIFT & OBU_TYPE_MASK == SEQUENCE_HEADER,
        })
    }

    /// Whether this packet starts a key frame.
    #[must_use]
    pub fn key_frame_start(&self) -> bool {
        self.new_sequence || self.sequence_header
    }
}

fn skip_leb128(bytes: &[u8]) -> Result<&[u8], Malformed> {
    let last = bytes
        .iter()
        .take(MAX_LEB128_LEN)
        .position(|byte| byte & 0x80 == 0)
        .ok_or(Malformed)?;
    bytes.get(last + 1..).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_sequence_starts_a_key_frame() {
        let payload = Av1Payload::parse(&[0x28, 0x0b, 0x0a, 0x00]).unwrap();
        assert!(payload.key_frame_start() && payload.new_sequence && payload.sequence_header);
        assert_eq!(payload.elements, 2);
    }

    #[test]
    fn sequence_header_is_found_after_a_two_byte_length() {
        let payload = Av1Payload::parse(&[0x00, 0x80, 0x01, 0x0a]).unwrap();
        assert!(payload.key_frame_start() && !payload.new_sequence);
    }

    #[test]
    fn continued_obu_has_no_type() {
        let payload = Av1Payload::parse(&[0xd0, 0x0a]).unwrap();
        assert!(payload.continues && !payload.key_frame_start());
    }

    #[test]
    fn truncated_payload_is_malformed() {
        for payload in [
            &[][..],
            &[0x10],
            &[0x00, 0x05],
            &[0x00, 0x80],
            &[0x00, 0xff, 0xff],
            &[0x98, 0x0a],
        ] {
            assert_eq!(Av1Payload::parse(payload), Err(Malformed), "{payload:?}");
        }
        assert_eq!(
            Av1Payload::parse(&[[0x00].as_slice(), &[0x80; 20]].concat()),
            Err(Malformed)
        );
    }
}
