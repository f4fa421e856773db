//! H.264 payloads: single NAL units, STAP-A and FU-A (RFC 6184 sections 5.6 to 5.8). WebRTC sends no other types.

use crate::Malformed;

const TYPE_MASK: u8 = 0x1f;
const SLICE: u8 = 1;
const IDR_SLICE: u8 = 5;
const SEI: u8 = 6;
const SPS: u8 = 7;
const PPS: u8 = 8;
const DELIMITER: u8 = 9;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Set in the FU header of the first fragment.
const FU_START: u8 = 0x80;

/// The properties of a packet's frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct H264Payload {
    /// The packet has a sequence parameter set: decoding can start here. Senders put the parameter sets before the
    /// picture. An IDR picture without them does not suffice: its parameter sets may have passed before.
    pub key_frame_start: bool,
    /// The packet starts with a NAL unit that starts a frame: parameter sets, SEI, delimiter, or the slice with the
    /// first macroblock. It is true for each of several such packets of one frame.
    pub start_of_frame: bool,
}

impl H264Payload {
    /// Reads a payload. Packet types that WebRTC does not use are opaque and start no frame.
    ///
    /// # Errors
    /// [`Malformed`] when the payload is empty or ends within an aggregated unit or the FU header.
    pub fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let (&header, rest) = payload.split_first().ok_or(Malformed)?;
        match header & TYPE_MASK {
            STAP_A => Self::aggregate(rest),
            FU_A => Self::fragment(rest),
            unit => Ok(Self::unit(unit, rest)),
        }
    }

    /// Reads a NAL unit of type `unit`; `body` is the unit without its header.
    fn unit(unit: u8, body: &[u8]) -> Self {
        // The slice header starts with `first_mb_in_slice`; the Exp-Golomb code of 0 is a single 1 bit.
        let first_slice = body.first().is_some_and(|byte| byte & 0x80 != 0);
        Self {
            key_frame_start: unit == SPS,
            start_of_frame: matches!(unit, SEI | SPS | PPS | DELIMITER)
                || matches!(unit, SLICE | IDR_SLICE) && first_slice,
        }
    }

    /// Reads aggregated units (STAP-A), each with a length field.
    fn aggregate(mut rest: &[u8]) -> Result<Self, Malformed> {
        let mut found: Option<Self> = None;
        while let Some((len, behind)) = rest.split_first_chunk() {
            let len = usize::from(u16::from_be_bytes(*len));
            let (unit, behind) = behind.split_at_checked(len).ok_or(Malformed)?;
            let (&header, body) = unit.split_first().ok_or(Malformed)?;
            let unit = Self::unit(header & TYPE_MASK, body);
            found = Some(found.map_or(unit, |found| Self {
                key_frame_start: found.key_frame_start || unit.key_frame_start,
                ..found
            }));
            rest = behind;
        }
        if rest.is_empty() {
            found.ok_or(Malformed)
        } else {
            Err(Malformed)
        }
    }

    /// Reads a fragment of a unit (FU-A). The FU header has the unit's type.
    fn fragment(rest: &[u8]) -> Result<Self, Malformed> {
        let (&header, body) = rest.split_first().ok_or(Malformed)?;
        let unit = Self::unit(header & TYPE_MASK, body);
        if header & FU_START == 0 {
            Ok(Self::default())
        } else {
            Ok(unit)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(payload: &[u8]) -> (bool, bool) {
        let payload = H264Payload::parse(payload).unwrap();
        (payload.key_frame_start, payload.start_of_frame)
    }

    #[test]
    fn single_units_are_classified() {
        assert_eq!(starts(&[0x67, 0x42]), (true, true));
        assert_eq!(starts(&[0x68, 0xce]), (false, true));
        assert_eq!(starts(&[0x65, 0x88]), (false, true));
        assert_eq!(starts(&[0x41, 0x9a]), (false, true));
        assert_eq!(starts(&[0x41, 0x1a]), (false, false));
    }

    #[test]
    fn aggregation_packet_with_parameter_sets_starts_a_key_frame() {
        assert_eq!(starts(&[0x78, 0, 2, 0x67, 0x42, 0, 1, 0x68]), (true, true));
        assert_eq!(starts(&[0x78, 0, 2, 0x68, 0x42, 0, 1, 0x67]), (true, true));
        assert_eq!(
            starts(&[0x78, 0, 2, 0x41, 0x1a, 0, 1, 0x06]),
            (false, false)
        );
    }

    #[test]
    fn only_the_first_fragment_starts_a_frame() {
        assert_eq!(starts(&[0x7c, 0x85, 0x88]), (false, true));
        assert_eq!(starts(&[0x7c, 0x87, 0x42]), (true, true));
        assert_eq!(starts(&[0x7c, 0x05, 0x88]), (false, false));
        assert_eq!(starts(&[0x7c, 0x81, 0x9a]), (false, true));
    }

    #[test]
    fn truncated_units_are_malformed() {
        for payload in [
            &[][..],
            &[0x7c],
            &[0x78],
            &[0x78, 0],
            &[0x78, 0, 0],
            &[0x78, 0, 3, 0x67, 0x42],
        ] {
            assert_eq!(H264Payload::parse(payload), Err(Malformed), "{payload:?}");
        }
    }
}
