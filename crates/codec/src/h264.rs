//! H.264 payloads: single NAL units, STAP-A and FU-A (RFC 6184 sections 5.6 to 5.8), which is all that WebRTC sends.

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

/// What a packet tells of its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct H264Payload {
    /// A sequence parameter set, or the beginning of a slice of an IDR picture: decoding can begin here. Senders put
    /// the parameter sets before the picture, so the first such packet of a frame is the one to begin with.
    pub key_frame_start: bool,
    /// The packet begins with what stands at the beginning of a frame: parameter sets, SEI or delimiter, or the slice
    /// with the first macroblock. Packets of parameter sets and the first slice of one frame all say so.
    pub start_of_frame: bool,
}

impl H264Payload {
    /// Reads a payload. Types of packet that WebRTC does not use are opaque: they start nothing.
    ///
    /// # Errors
    /// [`Malformed`] when it is empty, or ends within an aggregated unit or the FU header.
    pub fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let (&header, rest) = payload.split_first().ok_or(Malformed)?;
        match header & TYPE_MASK {
            STAP_A => Self::aggregate(rest),
            FU_A => Self::fragment(rest),
            unit => Ok(Self::unit(unit, rest)),
        }
    }

    /// A NAL unit of type `unit`; `body` follows its header.
    fn unit(unit: u8, body: &[u8]) -> Self {
        // `first_mb_in_slice` begins the slice header; as an Exp-Golomb number 0 is the bit 1.
        let first_slice = body.first().is_some_and(|byte| byte & 0x80 != 0);
        Self {
            key_frame_start: matches!(unit, SPS | IDR_SLICE),
            start_of_frame: matches!(unit, SEI | SPS | PPS | DELIMITER)
                || matches!(unit, SLICE | IDR_SLICE) && first_slice,
        }
    }

    /// Units behind one another, each with its length before it.
    fn aggregate(mut rest: &[u8]) -> Result<Self, Malformed> {
        let mut found: Option<Self> = None;
        while let Some((len, behind)) = rest.split_first_chunk() {
            let len = usize::from(u16::from_be_bytes(*len));
            let (unit, behind) = behind.split_at_checked(len).ok_or(Malformed)?;
            let (&header, body) = unit.split_first().ok_or(Malformed)?;
            let unit = Self::unit(header & TYPE_MASK, body);
            found = Some(found.map_or(unit, |found| Self {
                key_frame_start: found.key_frame_start || unit.key_frame_start,
                start_of_frame: found.start_of_frame,
            }));
            rest = behind;
        }
        if rest.is_empty() {
            found.ok_or(Malformed)
        } else {
            Err(Malformed)
        }
    }

    /// A piece of a unit: its type stands in the FU header.
    fn fragment(rest: &[u8]) -> Result<Self, Malformed> {
        let (&header, body) = rest.split_first().ok_or(Malformed)?;
        if header & FU_START == 0 {
            Ok(Self::default())
        } else {
            Ok(Self::unit(header & TYPE_MASK, body))
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
    fn single_units() {
        assert_eq!(starts(&[0x67, 0x42]), (true, true));
        assert_eq!(starts(&[0x68, 0xce]), (false, true));
        assert_eq!(starts(&[0x65, 0x88]), (true, true));
        assert_eq!(starts(&[0x41, 0x9a]), (false, true));
        assert_eq!(starts(&[0x41, 0x1a]), (false, false));
    }

    #[test]
    fn aggregate_with_parameter_sets_starts_a_key_frame() {
        assert_eq!(starts(&[0x78, 0, 2, 0x67, 0x42, 0, 1, 0x68]), (true, true));
        assert_eq!(starts(&[0x78, 0, 2, 0x68, 0x42, 0, 1, 0x67]), (true, true));
        assert_eq!(
            starts(&[0x78, 0, 2, 0x41, 0x1a, 0, 1, 0x06]),
            (false, false)
        );
    }

    #[test]
    fn only_the_first_fragment_starts_a_frame() {
        assert_eq!(starts(&[0x7c, 0x85, 0x88]), (true, true));
        assert_eq!(starts(&[0x7c, 0x05, 0x88]), (false, false));
        assert_eq!(starts(&[0x7c, 0x81, 0x9a]), (false, true));
    }

    #[test]
    fn units_cut_short_are_malformed() {
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
