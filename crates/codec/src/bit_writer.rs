//! Writes bit fields, most significant bit first.

/// Writes bit fields into a buffer. Bits that are never written are zero.
#[derive(Debug)]
pub(crate) struct BitWriter<'a> {
    data: &'a mut [u8],
    /// Position in bits.
    at: usize,
}

impl<'a> BitWriter<'a> {
    /// Writes from the start of `data`, which it clears.
    pub(crate) fn new(data: &'a mut [u8]) -> Self {
        data.fill(0);
        Self { data, at: 0 }
    }

    /// Writes the low `count` bits of `value`, at most 32. `None` at the end of the buffer.
    pub(crate) fn write(&mut self, value: u32, count: u32) -> Option<()> {
        for bit in (0..count).rev() {
            let byte = self.data.get_mut(self.at / 8)?;
            *byte |= ((value >> bit & 1) as u8) << (7 - self.at % 8);
            self.at += 1;
        }
        Some(())
    }

    /// Number of bytes written, including a partly written byte.
    pub(crate) fn bytes_written(&self) -> usize {
        self.at.div_ceil(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cross_bytes() {
        let mut data = [0xff; 3];
        let mut writer = BitWriter::new(&mut data);
        writer.write(0b101, 3).unwrap();
        writer.write(0x1ff, 9).unwrap();
        assert_eq!(writer.bytes_written(), 2);
        assert_eq!(data, [0b1011_1111, 0b1111_0000, 0]);
    }

    #[test]
    fn a_full_buffer_takes_no_more() {
        let mut data = [0; 1];
        let mut writer = BitWriter::new(&mut data);
        assert_eq!(writer.write(0, 8), Some(()));
        assert_eq!(writer.write(0, 1), None);
    }
}
