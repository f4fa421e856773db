//! Reads bit fields, most significant bit first.

use crate::Malformed;

/// Reads bit fields from a slice. Reading past its end is [`Malformed`].
#[derive(Debug, Clone)]
pub(crate) struct BitReader<'a> {
    data: &'a [u8],
    /// Position in bits.
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// Reads the next `count` bits, at most 32.
    pub(crate) fn read(&mut self, count: u32) -> Result<u32, Malformed> {
        let mut value = 0_u64;
        let mut wanted = count as usize;
        while wanted > 0 {
            let byte = *self.data.get(self.at / 8).ok_or(Malformed)?;
            let left = 8 - self.at % 8;
            let taken = left.min(wanted);
            let bits = u64::from(byte) >> (left - taken) & ((1 << taken) - 1);
            value = value << taken | bits;
            self.at += taken;
            wanted -= taken;
        }
        Ok(value as u32)
    }

    /// Reads the next `count` bits, at most 8.
    pub(crate) fn read_u8(&mut self, count: u32) -> Result<u8, Malformed> {
        self.read(count).map(|value| value as u8)
    }

    /// Reads the next 16 bits.
    pub(crate) fn read_u16(&mut self) -> Result<u16, Malformed> {
        self.read(16).map(|value| value as u16)
    }

    /// Reads the next bit.
    pub(crate) fn flag(&mut self) -> Result<bool, Malformed> {
        self.read(1).map(|bit| bit == 1)
    }

    /// Reads a non-symmetric number below `limit` (AV1 bitstream specification section 4.10.7, `ns(n)`).
    pub(crate) fn read_below(&mut self, limit: u32) -> Result<u32, Malformed> {
        let width = u32::BITS - limit.leading_zeros();
        let short = (1_u64 << width).saturating_sub(limit.into()) as u32;
        let value = self.read(width.saturating_sub(1))?;
        if value < short {
            Ok(value)
        } else {
            Ok((value << 1) - short + self.read(1)?)
        }
    }

    /// Number of bits left.
    pub(crate) fn left(&self) -> usize {
        8 * self.data.len() - self.at
    }

    /// Number of bytes read, including a partly read byte.
    pub(crate) fn bytes_read(&self) -> usize {
        self.at.div_ceil(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_cross_bytes() {
        let mut bits = BitReader::new(&[0b1010_0111, 0b1100_0001, 0xff]);
        assert_eq!(bits.read(3), Ok(0b101));
        assert_eq!(bits.read(10), Ok(0b00_1111_1000));
        assert_eq!(bits.bytes_read(), 2);
        assert_eq!(bits.read(11), Ok(0b001_1111_1111));
        assert_eq!(bits.read(1), Err(Malformed));
    }

    #[test]
    fn all_32_bits_are_read_at_once() {
        assert_eq!(BitReader::new(&[0xff; 4]).read(32), Ok(u32::MAX));
    }

    #[test]
    fn numbers_below_a_limit_have_a_variable_width() {
        // Below 5: 0, 1 and 2 take two bits, 3 and 4 take three.
        let mut bits = BitReader::new(&[0b0001_1011, 0b0111_0000]);
        let numbers: Vec<_> = (0..5).map(|_| bits.read_below(5).unwrap()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        assert_eq!(BitReader::new(&[]).read_below(1), Ok(0));
    }
}
