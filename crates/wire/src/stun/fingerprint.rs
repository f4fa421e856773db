//! FINGERPRINT: RFC 8489 section 14.7. A CRC-32 (ITU-T V.42), XORed to differ from the CRC of an inner protocol.

use super::attribute;
use crate::WireError;
use crate::bytes::Cursor;

/// Length of the attribute header and value, in bytes.
pub(super) const ATTRIBUTE_LEN: usize = 8;

const XOR: u32 = 0x5354_554E;

const TABLE: [u32; 256] = table();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated at compile time: an index out of bounds does not compile"
)]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut remainder = index as u32;
        let mut bit = 0;
        while bit < 8 {
            remainder = if remainder & 1 == 1 {
                (remainder >> 1) ^ 0xEDB8_8320
            } else {
                remainder >> 1
            };
            bit += 1;
        }
        table[index] = remainder;
        index += 1;
    }
    table
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, byte| {
        let [low, ..] = crc.to_le_bytes();
        (crc >> 8)
            ^ TABLE
                .get(usize::from(low ^ byte))
                .copied()
                .unwrap_or_default()
    })
}

/// The fingerprint of a message. `prefix` is the message before the attribute, with the final length in its header.
pub(super) fn of(prefix: &[u8]) -> u32 {
    crc32(prefix) ^ XOR
}

/// Appends the attribute and sets the final length in the header.
pub(super) fn append(out: &mut Cursor<'_>) -> Result<(), WireError> {
    attribute::set_length(out, ATTRIBUTE_LEN)?;
    let value = of(out.written());
    attribute::write(out, attribute::FINGERPRINT, &value.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_32_matches_its_check_value() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
