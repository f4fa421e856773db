//! Redundant audio data: RFC 2198.
//!
//! A RED payload is a list of block headers, then the blocks. Redundant blocks come first, oldest first; the last block is
//! the primary one, the audio of the packet's own timestamp.

use crate::malformed::Malformed;

/// F bit: another block header follows.
const FOLLOWED: u8 = 0x80;
/// Length of the header of a redundant block.
const REDUNDANT_HEADER: usize = 4;
/// Length of the header of the primary block.
const PRIMARY_HEADER: usize = 1;

/// The greatest timestamp offset of a redundant block: 14 bits.
pub const MAX_OFFSET: u32 = 0x3FFF;
/// The greatest length of a redundant block: 10 bits.
pub const MAX_BLOCK: usize = 0x3FF;

/// The primary block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Primary<'a> {
    /// Of its codec.
    pub payload_type: u8,
    /// The codec's payload.
    pub payload: &'a [u8],
}

impl<'a> Primary<'a> {
    /// Reads the primary block of a RED payload.
    ///
    /// # Errors
    /// [`Malformed`] if the headers or the redundant blocks are longer than the payload.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = payload;
        let mut redundant = 0;
        loop {
            let (first, tail) = rest.split_first().ok_or(Malformed)?;
            if first & FOLLOWED == 0 {
                return Ok(Self {
                    payload_type: *first,
                    payload: tail.get(redundant..).ok_or(Malformed)?,
                });
            }
            let ([_, high, low], tail) = tail.split_first_chunk().ok_or(Malformed)?;
            redundant += usize::from(u16::from_be_bytes([*high, *low])) & MAX_BLOCK;
            rest = tail;
        }
    }
}

/// A redundant block to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redundant<'a> {
    /// By how much its timestamp precedes that of the packet, at most [`MAX_OFFSET`].
    pub offset: u32,
    /// At most [`MAX_BLOCK`] bytes.
    pub payload: &'a [u8],
}

/// The length of a RED payload with these blocks.
#[must_use]
pub fn payload_len(redundant: &[Redundant<'_>], primary: &[u8]) -> usize {
    let blocks = redundant
        .iter()
        .map(|block| REDUNDANT_HEADER + block.payload.len());
    blocks.sum::<usize>() + PRIMARY_HEADER + primary.len()
}

/// Writes a RED payload whose blocks all have this payload type. `redundant`: oldest first. `None` if `buffer` has another
/// length than [`payload_len`], or a redundant block does not fit its header.
#[must_use]
pub fn write(
    buffer: &mut [u8],
    payload_type: u8,
    redundant: &[Redundant<'_>],
    primary: &[u8],
) -> Option<()> {
    if buffer.len() != payload_len(redundant, primary) {
        return None;
    }
    let mut rest = buffer;
    for block in redundant {
        if block.offset > MAX_OFFSET || block.payload.len() > MAX_BLOCK {
            return None;
        }
        let (header, tail) = rest.split_first_chunk_mut()?;
        let offset_and_length = block.offset << 10 | block.payload.len() as u32;
        let [_, high, middle, low] = offset_and_length.to_be_bytes();
        *header = [FOLLOWED | payload_type, high, middle, low];
        rest = tail;
    }
    let (header, mut rest) = rest.split_first_mut()?;
    *header = payload_type;
    for block in redundant.iter().map(|block| block.payload).chain([primary]) {
        let (target, tail) = rest.split_at_mut_checked(block.len())?;
        target.copy_from_slice(block);
        rest = tail;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPUS: u8 = 111;

    fn written(redundant: &[Redundant<'_>], primary: &[u8]) -> Vec<u8> {
        let mut buffer = vec![0; payload_len(redundant, primary)];
        write(&mut buffer, OPUS, redundant, primary).unwrap();
        buffer
    }

    #[test]
    fn headers_precede_the_blocks_oldest_first() {
        let redundant = [
            Redundant {
                offset: 1920,
                payload: &[1, 2],
            },
            Redundant {
                offset: 960,
                payload: &[3],
            },
        ];
        let payload = written(&redundant, &[4, 5, 6]);
        // Offset and length: 1920 << 10 | 2, 960 << 10 | 1.
        let headers = [0xEF, 0x1E, 0x00, 0x02, 0xEF, 0x0F, 0x00, 0x01, 0x6F];
        assert_eq!(payload, [&headers[..], &[1, 2, 3, 4, 5, 6]].concat());
        let primary = Primary {
            payload_type: OPUS,
            payload: &[4, 5, 6],
        };
        assert_eq!(Primary::parse(&payload), Ok(primary));
    }

    #[test]
    fn a_payload_without_redundancy_has_a_header_of_one_byte() {
        assert_eq!(written(&[], &[7]), [OPUS, 7]);
    }

    #[test]
    fn truncated_payloads_are_malformed() {
        let redundant = [Redundant {
            offset: 960,
            payload: &[1, 2],
        }];
        let payload = written(&redundant, &[]);
        assert!(Primary::parse(&payload).is_ok());
        for len in 0..payload.len() {
            assert_eq!(Primary::parse(&payload[..len]), Err(Malformed), "{len}");
        }
        assert_eq!(Primary::parse(&[0xFF; 40]), Err(Malformed));
    }

    #[test]
    fn a_block_may_fill_its_header() {
        let redundant = [Redundant {
            offset: MAX_OFFSET,
            payload: &[1; MAX_BLOCK],
        }];
        let payload = written(&redundant, &[2]);
        assert_eq!(payload[..5], [0xEF, 0xFF, 0xFF, 0xFF, 0x6F]);
    }

    #[test]
    fn blocks_that_do_not_fit_their_header_are_refused() {
        for (offset, len) in [(MAX_OFFSET + 1, 1), (0, MAX_BLOCK + 1)] {
            let payload = vec![0; len];
            let redundant = [Redundant {
                offset,
                payload: &payload,
            }];
            let mut buffer = vec![0; payload_len(&redundant, &[])];
            assert_eq!(write(&mut buffer, OPUS, &redundant, &[]), None);
        }
    }
}
